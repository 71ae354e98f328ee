"""Statistics: what counts, what it costs, how it is shown."""
