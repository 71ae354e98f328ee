"""Agencies that do not take what waits for them: an age for each route, for an alert.

Looked at again and again; nothing about a case is told, neither how many wait nor for what. A
route on which everything is taken in time is not told at all.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from contracts.vocabulary import Profile
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import InfrastructureFailure
from services.chassis.logs import logger
from services.chassis.runnable import Readiness
from services.chassis.telemetry import Telemetry
from services.referral.domain.stalling import Waiting, stalled
from services.referral.store import tasks

LOOK_SECONDS: Final = 15.0
NUMBER: Final = "route_stalled_seconds"
log = logger(__name__)


class StallWatch:
    """See ``services.chassis.runnable.Part``."""

    name = "stalls"

    def __init__(
        self, database: Database, clock: Clock, telemetry: Telemetry, profile: Profile
    ) -> None:
        self._database = database
        self._clock = clock
        self._telemetry = telemetry
        self._profile = profile

    def readiness(self) -> Readiness:
        """Nothing waits for it."""
        return Readiness(True)

    async def run(self, stop: asyncio.Event) -> None:
        """Look until ``stop``."""
        while not stop.is_set():
            try:
                await self.look()
            except InfrastructureFailure as failure:
                log.warning("stalls are not looked for", error=failure)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await stop.wait()

    async def look(self) -> None:
        """Tell every route that stands, and no other."""
        async with self._database.transaction() as tx:
            waiting = await tasks.read_undelivered(tx)
        self.tell(waiting, self._clock.now())

    def tell(self, waiting: Iterable[Waiting], now: datetime) -> None:
        """Set the ages to what they are."""
        gauge = self._telemetry.gauge(NUMBER)
        gauge.clear()
        for route, late in stalled(waiting, now, self._profile).items():
            gauge.labels(route=route).set(late.total_seconds())
