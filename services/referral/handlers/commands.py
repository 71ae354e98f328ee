"""Commands from the node's door: a referral is requested, an offer is answered.

Each gets exactly one final answer, in the transaction that does (or does not do) what it asks.
"""

from typing import cast
from uuid import UUID

from contracts import intake
from services.chassis.messaging.work import Received, Waits, Work
from services.referral import disclosure
from services.referral.domain import providing
from services.referral.domain.facts import RequestOpened
from services.referral.domain.providing import Answer
from services.referral.domain.refusals import Refusal, Refused
from services.referral.domain.requests import Need, Request, open_request
from services.referral.domain.tasks import ProvidedTask, Side
from services.referral.handlers.carrying import carry_out
from services.referral.handlers.context import Context, answer, known_case, subject_of
from services.referral.handlers.seeking import seek
from services.referral.store import cases, outgoing, requests, tasks

REQUEST, ANSWER = "request-referral", "answer-offer"


async def request_referral(context: Context, received: Received, work: Work) -> Waits | None:
    """Open a request and look for a provider for each need."""
    case = await known_case(work, subject_of(received))
    if isinstance(case, Waits):
        return case
    asked = _request(received, work)
    there = await requests.read_request(work.transaction, asked.request_id)
    request = open_request(asked, case, already_there=there is not None)
    if isinstance(request, Refused):
        answer(work, case.case_id, REQUEST, request)
        return None
    await requests.add_request(work.transaction, request)
    opened = disclosure.body_of_fact(RequestOpened(request=request))
    outgoing.publish_fact(work, opened, case.case_id)
    answer(work, case.case_id, REQUEST)
    for need in request.needs:
        offered = await seek(context, work, request, need)
        if offered is not None:
            await carry_out(context, work, [offered])
    return None


async def answer_offer(context: Context, received: Received, work: Work) -> Waits | None:
    """A person at this node opened an offer, takes it or declines it."""
    body: intake.OfferAnswered = received.body
    case = await known_case(work, subject_of(received))
    if isinstance(case, Waits):
        return case
    task = await tasks.read_task(work.transaction, body.task_id, Side.PROVIDER)
    if task is None and not case.frozen:
        return Waits("task", str(body.task_id))
    if task is None or task.terms.case_id != case.case_id:
        answer(work, case.case_id, ANSWER, _unknown("task_id", frozen=case.frozen))
        return None
    said = Answer(
        answer=body.answer,
        reason=body.reason,
        at=work.now,
        hold_until=work.now + context.profile.minutes("accepting_minutes"),
    )
    step = providing.answered(cast(ProvidedTask, task), case, said)
    if isinstance(step, Refused):
        answer(work, case.case_id, ANSWER, step)
        return None
    answer(work, case.case_id, ANSWER)
    await carry_out(context, work, [step])
    return None


async def never_came(_context: Context, received: Received, work: Work) -> Waits | None:
    """A command waited long enough for what it is about: refuse it."""
    case_id = subject_of(received)
    case = await cases.read_case(work.transaction, case_id)
    missing = Refusal("unknown-task", "task_id") if case and case.known else Refusal("unknown-case")
    action = ANSWER if isinstance(received.body, intake.OfferAnswered) else REQUEST
    answer(work, case_id, action, Refused((missing,)))
    return None


def _unknown(field: str, *, frozen: bool) -> Refused:
    return Refused((Refusal("case-frozen") if frozen else Refusal("unknown-task", field),))


def _request(received: Received, work: Work) -> Request:
    body: intake.ReferralRequested = received.body
    case_id: UUID = subject_of(received)
    needs = tuple(
        Need(
            request_id=body.request_id,
            need_id=need.need_id,
            case_id=case_id,
            service_type=need.service_type,
        )
        for need in body.needs
    )
    return Request(
        request_id=body.request_id,
        case_id=case_id,
        urgency=body.urgency,
        audience_class=body.audience_class,
        language=body.language,
        preferred=body.preferred_providers,
        opened_at=work.now,
        needs=needs,
    )
