"""Assistance plans and their askings. Rows of a case: they come before pools and contracts."""

from datetime import datetime
from typing import Any, Final, assert_never
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.assistance.domain.plans import (
    Agreed,
    Asking,
    AssistancePlan,
    Closed,
    Content,
    Draft,
    FollowUp,
    Part,
    PlanState,
    Reintegration,
    Underway,
)
from services.assistance.store.tables import ASSISTANCE_PLAN, FOLLOW_UP
from services.chassis.database import Record, Statement, Transaction

PLANS_LIMIT: Final = 50
ASKINGS_LIMIT: Final = 200
"""As many plans of a case, and askings of a plan, as are read at once."""

_PLAN: Final = tuple(column.name for column in ASSISTANCE_PLAN.c)
_ASKING: Final = tuple(column.name for column in FOLLOW_UP.c)
_PLAIN: Final = {each.code: each for each in (Draft(), Agreed(), Underway(), Reintegration())}
_BY_ID: Final = select(ASSISTANCE_PLAN).where(ASSISTANCE_PLAN.c.plan_id == bindparam("plan_id"))
_LOCK: Final = Statement(_BY_ID.with_for_update())
_OF_CASE: Final = Statement(
    select(ASSISTANCE_PLAN)
    .where(ASSISTANCE_PLAN.c.case_id == bindparam("case_id"))
    .order_by(ASSISTANCE_PLAN.c.plan_id)
    .limit(bindparam("page"))
)
_ROW: Final = insert(ASSISTANCE_PLAN).values({name: bindparam(name) for name in _PLAN})
_SAVE: Final = Statement(
    _ROW.on_conflict_do_update(
        index_elements=[ASSISTANCE_PLAN.c.plan_id],
        set_={name: _ROW.excluded[name] for name in _PLAN if name not in ("plan_id", "case_id")},
    )
)
_READ_ASKING: Final = Statement(
    select(FOLLOW_UP).where(FOLLOW_UP.c.follow_up_id == bindparam("follow_up_id")).with_for_update()
)
_ASKINGS: Final = Statement(
    select(FOLLOW_UP)
    .where(FOLLOW_UP.c.plan_id == bindparam("plan_id"))
    .order_by(FOLLOW_UP.c.due_at, FOLLOW_UP.c.follow_up_id)
    .limit(bindparam("page"))
)
_ASKING_ROW: Final = insert(FOLLOW_UP).values({name: bindparam(name) for name in _ASKING})
_SAVE_ASKING: Final = Statement(
    _ASKING_ROW.on_conflict_do_update(
        index_elements=[FOLLOW_UP.c.follow_up_id],
        set_={
            name: _ASKING_ROW.excluded[name]
            for name in _ASKING
            if name not in ("follow_up_id", "plan_id")
        },
    )
)


async def lock_plan(tx: Transaction, plan_id: UUID) -> AssistancePlan | None:
    """One plan, locked; whose case it is, is the caller's to compare."""
    row = await tx.fetch_one(_LOCK, plan_id=plan_id)
    return None if row is None else _plan(row)


async def plans_of_case(tx: Transaction, case_id: UUID) -> list[AssistancePlan]:
    """The plans of a case, not locked."""
    return [_plan(row) for row in await tx.fetch(_OF_CASE, case_id=case_id, page=PLANS_LIMIT)]


async def save_plan(tx: Transaction, plan: AssistancePlan, now: datetime) -> None:
    """Remember a plan as it is."""
    content = plan.content
    await tx.execute(
        _SAVE,
        plan_id=plan.plan_id,
        case_id=plan.case_id,
        majority=content.majority,
        risk=content.risk,
        safety_plan=content.safety_plan,
        needs=list(content.needs),
        goals=list(content.goals),
        parts=[_kept(part) for part in content.parts],
        changed_at=now,
        **_kept_state(plan.state),
    )


async def lock_asking(tx: Transaction, follow_up_id: UUID) -> Asking | None:
    """One asking, locked."""
    row = await tx.fetch_one(_READ_ASKING, follow_up_id=follow_up_id)
    return None if row is None else _asking(row)


async def askings_of(tx: Transaction, plan_id: UUID) -> list[Asking]:
    """The askings of a plan, the first due first."""
    rows = await tx.fetch(_ASKINGS, plan_id=plan_id, page=ASKINGS_LIMIT)
    return [_asking(row) for row in rows]


async def save_asking(tx: Transaction, asking: Asking) -> None:
    """Remember an asking."""
    row = {name: getattr(asking, name) for name in _ASKING}
    listed = {"feedback": list(asking.feedback), "goals_met": list(asking.goals_met)}
    await tx.execute(_SAVE_ASKING, **row | listed)


def _kept(part: Part) -> dict[str, Any]:
    return {
        "part_id": str(part.part_id),
        "service_type": part.service_type,
        "agency": part.agency,
        "agreed": part.agreed,
    }


def _kept_state(state: PlanState) -> dict[str, Any]:
    kept: dict[str, Any] = {"state": state.code, "monitored_until": None, "reason": None}
    match state:
        case FollowUp(monitored_until=until):
            return kept | {"monitored_until": until}
        case Closed(reason=reason):
            return kept | {"reason": reason}
        case Draft() | Agreed() | Underway() | Reintegration():
            return kept
        case _:
            assert_never(state)


def _plan(row: Record) -> AssistancePlan:
    return AssistancePlan(
        plan_id=row["plan_id"],
        case_id=row["case_id"],
        content=Content(
            majority=row["majority"],
            risk=row["risk"],
            safety_plan=row["safety_plan"],
            needs=tuple(row["needs"]),
            goals=tuple(row["goals"]),
            parts=tuple(
                Part(**{**part, "part_id": UUID(part["part_id"])}) for part in row["parts"]
            ),
        ),
        state=_state(row),
    )


def _state(row: Record) -> PlanState:
    match row["state"]:
        case "follow-up":
            return FollowUp(monitored_until=row["monitored_until"])
        case "closed":
            return Closed(reason=row["reason"])
        case code:
            return _PLAIN[code]


def _asking(row: Record) -> Asking:
    known = {name: row[name] for name in _ASKING}
    listed = {"feedback": tuple(row["feedback"]), "goals_met": tuple(row["goals_met"])}
    return Asking(**known | listed)
