"""Sending at a steady rate, and the latencies of what arrives."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Latencies:
    """What arrived: the first ``warm`` are not kept; finished after ``events`` more."""

    warm: int
    events: int
    arrived: int = 0
    seconds: list[float] = field(default_factory=list)
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, sent_at: float) -> None:
        """One was committed now that was sent then."""
        self.arrived += 1
        if self.arrived > self.warm:
            self.seconds.append(time.monotonic() - sent_at)
        if self.arrived == self.warm + self.events:
            self.finished.set()


async def steadily(rate: float, count: int, send: Callable[[int], Awaitable[None]]) -> None:
    """Send so many at this rate, never catching up in a burst."""
    due = time.monotonic()
    for number in range(count):
        await send(number)
        due = max(due + 1 / rate, time.monotonic())
        await asyncio.sleep(max(0.0, due - time.monotonic()))
