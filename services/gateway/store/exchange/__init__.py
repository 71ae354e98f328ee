"""What the exchange remembers: queue and window, both books of a pair, references, the ledger.

Locks are taken in one order: pair row, case row, policy row, then rows of the queue.
"""
