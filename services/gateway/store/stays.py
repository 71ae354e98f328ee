"""Who lives in a place of this node, by the task of the stay: no pool, no house, nothing else."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, any_, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.chassis.statement import ID
from services.gateway.domain.holds import Stay
from services.gateway.store.tables import STAY

_BEGIN: Final = Statement(
    insert(STAY)
    .values(task_id=bindparam("task_id"), case_id=bindparam("case_id"))
    .on_conflict_do_nothing()
)
_ENDED: Final = insert(STAY).values(
    task_id=bindparam("task_id"), case_id=bindparam("case_id"), ended_at=bindparam("ended_at")
)
_END: Final = Statement(
    _ENDED.on_conflict_do_update(
        index_elements=[STAY.c.task_id], set_={"ended_at": _ENDED.excluded.ended_at}
    )
)
_OF_CASES: Final = Statement(
    select(STAY.c.ended_at).where(STAY.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID))))
)


async def begin_stay(tx: Transaction, case_id: UUID, task_id: UUID) -> None:
    """Somebody is here; of a stay whose end is known this changes nothing."""
    await tx.execute(_BEGIN, case_id=case_id, task_id=task_id)


async def end_stay(tx: Transaction, case_id: UUID, task_id: UUID, ended_at: datetime) -> None:
    """They left, whether or not anybody told that they came."""
    await tx.execute(_END, case_id=case_id, task_id=task_id, ended_at=ended_at)


async def read_stays(tx: Transaction, family: Iterable[UUID]) -> tuple[Stay, ...]:
    """Every stay of these cases, those that ended, too."""
    rows = await tx.fetch(_OF_CASES, case_ids=list(family))
    return tuple(Stay(ended_at=row["ended_at"]) for row in rows)
