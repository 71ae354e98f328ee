"""Commands from the node's door: a referral is requested, or kept as a draft and opened later; an
offer is answered, help rests.

Each gets exactly one final answer, in the transaction that does (or does not do) what it asks.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import cast
from uuid import UUID

from contracts import intake
from contracts.vocabulary import NOT_YET_KNOWN
from services.chassis.errors import Misuse
from services.chassis.messaging.work import Received, Waits, Work
from services.referral import disclosure
from services.referral.domain import pausing, providing
from services.referral.domain.cases import Case, objections_to_work_on
from services.referral.domain.deciding import Standing
from services.referral.domain.drafts import keep_draft
from services.referral.domain.facts import RequestOpened, Step
from services.referral.domain.providing import Answer
from services.referral.domain.refusals import Refusal, Refused
from services.referral.domain.requests import (
    NONE_EARLIER,
    RECORD_THEM_FIRST,
    Earlier,
    Need,
    Request,
    open_request,
)
from services.referral.domain.tasks import ProvidedTask, Side
from services.referral.handlers.carrying import carry_out
from services.referral.handlers.context import Context, answer, basis_of, known_case, subject_of
from services.referral.handlers.drafting import draft_of
from services.referral.handlers.onward import tell_first_senders
from services.referral.handlers.seeking import seek
from services.referral.store import cases, drafts, merges, outgoing, requests, tasks

REQUEST, OPEN, ANSWER = "request-referral", "open-referral", "answer-offer"
KEEP = "keep-draft"
PAUSE, RESUME = "pause-help", "resume-help"
Decide = Callable[[ProvidedTask, Case], Step[ProvidedTask] | Refused]


async def request_referral(context: Context, received: Received, work: Work) -> Waits | None:
    """Open a request and look for a provider for each need.

    What is best for a child comes on another stream than the request: it is waited for. A draft
    is kept, and nobody is asked.
    """
    case = await known_case(work, subject_of(received))
    if isinstance(case, Waits):
        return case
    if received.body.draft:
        await _keep(context, received, work, case)
        return None
    request = await _opened(received, work, case)
    if isinstance(request, Refused) and request.reasons == (RECORD_THEM_FIRST,):
        return Waits("best-interests", str(case.case_id))
    if isinstance(request, Refused):
        answer(work, case.case_id, REQUEST, request)
        return None
    await _begin(context, work, request, (case, REQUEST))
    return None


async def open_referral(context: Context, received: Received, work: Work) -> Waits | None:
    """Ask for what was kept as a draft; every rule of a request is asked now."""
    case = await known_case(work, subject_of(received))
    if isinstance(case, Waits):
        return case
    request = await _out_of_draft(received, work, case)
    if isinstance(request, Refused) and request.reasons == (RECORD_THEM_FIRST,):
        return Waits("best-interests", str(case.case_id))
    if isinstance(request, Refused):
        answer(work, case.case_id, OPEN, request)
        return None
    await drafts.forget_draft(work.transaction, request.request_id)
    await _begin(context, work, request, (case, OPEN))
    return None


async def _begin(context: Context, work: Work, request: Request, asked: tuple[Case, str]) -> None:
    """It is asked for from now on; ``asked``: of which case, by which command."""
    case, action = asked
    await requests.add_request(work.transaction, request)
    opened = disclosure.body_of_fact(RequestOpened(request=request))
    outgoing.publish_fact(work, opened, case.case_id)
    answer(work, case.case_id, action)
    if case.referred:
        await tell_first_senders(work, request, await basis_of(work, case.case_id))
    for need in request.needs:
        offered = await seek(context, work, request, need)
        if offered is not None:
            await carry_out(context, work, [offered])


async def _keep(context: Context, received: Received, work: Work, case: Case) -> None:
    asked = _request(received, work)
    there = await _is_there(work, asked.request_id)
    draft = keep_draft(asked, case, context.profile, already_there=there)
    if isinstance(draft, Refused):
        answer(work, case.case_id, KEEP, draft)
        return
    await drafts.add_draft(work.transaction, draft)
    answer(work, case.case_id, KEEP)


async def answer_offer(context: Context, received: Received, work: Work) -> Waits | None:
    """A person at this node opened an offer, takes it or declines it."""
    body: intake.OfferAnswered = received.body
    said = Answer(
        answer=body.answer,
        reason=body.reason,
        at=work.now,
        hold_until=work.now + context.profile.minutes("accepting_minutes"),
    )
    return await _done(context, received, work, (ANSWER, partial(providing.answered, answer=said)))


async def pause_help(context: Context, received: Received, work: Work) -> Waits | None:
    """A person at this node says that help rests for a time."""
    body: intake.HelpPaused = received.body
    decide = partial(pausing.paused, reason=body.reason, now=work.now)
    return await _done(context, received, work, (PAUSE, decide))


async def resume_help(context: Context, received: Received, work: Work) -> Waits | None:
    """A person at this node says that help goes on."""
    return await _done(context, received, work, (RESUME, partial(pausing.resumed, now=work.now)))


async def never_came(_context: Context, received: Received, work: Work) -> Waits | None:
    """A command waited long enough for what it is about: refuse it."""
    case_id = subject_of(received)
    case = await cases.read_case(work.transaction, case_id)
    missing = Refusal("unknown-task", "task_id") if case and case.known else Refusal("unknown-case")
    refused: Request | Refused = Refused((missing,))
    if case is not None and case.known and isinstance(received.body, intake.ReferralRequested):
        refused = await _opened(received, work, case)
    if case is not None and case.known and isinstance(received.body, intake.ReferralOpened):
        refused = await _out_of_draft(received, work, case)
    if isinstance(refused, Request):
        raise Misuse("a request that can be opened does not wait")
    answer(work, case_id, action_of(received), refused)
    return None


def action_of(received: Received) -> str:
    """The command's word, for the audit: org.nrm.gateway.<word>.v1."""
    return received.envelope.type.split(".")[-2]


async def _done(
    context: Context, received: Received, work: Work, what: tuple[str, Decide]
) -> Waits | None:
    """What a provider's person does with a task of ours: load, decide, answer, carry out."""
    action, decide = what
    case = await known_case(work, subject_of(received))
    if isinstance(case, Waits):
        return case
    task_id: UUID = received.body.task_id
    task = await tasks.read_task(work.transaction, task_id, Side.PROVIDER)
    if task is None and not case.frozen and not await _is_anothers(work, task_id):
        return Waits("task", str(task_id))
    if task is None or task.terms.case_id != case.case_id:
        missing = "wrong-agency" if await _is_anothers(work, task_id) else "unknown-task"
        answer(work, case.case_id, action, _not_ours(missing, frozen=case.frozen))
        return None
    step = decide(cast(ProvidedTask, task), case)
    if isinstance(step, Refused):
        answer(work, case.case_id, action, step)
        return None
    answer(work, case.case_id, action)
    await carry_out(context, work, [step])
    return None


async def _is_anothers(work: Work, task_id: UUID) -> bool:
    """We sent it to somebody else: only that agency answers."""
    sent = await tasks.read_task(work.transaction, task_id, Side.SENDER)
    return sent is not None and sent.terms.other_agency != work.node


async def _opened(received: Received, work: Work, case: Case) -> Request | Refused:
    asked = _request(received, work)
    there = await _is_there(work, asked.request_id)
    earlier = await _earlier(work, asked)
    return open_request(asked, case, already_there=there, earlier=earlier)


async def _out_of_draft(received: Received, work: Work, case: Case) -> Request | Refused:
    request_id: UUID = received.body.request_id
    draft = await draft_of(work, case, request_id)
    if draft is None:
        there = await requests.read_request(work.transaction, request_id) is not None
        missing = Refusal("request-exists" if there else "unknown-request", "request_id")
        return Refused(objections_to_work_on(case) or (missing,))
    asked = draft.opened(case.case_id, work.now)
    earlier = await _earlier(work, asked)
    return open_request(asked, case, already_there=False, earlier=earlier)


async def _is_there(work: Work, request_id: UUID) -> bool:
    """As a request, or as a draft of one."""
    tx = work.transaction
    there = await requests.read_request(tx, request_id) is not None
    return there or await drafts.read_draft(tx, request_id) is not None


async def _earlier(work: Work, asked: Request) -> Earlier:
    """The request that this one continues, and whether all of it has come to its end."""
    if asked.return_of is None:
        return NONE_EARLIER
    before = await requests.read_request(work.transaction, asked.return_of)
    same = await merges.with_duplicates(work.transaction, asked.case_id)
    if before is not None and before.case_id in same:
        before = replace(before, case_id=asked.case_id)
    over = before is not None
    for need in before.needs if before is not None else ():
        had = await tasks.read_need_tasks(work.transaction, need)
        over = over and Standing(need=need, tasks=had).over
    return Earlier(request=before, all_over=over)


def known_codes(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Each code once; one that this version does not know asks for nothing."""
    return tuple(dict.fromkeys(code for code in codes if code != NOT_YET_KNOWN))


def _not_ours(code: str, *, frozen: bool) -> Refused:
    return Refused((Refusal("case-frozen") if frozen else Refusal(code, "task_id"),))


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
        dependants=body.dependants,
        separation_reason=body.separation_reason,
        return_of=body.return_of,
        best_interests=body.best_interests,
        access_needs=known_codes(body.access_needs),
    )
