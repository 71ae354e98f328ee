"""The random references that stand for a case with one agency, and the disclosure ledger.

One live reference per case, agency and origin: a case that was handed over may be referred back
under a reference of our own. An ended one is never used again and its row is the
tombstone. The ledger says who received what, when and why; its rows are never changed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.chassis.errors import TransactionConflict
from services.gateway.store.exchange.tables import DISCLOSURE, INNER, REFERENCE

GIVEN: Final = "given"
RECEIVED: Final = "received"
LIVE: Final = "live"
ENDED: Final = "ended"

_ADD: Final = Statement(
    insert(REFERENCE)
    .values(
        agency=bindparam("agency"),
        reference=bindparam("reference"),
        case_id=bindparam("case_id"),
        origin=bindparam("origin"),
        state=bindparam("state"),
        made_at=bindparam("made_at"),
        ended_at=bindparam("ended_at"),
    )
    .on_conflict_do_nothing()
)
_OF_CASE: Final = Statement(
    select(REFERENCE)
    .where(
        REFERENCE.c.case_id == bindparam("case_id"),
        REFERENCE.c.agency == bindparam("agency"),
        REFERENCE.c.origin == bindparam("origin"),
    )
    .order_by((REFERENCE.c.state == LIVE).desc(), REFERENCE.c.made_at.desc())
    .limit(1)
)
_SHARED_UNDER: Final = Statement(
    select(REFERENCE)
    .where(
        REFERENCE.c.case_id == bindparam("case_id"),
        REFERENCE.c.noticed_at.is_(None),
        or_(REFERENCE.c.state == LIVE, REFERENCE.c.origin == GIVEN),
    )
    .order_by(REFERENCE.c.agency, REFERENCE.c.made_at, REFERENCE.c.reference)
)
_NOTICED: Final = Statement(
    update(REFERENCE)
    .where(
        REFERENCE.c.agency == bindparam("the_agency"),
        REFERENCE.c.reference == bindparam("the_reference"),
    )
    .values(noticed_at=bindparam("at"))
)
_FIND: Final = Statement(
    select(REFERENCE).where(
        REFERENCE.c.agency == bindparam("agency"), REFERENCE.c.reference == bindparam("reference")
    )
)
_END: Final = Statement(
    update(REFERENCE)
    .where(
        REFERENCE.c.agency == bindparam("the_agency"),
        REFERENCE.c.reference == bindparam("the_reference"),
        REFERENCE.c.state == LIVE,
    )
    .values(state=ENDED, ended_at=bindparam("at"))
)
_DISCLOSE: Final = Statement(
    insert(DISCLOSURE)
    .values(
        {
            name: bindparam(name)
            for name in (
                *("agency", "inner_id", "case_id", "reference", "event_type", "purpose"),
                *("basis", "basis_id", "disclosed_at"),
            )
        }
    )
    .on_conflict_do_nothing()
)
_TOLD: Final = Statement(
    select(DISCLOSURE.c.agency).where(DISCLOSURE.c.case_id == bindparam("case_id")).distinct()
)
_REFERENCES_TOLD: Final = Statement(
    select(DISCLOSURE.c.reference).where(DISCLOSURE.c.case_id == bindparam("case_id")).distinct()
)
_TYPES_TOLD: Final = Statement(
    select(DISCLOSURE.c.agency, DISCLOSURE.c.event_type)
    .where(DISCLOSURE.c.case_id == bindparam("case_id"))
    .distinct()
)
_DISCLOSURES: Final = Statement(
    select(DISCLOSURE)
    .where(DISCLOSURE.c.case_id == bindparam("case_id"))
    .order_by(DISCLOSURE.c.id)
    .limit(1000)
)
_HANDLED: Final = Statement(
    insert(INNER)
    .values(
        agency=bindparam("agency"),
        inner_id=bindparam("inner_id"),
        handled_at=bindparam("handled_at"),
    )
    .on_conflict_do_nothing()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One reference. Without a case: told to forget it before anything arrived under it."""

    agency: str
    reference: UUID
    case_id: UUID | None
    origin: str
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Who received what, when and why."""

    agency: str
    inner_id: UUID
    case_id: UUID | None
    reference: UUID | None
    event_type: str
    purpose: str
    basis: str
    basis_id: UUID | None
    disclosed_at: datetime


async def add_reference(tx: Transaction, reference: Reference, now: datetime) -> bool:
    """Keep a reference (an ended one is a tombstone); False when it is known."""
    added = await tx.execute(
        _ADD,
        agency=reference.agency,
        reference=reference.reference,
        case_id=reference.case_id,
        origin=reference.origin,
        state=LIVE if reference.live else ENDED,
        made_at=now,
        ended_at=None if reference.live else now,
    )
    return added > 0


async def first_heard(tx: Transaction, reference: Reference, now: datetime) -> None:
    """Keep a reference that was not there a moment ago.

    Raises TransactionConflict when another transaction heard of it in between: looked at again, it
    is known. A notice and an offer that was put aside may come at once.
    """
    if not await add_reference(tx, reference, now):
        raise TransactionConflict


async def reference_of(
    tx: Transaction, case_id: UUID, agency: str, origin: str
) -> Reference | None:
    """The live reference of the case with the agency and of the origin, else the newest ended."""
    row = await tx.fetch_one(_OF_CASE, case_id=case_id, agency=agency, origin=origin)
    return _reference(row)


async def shared_under(tx: Transaction, case_id: UUID) -> list[Reference]:
    """Every reference of the case that no notice went out for and that is live or was given by us:
    an agency that ended sharing by itself still holds what we gave.
    """
    rows = await tx.fetch(_SHARED_UNDER, case_id=case_id)
    return [found for row in rows if (found := _reference(row)) is not None]


async def find_reference(tx: Transaction, agency: str, reference: UUID) -> Reference | None:
    """What ``reference`` from ``agency`` stands for here."""
    return _reference(await tx.fetch_one(_FIND, agency=agency, reference=reference))


async def end_reference(tx: Transaction, reference: Reference, now: datetime) -> bool:
    """Retire it; False when it already was."""
    return (
        await tx.execute(
            _END, the_agency=reference.agency, the_reference=reference.reference, at=now
        )
        > 0
    )


async def note_noticed(tx: Transaction, reference: Reference, now: datetime) -> None:
    """A notice about it was queued: no second one ever is."""
    await tx.execute(
        _NOTICED, the_agency=reference.agency, the_reference=reference.reference, at=now
    )


async def disclose(tx: Transaction, disclosure: Disclosure) -> None:
    """Enter the ledger; the same inner event once."""
    fields = {name: getattr(disclosure, name) for name in Disclosure.__dataclass_fields__}
    await tx.execute(_DISCLOSE, **fields)


async def agencies_told(tx: Transaction, case_id: UUID) -> frozenset[str]:
    """Who ever received anything of the case."""
    return frozenset(row["agency"] for row in await tx.fetch(_TOLD, case_id=case_id))


async def references_told(tx: Transaction, case_id: UUID) -> frozenset[UUID]:
    """Under which references anything of the case was ever sent."""
    rows = await tx.fetch(_REFERENCES_TOLD, case_id=case_id)
    return frozenset(row["reference"] for row in rows)


async def types_told(tx: Transaction, case_id: UUID) -> frozenset[tuple[str, str]]:
    """Every (agency, event type) of the case's ledger."""
    rows = await tx.fetch(_TYPES_TOLD, case_id=case_id)
    return frozenset((row["agency"], row["event_type"]) for row in rows)


async def read_disclosures(tx: Transaction, case_id: UUID) -> list[Record]:
    """The ledger of the case, oldest first."""
    return await tx.fetch(_DISCLOSURES, case_id=case_id)


async def note_handled(tx: Transaction, agency: str, inner_id: UUID, now: datetime) -> bool:
    """Note an inner event; False when it was handled before."""
    return await tx.execute(_HANDLED, agency=agency, inner_id=inner_id, handled_at=now) > 0


def _reference(row: Record | None) -> Reference | None:
    if row is None:
        return None
    return Reference(
        agency=row["agency"],
        reference=row["reference"],
        case_id=row["case_id"],
        origin=row["origin"],
        live=row["state"] == LIVE,
    )
