"""One event, one transaction: the inbox's verdict, the handler, what it published, commit.

BEGIN; ``inbox_enter``; the handler's own statements; the outbox's flush; COMMIT. A record from the
log and a stored row end in the same few lines. How often something is tried is decided in
``trials.py``; here a failure simply rolls back.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.chassis.clock import JumpWatch
from services.chassis.database import Transaction
from services.chassis.errors import ContractBroken, MalformedEvent, Misuse, UnknownMajor
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.arrival import Arrival, Arriving, Stream
from services.chassis.messaging.broker import LOCAL
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.inbox import Row, State, Verdict
from services.chassis.messaging.limits import ParkingLimit
from services.chassis.messaging.reading import Spec, read_body
from services.chassis.messaging.rows import Outcome, Result, Rows
from services.chassis.messaging.subscriptions import Kind
from services.chassis.messaging.trials import error_class
from services.chassis.messaging.work import Cause, Handler, Received, Waits, Work

_OF_VERDICT: Final = {
    Verdict.DUPLICATE: Outcome.DUPLICATE,
    Verdict.KNOWN: Outcome.DUPLICATE,
    Verdict.ALTERED: Outcome.ALTERED,
    Verdict.SKIPPED: Outcome.SKIPPED,
    Verdict.ERASED: Outcome.SKIPPED,
    Verdict.MOVED: Outcome.MOVED,
    Verdict.STILL: Outcome.STILL,
}
_COUNTED: Final = {
    Outcome.HANDLED: "events_handled",
    Outcome.REFUSED: "events_handled",
    Outcome.SKIPPED: "events_skipped",
    Outcome.DUPLICATE: "events_duplicate",
    Outcome.ALTERED: "events_id_reused",
}


@dataclass(frozen=True, slots=True)
class _Reading:
    handler: Handler
    received: Received
    spec: Spec


class Handling:
    """Settles records and rows of one consumer, each in one transaction."""

    def __init__(self, context: ConsumerContext, parking: ParkingLimit) -> None:
        self.rows = Rows(context)
        self.inbox = self.rows.inbox
        self.arriving = Arriving(context.subscriptions, context.contracts, context.keys.digest)
        self._context = context
        self._parking = parking
        self._jump = JumpWatch(context.clock)
        bus = context.subscriptions.bus
        telemetry = context.telemetry
        self._counters = {
            outcome: telemetry.counter(name).labels(bus) for outcome, name in _COUNTED.items()
        }
        self._older_epoch = telemetry.counter("events_older_epoch").labels(bus)
        self._seconds = telemetry.histogram("handler_seconds").labels(bus)

    async def receive(self, arrival: Arrival) -> Result:
        """One record from the log."""
        with self._process(arrival) as span:
            async with self._context.database.transaction() as tx:
                entered = await self.inbox.enter(tx, arrival, self._wall())
                outcome = await self._judged(tx, arrival, entered.verdict)
                tx.failpoints.reach(Failpoint.HANDLED_BEFORE_COMMIT)
            span.set_attribute("nrm.outcome", str(outcome))
        if entered.older_epoch:
            self._older_epoch.inc()
        self._count(outcome, arrival)
        return Result(outcome, entered.stored)

    async def park(self, arrival: Arrival, error: str) -> Result:
        """Put a record aside that fails by itself, in the transaction that advances ``read``."""
        async with self._context.database.transaction() as tx:
            entered = await self.inbox.enter(tx, arrival, self._wall())
            if entered.verdict in (Verdict.HANDLE, Verdict.EARLY):
                outcome = await self._put_aside(tx, arrival, entered.verdict, error)
            else:
                outcome = await self._judged(tx, arrival, entered.verdict)
        self._context.database.failpoints.reach(Failpoint.PARKED_AFTER_COMMIT)
        self._count(outcome, arrival)
        return Result(outcome, entered.stored)

    async def advance(self, stream: Stream, trying: list[Row] | None = None) -> Result:
        """Settle the oldest row of a stream if it may move; notes in ``trying`` which it is."""
        async with self._context.database.transaction() as tx:
            taken = await self.inbox.take(tx, stream)
            if taken.verdict is not Verdict.SETTLE or taken.row is None:
                outcome = _OF_VERDICT[taken.verdict]
                if outcome in self._counters:
                    self._counters[outcome].inc()
                return Result(outcome, outcome is not Outcome.STILL)
            if trying is not None:
                trying[:] = [taken.row]
            arrival = self.arriving.of(self.rows.reopen(taken.row))
            with self._process(arrival) as span:
                outcome = await self._row(tx, taken.row, arrival)
                tx.failpoints.reach(Failpoint.ROW_BEFORE_COMMIT)
                span.set_attribute("nrm.outcome", str(outcome))
        self._context.database.failpoints.reach(Failpoint.ROW_AFTER_COMMIT)
        self._count(outcome, arrival)
        return Result(outcome, outcome is not Outcome.STILL or taken.absorbed > 0)

    # ------------------------------------------------------------ inside the transaction

    async def _judged(self, tx: Transaction, arrival: Arrival, verdict: Verdict) -> Outcome:
        if verdict in (Verdict.HANDLE, Verdict.EARLY):
            return await self._handled(tx, arrival, verdict)
        if verdict in (Verdict.GAP, Verdict.BEHIND):
            state = State(str(verdict))
            await self.inbox.keep(tx, arrival, self.rows.keep(arrival, state))
            return Outcome(str(verdict))
        return _OF_VERDICT[verdict]

    async def _row(self, tx: Transaction, row: Row, arrival: Arrival) -> Outcome:
        if (arrival.stream, arrival.sequence) != (row.stream, row.sequence):
            await self.inbox.finish(tx, row)
            entered = await self.inbox.enter(tx, arrival, self._wall())
            return await self._judged(tx, arrival, entered.verdict)
        if arrival.kind is Kind.SKIP:
            await self.inbox.finish(tx, row)
            return Outcome.SKIPPED
        outcome = await self._settled(tx, arrival, row)
        if outcome in (Outcome.HANDLED, Outcome.REFUSED):
            await self.inbox.finish(tx, row)
            await self.inbox.remember(tx, row, self._wall())
        return outcome

    async def _handled(self, tx: Transaction, arrival: Arrival, verdict: Verdict) -> Outcome:
        reading = self._read(arrival)
        if isinstance(reading, str):
            return await self._put_aside(tx, arrival, verdict, reading)
        async with asyncio.timeout(self._context.limits.handler_seconds):
            waits = await self._call(tx, arrival, reading)
        if waits is None:
            return Outcome.HANDLED
        await self.inbox.keep(tx, arrival, self.rows.keep(arrival, State.WAITING, waits=waits))
        return Outcome.WAITING

    async def _settled(self, tx: Transaction, arrival: Arrival, row: Row) -> Outcome:
        reading = self._read(arrival)
        if isinstance(reading, str):
            await self.rows.change(tx, row, State.PARKED, error=reading)
            return Outcome.PARKED
        async with asyncio.timeout(self._context.limits.handler_seconds):
            waits = await self._call(tx, arrival, reading)
            if waits is None:
                return Outcome.HANDLED
            if self._gives_up(reading, row):
                await self._gave_up(tx, reading)
                return Outcome.REFUSED
        if row.state is not State.WAITING or row.waits != waits or row.attempts:
            await self.rows.change(tx, row, State.WAITING, waits=waits)
        return Outcome.STILL if row.state is State.WAITING else Outcome.WAITING

    def _read(self, arrival: Arrival) -> "_Reading | str":
        """What the handler gets, or the class of the error that reading it is."""
        if arrival.envelope is None:
            return MalformedEvent.__name__
        try:
            body = read_body(self._context.contracts, arrival.envelope.type, arrival.body)
        except ContractBroken as broken:
            return error_class(broken)
        handler = self._context.subscriptions.handlers.get(body.spec.type)
        if handler is None:
            return UnknownMajor.__name__
        received = Received(envelope=arrival.envelope, body=body.model, unmapped=body.unmapped)
        return _Reading(handler, received, body.spec)

    async def _call(self, tx: Transaction, arrival: Arrival, reading: "_Reading") -> Waits | None:
        waits = await reading.handler(reading.received, self._work(tx, reading.received))
        if waits is not None and arrival.kind is Kind.NEVER_WAITS:
            raise Misuse("an event of a type that never waits was told to wait")
        return waits

    async def _put_aside(
        self, tx: Transaction, arrival: Arrival, verdict: Verdict, error: str
    ) -> Outcome:
        self._parking.ask(arrival.sender)
        state = State.GAP if verdict is Verdict.EARLY else State.PARKED
        await self.inbox.keep(tx, arrival, self.rows.keep(arrival, state, error=error))
        return Outcome.PARKED

    def _gives_up(self, reading: "_Reading", row: Row) -> bool:
        if self._context.subscriptions.gave_up is None or not reading.spec.gives_up:
            return False
        since = row.waiting_since
        if since is None or self._jump.jumped():
            return False
        return self._wall() - since >= self._context.limits.gives_up_after

    async def _gave_up(self, tx: Transaction, reading: "_Reading") -> None:
        gave_up = self._context.subscriptions.gave_up
        if gave_up is None or await gave_up(reading.received, self._work(tx, reading.received)):
            raise Misuse("what gives up may not wait again")

    # ------------------------------------------------------------ small words

    def _work(self, tx: Transaction, received: Received) -> Work:
        return Work(
            transaction=tx,
            now=self._context.clock.now(),
            cause=Cause.of(received.envelope),
            caller=received.envelope.source,
            node=self._context.node,
            service=self._context.service,
        )

    def _wall(self) -> datetime:
        return self._context.clock.wall()

    def _count(self, outcome: Outcome, arrival: Arrival) -> None:
        if outcome in self._counters:
            self._counters[outcome].inc()
        if outcome is Outcome.PARKED:
            self._parking.parked(arrival.sender)
        elif outcome is Outcome.HANDLED:
            self._parking.went_well(arrival.sender)

    @contextmanager
    def _process(self, arrival: Arrival) -> Iterator[Any]:
        created = arrival.traceparent
        subscriptions = self._context.subscriptions
        with (
            self._seconds.time(),
            self._context.telemetry.span(
                f"process {arrival.stream.topic}",
                kind="consumer",
                links=(created,) if created else (),
                parent=created if subscriptions.bus == LOCAL else None,
            ) as span,
        ):
            span.set_attributes(
                {
                    "messaging.system": "kafka",
                    "messaging.operation.name": "process",
                    "messaging.operation.type": "process",
                    "messaging.destination.name": arrival.stream.topic,
                    "messaging.destination.partition.id": str(arrival.record.partition),
                    "messaging.kafka.offset": arrival.record.offset,
                    "messaging.consumer.group.name": self._context.group,
                    "nrm.event.type": self._type_told(arrival.event_type),
                }
            )
            yield span

    def _type_told(self, event_type: str) -> str:
        """The type, if it is one of ours: any other text came with the event."""
        contracts = self._context.contracts
        known = event_type in contracts.catalogue or event_type in contracts.upcasters
        return event_type if known else "unknown"
