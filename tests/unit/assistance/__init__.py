"""The assistance domain, by table and by property."""
