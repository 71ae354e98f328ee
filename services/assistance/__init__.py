"""Helps: places held and given, episodes of help, what was delivered and how it ended."""
