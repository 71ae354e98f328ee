"""Who takes part in a statistics plan: as much of it as the check on contributions needs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.gateway.store.exchange.tables import PLAN

_ADD: Final = Statement(
    insert(PLAN)
    .values(
        plan_id=bindparam("plan_id"),
        roster=bindparam("roster"),
        custodians=bindparam("custodians"),
        copied_at=bindparam("copied_at"),
    )
    .on_conflict_do_nothing()
)
_READ: Final = Statement(select(PLAN).where(PLAN.c.plan_id == bindparam("plan_id")))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """Nodes and custodians of one plan."""

    plan_id: UUID
    roster: frozenset[str]
    custodians: frozenset[str]


async def add_plan(tx: Transaction, plan: PlanRow, now: datetime) -> bool:
    """Keep a plan; False when it is known (a plan never changes)."""
    added = await tx.execute(
        _ADD,
        plan_id=plan.plan_id,
        roster=sorted(plan.roster),
        custodians=sorted(plan.custodians),
        copied_at=now,
    )
    return added > 0


async def read_plan(tx: Transaction, plan_id: UUID) -> PlanRow | None:
    """The plan, if the hub published it."""
    row = await tx.fetch_one(_READ, plan_id=plan_id)
    if row is None:
        return None
    return PlanRow(
        plan_id=plan_id,
        roster=frozenset(row["roster"]),
        custodians=frozenset(row["custodians"]),
    )
