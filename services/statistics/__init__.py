"""Counts without people. Three roles that never import each other and have their own databases."""
