"""How fast the house is, against bare code and against the libraries: run by ``make bench``.

Ratios are taken in interleaved rounds of one run, because absolute rates move with the machine.
Nothing here is imported by the house, and no test asserts a time.
"""
