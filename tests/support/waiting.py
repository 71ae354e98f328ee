"""Waiting for a condition, never for a length of time."""

import asyncio
from collections.abc import Awaitable, Callable

PAUSE_SECONDS = 0.01


async def until(condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 15.0) -> None:
    """Return as soon as ``condition`` holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(PAUSE_SECONDS)
