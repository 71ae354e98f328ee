"""A service of the chassis without a domain: the real frame, its own event, nothing else.

What is measured as *ours* is exactly what a service runs; only types and handlers come from here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from benchmarks import event
from benchmarks.servers import Place
from services.chassis.cipher import KeyRing
from services.chassis.clock import SystemClock, new_id
from services.chassis.collector import collected_rarely
from services.chassis.database import Database, Transaction
from services.chassis.environment import ServiceSettings
from services.chassis.frame import Frame, brokers_of
from services.chassis.identity import Tokens
from services.chassis.messaging.outbox import Outbox
from services.chassis.messaging.reading import Contracts
from services.chassis.messaging.work import Cause, Work
from services.chassis.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a service may publish and read."""

    spec_for: Callable[[str, Any], Any]
    contracts: Contracts


NEUTRAL: Final = Catalogue(event.spec_for, event.CONTRACTS)


def settings_at(place: Place, service: str = "house") -> ServiceSettings:
    """Settings of one process at a node."""
    given: dict[str, Any] = {
        "node": place.node,
        "service": service,
        "database_url": place.url,
        "database_schema": service,
        "local_bootstrap": place.bootstrap,
        "port": 0,
        "state_dir": place.state,
        "key_file": place.key_file,
    }
    return ServiceSettings(**given)


async def open_frame(settings: ServiceSettings, catalogue: Catalogue = NEUTRAL) -> Frame:
    """The chassis's frame, with the catalogue of the benchmark unless another is given."""
    telemetry = Telemetry(settings)
    database = await Database.open(settings, telemetry)
    outbox = Outbox(spec_for=catalogue.spec_for, telemetry=telemetry)
    outbox.install(database)
    return Frame(
        settings=settings,
        database=database,
        clock=SystemClock(),
        telemetry=telemetry,
        keys=KeyRing.from_file(settings.key_file or Path()),
        tokens=Tokens({}),
        contracts=catalogue.contracts,
        brokers=brokers_of(settings),
        outbox=outbox,
    )


@asynccontextmanager
async def frame_at(
    place: Place, service: str = "house", catalogue: Catalogue = NEUTRAL
) -> AsyncIterator[Frame]:
    """An open frame that closes at the end."""
    frame = await open_frame(settings_at(place, service), catalogue)
    try:
        yield frame
    finally:
        for broker in frame.brokers.values():
            await broker.close()
        await frame.database.close()
        frame.telemetry.close()


@asynccontextmanager
async def running(part: Any) -> AsyncIterator[None]:
    """A part of the chassis that runs, and is stopped, as in a process of its own."""
    stop = asyncio.Event()
    with collected_rarely():
        task = asyncio.create_task(part.run(stop))
        try:
            yield
        finally:
            stop.set()
            async with asyncio.timeout(60):
                await task


def fresh_work(frame: Frame, tx: Transaction, cause: str | None = None) -> Work:
    """Work that a request would ask for."""
    return frame.work(tx, cause=Cause(id=cause or str(new_id())), caller="benchmarks")


def moved(place: Place, **changes: Any) -> Place:
    """The same place with something changed."""
    return replace(place, **changes)
