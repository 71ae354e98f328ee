"""What is to go to other agencies: queued, numbered, receipted; and what may not go, until told.

One row per outgoing event and agency, in the order it was queued. A numbered row holds the bytes
that go out, so that a repeat is the same bytes. Bodies hold codes only.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import any_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.chassis.statement import TEXTS
from services.gateway.store.exchange.tables import SENDING

PAGE: Final = 100
_CLEARED: Final = dict.fromkeys(("epoch", "seq", "digest", "head", "record", "not_after"))
_ADD: Final = Statement(
    insert(SENDING)
    .values(
        {
            name: bindparam(name)
            for name in (
                *("agency", "outgoing_id", "event_type", "purpose", "subject", "body"),
                *("inner_id", "reference", "queued_at", "tell_at"),
            )
        }
    )
    .on_conflict_do_nothing()
)
_FIRST: Final = Statement(
    select(SENDING)
    .where(SENDING.c.agency == bindparam("agency"), SENDING.c.seq.is_(None))
    .order_by(SENDING.c.id)
    .limit(1)
)
_BY_ID: Final = Statement(select(SENDING).where(SENDING.c.id == bindparam("id")))
_OPEN: Final = Statement(
    select(SENDING)
    .where(SENDING.c.agency == bindparam("agency"), SENDING.c.seq.is_not(None))
    .order_by(SENDING.c.seq)
    .limit(PAGE)
)
_NUMBER: Final = Statement(
    update(SENDING)
    .where(SENDING.c.id == bindparam("the_id"))
    .values(
        {
            name: bindparam(name)
            for name in ("epoch", "seq", "digest", "head", "record", "not_after", "reference")
        }
    )
)
_BACK: Final = Statement(
    update(SENDING)
    .where(SENDING.c.agency == bindparam("the_agency"), SENDING.c.seq.is_not(None))
    .values(_CLEARED)
)
_RECEIPTED: Final = Statement(
    delete(SENDING)
    .where(SENDING.c.agency == bindparam("agency"), SENDING.c.seq <= bindparam("upto"))
    .returning(SENDING)
)
_REMOVE: Final = Statement(delete(SENDING).where(SENDING.c.id == bindparam("id")))
_STOP: Final = Statement(
    update(SENDING)
    .where(
        SENDING.c.subject == bindparam("the_subject"),
        SENDING.c.agency == any_(bindparam("the_agencies", type_=TEXTS)),
        SENDING.c.event_type == any_(bindparam("the_types", type_=TEXTS)),
    )
    .values(stopped=bindparam("reason"))
)
_WAITING_FOR: Final = Statement(
    select(SENDING.c.agency, SENDING.c.event_type)
    .where(SENDING.c.subject == bindparam("subject"))
    .distinct()
)
_AGENCIES: Final = Statement(select(SENDING.c.agency).distinct())
_LATE: Final = Statement(
    select(SENDING)
    .where(SENDING.c.told_at.is_(None), SENDING.c.tell_at <= bindparam("now"))
    .order_by(SENDING.c.id)
    .limit(PAGE)
    .with_for_update(skip_locked=True)
)
_TOLD: Final = Statement(
    update(SENDING).where(SENDING.c.id == bindparam("the_id")).values(told_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """One event for one agency, before it is numbered."""

    agency: str
    outgoing_id: UUID
    event_type: str
    purpose: str
    subject: UUID
    body: bytes
    inner_id: UUID
    queued_at: datetime
    tell_at: datetime
    reference: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """What numbering adds."""

    epoch: int
    seq: int
    digest: str
    head: str
    record: bytes
    not_after: datetime
    reference: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One row."""

    id: int
    queued: Queued
    stopped: str | None
    numbered: Numbered | None


async def enqueue(tx: Transaction, queued: Queued) -> None:
    """Add to the end of the agency's queue; the same outgoing event once."""
    await tx.execute(
        _ADD,
        agency=queued.agency,
        outgoing_id=queued.outgoing_id,
        event_type=queued.event_type,
        purpose=queued.purpose,
        subject=queued.subject,
        body=queued.body,
        inner_id=queued.inner_id,
        reference=queued.reference,
        queued_at=queued.queued_at,
        tell_at=queued.tell_at,
    )


async def first_queued(tx: Transaction, agency: str) -> Sending | None:
    """What is next to be numbered."""
    return _sending(await tx.fetch_one(_FIRST, agency=agency))


async def read_sending(tx: Transaction, sending_id: int) -> Sending | None:
    """The row as it is now."""
    return _sending(await tx.fetch_one(_BY_ID, id=sending_id))


async def open_sendings(tx: Transaction, agency: str) -> list[Sending]:
    """Numbered and not receipted, in order."""
    rows = await tx.fetch(_OPEN, agency=agency)
    return [sending for row in rows if (sending := _sending(row)) is not None]


async def number(tx: Transaction, sending_id: int, numbered: Numbered) -> None:
    """Give the row its number and its bytes."""
    await tx.execute(
        _NUMBER,
        the_id=sending_id,
        epoch=numbered.epoch,
        seq=numbered.seq,
        digest=numbered.digest,
        head=numbered.head,
        record=numbered.record,
        not_after=numbered.not_after,
        reference=numbered.reference,
    )


async def put_back(tx: Transaction, agency: str) -> int:
    """Everything open goes back to the front of the queue."""
    return await tx.execute(_BACK, the_agency=agency)


async def take_receipted(tx: Transaction, agency: str, upto: int) -> list[Sending]:
    """Remove what a receipt covers, and return it in order."""
    rows = await tx.fetch(_RECEIPTED, agency=agency, upto=upto)
    taken = [sending for row in rows if (sending := _sending(row)) is not None]
    return sorted(taken, key=lambda sending: sending.id)


async def remove(tx: Transaction, sending_id: int) -> None:
    """Remove what may never leave; it was told."""
    await tx.execute(_REMOVE, id=sending_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Which sendings may not leave any more, and why."""

    subject: UUID
    agencies: frozenset[str]
    event_types: frozenset[str]
    reason: str


async def stop_sendings(tx: Transaction, stopped: Stopped) -> int:
    """Mark them; the writer ends each with the reason."""
    return await tx.execute(
        _STOP,
        the_subject=stopped.subject,
        the_agencies=sorted(stopped.agencies),
        the_types=sorted(stopped.event_types),
        reason=stopped.reason,
    )


async def types_waiting(tx: Transaction, subject: UUID) -> frozenset[tuple[str, str]]:
    """Every (agency, event type) of this subject that is still to go."""
    rows = await tx.fetch(_WAITING_FOR, subject=subject)
    return frozenset((row["agency"], row["event_type"]) for row in rows)


async def agencies_waiting(tx: Transaction) -> frozenset[str]:
    """For whom something is queued or without a receipt."""
    return frozenset(row["agency"] for row in await tx.fetch(_AGENCIES))


async def take_late(tx: Transaction, now: datetime) -> list[Sending]:
    """Sendings that nobody was told about and that are late by now; each is noted as told."""
    rows = await tx.fetch(_LATE, now=now)
    for row in rows:
        await tx.execute(_TOLD, the_id=row["id"], now=now)
    return [sending for row in rows if (sending := _sending(row)) is not None]


def _sending(row: Record | None) -> Sending | None:
    if row is None:
        return None
    fields: dict[str, Any] = dict(row)
    numbered = None
    if fields["seq"] is not None:
        names = ("epoch", "seq", "digest", "head", "record", "not_after", "reference")
        numbered = Numbered(**{name: fields[name] for name in names})
    return Sending(
        id=fields["id"],
        stopped=fields["stopped"],
        numbered=numbered,
        queued=Queued(**{name: fields[name] for name in Queued.__dataclass_fields__}),
    )
