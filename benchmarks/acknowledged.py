"""Job: 50 events a second, each its own transaction: from the commit to the bus's acknowledgement.

Both sides commit on one connection pool and are woken as they come: ours by the relay's bell in
its process, the library by what its own publish rings. The clock of an event runs from the moment
after its commit to the moment its answer is there.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from benchmarks import event
from benchmarks.figures import Figures, Goal, Side, percentile
from benchmarks.fso import QUEUE, Library, library_at
from benchmarks.house import frame_at, fresh_work, running
from benchmarks.jobs import Job, Meter, Setting
from benchmarks.pace import steadily
from benchmarks.servers import Place
from services.chassis.messaging.broker import LOCAL, Acknowledged, OutgoingRecord
from services.chassis.messaging.outbox import publish
from services.chassis.messaging.relay import Relay, RelayContext

RATE: Final = 50.0
EVENTS: Final = 300
WARM: Final = 50
LONGEST_SECONDS: Final = 60.0

Answers = Sequence["asyncio.Future[Acknowledged] | None"]


@dataclass(slots=True)
class Watch:
    """When each event was committed, and how long its answer took; the first ones are not kept."""

    events: int
    committed: dict[str, float] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    answered: int = 0
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    def commit(self, key: str) -> None:
        """Its transaction is over now."""
        self.committed[key] = time.monotonic()

    def answer(self, key: str) -> None:
        """It is acknowledged now."""
        taken = time.monotonic() - self.committed.pop(key)
        self.answered += 1
        if self.answered > WARM:
            self.seconds.append(taken)
        if self.answered == WARM + self.events:
            self.finished.set()


class _Watched:
    """A broker whose producers tell the watch; everything else is the broker's own."""

    def __init__(self, broker: Any, watch: Watch) -> None:
        self._broker = broker
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    def producer(self) -> Any:
        return _WatchedProducer(self._broker.producer(), self._watch)


class _WatchedProducer:
    def __init__(self, producer: Any, watch: Watch) -> None:
        self._producer = producer
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    async def send_all(self, records: Sequence[OutgoingRecord]) -> Answers:
        answers: Answers = await self._producer.send_all(records)
        for record, answer in zip(records, answers, strict=True):
            if answer is not None:
                key = (record.key or b"").decode()
                answer.add_done_callback(partial(self._answered, key))
        return answers

    def _answered(self, key: str, _answer: object) -> None:
        self._watch.answer(key)


def _key(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def ours(setting: Setting) -> Figures:
    """The chassis's outbox and relay in one process."""
    with setting.servers.place() as place:
        return asyncio.run(_ours(place, setting.events(EVENTS)))


async def _ours(place: Place, events: int) -> Figures:
    watch = Watch(events)
    async with frame_at(place) as frame:
        relay = Relay(
            RelayContext(
                database=frame.database,
                broker=_Watched(frame.broker(LOCAL), watch),
                clock=frame.clock,
                telemetry=frame.telemetry,
            )
        )
        frame.outbox.wake[LOCAL] = relay.wake

        async def send(number: int) -> None:
            key = _key(number)
            async with frame.database.transaction() as tx:
                fresh_work(frame, tx)
                publish(tx, event.body_of(key, number), subject=key)
            watch.commit(key)

        async with running(relay):
            return await _measured(watch, send)


def library(setting: Setting) -> Figures:
    """The library as it comes: rows are published in a transaction, its subscriber sends them."""
    with setting.servers.place() as place:
        return asyncio.run(_library(place, setting.events(EVENTS)))


async def _library(place: Place, events: int) -> Figures:
    watch = Watch(events)
    async with library_at(place) as library_:
        _relay(library_, place.topic(event.THINGS), watch)
        await library_.kafka.start()
        await library_.outbox.start()

        async def send(number: int) -> None:
            key = _key(number)
            async with library_.engine.begin() as connection:
                await library_.outbox.publish(
                    event.body_of(key, number).model_dump(mode="json"),
                    queue=QUEUE,
                    session=connection,
                )
            watch.commit(key)

        return await _measured(watch, send)


def _relay(library_: Library, topic: str, watch: Watch) -> None:
    """The relay of its documentation; sending by hand, as only so its answer can be seen."""

    @library_.outbox.subscriber(QUEUE, propagate_inbound_headers=True)
    async def relay(body: dict[str, Any]) -> None:
        key = str(body["thing"])
        await library_.kafka.publish(body, topic, key=key.encode())
        watch.answer(key)


async def _measured(watch: Watch, send: Callable[[int], Awaitable[None]]) -> Figures:
    meter = Meter.start()
    await steadily(RATE, WARM + watch.events, send)
    async with asyncio.timeout(LONGEST_SECONDS):
        await watch.finished.wait()
    cpu = meter.stop(WARM + watch.events)["cpu_us"]
    milliseconds = [1_000 * each for each in watch.seconds]
    return {
        "p50_ms": percentile(milliseconds, 0.50),
        "p99_ms": percentile(milliseconds, 0.99),
        "cpu_us": cpu,
    }


OURS: Final = "ours"
LIBRARY: Final = "fso, defaults"


def _at_most(sentence: str, figure: str, against: Side, limit: float) -> Goal:
    return Goal(
        sentence=sentence, of=Side(OURS, figure), against=against, wanted="at most", limit=limit
    )


JOB: Final = Job(
    name="acknowledged",
    title="From commit to acknowledgement at 50 events a second",
    alternatives={OURS: ours, LIBRARY: library},
    goals=(
        _at_most("own p99 against own p50", "p99_ms", Side(OURS, "p50_ms"), 3),
        _at_most("p50 against fso", "p50_ms", Side(LIBRARY, "p50_ms"), 0.5),
        _at_most("p99 against fso", "p99_ms", Side(LIBRARY, "p99_ms"), 0.5),
    ),
    limits={
        OURS: "one read of the outbox and one flush of the broker after the commit; the tail is "
        "waiting for a core.",
        LIBRARY: "notification, claim of the row, a handler call, a flush of the broker; the tail "
        "is waiting for a core.",
    },
    rounds=4,
)
