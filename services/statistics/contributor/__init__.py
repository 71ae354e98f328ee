"""In a node: keeps coded facts of the node's own cases, and contributes counts with noise."""
