"""Python's collector looks seldom while a process runs, and as before after that."""

import gc

from services.chassis.collector import RARELY, collected_rarely


def test_what_was_built_is_left_alone_and_the_rest_looked_at_rarely() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()

    with collected_rarely():
        inside, kept = gc.get_threshold(), gc.get_freeze_count()

    assert inside == RARELY
    assert kept > frozen + 1_000
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
    assert gc.isenabled()
