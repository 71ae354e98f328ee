"""What one consumer has received, in its own database: marks, rows, known ids, erased subjects.

Per stream one number, ``read``: the last of the contiguous prefix received. What is not finished
is a row (``gap`` beyond ``read``, ``parked``, ``waiting``, ``behind``); a finished record leaves
none. Every call here is one statement in the caller's transaction and takes the lock of
(consumer, subject) first. No handler runs here and no event is read here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import text

from services.chassis.database import Record, Statement, Transaction
from services.chassis.errors import Misuse
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.arrival import Arrival, Stream
from services.chassis.messaging.batch import BATCH_NOTE
from services.chassis.messaging.subscriptions import Kind
from services.chassis.messaging.work import Waits
from services.chassis.telemetry import trace_id_of

ABSORB_LIMIT: Final = 100


class Verdict(StrEnum):
    """What the inbox says about a record, or about the oldest row of a stream."""

    HANDLE = "handle"
    EARLY = "early"
    """Beyond a gap, of a type that never waits: handle it now; its row is already done."""
    SETTLE = "settle"
    GAP = "gap"
    BEHIND = "behind"
    DUPLICATE = "duplicate"
    SKIPPED = "skipped"
    ERASED = "erased"
    KNOWN = "known"
    ALTERED = "altered"
    """A known id with another body: finished as a duplicate, and an alarm."""
    MOVED = "moved"
    STILL = "still"


class State(StrEnum):
    """Why a record is not finished."""

    GAP = "gap"
    PARKED = "parked"
    WAITING = "waiting"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Entered:
    """The answer to a record that arrived."""

    verdict: Verdict
    older_epoch: bool
    stored: bool
    """Whether the subject had rows, so that something may move now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stored record."""

    stream: Stream
    sequence: int
    state: State
    event_id: str
    event_type: str
    body_digest: str
    partition: int
    offset: int
    sealed: bytes
    waits: Waits | None
    waiting_since: datetime | None
    attempts: int

    @classmethod
    def of(cls, stream: Stream, record: Record) -> "Row":
        """From a row of the table."""
        return cls(
            stream=stream,
            sequence=record["sequence"],
            state=State(record["state"]),
            event_id=record["event_id"],
            event_type=record["event_type"],
            body_digest=record["body_digest"],
            partition=record["partition"],
            offset=record["record_offset"],
            sealed=record["sealed"],
            waits=Waits(record["waits_what"], record["waits_id"]) if record["waits_what"] else None,
            waiting_since=record["waiting_since"],
            attempts=record["attempts"],
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """The oldest unfinished row of a stream, where it may move."""

    verdict: Verdict
    absorbed: int
    row: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Why a record is not finished, from now on."""

    state: State
    at: datetime
    error: str = ""
    waits: Waits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep(Change):
    """How a record is kept: its bytes sealed."""

    sealed: bytes


_ENTER: Final = Statement(
    text(
        "SELECT verdict, older_epoch, stored FROM inbox_enter(:consumer, :subject, :source,"
        " :topic, :epoch, :sequence, :kind, :event_id, :event_type, :body_digest,"
        " :subject_digest, :partition, :record_offset, :trace, :at)"
    )
)
_ENTER_MANY: Final = Statement(
    text(
        "SELECT inbox_enter_many(:consumer, :subjects, :sources, :topics, :epochs, :sequences,"
        " :skipped, :event_ids, :body_digests, :subject_digests, :traces, :at)"
    )
)
_TAKE: Final = Statement(
    text(
        "SELECT verdict, absorbed, (taken).* FROM inbox_take("
        ":consumer, :subject, :source, :topic, :epoch, :absorb_limit)"
    )
)
_KEEP: Final = Statement(
    text(
        "SELECT inbox_keep(:consumer, :subject, :source, :topic, :epoch, :sequence, :state,"
        " :event_id, :event_type, :body_digest, :partition, :record_offset, :sealed, :error,"
        " :waits_what, :waits_id, :at)"
    )
)
_ROW: Final = (
    " WHERE consumer = :consumer AND subject = :subject AND source = :source AND topic = :topic"
    " AND epoch = :epoch AND sequence = :sequence"
)
_DROP: Final = Statement(text("DELETE FROM inbox_row" + _ROW))  # noqa: S608 - names of ours
_DONE: Final = Statement(
    text(
        "UPDATE inbox_row SET done = true, sealed = NULL, error = '', movable = false"  # noqa: S608
        + _ROW
        + " AND state = 'gap' AND NOT done"
    )
)
_NEVER_WAITS: Final = Statement(text("UPDATE inbox_row SET never_waits = true" + _ROW))  # noqa: S608
_REMEMBER: Final = Statement(
    text(
        "INSERT INTO inbox_known (consumer, source, event_id, body_digest, handled_at)"
        " VALUES (:consumer, :source, :event_id, :body_digest, :at) ON CONFLICT DO NOTHING"
    )
)
_ATTEMPT: Final = Statement(
    text("UPDATE inbox_row SET attempts = attempts + 1" + _ROW + " RETURNING attempts")  # noqa: S608
)
_CHANGE: Final = Statement(
    text(
        "UPDATE inbox_row SET error = :error, attempts = 0, movable = false,"  # noqa: S608
        " state = CASE WHEN state = 'gap' THEN state ELSE :state END,"
        " waits_what = :waits_what, waits_id = :waits_id, waiting_since = CASE"
        " WHEN CAST(:waits_what AS text) IS NOT NULL"
        " THEN coalesce(waiting_since, CAST(:at AS timestamptz)) END" + _ROW
    )
)
_ERASE: Final = Statement(text("SELECT inbox_erase(:subject, :subject_digest, :at)"))
_PURGE: Final = Statement(
    text(
        "DELETE FROM inbox_known WHERE ctid = ANY (ARRAY("
        "SELECT ctid FROM inbox_known WHERE handled_at < :before LIMIT :many))"
    )
)


@dataclass(frozen=True, slots=True)
class Inbox:
    """The rows of one consumer."""

    consumer: str

    async def enter(self, tx: Transaction, arrival: Arrival, at: datetime) -> Entered:
        """Lock the subject, judge the record, and advance ``read`` where it may."""
        found = await _answer(
            tx,
            _ENTER,
            **self._place(arrival.stream, arrival.sequence),
            kind=str(arrival.kind),
            event_id=arrival.event_id,
            event_type=arrival.event_type,
            body_digest=arrival.body_digest,
            subject_digest=arrival.subject_digest,
            partition=arrival.record.partition,
            record_offset=arrival.record.offset,
            trace=trace_id_of(arrival.traceparent),
            at=at,
        )
        return Entered(Verdict(found["verdict"]), found["older_epoch"], found["stored"])

    async def enter_many(
        self, tx: Transaction, arrivals: Sequence[Arrival], at: datetime
    ) -> list[Verdict | None]:
        """The same for several, in order; no verdict for what has to go alone.

        Waits for no lock: a subject that somebody works on has no verdict.
        """
        streams = [each.stream for each in arrivals]
        found = await _answer(
            tx,
            _ENTER_MANY,
            consumer=self.consumer,
            subjects=[each.subject for each in streams],
            sources=[each.source for each in streams],
            topics=[each.topic for each in streams],
            epochs=[each.epoch for each in streams],
            sequences=[each.sequence for each in arrivals],
            skipped=[each.kind is Kind.SKIP for each in arrivals],
            event_ids=[each.event_id for each in arrivals],
            body_digests=[each.body_digest for each in arrivals],
            subject_digests=[each.subject_digest for each in arrivals],
            traces=[trace_id_of(each.traceparent) for each in arrivals],
            at=at,
        )
        return [None if told is None else Verdict(told) for told in found[0]]

    async def keep(self, tx: Transaction, arrival: Arrival, keep: Keep) -> None:
        """Store the record as unfinished; its id is no longer known as handled."""
        await tx.execute(
            _KEEP,
            **self._place(arrival.stream, arrival.sequence),
            state=str(keep.state),
            event_id=arrival.event_id,
            event_type=arrival.event_type,
            body_digest=arrival.body_digest,
            partition=arrival.record.partition,
            record_offset=arrival.record.offset,
            sealed=keep.sealed,
            error=keep.error,
            waits_what=keep.waits.what if keep.waits else None,
            waits_id=keep.waits.id if keep.waits else None,
            at=keep.at,
        )
        if arrival.kind is Kind.NEVER_WAITS:
            await tx.execute(_NEVER_WAITS, **self._place(arrival.stream, arrival.sequence))
        tx.failpoints.reach(Failpoint.KEPT_BEFORE_COMMIT)

    async def take(self, tx: Transaction, stream: Stream) -> Taken:
        """Absorb what follows ``read``, then take the oldest row if it may be settled now."""
        found = await _answer(
            tx, _TAKE, consumer=self.consumer, **stream._asdict(), absorb_limit=ABSORB_LIMIT
        )
        row = None if found["event_id"] is None else Row.of(stream, found)
        return Taken(Verdict(found["verdict"]), found["absorbed"], row)

    async def drop(self, tx: Transaction, stream: Stream, sequence: int) -> bool:
        """The row is finished (or discarded); False when there was none."""
        return await tx.execute(_DROP, **self._place(stream, sequence)) > 0

    async def done(self, tx: Transaction, stream: Stream, sequence: int) -> bool:
        """The row beyond a gap is finished; its number stays. False when there was none."""
        return await tx.execute(_DONE, **self._place(stream, sequence)) > 0

    async def finish(self, tx: Transaction, row: Row) -> None:
        """The row is finished, wherever it stands."""
        ended = self.done if row.state is State.GAP else self.drop
        await ended(tx, row.stream, row.sequence)

    async def remember(self, tx: Transaction, row: Row, at: datetime) -> None:
        """The event of a row was handled: its id is known from now on."""
        await tx.execute(
            _REMEMBER,
            consumer=self.consumer,
            source=row.stream.source,
            event_id=row.event_id,
            body_digest=row.body_digest,
            at=at,
        )

    async def change(self, tx: Transaction, row: Row, change: Change) -> None:
        """The row stays, in another state."""
        await tx.execute(
            _CHANGE,
            **self._place(row.stream, row.sequence),
            state=str(change.state),
            error=change.error,
            waits_what=change.waits.what if change.waits else None,
            waits_id=change.waits.id if change.waits else None,
            at=change.at,
        )

    async def attempt(self, tx: Transaction, row: Row) -> int:
        """Count an attempt that may kill the process, before it is made."""
        found = await tx.fetch_one(_ATTEMPT, **self._place(row.stream, row.sequence))
        return int(found["attempts"]) if found else 0

    async def purge(self, tx: Transaction, before: datetime, many: int) -> int:
        """Forget ids handled before; that must be longer than backups and lags."""
        return await tx.execute(_PURGE, before=before, many=many)

    def _place(self, stream: Stream, sequence: int) -> dict[str, Any]:
        return {"consumer": self.consumer, "sequence": sequence, **stream._asdict()}


async def _answer(tx: Transaction, statement: Statement, **params: Any) -> Record:
    found = await tx.fetch_one(statement, **params)
    if found is None:
        raise Misuse("a function of the inbox answers one row")
    return found


async def erase(tx: Transaction, *, subject: str, subject_digest: str, at: datetime) -> None:
    """Delete the subject's stored records, of every consumer of this service, for good.

    A ``gap`` row keeps its number, not its bytes. Whatever arrives later for the subject is
    finished unread. ``subject_digest`` is keyed, so that the list names nobody. Refused in a
    batch: what comes behind the event was judged before it.
    """
    if BATCH_NOTE in tx.notes:
        raise Misuse("what erases a subject is handled alone")
    await tx.execute(_ERASE, subject=subject, subject_digest=subject_digest, at=at)
