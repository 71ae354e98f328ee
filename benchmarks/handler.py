"""Job 2: one event, one transaction, eight lanes: mark, domain statement, outbox row, audit row.

The records are in the topic before the clock starts; it runs from the first tenth of the events
committed to the last one, so that joining the group and filling caches is not measured.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from benchmarks import event, handler_bare, handler_library
from benchmarks.figures import Figures, Goal, Side
from benchmarks.house import frame_at, running
from benchmarks.jobs import Job, Meter, Setting
from benchmarks.servers import Place
from services.chassis.audit import record
from services.chassis.messaging.broker import LOCAL, OutgoingRecord
from services.chassis.messaging.inboxes import inbox_consumer
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.outbox import publish
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Received, Work

EVENTS: Final = 4_000
LIBRARY_EVENTS: Final = 400
WARM_SHARE: Final = 10


@dataclass(slots=True)
class Line:
    """Counts committed events; measures from the first tenth to the last."""

    total: int
    done: int = 0
    figures: Figures = field(default_factory=dict)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    meter: Meter | None = None
    begun: Callable[[], None] | None = None
    """Called when measuring begins."""

    def tick(self) -> None:
        """One more was committed."""
        self.done += 1
        if self.done == self.total // WARM_SHARE:
            self.meter = Meter.start()
            if self.begun is not None:
                self.begun()
        elif self.done == self.total and self.meter is not None:
            self.figures = self.meter.stop(self.total - self.total // WARM_SHARE)
            self.finished.set()


async def fill(place: Place, records: Sequence[OutgoingRecord]) -> None:
    """Put the records into their topic."""
    async with AIOKafkaProducer(
        bootstrap_servers=place.bootstrap, enable_idempotence=True, acks="all"
    ) as producer:
        for record_ in records:
            await producer.send(
                record_.topic,
                value=record_.value,
                key=record_.key,
                headers=list(record_.headers),
            )
        await producer.flush()


def _measured(setting: Setting, count: int, run: Any) -> Figures:
    with setting.servers.place() as place:
        records = event.records(place.topic(event.THINGS), place.node, count)
        asyncio.run(fill(place, records))
        return asyncio.run(_run(place, count, run))


async def _run(place: Place, count: int, run: Any) -> Figures:
    line = Line(count)
    async with asyncio.timeout(300), run(place, line.tick):
        await line.finished.wait()
    return line.figures


def ours(setting: Setting) -> Figures:
    """The chassis's consumer, inbox, outbox and audit."""
    return _measured(setting, setting.events(EVENTS), _House)


class _House:
    """The consumer of a real frame, running."""

    def __init__(self, place: Place, tick: Any) -> None:
        self._place = place
        self._tick = tick

    async def _handle(self, received: Received, work: Work) -> None:
        await event.change(received, work)
        publish(
            work.transaction, event.outcome_of(received.body), subject=received.envelope.subject
        )
        record(
            work.transaction,
            actor=work.caller,
            action="settle-thing",
            subject=received.envelope.subject,
        )
        work.transaction.after_commit("benchmark", self._tick)

    async def __aenter__(self) -> None:
        self._frame = frame_at(self._place)
        frame = await self._frame.__aenter__()
        subscriptions = Subscriptions(
            consumer="house", topics=(event.THINGS,), handlers={event.THING.type: self._handle}
        )
        context = frame.consumer_context(subscriptions, Limits())
        self._running = running(inbox_consumer(context, frame.broker(LOCAL)))
        await self._running.__aenter__()

    async def __aexit__(self, *_error: object) -> None:
        await self._running.__aexit__(None, None, None)
        await self._frame.__aexit__(None, None, None)


def bare(setting: Setting) -> Figures:
    """The same statements by hand, eight lanes, no framework."""
    return _measured(setting, setting.events(EVENTS), handler_bare.same_statements)


def bare_plain(setting: Setting) -> Figures:
    """By hand with the simplest inbox: one insert that ignores what is there."""
    return _measured(setting, setting.events(EVENTS), handler_bare.plain_inbox)


def bare_joined(setting: Setting) -> Figures:
    """By hand with outbox row and audit row in one statement, as ours writes them."""
    return _measured(setting, setting.events(EVENTS), handler_bare.joined_writes)


def library(setting: Setting) -> Figures:
    """FastStream that repeats on error, and a session of SQLAlchemy."""
    return _measured(setting, setting.events(LIBRARY_EVENTS), handler_library.consuming)


OURS: Final = "ours"
BARE: Final = "bare, the same statements"
JOINED: Final = "bare, outbox and audit as one statement"
PLAIN: Final = "bare, plain inbox"
LIBRARY: Final = "FastStream + SQLAlchemy session"

JOB: Final = Job(
    name="handler",
    title="A handler per event, 8 lanes (validation, trace, mark, outbox, audit)",
    alternatives={
        OURS: ours,
        BARE: bare,
        JOINED: bare_joined,
        PLAIN: bare_plain,
        LIBRARY: library,
    },
    goals=(
        Goal(
            sentence="rate against the same statements by hand",
            of=Side(OURS, "rate"),
            against=Side(BARE, "rate"),
            wanted="at least",
            limit=0.6,
        ),
        Goal(
            sentence="rate against FastStream + SQLAlchemy",
            of=Side(OURS, "rate"),
            against=Side(LIBRARY, "rate"),
            wanted="at least",
            limit=6,
        ),
    ),
    limits={
        OURS: "Python in one process: five round trips to PostgreSQL, two spans, a body read and "
        "written, a digest, an id derived.",
        BARE: "Python round trips to PostgreSQL (six an event) and its commits.",
        JOINED: "the same, one round trip fewer: what ours saves by writing both rows at once.",
        PLAIN: "bare, without marks, blocked keys, erasure and duplicates by number.",
        LIBRARY: "one event at a time: constructs compiled per statement, a session, an offset "
        "commit per event.",
    },
    rounds=5,
)
