"""Waiting for a condition with a bound: a measurement that hangs says so instead of hanging."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

LONGEST_SECONDS: Final = 180.0


async def until(
    condition: Callable[[], bool | Awaitable[bool]],
    *,
    every: float = 0.002,
    seconds: float = LONGEST_SECONDS,
) -> None:
    """Return as soon as ``condition`` holds; raises TimeoutError when it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(every)
