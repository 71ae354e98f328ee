"""A provider refers onward: the first sender learns of it only with the person's consent.

Its consent is one of the provider's own case, like the onward referral itself. Whom was asked, and
what became of it, is never told back.
"""

from typing import cast
from uuid import UUID

from contracts import referral
from services.chassis.messaging.work import Received, Waits, Work
from services.referral import disclosure
from services.referral.access import Basis, first_sender_may_learn
from services.referral.domain import sending
from services.referral.domain.facts import OnwardLetter
from services.referral.domain.requests import Request
from services.referral.domain.tasks import SentTask, Side
from services.referral.handlers.carrying import carry_out
from services.referral.handlers.context import Context, note, sender_of, subject_of
from services.referral.store import outgoing, tasks
from services.referral.store.outgoing import Addressed


async def tell_first_senders(
    work: Work, request: Request, basis: Basis, already: Basis | None = None
) -> None:
    """Tell whoever referred the person to us and may learn of it; nobody else, and never whom.

    ``already``: what allowed it before; who was allowed to learn of it then was told then.
    """
    provided = await tasks.read_open_tasks(work.transaction, request.case_id, Side.PROVIDER)
    for task in provided:
        agency = task.terms.other_agency
        told = already is not None and first_sender_may_learn(agency, already)
        if agency != work.node and first_sender_may_learn(agency, basis) and not told:
            letter = OnwardLetter(
                to=agency,
                task_id=task.terms.task_id,
                service_types=tuple(dict.fromkeys(each.service_type for each in request.needs)),
                at=request.opened_at,
            )
            _send(work, letter, request.case_id)


async def onward_referral_told(context: Context, received: Received, work: Work) -> Waits | None:
    """Our provider asked others, too; a stranger to the task tells nothing."""
    body: referral.OnwardReferralTold = received.body
    task = await tasks.read_task(work.transaction, body.task_id, Side.SENDER)
    if task is None or task.terms.other_agency != sender_of(received):
        note(work, subject_of(received), "onward-referral-from-a-stranger")
        return None
    step = sending.referred_onward(cast(SentTask, task), body.service_types, body.happened_at)
    await carry_out(context, work, [step])
    return None


def _send(work: Work, letter: OnwardLetter, case_id: UUID) -> None:
    addressed = Addressed(
        body=disclosure.body_of_letter(letter),
        recipient=letter.to,
        purpose=disclosure.purpose_of(letter),
    )
    outgoing.publish_addressed(work, addressed, case_id)
