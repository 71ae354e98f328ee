"""Plans and releases of the hub: numbers for everybody, each with its interval."""
