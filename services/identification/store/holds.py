"""Which legal holds stand over which case; a case need not be known for them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.identification.store.tables import LEGAL_HOLD_COPY

_ENTER: Final = Statement(
    insert(LEGAL_HOLD_COPY)
    .values(case_id=bindparam("case_id"), hold_id=bindparam("hold_id"))
    .on_conflict_do_nothing()
)
_ENDED: Final = insert(LEGAL_HOLD_COPY).values(
    case_id=bindparam("case_id"), hold_id=bindparam("hold_id"), ended_at=bindparam("ended_at")
)
_END: Final = Statement(
    _ENDED.on_conflict_do_update(
        index_elements=[LEGAL_HOLD_COPY.c.case_id, LEGAL_HOLD_COPY.c.hold_id],
        set_={"ended_at": _ENDED.excluded.ended_at},
    )
)
_STANDS: Final = Statement(
    select(LEGAL_HOLD_COPY.c.hold_id)
    .where(LEGAL_HOLD_COPY.c.case_id == bindparam("case_id"), LEGAL_HOLD_COPY.c.ended_at.is_(None))
    .limit(1)
)
_LAST: Final = Statement(
    select(func.max(LEGAL_HOLD_COPY.c.ended_at).label("ended_at")).where(
        LEGAL_HOLD_COPY.c.case_id == bindparam("case_id")
    )
)


async def enter_hold(tx: Transaction, case_id: UUID, hold_id: UUID) -> None:
    """A hold stands; of one whose end is known this changes nothing."""
    await tx.execute(_ENTER, case_id=case_id, hold_id=hold_id)


async def end_hold(tx: Transaction, case_id: UUID, hold_id: UUID, ended_at: datetime) -> None:
    """It stands no longer, whether or not anybody told that it did."""
    await tx.execute(_END, case_id=case_id, hold_id=hold_id, ended_at=ended_at)


async def a_hold_stands(tx: Transaction, case_id: UUID) -> bool:
    """Whether one of the case's holds has not ended."""
    return await tx.fetch_one(_STANDS, case_id=case_id) is not None


async def last_end(tx: Transaction, case_id: UUID) -> datetime | None:
    """When the last of them ended."""
    row = await tx.fetch_one(_LAST, case_id=case_id)
    ended_at: datetime | None = row["ended_at"] if row is not None else None
    return ended_at
