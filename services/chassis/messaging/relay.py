"""Carries committed outbox rows to one bus: in order per key, at least once, never lost.

One relay per service and bus holds a lock on a connection of its own; a second one stands by.
Rows are handed to one idempotent producer without waiting, and only the acknowledged prefix of
each key is deleted. The relay may never change a row, reorder a key, or give one up that could
still be sent.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from services.chassis.clock import Clock
from services.chassis.database import Connection, Database
from services.chassis.errors import (
    BrokerUnavailable,
    ContractBroken,
    InfrastructureFailure,
    NrmError,
    RecordTooLarge,
    backoff_seconds,
)
from services.chassis.failpoints import Failpoint
from services.chassis.logs import logger
from services.chassis.messaging.broker import Broker, check_size
from services.chassis.messaging.held_lanes import HeldLanes
from services.chassis.messaging.relay_rows import (
    Backlog,
    Lane,
    OutboxRow,
    OutboxRows,
    ask,
    channel_of,
)
from services.chassis.messaging.sent import Sent, acknowledged_prefix, failure_of
from services.chassis.messaging.watchdog import ProducersStuck, ProducerWatchdog
from services.chassis.runnable import Readiness

if TYPE_CHECKING:
    from services.chassis.telemetry import Telemetry

log = logger(__name__)
CLOSE_SECONDS: Final = 5.0
NOT_ACKNOWLEDGED: Final = BrokerUnavailable.__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLimits:
    """Every bound of a relay."""

    batch_rows: int = 500
    poll_seconds: float = 1.0
    standby_seconds: float = 1.0
    notify_pause_seconds: float = 0.05
    measure_seconds: float = 2.0
    stuck_seconds: float = 35.0
    """Above the 31 s that a cluster may need to elect new leaders."""
    look_seconds: float = 1.0
    bus_retry_seconds: float = 2.0
    """Longest wait between two questions to a bus that does not answer."""
    age_seconds: float = 60.0
    """Older unsent rows make the process not ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayContext:
    """What a relay works with."""

    database: Database
    broker: Broker
    clock: Clock
    telemetry: "Telemetry | None" = None
    limits: RelayLimits = field(default_factory=RelayLimits)


class Relay:
    """The relay of one service to one bus; a part of its process."""

    def __init__(self, context: RelayContext) -> None:
        self._context = context
        self._limits = context.limits
        self._bus = context.broker.name
        self._watchdog = ProducerWatchdog(context.broker)
        self._held = HeldLanes(context.clock)
        self._suspects: set[int] = set()
        self._ahead: list[OutboxRow] = []
        """Read while the rows before were on their way; sent only if all of those arrived."""
        self._bell = asyncio.Event()
        self._backlog = Backlog()
        self._measured_at = float("-inf")
        self._bus_failures = 0
        self._trouble = "not started"
        self.leads = False

    @property
    def name(self) -> str:
        """Of the part."""
        return f"relay-{self._bus}"

    def wake(self) -> None:
        """Rows were committed in this process: called after the commit."""
        self._bell.set()

    def readiness(self) -> Readiness:
        """Whether rows get out in time; an unreachable bus alone does not make it unready."""
        if self._backlog.age_seconds > self._limits.age_seconds:
            return Readiness(False, f"the oldest unsent row is too old ({self._trouble or 'slow'})")
        if self._context.clock.monotonic() - self._measured_at > self._limits.age_seconds:
            return Readiness(False, f"the outbox cannot be looked at ({self._trouble or 'slow'})")
        if self._backlog.parked:
            return Readiness(False, "rows are parked")
        return Readiness(True, self._trouble or ("leads" if self.leads else "stands by"))

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until ``stop``; failures of database or bus are waited out, for ever."""
        watch = asyncio.create_task(self._ring_at(stop))
        failures = 0
        try:
            while not stop.is_set():
                try:
                    await self._turn(stop)
                    failures = 0
                except InfrastructureFailure as error:
                    failures += 1
                    self._say(error)
                    await self._pause(stop, backoff_seconds(failures))
        finally:
            watch.cancel()

    async def _ring_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._bell.set()

    def _say(self, error: Exception) -> None:
        trouble = type(error).__name__
        if trouble != self._trouble:
            log.warning("the relay cannot go on now", bus=self._bus, error=trouble)
        self._trouble = trouble

    async def _turn(self, stop: asyncio.Event) -> None:
        """One connection's life: stand by, lead, and let go of everything at the end."""
        connection = await self._context.database.connect()
        rows = OutboxRows(connection, self._bus, self._context.database.schema)
        try:
            channel = channel_of(self._context.database.schema, self._bus)
            await ask(connection.add_listener(channel, self._heard))
            connection.add_termination_listener(self._heard)
            self._trouble, self._ahead = "", []
            while not stop.is_set() and not await rows.lead():
                await self._stand_by(rows, stop)
            self._set_leads(not stop.is_set())
            while not stop.is_set():
                await self._step(rows, stop)
        finally:
            self._set_leads(False)
            await self._watchdog.let_go()
            await _close(connection)

    def _heard(self, *_notification: object) -> None:
        self._bell.set()

    def _set_leads(self, leads: bool) -> None:
        self.leads = leads
        if self._context.telemetry is not None:
            self._context.telemetry.gauge("relay_leads").labels(self._bus).set(int(leads))

    async def _stand_by(self, rows: OutboxRows, stop: asyncio.Event) -> None:
        """Wait for the lock; pass on, at most every so often, that rows were written here."""
        await self._measure(rows)
        if await self._wait(self._limits.standby_seconds) and not stop.is_set():
            await self._pause(stop, self._limits.notify_pause_seconds)
            self._bell.clear()
            await rows.notify()

    async def _step(self, rows: OutboxRows, stop: asyncio.Event) -> None:
        """One batch, or a wait when there is none."""
        self._bell.clear()
        await self._measure(rows)
        batch, self._ahead = self._ahead or await self._next(rows), []
        if not batch:
            await self._wait(self._limits.poll_seconds)
            return
        try:
            went_well = await self._carry(rows, batch, stop)
            self._trouble, self._bus_failures = "" if went_well else NOT_ACKNOWLEDGED, 0
        except ProducersStuck:
            raise
        except BrokerUnavailable as error:
            self._say(error)
            self._bus_failures += 1
            seconds = min(backoff_seconds(self._bus_failures), self._limits.bus_retry_seconds)
            await self._pause(stop, seconds)

    async def _carry(
        self, rows: OutboxRows, batch: Sequence[OutboxRow], stop: asyncio.Event
    ) -> bool:
        """Send a batch and delete what arrived; whether that went without trouble."""
        await self._watchdog.producer()
        suspects = [row for row in batch if row.position in self._suspects]
        chosen = suspects[:1] or await self._with_topics(batch)
        self._reach(Failpoint.RELAY_BEFORE_SEND)
        with self._span(chosen):
            sent = await self._hand_over(rows, chosen)
            self._reach(Failpoint.RELAY_AFTER_SEND)
            whole = len(sent) == len(batch) == self._limits.batch_rows
            ahead = await self._next(rows, after=batch[-1].position) if whole else []
            await self._answers(rows, sent, stop)
        arrived = acknowledged_prefix(sent)
        self._ahead = ahead if len(arrived) == len(batch) else []
        if arrived:
            self._reach(Failpoint.RELAY_BEFORE_DELETE)
            await rows.delete([row.position for row in arrived])
            self._reach(Failpoint.RELAY_AFTER_DELETE)
        self._count("relay_sent", len(arrived))
        self._count("relay_retried", len(sent) - len(arrived))
        return await self._learn(rows, sent, arrived, alone=len(chosen) == 1)

    async def _next(self, rows: OutboxRows, after: int = 0) -> list[OutboxRow]:
        """What may be sent now, in order."""
        held = self._held
        return await rows.next(self._limits.batch_rows, held.topics(), held.lanes(), after)

    async def _with_topics(self, batch: Sequence[OutboxRow]) -> list[OutboxRow]:
        """The rows whose topic exists; the others' topics are held back, and said."""
        if any(row.lane[0] not in self._watchdog.topics for row in batch):
            await self._watchdog.look_for_topics()
        there = self._watchdog.topics
        for topic in sorted({row.lane[0] for row in batch} - there):
            log.warning("a topic is missing on the bus", bus=self._bus, topic=topic)
            self._held.hold(topic, None)
        return [row for row in batch if row.lane[0] in there]

    async def _hand_over(self, rows: OutboxRows, chosen: Sequence[OutboxRow]) -> list[Sent]:
        """Hand rows to the producer in order without waiting; stop a lane at its first failure."""
        producer = await self._watchdog.producer()
        try:
            answers = await producer.send_all([row.record for row in chosen])
        except RecordTooLarge:
            chosen = await self._without_too_large(rows, chosen)
            answers = await producer.send_all([row.record for row in chosen])
        together = zip(chosen, answers, strict=True)
        return [Sent(row, answer) for row, answer in together if answer is not None]

    async def _without_too_large(
        self, rows: OutboxRows, chosen: Sequence[OutboxRow]
    ) -> list[OutboxRow]:
        """Park what no bus takes; the rows behind it in its lane stay where they are."""
        left: list[OutboxRow] = []
        stopped: set[Lane] = set()
        for row in chosen:
            if row.lane in stopped:
                continue
            try:
                check_size(row.record)
            except RecordTooLarge as error:
                stopped.add(row.lane)
                await self._park(rows, row, error)
            else:
                left.append(row)
        return left

    async def _answers(self, rows: OutboxRows, sent: Sequence[Sent], stop: asyncio.Event) -> None:
        """Wait for the acknowledgements; give a stuck producer up if the bus answers."""
        begun = self._context.clock.monotonic()
        for one in sent:
            while not one.answer.done():
                done, _ = await asyncio.wait({one.answer}, timeout=self._limits.look_seconds)
                if not done:
                    await self._look(rows, self._context.clock.monotonic() - begun, stop)

    async def _look(self, rows: OutboxRows, waited: float, stop: asyncio.Event) -> None:
        """Nothing was acknowledged for a while: is the producer stuck, or the bus away?"""
        await self._measure(rows)
        if stop.is_set() and waited > CLOSE_SECONDS:
            await self._watchdog.let_go()
        elif waited > self._limits.stuck_seconds and await self._watchdog.bus_answers():
            self._count("abandoned_producers", 1)
            log.warning("a stuck producer was abandoned", bus=self._bus)
            self._watchdog.abandon()
            self._reach(Failpoint.RELAY_ABANDONED)

    async def _learn(
        self, rows: OutboxRows, sent: Sequence[Sent], arrived: Sequence[OutboxRow], *, alone: bool
    ) -> bool:
        """Remember what failed: park what is refused alone, hold back what fails by itself.

        Whether there is no trouble with the bus, as far as these rows tell.
        """
        self._suspects.difference_update(row.position for row in arrived)
        for lane in {row.lane for row in arrived}:
            self._held.passed(*lane)
        if arrived:
            self._watchdog.acknowledged()
        if len(arrived) == len(sent):
            return True
        failures = [(one.row, error) for one in sent if (error := failure_of(one)) is not None]
        refused = [(row, error) for row, error in failures if isinstance(error, ContractBroken)]
        if refused and alone:
            self._suspects.discard(refused[0][0].position)
            await self._park(rows, *refused[0])
        else:
            self._suspects.update(row.position for row, _ in refused)
        unavailable = {row.lane for row, error in failures if not isinstance(error, ContractBroken)}
        if unavailable and (arrived or await self._watchdog.bus_answers()):
            self._hold(unavailable, {row.lane[0] for row in arrived})
        elif unavailable and not refused:
            raise BrokerUnavailable("nothing was acknowledged")
        return bool(arrived) or not unavailable

    def _hold(self, lanes: set[Lane], moving: set[str]) -> None:
        """Hold lanes back, as the bus is there and others need not wait for them.

        A topic of which several lanes fail and none moves is held as a whole.
        """
        lanes_of = Counter(topic for topic, _ in lanes)
        whole = {topic for topic, many in lanes_of.items() if many > 1 and topic not in moving}
        for topic in sorted(whole):
            self._held.hold(topic, None)
        for topic, key in lanes:
            if topic not in whole:
                self._held.hold(topic, key)

    async def _park(self, rows: OutboxRows, row: OutboxRow, error: BaseException) -> None:
        log.error("an outbox row is parked", bus=self._bus, topic=row.lane[0], error=error)
        self._reach(Failpoint.RELAY_BEFORE_PARK)
        await rows.park(row.position, type(error).__name__)

    def _reach(self, place: Failpoint) -> None:
        self._context.database.failpoints.reach(place)

    async def _measure(self, rows: OutboxRows) -> None:
        at = self._context.clock.monotonic()
        if at - self._measured_at < self._limits.measure_seconds:
            return
        self._measured_at = at
        self._backlog = await rows.measure()
        telemetry = self._context.telemetry
        if telemetry is not None:
            age = self._backlog.age_seconds
            telemetry.gauge("outbox_age_seconds").labels(self._bus).set(age)
            telemetry.gauge("outbox_depth").labels(self._bus).set(self._backlog.depth)
            telemetry.gauge("outbox_parked").labels(self._bus).set(self._backlog.parked)

    @contextlib.contextmanager
    def _span(self, rows: Sequence[OutboxRow]) -> Iterator[None]:
        telemetry = self._context.telemetry
        if telemetry is None or not rows:
            yield
            return
        links = [row.traceparent for row in rows if row.traceparent]
        with telemetry.span("send", "producer", links=links) as span:
            span.set_attribute("messaging.system", "kafka")
            span.set_attribute("messaging.batch.message_count", len(rows))
            span.set_attribute("nrm.bus", self._bus)
            yield

    def _count(self, name: str, count: int) -> None:
        if self._context.telemetry is not None and count:
            self._context.telemetry.counter(name).labels(self._bus).inc(count)

    async def _wait(self, seconds: float) -> bool:
        """Whether the bell rang within ``seconds``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        return self._bell.is_set()

    async def _pause(self, stop: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()


async def _close(connection: Connection) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await ask(connection.close())
    except (TimeoutError, NrmError):
        connection.terminate()
