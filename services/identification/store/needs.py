"""What needs the record of cases that are the same one, legal holds and stays here; and of which
cases it was destroyed.

A case need not be known.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, any_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.chassis.statement import ID
from services.identification.store.tables import DESTROYED_RECORD, RECORD_NEED

_ENTER: Final = Statement(
    insert(RECORD_NEED)
    .values(case_id=bindparam("case_id"), need_id=bindparam("need_id"))
    .on_conflict_do_nothing()
)
_ENDED: Final = insert(RECORD_NEED).values(
    case_id=bindparam("case_id"), need_id=bindparam("need_id"), ended_at=bindparam("ended_at")
)
_END: Final = Statement(
    _ENDED.on_conflict_do_update(
        index_elements=[RECORD_NEED.c.case_id, RECORD_NEED.c.need_id],
        set_={"ended_at": _ENDED.excluded.ended_at},
    )
)
_END_OF_BEFORE: Final = Statement(
    update(RECORD_NEED)
    .where(
        RECORD_NEED.c.case_id == bindparam("of_case"),
        RECORD_NEED.c.need_id == bindparam("told_id"),
        RECORD_NEED.c.of_before,
        RECORD_NEED.c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("at"))
)
_OF_THESE: Final = RECORD_NEED.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID)))
_NEEDED: Final = Statement(
    select(RECORD_NEED.c.need_id).where(_OF_THESE, RECORD_NEED.c.ended_at.is_(None)).limit(1)
)
_LAST: Final = Statement(
    select(func.max(RECORD_NEED.c.ended_at).label("ended_at")).where(_OF_THESE)
)

_DESTROYED: Final = Statement(
    insert(DESTROYED_RECORD)
    .values({column.name: bindparam(column.name) for column in DESTROYED_RECORD.c})
    .on_conflict_do_nothing()
)
_GONE: Final = Statement(
    select(DESTROYED_RECORD.c.case_id).where(
        DESTROYED_RECORD.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID)))
    )
)


async def enter_need(tx: Transaction, case_id: UUID, need_id: UUID) -> None:
    """It is needed; by what is known to have ended, this changes nothing."""
    await tx.execute(_ENTER, case_id=case_id, need_id=need_id)


async def end_need(tx: Transaction, case_id: UUID, need_id: UUID, ended_at: datetime) -> None:
    """Needed no longer, whether or not anybody told that it was."""
    await tx.execute(_END, case_id=case_id, need_id=need_id, ended_at=ended_at)


async def end_need_of_before(
    tx: Transaction, case_id: UUID, told_id: UUID, ended_at: datetime
) -> None:
    """The same for one that an earlier version kept under the id with which it was told, if any."""
    await tx.execute(_END_OF_BEFORE, of_case=case_id, told_id=told_id, at=ended_at)


async def is_needed(tx: Transaction, family: Sequence[UUID]) -> bool:
    """Whether anything that needs one of these cases has not ended."""
    return await tx.fetch_one(_NEEDED, case_ids=list(family)) is not None


async def last_end(tx: Transaction, family: Sequence[UUID]) -> datetime | None:
    """When the last of what needed one of these cases ended."""
    row = await tx.fetch_one(_LAST, case_ids=list(family))
    ended_at: datetime | None = row["ended_at"] if row is not None else None
    return ended_at


async def note_destroyed(tx: Transaction, case_id: UUID, at: datetime) -> None:
    """The gateway has nothing of the case any more; the same again changes nothing."""
    await tx.execute(_DESTROYED, case_id=case_id, destroyed_at=at)


async def destroyed_among(tx: Transaction, case_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Those of these cases of which nothing is left to be destroyed."""
    rows = await tx.fetch(_GONE, case_ids=list(case_ids))
    return frozenset(row["case_id"] for row in rows)
