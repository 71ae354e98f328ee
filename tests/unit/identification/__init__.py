"""The identification domain, by table and by property."""
