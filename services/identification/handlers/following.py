"""What follows from every change of a case: whether identification is open again, whether it is
handed over, and whom the law names.
"""

from datetime import datetime

from services.chassis.messaging.work import Work
from services.identification.domain import Case, is_open_again, resume_identification
from services.identification.handlers.hand_over import review_case
from services.identification.handlers.notices import look_again
from services.identification.handlers.recording import Context, note, record
from services.identification.handlers.situation import situation_of


async def follow_up(context: Context, work: Work, case: Case, said_at: datetime) -> Case:
    """Look at the case as it is now, after what was told at ``said_at``; how it is then."""
    situation = await situation_of(context, work, case.case_id)
    if is_open_again(case, situation):
        resumed = resume_identification(case, situation, context.clocks)
        await record(work, resumed)
        note(work, case.case_id, "resume-identification")
        case = resumed.case
    case = await review_case(work, case, situation, said_at)
    return await look_again(context, work, case, situation)
