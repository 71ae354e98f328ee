"""Where the CPU of a process goes, by room: what stands nearest on the stack at each tick.

A timer of the system counts the CPU time of the process, not the wall's, and interrupts it every
millisecond; waiting costs nothing and is not counted.
"""

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Final

TICK_SECONDS: Final = 0.001
OTHER: Final = "loop"
"""The event loop, and drivers that nobody of ours called: reading sockets, batching, fetching."""


@contextmanager
def counted(rooms: Mapping[str, str]) -> Iterator[Counter[str]]:
    """Count ticks by room; ``rooms``: what a file's path holds, and the room it counts for.

    The first entry that fits the innermost frame with any fit decides.
    """
    ticks: Counter[str] = Counter()
    known: dict[str, str | None] = {}

    def room_of(file: str) -> str | None:
        if file not in known:
            known[file] = next((room for part, room in rooms.items() if part in file), None)
        return known[file]

    def tick(_number: int, frame: FrameType | None) -> None:
        while frame is not None:
            room = room_of(frame.f_code.co_filename)
            if room is not None:
                ticks[room] += 1
                return
            frame = frame.f_back
        ticks[OTHER] += 1

    before = signal.signal(signal.SIGPROF, tick)
    signal.setitimer(signal.ITIMER_PROF, TICK_SECONDS, TICK_SECONDS)
    try:
        yield ticks
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
