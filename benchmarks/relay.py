"""Job 1: a relay drains rows that are already committed.

Ours is the chassis's relay over rows written by ``publish``; bare is one idempotent producer that
sends the same records from memory; the naive loops and the library send row by row.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaProducer

from benchmarks import event
from benchmarks.figures import Figures, rate_at_least
from benchmarks.fso import drain_best, drain_default
from benchmarks.house import frame_at, fresh_work, running
from benchmarks.jobs import Job, Meter, Setting
from benchmarks.servers import Place
from benchmarks.wait import until
from services.chassis.frame import Frame
from services.chassis.messaging.broker import LOCAL
from services.chassis.messaging.outbox import publish
from services.chassis.messaging.relay import Relay, RelayContext

ROWS: Final = 10_000
SLOW_ROWS: Final = 300
BATCH: Final = 500
ROWS_EACH_TRANSACTION: Final = 500
BATCH_BYTES: Final = 262_144


def ours(setting: Setting) -> Figures:
    """The chassis's relay."""
    with setting.servers.place() as place:
        return asyncio.run(_ours(place, setting.events(ROWS)))


async def _ours(place: Place, rows: int) -> Figures:
    async with frame_at(place) as writer:
        await _publish(writer, rows)  # at its end its spans are written: they are not the relay's
    async with frame_at(place) as frame:
        owner = await _owner(place)
        await owner.execute("CREATE TABLE aside AS SELECT * FROM outbox ORDER BY position")
        await owner.execute("TRUNCATE outbox")
        relay = Relay(
            RelayContext(
                database=frame.database,
                broker=frame.broker(LOCAL),
                clock=frame.clock,
                telemetry=frame.telemetry,
            )
        )
        sent = frame.telemetry.counter("relay_sent").labels(LOCAL)
        try:
            async with running(relay):
                await _publish(frame, 1)
                relay.wake()
                await until(lambda: _count(sent) == 1)
                await owner.execute(_BACK)
                meter = Meter.start()
                relay.wake()
                await until(lambda: _count(sent) == rows + 1)
                return meter.stop(rows)
        finally:
            await owner.close()


_COLUMNS: Final = (
    "id, aggregatetype, aggregateid, type, payload, topic, key, headers, shard, sequence, epoch,"
    " created_at"
)
_BACK: Final = f"INSERT INTO outbox ({_COLUMNS}) SELECT {_COLUMNS} FROM aside ORDER BY position"  # noqa: S608


def _count(counter: Any) -> int:
    return int(counter._value.get())


async def _owner(place: Place) -> Any:
    return await asyncpg.connect(place.owner_url, server_settings={"search_path": "house"})


async def _publish(frame: Frame, rows: int) -> None:
    names = event.subjects()
    for first in range(0, rows, ROWS_EACH_TRANSACTION):
        async with frame.database.transaction() as tx:
            fresh_work(frame, tx)
            for number in range(first, min(rows, first + ROWS_EACH_TRANSACTION)):
                subject = names[number % event.SUBJECTS]
                publish(tx, event.body_of(subject, number), subject=subject)


def bare(setting: Setting) -> Figures:
    """One idempotent, pipelined producer; the same records from memory, a batch at a time."""
    with setting.servers.place() as place:
        records = event.records(place.topic(event.THINGS), place.node, setting.events(ROWS))
        return asyncio.run(_bare(place, records))


async def _bare(place: Place, records: Sequence[Any]) -> Figures:
    async with AIOKafkaProducer(
        bootstrap_servers=place.bootstrap,
        enable_idempotence=True,
        acks="all",
        max_batch_size=BATCH_BYTES,
    ) as producer:
        await _send(producer, records[0])
        meter = Meter.start()
        for first in range(0, len(records), BATCH):
            batch = [await _hand_over(producer, each) for each in records[first : first + BATCH]]
            await asyncio.gather(*batch)
        return meter.stop(len(records))


async def _hand_over(producer: Any, record: Any) -> Any:
    return await producer.send(
        record.topic, value=record.value, key=record.key, headers=list(record.headers)
    )


async def _send(producer: Any, record: Any) -> None:
    await (await _hand_over(producer, record))


def naive(setting: Setting) -> Figures:
    """``send_and_wait`` and delete, row by row."""
    return _naive(setting, delete_each=1)


def naive_delete_later(setting: Setting) -> Figures:
    """``send_and_wait`` row by row, delete a hundred at a time."""
    return _naive(setting, delete_each=100)


def _naive(setting: Setting, delete_each: int) -> Figures:
    with setting.servers.place() as place:
        return asyncio.run(_loop(place, setting.events(SLOW_ROWS), delete_each))


async def _loop(place: Place, rows: int, delete_each: int) -> Figures:
    async with frame_at(place) as frame:
        await _publish(frame, rows)
    owner = await _owner(place)
    producer = AIOKafkaProducer(
        bootstrap_servers=place.bootstrap, enable_idempotence=True, acks="all"
    )
    await producer.start()
    first = event.records(place.topic(event.OUTCOMES), place.node, 1)[0]
    await _send(producer, first)
    done: list[int] = []
    meter = Meter.start()
    for row in await owner.fetch("SELECT * FROM outbox ORDER BY position"):
        headers = [(f"ce_{name}", text.encode()) for name, text in _read(row["headers"]).items()]
        await producer.send_and_wait(
            row["topic"], value=row["payload"], key=row["key"].encode(), headers=headers
        )
        done.append(row["position"])
        if len(done) == delete_each:
            await owner.execute("DELETE FROM outbox WHERE position = ANY ($1)", done)
            done.clear()
    await owner.execute("DELETE FROM outbox WHERE position = ANY ($1)", done)
    figures = meter.stop(rows)
    await producer.stop()
    await owner.close()
    return figures


def _read(headers: str) -> dict[str, str]:
    return dict(json.loads(headers))


OURS: Final = "ours"
BARE: Final = "bare producer"
FSO: Final = "fso, defaults"
FSO_BEST: Final = "fso, 32 workers, fetch 1000, flush 50"
NAIVE: Final = "send_and_wait, delete each row"
NAIVE_LATER: Final = "send_and_wait, delete 100 rows"


JOB: Final = Job(
    name="relay",
    title="The relay drains 10,000 committed rows",
    alternatives={
        OURS: ours,
        BARE: bare,
        FSO_BEST: drain_best,
        FSO: drain_default,
        NAIVE: naive,
        NAIVE_LATER: naive_delete_later,
    },
    goals=(
        rate_at_least(OURS, "rate against a bare producer", BARE, 0.6),
        rate_at_least(OURS, "rate against fso at its best", FSO_BEST, 8),
        rate_at_least(OURS, "rate against fso as it comes", FSO, 50),
        rate_at_least(OURS, "rate against send_and_wait", NAIVE, 20),
    ),
    limits={
        OURS: "Python in one process: reading rows, building records, aiokafka's batching; "
        "PostgreSQL and the broker wait for it.",
        BARE: "aiokafka's own Python per record; no database takes part.",
        FSO_BEST: "Python per row: the library's message objects, a handler call and a publish "
        "each, and a confirmation per row.",
        FSO: "one row at a time: claim, handle, wait for the acknowledgement, delete, commit.",
        NAIVE: "one round trip to the broker (with its flush) and one commit per row.",
        NAIVE_LATER: "one round trip to the broker (with its flush) per row.",
    },
    rounds=5,
)
