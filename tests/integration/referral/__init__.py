"""Referral on real PostgreSQL: two nodes, the events of one side fed to the other."""
