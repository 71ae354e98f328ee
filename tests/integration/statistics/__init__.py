"""The three roles of statistics on a real PostgreSQL."""
