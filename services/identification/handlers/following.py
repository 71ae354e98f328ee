"""What follows from every change of a case: whether it is handed over, and whom the law names."""

from services.chassis.messaging.work import Work
from services.identification.domain import Case
from services.identification.handlers.hand_over import review_case
from services.identification.handlers.notices import look_again
from services.identification.handlers.recording import Context
from services.identification.handlers.situation import situation_of


async def follow_up(context: Context, work: Work, case: Case) -> Case:
    """Look at the case as it is now; how it is then."""
    situation = await situation_of(context, work, case.case_id)
    case = await review_case(work, case, situation)
    return await look_again(context, work, case, situation)
