"""FastStream and faststream-outbox as their documentation shows them: the peers of the relay.

They get what is in their favour: an idempotent producer as ours, a pool as large as they ask for,
rows committed beforehand, and no log.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from faststream.kafka import KafkaBroker
from faststream.kafka.response import KafkaResponse
from faststream_outbox import OutboxBroker, make_outbox_table
from sqlalchemy import MetaData, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks import event
from benchmarks.figures import Figures
from benchmarks.jobs import Meter, Setting
from benchmarks.servers import Place
from benchmarks.wait import until

QUEUE: Final = "rows"
DEFAULT_ROWS: Final = 250
BEST_ROWS: Final = 2_000
BEST: Final = {
    "max_workers": 32,
    "fetch_batch_size": 1_000,
    "terminal_flush_batch_size": 50,
}


def engine_at(place: Place, connections: int, schema: str) -> AsyncEngine:
    """An engine on a schema of a fresh database, with the owner's rights."""
    address = place.owner_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    return create_async_engine(
        address,
        pool_size=connections,
        connect_args={"server_settings": {"search_path": schema}},
    )


def kafka_at(place: Place) -> KafkaBroker:
    """A broker of FastStream with an idempotent producer."""
    return KafkaBroker(place.bootstrap, enable_idempotence=True, acks="all", logger=None)


@dataclass(frozen=True, slots=True)
class Library:
    """Both brokers of the library, and its table."""

    engine: AsyncEngine
    kafka: KafkaBroker
    outbox: OutboxBroker
    table: Any

    async def left(self) -> int:
        """How many rows are still there."""
        async with self.engine.connect() as connection:
            return int(await connection.scalar(select(func.count()).select_from(self.table)) or 0)

    async def empty(self) -> bool:
        """Whether every row is gone."""
        return await self.left() == 0


def relay_rows(library: Library, topic: str, **settings: Any) -> None:
    """The relay of its documentation: one handler between its queue and a publisher."""

    @library.kafka.publisher(topic)
    @library.outbox.subscriber(QUEUE, propagate_inbound_headers=True, **settings)
    async def relay(body: dict[str, Any]) -> KafkaResponse:
        return KafkaResponse(body, key=str(body["thing"]).encode())


@asynccontextmanager
async def library_at(
    place: Place, *, connections: int = 8, name: str = "house"
) -> AsyncIterator[Library]:
    """Engine, table and both brokers of one process, in the schema ``name``; not started."""
    metadata = MetaData()
    table = make_outbox_table(metadata, table_name="rows")
    engine = engine_at(place, connections, name)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    outbox = OutboxBroker(engine, outbox_table=table, logger=None)
    library = Library(engine, kafka_at(place), outbox, table)
    try:
        yield library
    finally:
        await outbox.stop()
        await library.kafka.stop()
        await engine.dispose()


async def _fill(library: Library, place: Place, rows: int) -> None:
    async with library.engine.begin() as connection:
        for number, record in enumerate(event.records("", place.node, rows)):
            subject = (record.key or b"").decode()
            headers = {name: (text or b"").decode() for name, text in record.headers}
            del headers["content-type"]
            await library.outbox.publish(
                event.body_of(subject, number).model_dump(mode="json"),
                queue=QUEUE,
                session=connection,
                headers=headers,
            )


async def _drain(place: Place, rows: int, settings: dict[str, int]) -> Figures:
    async with library_at(place, connections=settings.get("max_workers", 1) + 4) as library:
        relay_rows(library, place.topic(event.THINGS), **settings)
        await library.kafka.start()
        await _fill(library, place, rows)
        meter = Meter.start()
        await library.outbox.start()
        await until(library.empty, every=0.02)
        return meter.stop(rows)


def drain_default(setting: Setting) -> Figures:
    """The library as it comes: one worker, ten rows a fetch."""
    with setting.servers.place() as place:
        return asyncio.run(_drain(place, setting.events(DEFAULT_ROWS), {}))


def drain_best(setting: Setting) -> Figures:
    """The best setting that was found for it; it gives up the order per key."""
    with setting.servers.place() as place:
        return asyncio.run(_drain(place, setting.events(BEST_ROWS), dict(BEST)))
