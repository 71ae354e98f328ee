"""The pages before a real door."""
