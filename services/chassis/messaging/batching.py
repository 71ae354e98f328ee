"""Several events, one transaction: for handlers that take a list, and for what is skipped.

BEGIN; ``inbox_enter_many``; the handler's statements; the outbox's flush; COMMIT. No savepoints:
on any error everything is rolled back and each event goes alone, so that only what fails by itself
is put aside. An event that is not plainly next never goes together with others, and neither does
anything behind it that is about the same subject.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

from services.chassis.database import Transaction
from services.chassis.errors import Misuse, TransactionConflict
from services.chassis.logs import logger
from services.chassis.messaging.arrival import Arrival
from services.chassis.messaging.batch import BATCH_NOTE, Batch, Batched, checked
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.handling import OUTCOMES, Handling, Reading
from services.chassis.messaging.inbox import Verdict
from services.chassis.messaging.limits import ParkingStopped
from services.chassis.messaging.rows import Outcome, Result
from services.chassis.messaging.subscriptions import Kind
from services.chassis.messaging.trials import Trials
from services.chassis.messaging.work import Answer, Received, Work
from services.chassis.telemetry import traceparent

log = logger(__name__)
ALONE: Final = None
"""The result of an event that has to go alone."""


class Repeat(Exception):  # noqa: N818 - what happens, no error of anybody
    """The batch cannot stay as it is: each of its events goes alone."""


@dataclass(slots=True)
class Run:
    """Arrivals that follow each other and may go together, with what their handler reads."""

    handler: Batched | None = None
    """None while all of them are skipped."""
    arrivals: list[Arrival] = field(default_factory=list)
    readings: list[Reading | None] = field(default_factory=list)

    def takes(self, handler: Batched | None) -> bool:
        """Whether one more for this handler may join."""
        known = self.handler or handler
        same = handler is None or handler is known
        return same and (known is None or len(self.arrivals) < known.limit)


class Batching:
    """Settles several records of one lane."""

    def __init__(self, context: ConsumerContext, handling: Handling, trials: Trials) -> None:
        self._context = context
        self._handling = handling
        self._trials = trials
        bus = context.subscriptions.bus
        self._repeated = context.telemetry.counter("batches_repeated").labels(bus)

    async def settle(self, run: Run) -> Sequence[Result | None]:
        """All that are plainly next, in one transaction; no result for what has to go alone."""
        if len(run.arrivals) == 1:
            return [ALONE]
        try:
            return await self._trials.persist(lambda: self._receive(run))
        except ParkingStopped:
            raise
        except Exception as error:  # noqa: BLE001 - whose error it is shows when each goes alone
            self._repeated.inc()
            log.info("a batch is repeated event by event", error=error, count=len(run.arrivals))
            return [ALONE] * len(run.arrivals)

    def runs(self, arrivals: Sequence[Arrival]) -> Iterator[Run]:
        """What may go together, in order; an event that may not is a run of its own."""
        run = Run()
        for arrival in arrivals:
            handler = self._handler_of(arrival)
            reading = None
            if handler is not None:
                found = self._handling.read(arrival)
                reading = found if isinstance(found, Reading) else None
            alone = reading is None and arrival.kind is not Kind.SKIP
            if run.arrivals and (alone or not run.takes(handler)):
                yield run
                run = Run()
            run.arrivals.append(arrival)
            run.readings.append(reading)
            run.handler = run.handler or handler
            if alone:
                yield run
                run = Run()
        if run.arrivals:
            yield run

    def _handler_of(self, arrival: Arrival) -> Batched | None:
        """Of what never waits none: it may erase, and what comes behind it is judged after it."""
        if arrival.kind is not Kind.PLAIN or arrival.envelope is None:
            return None
        return self._context.subscriptions.batched(self._context.contracts, arrival.event_type)

    # ------------------------------------------------------------ inside the transaction

    async def _receive(self, run: Run) -> Sequence[Result | None]:
        began = perf_counter()
        span = self._handling.spans.begin(run.arrivals)
        try:
            async with self._context.database.transaction() as tx:
                at = self._context.clock.wall()
                verdicts = await self._handling.inbox.enter_many(tx, run.arrivals, at)
                outcomes = await self._judged(tx, run, verdicts, traceparent(span))
        except TransactionConflict as conflict:
            raise Repeat from conflict
        seconds = perf_counter() - began
        span.end()
        for arrival, outcome in zip(run.arrivals, outcomes, strict=True):
            if outcome is not None:
                self._handling.seconds.observe(seconds)
                self._handling.count(outcome, arrival)
        return [ALONE if outcome is None else Result(outcome) for outcome in outcomes]

    async def _judged(
        self,
        tx: Transaction,
        run: Run,
        verdicts: Sequence[Verdict | None],
        above: str | None,
    ) -> Sequence[Outcome | None]:
        outcomes = [None if each is None else OUTCOMES.get(each) for each in verdicts]
        places = [at for at, verdict in enumerate(verdicts) if verdict is Verdict.HANDLE]
        if places:
            answers = await self._handled(tx, run, places, above)
            for at, answer in zip(places, answers, strict=True):
                outcomes[at] = await self._handling.answered(
                    tx, run.arrivals[at], Verdict.HANDLE, answer
                )
                self._handling.about_to_commit(tx)
        return outcomes

    async def _handled(
        self, tx: Transaction, run: Run, places: Sequence[int], above: str | None
    ) -> Sequence[Answer]:
        readings = (run.readings[at] for at in places)
        events = [reading.received for reading in readings if reading is not None]
        now = self._context.clock.now()

        def make_work(received: Received) -> Work:
            return self._handling.work(tx, received, now, above)

        if run.handler is None:
            raise Misuse("nobody handles what the inbox says is to be handled")
        tx.notes[BATCH_NOTE] = len(events)
        batch = Batch(tx, events, now, self._context.node, make_work)
        async with asyncio.timeout(self._context.limits.handler_seconds):
            answers = await run.handler.handle(batch)
        _ask_for_order(events, checked(answers, len(events)))
        return answers


def _ask_for_order(events: Sequence[Received], answers: Sequence[Answer]) -> None:
    """Raise Repeat when an event was handled, or may have been, behind one that was not."""
    held: set[str] = set()
    for received, answer in zip(events, answers, strict=True):
        subject = received.envelope.subject
        if subject in held:
            raise Repeat
        if answer is not None:
            held.add(subject)
