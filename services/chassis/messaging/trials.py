"""How often a piece of work is tried: for ever when the infrastructure fails, a few times else.

A failure of the database or of a bus never parks anything: it holds the consumer back. Only what
fails by itself is parked, after a bounded number of tries. The text of an error may not be kept.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from services.chassis.database import Database
from services.chassis.errors import (
    ContractBroken,
    InfrastructureFailure,
    TransactionConflict,
    backoff_seconds,
)
from services.chassis.messaging.limits import Limits, ParkingStopped

Answer = TypeVar("Answer")
Run = Callable[[], Awaitable[Answer]]
Park = Callable[[str], Awaitable[Answer]]


def error_class(error: BaseException) -> str:
    """What is kept of an error: the name of its class."""
    return type(error).__name__[:80]


@dataclass(slots=True)
class Trials:
    """Runs work until it ends one way or the other."""

    database: Database
    limits: Limits
    held_back: int = field(init=False, default=0)
    """How many pieces of work wait for the infrastructure now."""

    async def settle(self, run: Run[Answer], park: Park[Answer]) -> Answer:
        """Run; when it fails by itself too often, park (with the class of the error)."""
        failures = 0
        while True:
            try:
                return await self.persist(run)
            except ParkingStopped:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a handler raises is parked
                failures += 1
                code = error_class(error)
                broken = isinstance(error, ContractBroken)
            if broken or failures >= self.limits.tries:
                break
            await asyncio.sleep(backoff_seconds(failures, first=self.limits.try_again_seconds))
        return await self.persist(lambda: park(code))

    async def persist(self, run: Run[Answer]) -> Answer:
        """Run; again and again, with a capped back-off, while the infrastructure fails."""
        outages = 0
        try:
            while True:
                try:
                    return await run()
                except InfrastructureFailure as error:
                    soon = isinstance(error, TransactionConflict)
                except TimeoutError:
                    if await self.database.alive():
                        raise
                    soon = False
                outages += 1
                self.held_back += outages == 1
                await asyncio.sleep(_wait(outages, soon))
        finally:
            self.held_back -= outages > 0


def _wait(outages: int, soon: bool) -> float:
    longest = backoff_seconds(outages, first=0.005 if soon else 0.1)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, keeps no secret
