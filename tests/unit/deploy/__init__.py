"""The embedded stack's own decisions, without servers."""
