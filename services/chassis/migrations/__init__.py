"""The chassis's own branch of migrations; every service's schema has it."""
