"""What happens when a clock of a case runs out."""

from uuid import UUID

from services.chassis.deadlines import Deadline
from services.chassis.messaging.work import Work
from services.identification.domain import end_reflection, fall_overdue
from services.identification.handlers.recording import Context, note, record
from services.identification.store import cases


async def decision_due(context: Context, deadline: Deadline, work: Work) -> None:
    """An authority did not decide in time; no right of the person changes."""
    case = await cases.load_case(work.transaction, UUID(deadline.subject))
    if case is None:
        return
    change = fall_overdue(case, deadline.kind, deadline.due_at)
    if change is not None:
        await record(work, change)
        note(work, case.case_id, deadline.kind)


async def reflection_ends(context: Context, deadline: Deadline, work: Work) -> None:
    """The reflection period is over."""
    case = await cases.load_case(work.transaction, UUID(deadline.subject))
    change = None if case is None else end_reflection(case)
    if change is not None:
        await record(work, change)
        note(work, change.case.case_id, deadline.kind)
