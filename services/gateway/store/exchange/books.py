"""Both books of every pair: what the sender numbered, how far the receiver is.

A book is read under the lock of its row. Nothing about what is inside a record is here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.chassis.errors import Misuse
from services.gateway.domain.exchange import (
    NO_HEAD,
    OpenRecord,
    ReceiverBook,
    SenderBook,
)
from services.gateway.store.exchange.tables import PAIR_IN, PAIR_OUT, SEEN, SENDING

PARKED_ALARM: Final = "parked"
"""The receiver's alarm when it puts something aside."""
FULL_ALARM: Final = "parking-full"
"""The receiver's alarm while too much is put aside: this agency is read no further."""
TOLD_APART: Final = (PARKED_ALARM, FULL_ALARM)
"""Alarms that have numbers of their own."""
_BEGIN_OUT: Final = Statement(
    insert(PAIR_OUT)
    .values(
        agency=bindparam("agency"),
        epoch=bindparam("epoch"),
        upto=0,
        head=NO_HEAD,
        receipt_at=0,
        seen_epoch=0,
        seen_upto=0,
        database_epoch=bindparam("database_epoch"),
    )
    .on_conflict_do_nothing()
)
_LOCK_OUT: Final = Statement(
    select(PAIR_OUT).where(PAIR_OUT.c.agency == bindparam("agency")).with_for_update()
)
_OPEN: Final = Statement(
    select(SENDING.c.seq, SENDING.c.digest, SENDING.c.head)
    .where(SENDING.c.agency == bindparam("agency"), SENDING.c.seq.is_not(None))
    .order_by(SENDING.c.seq)
)
_KEEP_OUT: Final = Statement(
    update(PAIR_OUT)
    .where(PAIR_OUT.c.agency == bindparam("the_agency"))
    .values(
        epoch=bindparam("epoch"),
        upto=bindparam("upto"),
        head=bindparam("head"),
        receipt_at=bindparam("receipt_at"),
        seen_epoch=bindparam("seen_epoch"),
        seen_upto=bindparam("seen_upto"),
        database_epoch=bindparam("database_epoch"),
    )
)
_ALARM_OUT: Final = Statement(
    update(PAIR_OUT)
    .where(PAIR_OUT.c.agency == bindparam("the_agency"))
    .values(alarm=bindparam("alarm"))
)
_BEGIN_IN: Final = Statement(
    insert(PAIR_IN)
    .values(agency=bindparam("agency"), epoch=0, upto=0, head=NO_HEAD, stuck=False, reported_at=0)
    .on_conflict_do_nothing()
)
_READ_IN: Final = Statement(select(PAIR_IN).where(PAIR_IN.c.agency == bindparam("agency")))
_LOCK_IN: Final = Statement(
    select(PAIR_IN).where(PAIR_IN.c.agency == bindparam("agency")).with_for_update()
)
_KEEP_IN: Final = Statement(
    update(PAIR_IN)
    .where(PAIR_IN.c.agency == bindparam("the_agency"))
    .values(
        epoch=bindparam("epoch"),
        upto=bindparam("upto"),
        head=bindparam("head"),
        stuck=bindparam("stuck"),
        read_offset=bindparam("read_offset"),
    )
)
_OFFSET: Final = Statement(
    update(PAIR_IN)
    .where(PAIR_IN.c.agency == bindparam("the_agency"))
    .values(read_offset=bindparam("read_offset"))
)
_REPORTED: Final = Statement(
    update(PAIR_IN)
    .where(PAIR_IN.c.agency == bindparam("the_agency"))
    .values(reported_at=bindparam("reported_at"))
)
_ALARM_IN: Final = Statement(
    update(PAIR_IN)
    .where(PAIR_IN.c.agency == bindparam("the_agency"))
    .values(alarm=bindparam("alarm"))
)
_DIGEST: Final = Statement(
    select(SEEN.c.digest).where(
        SEEN.c.agency == bindparam("agency"),
        SEEN.c.epoch == bindparam("epoch"),
        SEEN.c.seq == bindparam("seq"),
    )
)
_SEE: Final = Statement(
    insert(SEEN)
    .values(
        agency=bindparam("agency"),
        epoch=bindparam("epoch"),
        seq=bindparam("seq"),
        digest=bindparam("digest"),
        seen_at=bindparam("seen_at"),
    )
    .on_conflict_do_nothing()
)


_ALARMED: Final = Statement(
    select(PAIR_OUT.c.agency)
    .where(PAIR_OUT.c.alarm.is_not(None))
    .union(select(PAIR_IN.c.agency).where(and_(*(PAIR_IN.c.alarm != each for each in TOLD_APART))))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutRow:
    """The sender's book as stored. ``database_epoch``: of the database that wrote it last."""

    book: SenderBook
    database_epoch: int
    alarm: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InRow:
    """The receiver's book as stored, and where the topic was read up to."""

    book: ReceiverBook
    offset: int | None
    reported_at: int
    alarm: str | None


async def lock_out(
    tx: Transaction, agency: str, *, first_epoch: int, database_epoch: int
) -> OutRow:
    """The sender's book, locked; a new pair begins with ``first_epoch``."""
    row = await tx.fetch_one(_LOCK_OUT, agency=agency)
    if row is None:
        await tx.execute(
            _BEGIN_OUT, agency=agency, epoch=first_epoch, database_epoch=database_epoch
        )
        row = await tx.fetch_one(_LOCK_OUT, agency=agency)
    if row is None:
        raise Misuse("the row of a pair cannot be made")
    found = await tx.fetch(_OPEN, agency=agency)
    book = SenderBook(
        epoch=row["epoch"],
        upto=row["upto"],
        head=row["head"],
        receipt_at=row["receipt_at"],
        seen_epoch=row["seen_epoch"],
        seen_upto=row["seen_upto"],
        open=tuple(
            OpenRecord(seq=each["seq"], digest=each["digest"], head=each["head"]) for each in found
        ),
    )
    return OutRow(book=book, database_epoch=row["database_epoch"], alarm=row["alarm"])


async def keep_out(tx: Transaction, agency: str, book: SenderBook, database_epoch: int) -> None:
    """Store the sender's book; its open records are rows of the queue."""
    await tx.execute(
        _KEEP_OUT,
        the_agency=agency,
        epoch=book.epoch,
        upto=book.upto,
        head=book.head,
        receipt_at=book.receipt_at,
        seen_epoch=book.seen_epoch,
        seen_upto=book.seen_upto,
        database_epoch=database_epoch,
    )


async def alarm_out(tx: Transaction, agency: str, alarm: str | None) -> None:
    """Raise or clear the sender's alarm."""
    await tx.execute(_ALARM_OUT, the_agency=agency, alarm=alarm)


async def read_in(tx: Transaction, agency: str) -> InRow | None:
    """The receiver's book, not locked."""
    row = await tx.fetch_one(_READ_IN, agency=agency)
    return None if row is None else _in_row(row)


async def lock_in(tx: Transaction, agency: str) -> InRow:
    """The receiver's book, locked; made when it is not there yet."""
    row = await tx.fetch_one(_LOCK_IN, agency=agency)
    if row is None:
        await tx.execute(_BEGIN_IN, agency=agency)
        row = await tx.fetch_one(_LOCK_IN, agency=agency)
    if row is None:
        raise Misuse("the row of a pair cannot be made")
    return _in_row(row)


async def keep_in(tx: Transaction, agency: str, book: ReceiverBook, offset: int) -> None:
    """Store the receiver's book and the offset to read next."""
    await tx.execute(
        _KEEP_IN,
        the_agency=agency,
        epoch=book.epoch,
        upto=book.upto,
        head=book.head,
        stuck=book.stuck,
        read_offset=offset,
    )


async def keep_offset(tx: Transaction, agency: str, offset: int) -> None:
    """Store the offset to read next."""
    await tx.execute(_OFFSET, the_agency=agency, read_offset=offset)


async def reported(tx: Transaction, agency: str, at: int) -> None:
    """Remember ``at`` of the newest receipt given."""
    await tx.execute(_REPORTED, the_agency=agency, reported_at=at)


async def alarm_in(tx: Transaction, agency: str, alarm: str | None) -> None:
    """Raise or clear the receiver's alarm."""
    await tx.execute(_ALARM_IN, the_agency=agency, alarm=alarm)


async def alarmed(tx: Transaction) -> tuple[str, ...]:
    """Agencies with whom something is wrong, in either direction; what is parked tells itself."""
    return tuple(sorted(row["agency"] for row in await tx.fetch(_ALARMED)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A valid record under its number, seen now."""

    agency: str
    epoch: int
    seq: int
    digest: str
    seen_at: datetime


async def see(tx: Transaction, sighting: Sighting) -> str | None:
    """The digest that was seen first under this number; this one is kept if there was none."""
    row = await tx.fetch_one(
        _DIGEST, agency=sighting.agency, epoch=sighting.epoch, seq=sighting.seq
    )
    if row is not None:
        return str(row["digest"])
    await tx.execute(
        _SEE,
        agency=sighting.agency,
        epoch=sighting.epoch,
        seq=sighting.seq,
        digest=sighting.digest,
        seen_at=sighting.seen_at,
    )
    return None


def _in_row(row: Record) -> InRow:
    return InRow(
        book=ReceiverBook(
            epoch=row["epoch"], upto=row["upto"], head=row["head"], stuck=row["stuck"]
        ),
        offset=row["read_offset"],
        reported_at=row["reported_at"],
        alarm=row["alarm"],
    )
