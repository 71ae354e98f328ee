"""Records that could be read but not processed: listed, tried again, given up by an operator.

A listing shows places and error classes. The bytes stay sealed with the node's key; a record that
is to be tried again is only marked here, the running gateway takes it up.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, select, true, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis import audit
from services.chassis.database import Statement, Transaction
from services.chassis.errors import Conflict, NotFound
from services.gateway.store.exchange.tables import PARKED

PAGE: Final = 500
_PLACE: Final = (PARKED.c.id, PARKED.c.agency, PARKED.c.epoch, PARKED.c.seq)
_PARK: Final = Statement(
    insert(PARKED)
    .values(
        agency=bindparam("agency"),
        epoch=bindparam("epoch"),
        seq=bindparam("seq"),
        sealed=bindparam("sealed"),
        error=bindparam("error"),
        parked_at=bindparam("parked_at"),
        again=False,
    )
    .on_conflict_do_nothing()
)
_LIST: Final = Statement(
    select(*_PLACE, PARKED.c.error, PARKED.c.parked_at, PARKED.c.again)
    .order_by(PARKED.c.id)
    .limit(PAGE)
)
_ANY: Final = Statement(select(PARKED.c.id).where(PARKED.c.agency == bindparam("agency")).limit(1))
_HOW_MANY: Final = Statement(
    select(func.count().label("many")).select_from(
        select(PARKED.c.id)
        .where(PARKED.c.agency == bindparam("agency"))
        .limit(bindparam("limit"))
        .subquery()
    )
)
_READ: Final = Statement(select(*_PLACE, PARKED.c.sealed).where(PARKED.c.id == bindparam("id")))
_AGAIN: Final = Statement(
    update(PARKED).where(PARKED.c.id == bindparam("the_id")).values(again=True)
)
_DISCARD: Final = Statement(delete(PARKED).where(PARKED.c.id == bindparam("id")))
_TAKE: Final = Statement(
    select(*_PLACE, PARKED.c.sealed)
    .where(PARKED.c.again == true())
    .order_by(PARKED.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_FAILED: Final = Statement(
    update(PARKED)
    .where(PARKED.c.id == bindparam("the_id"))
    .values(again=False, error=bindparam("error"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A record that could be read but not processed, sealed with the node's key."""

    agency: str
    epoch: int
    seq: int
    sealed: bytes
    error: str
    parked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """One parked record as an operator sees it."""

    id: int
    agency: str
    epoch: int
    seq: int
    error: str
    parked_at: datetime
    again: bool
    """It waits to be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """One parked record with its bytes: to be tried again, or to be looked at."""

    id: int
    agency: str
    epoch: int
    seq: int
    sealed: bytes


def seal_place(agency: str, epoch: int, seq: int) -> bytes:
    """What binds the sealed bytes to their place."""
    return f"exchange\n{agency}\n{epoch}\n{seq}".encode()


async def put_aside(tx: Transaction, aside: Aside) -> None:
    """Park a record inside the node."""
    fields = {name: getattr(aside, name) for name in Aside.__dataclass_fields__}
    await tx.execute(_PARK, **fields)


async def parked(tx: Transaction) -> list[Parked]:
    """Parked records, the oldest first."""
    return [Parked(**dict(row)) for row in await tx.fetch(_LIST)]


async def holds_any(tx: Transaction, agency: str) -> bool:
    """Whether something of this agency is put aside."""
    return await tx.fetch_one(_ANY, agency=agency) is not None


async def is_full(tx: Transaction, agency: str, limit: int) -> bool:
    """Whether as much of this agency is put aside as may be."""
    row = await tx.fetch_one(_HOW_MANY, agency=agency, limit=limit)
    return row is not None and int(row["many"]) >= limit


async def show_parked(tx: Transaction, parked_id: int, *, actor: str, reason: str) -> Again:
    """The sealed bytes, for an operator who wants to see what is in them."""
    row = await tx.fetch_one(_READ, id=parked_id)
    if row is None:
        raise NotFound("no such parked record")
    audit.record(
        tx, actor=actor, action="parked.show", subject=f"exchange:{parked_id}", reason=reason
    )
    return Again(**dict(row))


async def redrive_parked(tx: Transaction, parked_id: int, *, actor: str, reason: str) -> None:
    """Let the running gateway try it again; it stays parked if it fails again."""
    if not await tx.execute(_AGAIN, the_id=parked_id):
        raise Conflict("no such parked record")
    audit.record(
        tx, actor=actor, action="parked.redrive", subject=f"exchange:{parked_id}", reason=reason
    )


async def discard_parked(tx: Transaction, parked_id: int, *, actor: str, reason: str) -> None:
    """Give it up: the record counts as handled already."""
    if not await tx.execute(_DISCARD, id=parked_id):
        raise Conflict("no such parked record")
    audit.record(
        tx, actor=actor, action="parked.discard", subject=f"exchange:{parked_id}", reason=reason
    )


async def take_again(tx: Transaction) -> Again | None:
    """The oldest record that is to be tried again, locked."""
    row = await tx.fetch_one(_TAKE)
    return None if row is None else Again(**dict(row))


async def settled(tx: Transaction, parked_id: int) -> None:
    """It was handled after all."""
    await tx.execute(_DISCARD, id=parked_id)


async def failed_again(tx: Transaction, parked_id: int, error: str) -> None:
    """It stays parked."""
    await tx.execute(_FAILED, the_id=parked_id, error=error)
