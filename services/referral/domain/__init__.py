"""What referral decides: pure functions from facts to facts. No I/O, clock, chance or chassis."""
