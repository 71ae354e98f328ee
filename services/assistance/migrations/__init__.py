"""Assistance's own tables, forward only. Run by the deploy tooling, never by the service."""
