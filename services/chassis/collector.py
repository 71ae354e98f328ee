"""How often Python looks for cycles of objects: rarely, and never in what was built at the start.

Reading events makes many objects that live for some milliseconds. With the interpreter's own
threshold of 700 they are looked at again and again, with everything that was imported: a tenth to
a third of the processor of a consumer of lists, and pauses that show in the tail of every answer.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

RARELY: Final = (50_000, 20, 100)
"""Objects made since the last look, looks at the young before the older, and before the oldest."""


@contextmanager
def collected_rarely() -> Iterator[None]:
    """What is there by now is never looked at again; what comes is looked at rarely."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
