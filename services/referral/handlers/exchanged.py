"""What arrives from other agencies, and what the gateway says became of what was to leave.

Who sent something was verified by the gateway; here it must be the other side of the same task or
query. What a stranger says about a task is noted and changes nothing.
"""

from typing import cast

from contracts import gateway, referral
from services.chassis.messaging.work import Received, Waits, Work
from services.referral import disclosure
from services.referral.domain import providing, sending
from services.referral.domain.cases import Case, Position
from services.referral.domain.facts import CapacityReply, Progress
from services.referral.domain.requests import Asking
from services.referral.domain.tasks import Outcome, ProvidedTask, SentTask, Side, Terms
from services.referral.domain.timing import start_by
from services.referral.handlers.carrying import AnyStep, carry_out
from services.referral.handlers.context import Context, note, sender_of, subject_of
from services.referral.handlers.seeking import own_status
from services.referral.store import cases, deadlines, letters, outgoing, requests, tasks, withdrawn
from services.referral.store.outgoing import Addressed
from services.referral.store.requests import Query

NOT_SENT = "not-sent"


async def capacity_queried(context: Context, received: Received, work: Work) -> Waits | None:
    """Another agency asks whether we could: answer with a status."""
    body: referral.CapacityQueried = received.body
    status = await own_status(context, work, body.service_type, body.audience_class)
    reply = CapacityReply(to=sender_of(received), query_id=body.query_id, status=status)
    addressed = Addressed(
        body=disclosure.body_of_letter(reply),
        recipient=reply.to,
        purpose=disclosure.purpose_of(reply),
    )
    outgoing.publish_addressed(work, addressed, subject_of(received))
    return None


async def capacity_answered(_context: Context, received: Received, work: Work) -> Waits | None:
    """An agency answered; when it was the last one, the choice is due."""
    body: referral.CapacityAnswered = received.body
    query = await requests.read_query(work.transaction, body.query_id)
    if query is None or query.agency != sender_of(received):
        note(work, body.query_id, "answer-from-a-stranger")
        return None
    await _answered(work, query, body.status)
    return None


async def _answered(work: Work, query: Query, status: str) -> None:
    """The need's row is locked first, so that whoever is last knows it."""
    tx = work.transaction
    need = await requests.lock_need(tx, query.request_id, query.need_id)
    if not await requests.answer_query(tx, query.query_id, status) or need is None:
        return
    if not isinstance(need.state, Asking) or need.round != query.round:
        return
    if all(each.status is not None for each in await requests.read_queries(tx, need)):
        await deadlines.look_at_answers(tx, need, deadlines.CAPACITY_KNOWN, work.now)


async def task_offered(context: Context, received: Received, work: Work) -> Waits | None:
    """An offer arrived for this agency; the case may be new to this node."""
    body: referral.TaskOffered = received.body
    case_id, tx = subject_of(received), work.transaction
    case = await cases.read_case(tx, case_id)
    if case is not None and case.frozen:
        note(work, case_id, "offer-ignored", "case-frozen")
        return None
    if await tasks.read_task(tx, body.task_id, Side.PROVIDER) is not None:
        return None
    if case is None or not case.known:
        await cases.write_case(tx, _referred_case(received, case))
    terms = _offered_terms(received)
    taken_back = await withdrawn.read_withdrawn(work, body.task_id, terms.other_agency)
    if taken_back is not None:
        note(work, case_id, "offer-already-withdrawn", taken_back)
        step: AnyStep = providing.received_too_late(terms, taken_back, work.now)
    else:
        step = providing.received(terms, work.now)
    await carry_out(context, work, [step])
    return None


async def task_progressed(context: Context, received: Received, work: Work) -> Waits | None:
    """The provider tells what became of our offer."""
    body: referral.TaskProgressed = received.body
    task = await tasks.read_task(work.transaction, body.task_id, Side.SENDER)
    if task is None:
        note(work, subject_of(received), "progress-of-no-task")
        return None
    if task.terms.other_agency != sender_of(received):
        note(work, task.terms.case_id, "progress-from-a-stranger")
        return None
    step = sending.progressed(cast(SentTask, task), _progress(context, body, work), work.now)
    await carry_out(context, work, [step])
    return None


async def offer_withdrawn(context: Context, received: Received, work: Work) -> Waits | None:
    """The sender took its offer back; one that is not here yet counts as taken back."""
    body: referral.OfferWithdrawn = received.body
    task = await tasks.read_task(work.transaction, body.task_id, Side.PROVIDER)
    if task is None:
        await withdrawn.add_withdrawn(work, body.task_id, sender_of(received), body.state)
        note(work, subject_of(received), "withdrawal-before-the-offer", body.state)
        return None
    if task.terms.other_agency != sender_of(received):
        note(work, task.terms.case_id, "withdrawal-from-a-stranger")
        return None
    step = providing.withdrawn(cast(ProvidedTask, task), body.state, work.now)
    await carry_out(context, work, [step])
    return None


async def sending_refused(context: Context, received: Received, work: Work) -> Waits | None:
    """Something may not leave: an offer is re-routed, a question answered, an acceptance undone."""
    body: gateway.SendingRefused = received.body
    task = await tasks.read_sent_task(work.transaction, body.outgoing_id)
    if task is not None:
        step = sending.not_sent(cast(SentTask, task), body.reason, work.now)
        await carry_out(context, work, [step])
        return None
    query = await requests.read_sent_query(work.transaction, body.outgoing_id)
    if query is not None:
        await _answered(work, query, NOT_SENT)
        return None
    await _not_told(context, work, body)
    return None


async def feedback_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """A provider tells us no more of the case: nobody here may rely on what it last said."""
    body: gateway.FeedbackEnded = received.body
    case_id = subject_of(received)
    open_tasks = await tasks.read_open_tasks(work.transaction, case_id, Side.SENDER)
    steps = [
        sending.feedback_ended(cast(SentTask, task), work.now)
        for task in open_tasks
        if task.terms.other_agency == body.agency
    ]
    await carry_out(context, work, steps)
    note(work, case_id, "feedback-ended", body.agency)
    return None


async def _not_told(context: Context, work: Work, refused: gateway.SendingRefused) -> None:
    """A step of our task that its sender does not hear of."""
    letter = await letters.read_letter(work.transaction, refused.outgoing_id)
    task = letter and await tasks.read_task(work.transaction, letter[0], Side.PROVIDER)
    if letter is None or task is None:
        return
    note(work, task.terms.case_id, "sender-not-told", refused.reason)
    step = providing.not_told(cast(ProvidedTask, task), letter[1], work.now)
    await carry_out(context, work, [step])


def _offered_terms(received: Received) -> Terms:
    body: referral.TaskOffered = received.body
    return Terms(
        task_id=body.task_id,
        case_id=subject_of(received),
        side=Side.PROVIDER,
        other_agency=sender_of(received),
        service_type=body.service_type,
        urgency=body.urgency,
        majority=body.majority,
        audience_class=body.audience_class,
        counted_by=body.counted_by,
        answer_by=body.answer_by,
        language=body.language,
        dependants=body.dependants,
        access_needs=body.access_needs,
        seen_by=body.seen_by,
    )


def _referred_case(received: Received, stub: Case | None) -> Case:
    body: referral.TaskOffered = received.body
    return Case(
        case_id=subject_of(received),
        known=True,
        counted_by=body.counted_by,
        majority=body.majority,
        audience_class=body.audience_class,
        language=body.language,
        dependants=body.dependants,
        referred=True,
        withdrawn=stub.withdrawn if stub is not None else Position(),
    )


def _progress(context: Context, body: referral.TaskProgressed, work: Work) -> Progress:
    outcome = None
    if body.outcome is not None:
        outcome = Outcome(
            outcome=body.outcome, unit=body.unit or "item", quantity=body.quantity or 0
        )
    return Progress(
        task_id=body.task_id,
        state=body.state,
        at=body.happened_at,
        reason=body.reason,
        pause_reason=body.pause_reason,
        outcome=outcome,
        hand_over_reference=body.hand_over_reference,
        notice=body.notice,
        start_by=start_by(body.happened_at, work.now, context.profile),
        hold_until=body.hold_until,
        arrive_by=body.arrive_by,
        starts_at=body.starts_at,
    )
