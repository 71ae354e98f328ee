"""What happens when a clock of a case runs out."""

from uuid import UUID

from services.chassis.deadlines import Deadline
from services.chassis.messaging.work import Work
from services.identification import disclosure
from services.identification.domain import run_out
from services.identification.handlers.following import follow_up
from services.identification.handlers.recording import Context, note, record
from services.identification.store import cases, outbox


async def destruction_is_due(context: Context, deadline: Deadline, work: Work) -> None:
    """Whoever works here is told to destroy what the agency has of a case that was frozen."""
    case_id = UUID(deadline.subject)
    outbox.tell(work.transaction, disclosure.destruction_due(deadline.due_at), case_id)
    note(work, case_id, deadline.kind)


async def clock_ran_out(context: Context, deadline: Deadline, work: Work) -> None:
    """A period is over, a review is due, an authority was late: no right shrinks."""
    case = await cases.load_case(work.transaction, UUID(deadline.subject))
    if case is None:
        return
    change = run_out(case, deadline.kind, deadline.due_at, context.clocks)
    if change is None:
        return
    await record(work, change)
    note(work, case.case_id, deadline.kind)
    if change.case.state != case.state:
        await follow_up(context, work, change.case, work.now)
