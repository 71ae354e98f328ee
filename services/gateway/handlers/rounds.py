"""Looking at a register every so often until the process stops; for what, is the caller's."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from services.chassis.errors import InfrastructureFailure
from services.chassis.logs import logger
from services.chassis.runnable import sleep_until

LOOK_SECONDS: Final = 30.0

log = logger(__name__)


async def look_until(stop: asyncio.Event, look: Callable[[], Awaitable[int]]) -> None:
    """One look after another; one that fails is made up for by the next."""
    while True:
        try:
            await look()
        except InfrastructureFailure as error:
            log.warning("a register cannot be looked at", error=error)
        if await sleep_until(stop, LOOK_SECONDS):
            return
