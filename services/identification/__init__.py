"""Detects and identifies people: who was met, what was decided, which clocks run."""
