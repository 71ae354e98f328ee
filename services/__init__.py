"""The services of the mechanism; each is a package of the same rooms, none imports another."""
