"""Needs that were offered, and of which nobody has an offer any more: nothing else finds them."""

from typing import Final
from uuid import UUID

from sqlalchemy import any_, bindparam, exists, select

from services.chassis.database import Statement, Transaction
from services.chassis.statement import TEXTS
from services.referral.domain.requests import Need, Offered
from services.referral.domain.tasks import OPEN_STATES, ClosedLoopTask, Side
from services.referral.store.requests import need_of
from services.referral.store.tables import NEED, TASK

_STRANDED: Final = Statement(
    select(NEED)
    .where(
        NEED.c.case_id == bindparam("case_id"),
        NEED.c.state == bindparam("offered"),
        ~exists().where(
            TASK.c.request_id == NEED.c.request_id,
            TASK.c.need_id == NEED.c.need_id,
            TASK.c.side == bindparam("ours"),
            TASK.c.state == any_(bindparam("states", type_=TEXTS)),
        ),
    )
    .order_by(NEED.c.request_id, NEED.c.need_id)
)


async def read_stranded(tx: Transaction, case_id: UUID) -> tuple[Need, ...]:
    """The needs of a case that count as offered, without an offer that waits, runs or was met."""
    states = sorted(OPEN_STATES[Side.SENDER] | {ClosedLoopTask.code})
    rows = await tx.fetch(
        _STRANDED, case_id=case_id, offered=Offered.code, ours=str(Side.SENDER), states=states
    )
    return tuple(need_of(row) for row in rows)
