"""What referral promised to look at by a time; ids are derived, so that a promise is made once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from services.chassis.clock import derived_id
from services.chassis.database import Transaction
from services.chassis.deadlines import drop_deadlines, set_deadline
from services.referral.domain.requests import Need
from services.referral.domain.tasks import DeadlineKind, Side, Task, Terms, due_of

CAPACITY_DUE: Final = "capacity-due"
CAPACITY_KNOWN: Final = "capacity-known"
ESCALATION: Final = "escalation-due"
_OF_TASK: Final[Mapping[Side, DeadlineKind]] = {
    Side.SENDER: DeadlineKind.ANSWER,
    Side.PROVIDER: DeadlineKind.HOLD,
}


async def watch_task(tx: Transaction, task: Task) -> None:
    """Set what the task waits for, or forget what it no longer waits for."""
    terms = task.terms
    kind = _OF_TASK[terms.side]
    deadline_id = derived_id("referral", str(terms.task_id), kind, 0)
    due = due_of(task)
    if due is None:
        await drop_deadlines(tx, subject=str(terms.case_id), id=deadline_id)
        return
    await set_deadline(
        tx,
        kind=due.kind,
        subject=str(terms.case_id),
        due_at=due.at,
        detail={"task_id": str(terms.task_id)},
        id=deadline_id,
    )


async def watch_notice(
    tx: Transaction, terms: Terms, kind: DeadlineKind, due_at: datetime | None
) -> None:
    """Set a clock that only tells; None: there is nothing to tell any more."""
    deadline_id = derived_id("referral", f"{terms.task_id}:{terms.side}", kind, 0)
    if due_at is None:
        await drop_deadlines(tx, subject=str(terms.case_id), id=deadline_id)
        return
    await set_deadline(
        tx,
        kind=kind,
        subject=str(terms.case_id),
        due_at=due_at,
        detail={"task_id": str(terms.task_id), "side": str(terms.side)},
        id=deadline_id,
    )


async def watch_need(tx: Transaction, need: Need, due_at: datetime | None) -> None:
    """When the next one is told that nobody is left; None: somebody acted, or all were told."""
    deadline_id = derived_id("referral", f"{need.request_id}:{need.need_id}", ESCALATION, 0)
    if due_at is None:
        await drop_deadlines(tx, subject=str(need.case_id), id=deadline_id)
        return
    await set_deadline(
        tx,
        kind=ESCALATION,
        subject=str(need.case_id),
        due_at=due_at,
        detail={"request_id": str(need.request_id), "need_id": str(need.need_id)},
        id=deadline_id,
    )


async def look_at_answers(tx: Transaction, need: Need, kind: str, at: datetime) -> None:
    """Choose a provider for the need at ``at``: when all answered, or when time is up."""
    await set_deadline(
        tx,
        kind=kind,
        subject=str(need.case_id),
        due_at=at,
        detail={
            "request_id": str(need.request_id),
            "need_id": str(need.need_id),
            "round": need.round,
        },
        id=_id_of(need, kind),
    )


async def forget_answers(tx: Transaction, need: Need) -> None:
    """The search of this round is over."""
    for kind in (CAPACITY_DUE, CAPACITY_KNOWN):
        await drop_deadlines(tx, subject=str(need.case_id), id=_id_of(need, kind))


def _id_of(need: Need, kind: str) -> UUID:
    return derived_id("referral", f"{need.request_id}:{need.need_id}", kind, need.round)
