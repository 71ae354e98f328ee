"""Real processes are killed while they work; nothing is lost, nothing happens twice."""
