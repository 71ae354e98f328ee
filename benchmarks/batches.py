"""Jobs 5 and 6: several events in one transaction, by a statement each and by one statement.

Measured as job 2: the records are in the topic before the clock starts, which runs from the first
tenth of the events committed to the last one.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import asyncpg
import sqlalchemy as sa
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from benchmarks import batches_bare, event, handler_library
from benchmarks.figures import Figures, rate_at_least
from benchmarks.handler import LIBRARY_EVENTS, _measured
from benchmarks.house import frame_at, running
from benchmarks.jobs import Job, Setting
from benchmarks.servers import Place
from services.chassis.audit import record
from services.chassis.database import Statement
from services.chassis.messaging.batch import Batch, Batched
from services.chassis.messaging.broker import LOCAL
from services.chassis.messaging.inboxes import inbox_consumer
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.outbox import publish
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Answer

EVENTS: Final = 12_000
PROJECT: Final = Statement(
    sa.text(
        "UPDATE thing SET number = given.number, changed_at = :at"
        " FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS bigint[])) AS given(id, number)"
        " WHERE thing.id = given.id"
    )
)
Tick = Callable[[], None]


def _ticked(batch: Batch, tick: Tick) -> list[Answer]:
    def committed() -> None:
        for _ in batch.events:
            tick()

    batch.transaction.after_commit("benchmark", committed)
    return [None] * len(batch.events)


async def _change(tick: Tick, batch: Batch) -> list[Answer]:
    for received in batch.events:
        work, subject = batch.work(received), received.envelope.subject
        await event.change(received, work)
        publish(work.transaction, event.outcome_of(received.body), subject=subject)
        record(work.transaction, actor=work.caller, action="settle-thing", subject=subject)
    return _ticked(batch, tick)


async def _project(tick: Tick, batch: Batch) -> list[Answer]:
    newest = {received.body.thing: received.body.number for received in batch.events}
    await batch.transaction.execute(
        PROJECT, ids=list(newest), numbers=list(newest.values()), at=batch.now
    )
    return _ticked(batch, tick)


@asynccontextmanager
async def _consuming(handle: Any, place: Place, tick: Tick) -> AsyncIterator[None]:
    """The consumer of a real frame, running."""
    async with frame_at(place) as frame:
        handlers = {event.THING.type: Batched(partial(handle, tick))}
        table = Subscriptions(consumer="house", topics=(event.THINGS,), handlers=handlers)
        context = frame.consumer_context(table, Limits())
        async with running(inbox_consumer(context, frame.broker(LOCAL))):
            yield


def ours_by_event(setting: Setting) -> Figures:
    """The chassis, a list, a statement per event."""
    return _measured(setting, setting.events(EVENTS), partial(_consuming, _change))


def ours_by_list(setting: Setting) -> Figures:
    """The chassis, a list, one statement."""
    return _measured(setting, setting.events(EVENTS), partial(_consuming, _project))


def bare_by_event(setting: Setting) -> Figures:
    """The same by hand."""
    return _measured(setting, setting.events(EVENTS), batches_bare.changing)


def bare_by_list(setting: Setting) -> Figures:
    """The same by hand."""
    return _measured(setting, setting.events(EVENTS), batches_bare.projecting)


def library_by_event(setting: Setting) -> Figures:
    """FastStream that repeats on error, a session of SQLAlchemy per event."""
    return _measured(setting, setting.events(LIBRARY_EVENTS), handler_library.consuming)


@asynccontextmanager
async def _library(place: Place, tick: Tick) -> AsyncIterator[None]:
    """FastStream's lists, the same statements, one transaction each."""
    pool = await asyncpg.create_pool(
        place.url, min_size=1, max_size=4, server_settings={"search_path": "house"}
    )
    broker = KafkaBroker(place.bootstrap, logger=None)

    @broker.subscriber(
        place.topic(event.THINGS),
        group_id=f"{place.node}.library",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        batch=True,
        max_records=batches_bare.BATCH,
    )
    async def settle(bodies: list[event.Thing], message: KafkaMessage) -> None:
        async with pool.acquire() as connection, connection.transaction():
            records: Sequence[Any] = message.raw_message
            handled = await batches_bare.enter(connection, records)
            await batches_bare.project(connection, handled)
        for _ in bodies:
            tick()

    await broker.start()
    try:
        yield
    finally:
        await broker.stop()
        await pool.close()


def library_by_list(setting: Setting) -> Figures:
    """FastStream in batch mode."""
    return _measured(setting, setting.events(EVENTS), _library)


OURS: Final = "ours"
BARE: Final = "bare, the same statements"
SESSION: Final = "FastStream + SQLAlchemy session, event by event"
BATCH: Final = "FastStream batch=True, the same statements"


JOB: Final = Job(
    name="batches",
    title="A handler of lists, a statement per event (validation, trace, mark, outbox, audit)",
    alternatives={OURS: ours_by_event, BARE: bare_by_event, SESSION: library_by_event},
    goals=(
        rate_at_least(OURS, "rate against the same statements by hand", BARE, 0.6),
        rate_at_least(OURS, "rate against FastStream + SQLAlchemy", SESSION, 15),
    ),
    limits={
        OURS: "Python in one process: one round trip an event, two spans, a body read and written, "
        "an id derived.",
        BARE: "Python round trips to PostgreSQL: one an event.",
        SESSION: "one event at a time: constructs compiled per statement, a session, an offset "
        "commit per event.",
    },
    rounds=5,
)
PROJECTION: Final = Job(
    name="projection",
    title="A projection: lists folded into one statement (validation, trace, mark)",
    alternatives={OURS: ours_by_list, BARE: bare_by_list, BATCH: library_by_list},
    goals=(
        rate_at_least(OURS, "rate against the same statements by hand", BARE, 0.6),
        rate_at_least(OURS, "rate against FastStream's batch mode", BATCH, 1.5),
    ),
    limits={
        OURS: "Python in one process: an envelope and a body read, digests and a span per event.",
        BARE: "PostgreSQL: marks and known ids are rows of each event.",
        BATCH: "one list at a time, its frame per message, an offset commit per list.",
    },
    rounds=5,
)
