"""Tests on the whole house: real processes, a real broker, a real database server."""
