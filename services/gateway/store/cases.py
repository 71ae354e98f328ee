"""One row per case: what everyone who checks or changes consent and restrictions locks first.

The row says that a case is known here and whether it is frozen; nothing about the person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, any_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.chassis.statement import ID
from services.gateway.store.tables import CASE_ROW

_ENSURE: Final = Statement(
    insert(CASE_ROW)
    .values(case_id=bindparam("case_id"), created_at=bindparam("created_at"))
    .on_conflict_do_nothing()
)
_READ: Final = Statement(select(CASE_ROW).where(CASE_ROW.c.case_id == bindparam("case_id")))
_FROZEN: Final = Statement(
    select(CASE_ROW.c.case_id).where(
        CASE_ROW.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID))),
        CASE_ROW.c.frozen_at.is_not(None),
    )
)
_LOCK: Final = Statement(
    select(CASE_ROW).where(CASE_ROW.c.case_id == bindparam("case_id")).with_for_update()
)
_FREEZE: Final = Statement(
    update(CASE_ROW)
    .where(CASE_ROW.c.case_id == bindparam("the_case"), CASE_ROW.c.frozen_at.is_(None))
    .values(frozen_at=bindparam("at"))
)
_WITHDRAW: Final = Statement(
    update(CASE_ROW)
    .where(CASE_ROW.c.case_id == bindparam("the_case"))
    .values(withdrawn_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case as the gateway knows it."""

    case_id: UUID
    frozen_at: datetime | None
    withdrawn_at: datetime | None

    @property
    def frozen(self) -> bool:
        """Whether sharing with this node was stopped: nothing of the case may be read."""
        return self.frozen_at is not None


async def lock_case(tx: Transaction, case_id: UUID, now: datetime) -> CaseRow:
    """The case's row, locked until the end; made when it is not there yet."""
    row = await tx.fetch_one(_LOCK, case_id=case_id)
    if row is None:
        await tx.execute(_ENSURE, case_id=case_id, created_at=now)
        row = await tx.fetch_one(_LOCK, case_id=case_id)
    return CaseRow(
        case_id=case_id,
        frozen_at=row["frozen_at"] if row else None,
        withdrawn_at=row["withdrawn_at"] if row else None,
    )


async def read_case(tx: Transaction, case_id: UUID) -> CaseRow | None:
    """The case's row, not locked; None when the gateway never heard of it."""
    row = await tx.fetch_one(_READ, case_id=case_id)
    if row is None:
        return None
    return CaseRow(case_id=case_id, frozen_at=row["frozen_at"], withdrawn_at=row["withdrawn_at"])


async def frozen_among(tx: Transaction, case_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Which of these cases are frozen."""
    rows = await tx.fetch(_FROZEN, case_ids=sorted(set(case_ids)))
    return frozenset(row["case_id"] for row in rows)


async def freeze_case(tx: Transaction, case_id: UUID, now: datetime) -> bool:
    """Freeze a locked case; False when it already was."""
    return await tx.execute(_FREEZE, the_case=case_id, at=now) > 0


async def note_withdrawal(tx: Transaction, case_id: UUID, now: datetime) -> None:
    """Remember when something was last withdrawn or restricted."""
    await tx.execute(_WITHDRAW, the_case=case_id, at=now)
