"""Identification on a real PostgreSQL."""
