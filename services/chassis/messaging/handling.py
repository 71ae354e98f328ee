"""One event, one transaction: the inbox's verdict, the handler, what it published, commit.

BEGIN; ``inbox_enter``; the handler's own statements; the outbox's flush; COMMIT. A record from the
log and a stored row end in the same few lines. How often something is tried is decided in
``trials.py``; here a failure simply rolls back.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from opentelemetry.trace import Span

from services.chassis.clock import JumpWatch
from services.chassis.database import Transaction
from services.chassis.errors import ContractBroken, MalformedEvent, Misuse, UnknownMajor
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.arrival import Arrival, Arriving, Stream
from services.chassis.messaging.broker import LOCAL
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.event_spans import EventSpans
from services.chassis.messaging.inbox import Row, State, Verdict
from services.chassis.messaging.limits import ParkingLimit
from services.chassis.messaging.reading import Spec, read_body
from services.chassis.messaging.rows import Outcome, Result, Rows
from services.chassis.messaging.subscriptions import Kind
from services.chassis.messaging.trials import error_class
from services.chassis.messaging.work import (
    Answer,
    Cause,
    Handler,
    Park,
    Received,
    Waits,
    Work,
)

OUTCOMES: Final = {
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
class Reading:
    """An event as a handler gets it, and which handler that is."""

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
        self._at_home = bus == LOCAL
        telemetry = context.telemetry
        self._counters = {
            outcome: telemetry.counter(name).labels(bus) for outcome, name in _COUNTED.items()
        }
        self._older_epoch = telemetry.counter("events_older_epoch").labels(bus)
        self.seconds = telemetry.histogram("handler_seconds").labels(bus)
        self.spans = EventSpans(context)

    async def receive(self, arrival: Arrival) -> Result:
        """One record from the log."""
        with self._process(arrival) as span:
            async with self._context.database.transaction() as tx:
                entered = await self.inbox.enter(tx, arrival, self._wall())
                outcome = await self._judged(tx, arrival, entered.verdict)
                self.about_to_commit(tx)
            span.set_attribute("nrm.outcome", str(outcome))
        if entered.older_epoch:
            self._older_epoch.inc()
        self.count(outcome, arrival)
        return Result(outcome, entered.stored)

    async def park(self, arrival: Arrival, error: str) -> Result:
        """Put a record aside that fails by itself, in the transaction that advances ``read``."""
        async with self._context.database.transaction() as tx:
            entered = await self.inbox.enter(tx, arrival, self._wall())
            if entered.verdict in (Verdict.HANDLE, Verdict.EARLY):
                outcome = await self.put_aside(tx, arrival, entered.verdict, error)
            else:
                outcome = await self._judged(tx, arrival, entered.verdict)
        self._context.database.failpoints.reach(Failpoint.PARKED_AFTER_COMMIT)
        self.count(outcome, arrival)
        return Result(outcome, entered.stored)

    async def advance(self, stream: Stream, trying: list[Row] | None = None) -> Result:
        """Settle the oldest row of a stream if it may move; notes in ``trying`` which it is."""
        async with self._context.database.transaction() as tx:
            taken = await self.inbox.take(tx, stream)
            if taken.verdict is not Verdict.SETTLE or taken.row is None:
                outcome = OUTCOMES[taken.verdict]
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
        self.count(outcome, arrival)
        return Result(outcome, outcome is not Outcome.STILL or taken.absorbed > 0)

    # ------------------------------------------------------------ inside the transaction

    async def _judged(self, tx: Transaction, arrival: Arrival, verdict: Verdict) -> Outcome:
        if verdict in (Verdict.HANDLE, Verdict.EARLY):
            return await self._handled(tx, arrival, verdict)
        if verdict in (Verdict.GAP, Verdict.BEHIND):
            state = State(str(verdict))
            await self.inbox.keep(tx, arrival, self.rows.keep(arrival, state))
            return Outcome(str(verdict))
        return OUTCOMES[verdict]

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
        reading = self.read(arrival)
        if isinstance(reading, str):
            return await self.put_aside(tx, arrival, verdict, reading)
        async with asyncio.timeout(self._context.limits.handler_seconds):
            answer = await self._call(tx, arrival, reading)
        return await self.answered(tx, arrival, verdict, answer)

    async def answered(
        self, tx: Transaction, arrival: Arrival, verdict: Verdict, answer: Answer
    ) -> Outcome:
        """What a handler's answer makes of a record that just entered."""
        if answer is None:
            return Outcome.HANDLED
        if isinstance(answer, Park):
            return await self.put_aside(tx, arrival, verdict, answer.error)
        await self.inbox.keep(tx, arrival, self.rows.keep(arrival, State.WAITING, waits=answer))
        return Outcome.WAITING

    async def _settled(self, tx: Transaction, arrival: Arrival, row: Row) -> Outcome:
        reading = self.read(arrival)
        if isinstance(reading, str):
            await self.rows.change(tx, row, State.PARKED, error=reading)
            return Outcome.PARKED
        async with asyncio.timeout(self._context.limits.handler_seconds):
            waits = await self._call(tx, arrival, reading)
            if waits is None:
                return Outcome.HANDLED
            if isinstance(waits, Park):
                await self.rows.change(tx, row, State.PARKED, error=waits.error)
                return Outcome.PARKED
            if self._gives_up(reading, row):
                await self._gave_up(tx, reading)
                return Outcome.REFUSED
        if row.state is not State.WAITING or row.waits != waits or row.attempts:
            await self.rows.change(tx, row, State.WAITING, waits=waits)
        return Outcome.STILL if row.state is State.WAITING else Outcome.WAITING

    def read(self, arrival: Arrival) -> Reading | str:
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
        return Reading(handler, received, body.spec)

    async def _call(self, tx: Transaction, arrival: Arrival, reading: Reading) -> Answer:
        answer = await reading.handler(reading.received, self._work(tx, reading.received))
        if isinstance(answer, Waits) and arrival.kind is Kind.NEVER_WAITS:
            raise Misuse("an event of a type that never waits was told to wait")
        return answer

    async def put_aside(
        self, tx: Transaction, arrival: Arrival, verdict: Verdict, error: str
    ) -> Outcome:
        """Park a record that just entered."""
        self._parking.ask(arrival.sender)
        state = State.GAP if verdict is Verdict.EARLY else State.PARKED
        await self.inbox.keep(tx, arrival, self.rows.keep(arrival, state, error=error))
        return Outcome.PARKED

    def _gives_up(self, reading: Reading, row: Row) -> bool:
        if self._context.subscriptions.gave_up is None or not reading.spec.gives_up:
            return False
        since = row.waiting_since
        if since is None or self._jump.jumped():
            return False
        return self._wall() - since >= self._context.limits.gives_up_after

    async def _gave_up(self, tx: Transaction, reading: Reading) -> None:
        gave_up = self._context.subscriptions.gave_up
        if gave_up is None or await gave_up(reading.received, self._work(tx, reading.received)):
            raise Misuse("what gives up may not wait again")

    # ------------------------------------------------------------ small words

    def about_to_commit(self, tx: Transaction) -> None:
        """An event of this transaction is settled, and nothing is committed."""
        tx.failpoints.reach(Failpoint.HANDLED_BEFORE_COMMIT)

    def _work(self, tx: Transaction, received: Received) -> Work:
        return self.work(tx, received, self._context.clock.now())

    def work(
        self, tx: Transaction, received: Received, now: datetime, above: str | None = None
    ) -> Work:
        """The work that one event is.

        ``above`` is the span of its list: what is created because of the event stands in the
        event's own trace, and under the list's where it has none that is the node's own.
        """
        cause = Cause.of(received.envelope)
        if above is not None and not (self._at_home and cause.traceparent):
            cause = replace(cause, traceparent=above)
        return Work(
            transaction=tx,
            now=now,
            cause=cause,
            caller=received.envelope.source,
            node=self._context.node,
            service=self._context.service,
        )

    def _wall(self) -> datetime:
        return self._context.clock.wall()

    def count(self, outcome: Outcome, arrival: Arrival) -> None:
        """Note what became of an event."""
        if outcome in self._counters:
            self._counters[outcome].inc()
        if outcome is Outcome.PARKED:
            self._parking.parked(arrival.sender)
        elif outcome is Outcome.HANDLED:
            self._parking.went_well(arrival.sender)

    @contextmanager
    def _process(self, arrival: Arrival) -> Iterator[Span]:
        with self.seconds.time(), self.spans.around(arrival) as span:
            yield span
