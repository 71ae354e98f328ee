"""Runbooks followed on a house that is really broken."""
