"""Tables (CSV, XLSX) as a door: a row becomes events and, by another way, identity in the safe."""
