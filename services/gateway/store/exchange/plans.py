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
        digest=bindparam("digest"),
        copied_at=bindparam("copied_at"),
    )
    .on_conflict_do_nothing()
)
_READ: Final = Statement(select(PLAN).where(PLAN.c.plan_id == bindparam("plan_id")))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """Nodes and custodians of one plan, and the digest of all that it says."""

    plan_id: UUID
    roster: frozenset[str]
    custodians: frozenset[str]
    digest: str


async def add_plan(tx: Transaction, plan: PlanRow, now: datetime) -> bool:
    """Keep a plan; False when its id is known with another body (a plan never changes)."""
    added = await tx.execute(
        _ADD,
        plan_id=plan.plan_id,
        roster=sorted(plan.roster),
        custodians=sorted(plan.custodians),
        digest=plan.digest,
        copied_at=now,
    )
    if added:
        return True
    known = await read_plan(tx, plan.plan_id)
    return known is not None and known.digest == plan.digest


async def read_plan(tx: Transaction, plan_id: UUID) -> PlanRow | None:
    """The plan, if the hub published it."""
    row = await tx.fetch_one(_READ, plan_id=plan_id)
    if row is None:
        return None
    return PlanRow(
        plan_id=plan_id,
        roster=frozenset(row["roster"]),
        custodians=frozenset(row["custodians"]),
        digest=row["digest"],
    )
