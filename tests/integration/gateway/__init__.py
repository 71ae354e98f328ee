"""The gateway on a real PostgreSQL with buses in memory."""
