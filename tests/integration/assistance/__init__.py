"""Assistance on a real PostgreSQL."""
