"""Schema of this role, one step per file, forward only."""
