"""How figures become ratios, goals and a report."""
