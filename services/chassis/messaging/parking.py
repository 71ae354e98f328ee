"""What an operator does with stored records: list, show, redrive, discard; each with a reason.

A redriven row is made movable again and settled by the sweep, oldest first, by today's code. A
discarded row is deleted: its record counts as finished. Both are audited. A listing shows types,
places and error classes; the bytes are shown only by ``show``, which is audited too.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from services.chassis.audit import record
from services.chassis.database import Record, Statement, Transaction
from services.chassis.errors import Conflict, Misuse, NotFound
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.arrival import Stream, unpack
from services.chassis.messaging.broker import BrokerRecord
from services.chassis.messaging.context import Keys
from services.chassis.messaging.inbox import State
from services.chassis.messaging.locking import lock_subject
from services.chassis.messaging.rows import seal_context

LIST_LIMIT: Final = 500
_COLUMNS: Final = (
    "consumer, subject, source, topic, epoch, sequence, state, event_type, event_id, error,"
    " waits_what, stored_at, partition, record_offset"
)
_ROW: Final = (
    " WHERE consumer = :consumer AND subject = :subject AND source = :source AND topic = :topic"
    " AND epoch = :epoch AND sequence = :sequence"
)
_FAILED_BEYOND_A_GAP: Final = "state = 'gap' AND NOT done AND error <> ''"
"""An event that never waits was tried there, and failed."""
COUNT_PARKED: Final = (
    "SELECT count(*) FROM inbox_row WHERE NOT done"  # noqa: S608 - names of ours only
    f" AND (state = 'parked' OR {_FAILED_BEYOND_A_GAP})"
)
"""For whoever only looks: how many failed by themselves and wait for an operator."""
_LIST: Final = Statement(
    text(
        f"SELECT {_COLUMNS} FROM inbox_row WHERE NOT done"  # noqa: S608 - names of ours only
        " AND (CAST(:state AS text) IS NULL OR state = :state"
        f" OR :state = 'parked' AND {_FAILED_BEYOND_A_GAP})"
        " ORDER BY stored_at LIMIT :many"
    )
)
_SHOW: Final = Statement(
    text(f"SELECT {_COLUMNS}, sealed FROM inbox_row" + _ROW)  # noqa: S608 - names of ours only
)
_REDRIVE: Final = Statement(
    text(  # the sweep settles it
        "UPDATE inbox_row SET attempts = 0, movable = state = 'gap',"  # noqa: S608
        " state = CASE WHEN state = 'gap' THEN state ELSE 'behind' END"
        + _ROW
        + f" AND (state = 'parked' OR {_FAILED_BEYOND_A_GAP})"
    )
)
_DISCARD: Final = Statement(
    text("DELETE FROM inbox_row" + _ROW + " AND state IN ('parked', 'waiting')")  # noqa: S608
)
_DISCARD_BEYOND_A_GAP: Final = Statement(
    text(  # its number stays
        "UPDATE inbox_row SET done = true, sealed = NULL, error = '', movable = false"  # noqa: S608
        + _ROW
        + f" AND {_FAILED_BEYOND_A_GAP}"
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """Which stored record."""

    consumer: str
    stream: Stream
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One stored record as an operator sees it."""

    place: Place
    state: State
    event_type: str
    event_id: str
    error: str
    waits_what: str | None
    stored_at: datetime
    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who does it, and why; a reason is never empty."""

    actor: str
    reason: str

    def __post_init__(self) -> None:
        """Refuse an order without a reason."""
        if not self.actor.strip() or not self.reason.strip():
            raise Misuse("an operator says who and why")


async def listed(
    tx: Transaction, *, state: State | None = State.PARKED, many: int = LIST_LIMIT
) -> list[Stored]:
    """Stored records, the oldest first; what failed beyond a gap counts as parked."""
    rows = await tx.fetch(
        _LIST, state=None if state is None else str(state), many=min(many, LIST_LIMIT)
    )
    return [_stored(row) for row in rows]


async def show(tx: Transaction, place: Place, keys: Keys, order: Order) -> BrokerRecord:
    """The record itself, opened with the node's key."""
    found = await tx.fetch_one(_SHOW, **_params(place))
    if found is None or found["sealed"] is None:
        raise NotFound("no such stored record")
    record(
        tx,
        actor=order.actor,
        action="parked.show",
        subject=place.stream.subject,
        reason=order.reason,
    )
    packed = keys.open(found["sealed"], seal_context(place.stream))
    return unpack(packed, place.stream.topic, found["partition"], found["record_offset"])


async def redrive(tx: Transaction, place: Place, order: Order) -> None:
    """Make a parked record movable; the sweep settles it, and parks it again if it still fails."""
    await lock_subject(tx, place.consumer, place.stream.subject)
    if not await tx.execute(_REDRIVE, **_params(place)):
        raise Conflict("no such parked record")
    record(
        tx,
        actor=order.actor,
        action="parked.redrive",
        subject=place.stream.subject,
        reason=order.reason,
    )
    tx.failpoints.reach(Failpoint.REDRIVEN_BEFORE_COMMIT)


async def discard(tx: Transaction, place: Place, order: Order) -> None:
    """Give up a parked record, or release one that waits for what will not come."""
    await lock_subject(tx, place.consumer, place.stream.subject)
    params = _params(place)
    if not (
        await tx.execute(_DISCARD, **params) or await tx.execute(_DISCARD_BEYOND_A_GAP, **params)
    ):
        raise Conflict("no such parked or waiting record")
    record(
        tx,
        actor=order.actor,
        action="parked.discard",
        subject=place.stream.subject,
        reason=order.reason,
    )


def _params(place: Place) -> dict[str, str | int]:
    return {"consumer": place.consumer, "sequence": place.sequence, **place.stream._asdict()}


def _stored(row: Record) -> Stored:
    stream = Stream(row["subject"], row["source"], row["topic"], row["epoch"])
    return Stored(
        place=Place(row["consumer"], stream, row["sequence"]),
        state=State(row["state"]),
        event_type=row["event_type"],
        event_id=row["event_id"],
        error=row["error"],
        waits_what=row["waits_what"],
        stored_at=row["stored_at"],
        partition=row["partition"],
        offset=row["record_offset"],
    )
