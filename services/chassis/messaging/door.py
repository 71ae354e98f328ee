"""The consumer of records without our numbers: what the agency's own systems post.

Each record is checked in by (source, id, digest of its body), answered once by the service's own
callback in the same transaction, and deleted from the bus if it was refused. A record without an
id is known by its place. What fails by itself is parked like any other record. The meaning of a
record is the callback's; no word of the domain may be here.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from contracts.envelope import Envelope
from services.chassis.clock import JumpWatch
from services.chassis.database import Transaction
from services.chassis.errors import ContractBroken
from services.chassis.failpoints import Failpoint
from services.chassis.messaging import deletion
from services.chassis.messaging.arrival import Arrival, Stream
from services.chassis.messaging.attempts import Attempts
from services.chassis.messaging.broker import Broker, BrokerRecord, ConsumerOptions
from services.chassis.messaging.check_in import (
    SEEN_FOR,
    CheckIn,
    Said,
    Seen,
    Visitor,
    check_in,
    forget,
    note_refusal,
    visitor_named,
)
from services.chassis.messaging.codec import CONTENT_TYPE, STRUCTURED, decode
from services.chassis.messaging.consumer import Consumer, Piece
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.inbox import Row, State, Verdict
from services.chassis.messaging.limits import ParkingLimit
from services.chassis.messaging.offsets import Offsets
from services.chassis.messaging.rows import Outcome, Result, Rows
from services.chassis.messaging.subscriptions import Kind
from services.chassis.messaging.sweep import PURGE_EVERY, Sweep
from services.chassis.messaging.trials import Trials
from services.chassis.messaging.work import Cause, Work

DOOR: Final = "door"
ID_LIMIT: Final = 200


class Answer(StrEnum):
    """How a record was answered by the callback."""

    ACCEPTED = "accepted"
    CLEARED = "cleared"
    """Accepted, and deleted from the bus like a refused one: it held words that are no codes."""
    REFUSED = "refused"
    """The record is deleted from the bus after the answer is committed."""


DELETED: Final = (Answer.REFUSED, Answer.CLEARED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """One record at the door."""

    record: BrokerRecord
    body: bytes
    envelope: Envelope | None
    """None when the attributes cannot be read; ``problem`` says why, in codes."""
    problem: str
    source: str
    event_id: str | None
    """None when the record has no id: it is answered by ``place``."""
    seen: Seen = Seen.NEW

    @property
    def place(self) -> str:
        """Partition and offset."""
        return f"{self.record.partition}/{self.record.offset}"

    @property
    def about(self) -> str:
        """What it is about: its key, or its subject, or itself."""
        if self.record.key:
            return self.record.key.decode("latin-1")
        return self.envelope.subject if self.envelope else self.place


Answerer = Callable[[Knock, Work], Awaitable[Answer]]


def knock_of(record: BrokerRecord) -> Knock:
    """Read a record as far as it can be read; never raises for what came from outside."""
    source, event_id = _named(record)
    envelope, body, problem = None, record.value or b"", ""
    try:
        envelope, body = decode(record, at_the_door=True)
    except ContractBroken as broken:
        problem = str(broken)
    except Exception as error:  # noqa: BLE001 - the same record would raise it for ever
        problem = f"envelope: unreadable ({type(error).__name__})"
    return Knock(
        record=record,
        body=body,
        envelope=envelope,
        problem=problem,
        source=source or record.topic,
        event_id=event_id,
    )


def _named(record: BrokerRecord) -> tuple[str | None, str | None]:
    """Source and id alone, from either mode, also where everything else is wrong."""
    found: dict[str, Any] = {
        name[3:]: (value or b"").decode("utf-8", "replace")
        for name, value in record.headers
        if name in ("ce_source", "ce_id")
    }
    if "id" not in found:
        with contextlib.suppress(orjson.JSONDecodeError):
            content = orjson.loads(record.value or b"null")
            if isinstance(content, dict) and "specversion" in content:
                found = {**content}
    named = (found.get("source"), found.get("id"))
    first, second = (
        one if isinstance(one, str) and 0 < len(one) <= ID_LIMIT else None for one in named
    )
    return first, second


def _inside(record: BrokerRecord) -> bytes:
    """The body of a record whose attributes cannot be read: of either mode, as HTTP has it."""
    kinds = [value or b"" for name, value in record.headers if name == CONTENT_TYPE]
    if kinds and kinds[-1].partition(b";")[0].strip().lower() == STRUCTURED.encode():
        with contextlib.suppress(orjson.JSONDecodeError):
            content = orjson.loads(record.value or b"null")
            if isinstance(content, dict) and "data" in content:
                return orjson.dumps(content["data"])
    return record.value or b""


class DoorSettler:
    """See ``consumer.Settler`` and ``sweep.Settling``."""

    def __init__(self, context: ConsumerContext, answerer: Answerer, broker: Broker) -> None:
        limits = context.limits
        self.trials = Trials(context.database, limits)
        self.attempts = Attempts(
            context.database,
            context.subscriptions.consumer,
            context.slot,
            limits.in_flight_each_partition,
        )
        self.rows = Rows(context)
        self._context = context
        self._answerer = answerer
        self._parking = ParkingLimit(limits)
        self._sweep = Sweep(context, self, self.trials, self.attempts)
        self._deletion = deletion.Deletion(context.database, broker)
        self._offsets = Offsets()
        self._news = asyncio.Event()
        self._forget_due = context.clock.wall()
        self._jump = JumpWatch(context.clock)
        telemetry = context.telemetry
        self._counted = {
            Answer.ACCEPTED: telemetry.counter("door_accepted"),
            Answer.CLEARED: telemetry.counter("door_accepted"),
            Answer.REFUSED: telemetry.counter("door_refused"),
        }
        self._repeats = telemetry.counter("events_duplicate").labels(context.subscriptions.bus)

    # ------------------------------------------------------------ records

    def prepare(self, record: BrokerRecord) -> Knock:
        """Read the record."""
        return knock_of(record)

    @property
    def at_once(self) -> int:
        """Each is answered by itself."""
        return 1

    async def settle_together(self, pieces: Sequence[Piece]) -> Sequence[bool]:
        """One after another."""
        return [await self.settle(piece) for piece in pieces]

    async def settle(self, piece: Piece) -> bool:
        """Answer it once."""
        record = piece.record
        await self.trials.settle(
            lambda: self._receive(record), lambda error: self._park(record, error)
        )
        return False

    async def park(self, piece: Piece, error: str) -> bool:
        """Put it aside."""
        await self.trials.persist(lambda: self._park(piece.record, error))
        return False

    async def follow(self, piece: Piece) -> None:
        """Nothing waits at the door."""

    def committed(self, offsets: Offsets) -> None:
        """Refused records below may be deleted now."""
        self._offsets = offsets
        self._news.set()

    async def _receive(self, record: BrokerRecord) -> Result:
        with self._context.telemetry.span(f"process {record.topic}", kind="consumer") as span:
            async with self._context.database.transaction() as tx:
                answer = await self._answered(tx, knock_of(record))
                tx.failpoints.reach(Failpoint.DOOR_BEFORE_COMMIT)
            span.set_attribute("nrm.outcome", str(answer or Seen.REPEAT))
        self._count(answer)
        return Result(Outcome.HANDLED)

    async def _answered(self, tx: Transaction, knock: Knock) -> Answer | None:
        """The answer; None for what was answered before."""
        at = self._context.clock.wall()
        visitor = self._visitor(knock)
        known: CheckIn = await check_in(tx, visitor, at)
        answer: Answer | None = None
        if not known.again:
            answer = await self._ask(tx, knock, known.seen)
            if answer in DELETED:
                await note_refusal(tx, visitor)
        if answer in DELETED or known.refused:
            await deletion.due(tx, knock.record, at)
        return answer

    async def _ask(self, tx: Transaction, knock: Knock, seen: Seen) -> Answer:
        context = self._context
        known = Knock(
            record=knock.record,
            body=knock.body,
            envelope=knock.envelope,
            problem=knock.problem,
            source=knock.source,
            event_id=knock.event_id,
            seen=seen,
        )
        envelope = knock.envelope
        cause = Cause.of(envelope) if envelope else Cause(id=knock.event_id or knock.place)
        work = Work(
            transaction=tx,
            now=context.clock.now(),
            cause=cause,
            caller=DOOR,
            node=context.node,
            service=context.service,
        )
        async with asyncio.timeout(context.limits.handler_seconds):
            return await self._answerer(known, work)

    def _visitor(self, knock: Knock) -> Visitor:
        digest = self._context.keys.digest
        if knock.event_id is None:
            return Visitor(source=knock.record.topic, event_id=knock.place, body_digest="")
        envelope = knock.envelope
        said = (
            Said(content=knock.body, type=envelope.type, subject=envelope.subject)
            if envelope
            else Said(content=knock.body)
        )
        return visitor_named(digest, source=knock.source, event_id=knock.event_id, said=said)

    def _count(self, answer: Answer | None) -> None:
        if answer is None:
            self._repeats.inc()
            return
        self._counted[answer].inc()
        self._parking.went_well("")

    # ------------------------------------------------------------ rows

    async def _park(self, record: BrokerRecord, error: str) -> Result:
        self._parking.ask("")
        arrival = self._arrival(record)
        async with self._context.database.transaction() as tx:
            entered = await self.rows.inbox.enter(tx, arrival, self._context.clock.wall())
            if entered.verdict is Verdict.HANDLE:
                keep = self.rows.keep(arrival, State.PARKED, error=error)
                await self.rows.inbox.keep(tx, arrival, keep)
        self._parking.parked("")
        return Result(Outcome.PARKED)

    def _arrival(self, record: BrokerRecord) -> Arrival:
        """A stream of its own for one record, made of its place."""
        place = f"{record.partition}/{record.offset}"
        return Arrival(
            record=record,
            stream=Stream(place, DOOR, record.topic, 0),
            sequence=1,
            kind=Kind.PLAIN,
            event_id=f"{record.topic}/{place}",
            event_type=DOOR,
            body=b"",
            body_digest="",
            subject_digest="",
            envelope=None,
        )

    async def advance(self, stream: Stream, trying: list[Row] | None = None) -> Result:
        """Answer a redriven record."""
        async with self._context.database.transaction() as tx:
            taken = await self.rows.inbox.take(tx, stream)
            if taken.verdict is not Verdict.SETTLE or taken.row is None:
                return Result(Outcome.STILL)
            if trying is not None:
                trying[:] = [taken.row]
            answer = await self._answered(tx, knock_of(self.rows.reopen(taken.row)))
            await self.rows.inbox.drop(tx, stream, taken.row.sequence)
        self._count(answer)
        return Result(Outcome.HANDLED)

    # ------------------------------------------------------------ beside the lanes

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep, delete what was refused, and forget old visitors."""
        sweeping = asyncio.create_task(self._sweep.run(stop))
        try:
            while not stop.is_set():
                self._news.clear()
                await self.trials.persist(lambda: self._deletion.once(self._offsets))
                await self.trials.persist(self._measure)
                await self.trials.persist(self._forget)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._context.limits.sweep_seconds):
                        await self._news.wait()
                if sweeping.done():
                    sweeping.result()
            await sweeping
        finally:
            sweeping.cancel()

    async def _measure(self) -> None:
        seconds = await self._deletion.age_seconds(self._context.clock.wall())
        self._context.telemetry.gauge("deletion_age_seconds").set(seconds)

    async def _forget(self) -> None:
        now = self._context.clock.wall()
        if now < self._forget_due or self._jump.jumped():
            return
        async with self._context.database.transaction() as tx:
            gone = await forget(tx, now - SEEN_FOR, self._context.limits.purge_batch)
        if gone < self._context.limits.purge_batch:
            self._forget_due = now + PURGE_EVERY


def door_consumer(context: ConsumerContext, broker: Broker, answerer: Answerer) -> Consumer:
    """The consumer of records without our numbers; its subscriptions name topics, no handlers."""
    topics = context.subscriptions.topic_names(context.node)
    options = ConsumerOptions(resume_at_log_start=frozenset(topics))
    return Consumer(context, broker, DoorSettler(context, answerer, broker), options)
