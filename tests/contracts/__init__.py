"""Contracts: schemas current and compatible, examples valid, planted faults found."""
