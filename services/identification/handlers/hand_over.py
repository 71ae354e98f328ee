"""Offering a case, hearing what became of the offer, and taking one over from another agency."""

from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from contracts.gateway import FeedbackEnded, NoticeQueued, SendingRefused
from contracts.identification import DecisionClockTold, HandOverOffered, HandOverReceived
from services.chassis.clock import derived_id
from services.chassis.logs import logger
from services.chassis.messaging.work import Received, Waits, Work
from services.chassis.plain import Word
from services.identification import disclosure
from services.identification.domain import (
    Case,
    CaseCodes,
    HelpWithoutIdentification,
    Offer,
    Opening,
    Situation,
    Wait,
    a_law_asks_again,
    help_without_identification,
    open_case,
    review,
    taken_back_at,
    to_be_told,
)
from services.identification.domain.hand_over import PERSON_CHOSE, found_taken_back
from services.identification.domain.told_clock import (
    NOT_TOLD,
    PASSED,
    RUNNING,
    SHOWN_DUE,
    first_decision_due,
    is_later,
    is_news,
)
from services.identification.handlers.notices import not_sent, sharing_ended
from services.identification.handlers.recording import Context, case_id_of, note, record
from services.identification.handlers.situation import situation_of
from services.identification.settings import SERVICE
from services.identification.store import cases, consents, hand_overs, outbox, policy
from services.identification.store.hand_overs import INCOMING, OUTGOING, HandOverRow

PURPOSE: Final = "hand-over"
HANDED_OVER_BY_LAW: Final = "hand-over-by-law"
CONFIRMED: Final = "confirmed"
FAILED: Final = "failed"
TAKEN_BACK: Final = "consent-withdrawn"
SHARING_ENDED: Final = "grant-ended"
"""Why an offer failed that left: sharing ended."""
OFFERED_CODES: Final = (
    "case_type",
    "majority",
    "immediate_danger",
    "oblast",
    "citizenship",
    "country_of_exploitation",
    "exploitation",
    "industry",
    "language",
    "audience_class",
    "dependants",
)

log = logger(__name__)


async def review_case(work: Work, case: Case, situation: Situation, said_at: datetime) -> Case:
    """Look again, after what was told at ``said_at``, at whether the case is offered, and to whom;
    how the case is then.
    """
    match review(case, situation):
        case Offer() as offer:
            return await _offer(work, case, offer)
        case HelpWithoutIdentification(reason=reason):
            chosen = reason == PERSON_CHOSE
            since = taken_back_at(case, situation) if chosen else said_at
            change = help_without_identification(case, reason, since)
            await record(work, change)
            note(work, case.case_id, "help-without-identification", reason)
            return change.case
        case Wait():
            return case
        case never:
            assert_never(never)


async def _offer(work: Work, case: Case, offer: Offer) -> Case:
    """Offer it; where a law asks for it the person is told: no withdrawal takes it back.

    Whoever had it and let it go has it no more, and no longer stands in the way of another one.
    """
    tx, recipient = work.transaction, offer.recipient
    for row in await hand_overs.hand_overs_of(tx, case.case_id):
        if row.direction == OUTGOING and row.let_go_at is not None and row.state != FAILED:
            await _failed(work, row, SHARING_ENDED)
    offer_id = derived_id(SERVICE, work.cause.id, "hand-over-offer", 0)
    outgoing_id = outbox.send(
        tx,
        disclosure.offer_of(case, offer_id, offer.ground),
        case.case_id,
        recipient=recipient,
        purpose=PURPOSE,
    )
    row = HandOverRow(
        offer_id=offer_id,
        case_id=case.case_id,
        direction=OUTGOING,
        agency=recipient,
        outgoing_id=outgoing_id,
        state="offered",
        changed_at=work.now,
    )
    await hand_overs.add_hand_over(tx, row)
    outbox.tell(tx, disclosure.started(offer_id, recipient), case.case_id)
    note(work, case.case_id, "offer-hand-over", offer.ground or recipient)
    if offer.ground is None:
        return case
    told = to_be_told(case, HANDED_OVER_BY_LAW)
    await record(work, told)
    return told.case


async def sending_refused(context: Context, received: Received, work: Work) -> Waits | None:
    """Our offer, or our answer to one, may not leave: a worker decides what to do next. Where the
    person took back what was agreed for it they may want help alone: the case is looked at again.
    """
    body: SendingRefused = received.body
    case_id = case_id_of(received)
    row = await hand_overs.standing_offer(work.transaction, case_id)
    if row is None or row.outgoing_id != body.outgoing_id:
        await _sender_not_told(work, case_id, body)
        await not_sent(context, work, case_id, body)
        return None
    await _failed(work, row, body.reason)
    case = await cases.load_case(work.transaction, case_id)
    if body.reason == TAKEN_BACK and case is not None:
        known = await situation_of(context, work, case_id)
        for consent_id in found_taken_back(known, row.agency, row.changed_at):
            await consents.mark_taken_back(work.transaction, case_id, consent_id)
            note(work, case_id, "consent-ended", body.reason)
        situation = await situation_of(context, work, case_id)
        await review_case(work, case, situation, received.envelope.time)
    return None


async def notice_queued(context: Context, received: Received, work: Work) -> Waits | None:
    """An agency is told to let the case go: what it was offered and did not answer is over.

    It may not answer any more; nor has it the case, if it had. A consent that was given since may
    be for a new offer; and what a law asks for is offered again.
    """
    body: NoticeQueued = received.body
    case_id = case_id_of(received)
    case = await sharing_ended(work, case_id, body.recipient)
    await _heard_no_more(work, case_id, body.recipient)
    row = await _stands_with(work, case_id, body.recipient)
    if row is None:
        return None
    situation = await situation_of(context, work, case_id)
    again = case is not None and a_law_asks_again(case, situation, row.offer_id)
    if row.state == CONFIRMED and not again:
        await _let_go(work, row, received.envelope.time)
    else:
        await _failed(work, row, SHARING_ENDED)
    if case is not None:
        situation = await situation_of(context, work, case_id)
        await review_case(work, case, situation, received.envelope.time)
    return None


async def _let_go(work: Work, row: HandOverRow, at: datetime) -> None:
    await hand_overs.settle_offer(work.transaction, replace(row, let_go_at=at))
    note(work, row.case_id, "hand-over-let-go", row.agency)


async def _stands_with(work: Work, case_id: UUID, agency: str) -> HandOverRow | None:
    """What we offered the agency, answered or not; nothing when it is over."""
    rows = await hand_overs.hand_overs_of(work.transaction, case_id)
    ours = (row for row in rows if row.direction == OUTGOING and row.agency == agency)
    return next((row for row in ours if row.fact.stands), None)


async def _failed(work: Work, row: HandOverRow, reason: str) -> None:
    settled = row.settled(FAILED, work.now, reason=reason)
    await hand_overs.settle_offer(work.transaction, settled)
    outbox.tell(work.transaction, disclosure.failed(row.offer_id, row.agency, reason), row.case_id)
    note(work, row.case_id, "hand-over-failed", reason)


async def _sender_not_told(work: Work, case_id: UUID, refused: SendingRefused) -> None:
    """We have the case, and whoever offered it does not hear so: whoever reads it sees that."""
    for row in await hand_overs.hand_overs_of(work.transaction, case_id):
        if row.direction == INCOMING and row.outgoing_id == refused.outgoing_id:
            marked = replace(row, reason=refused.reason)
            await hand_overs.settle_offer(work.transaction, marked)
            note(work, case_id, "sender-not-told", refused.reason)


async def hand_over_received(context: Context, received: Received, work: Work) -> Waits | None:
    """The other agency has the case. An answer to no standing offer of ours changes nothing."""
    body: HandOverReceived = received.body
    case_id = case_id_of(received)
    row = await hand_overs.standing_offer(work.transaction, case_id)
    ours = row is not None and row.offer_id == body.offer_id
    if row is None or not ours or row.agency != received.envelope.sender:
        note(work, case_id, "hand-over-answer-ignored")
        return None
    reference, due_at = body.hand_over_reference, body.decision_due_at
    begins = due_at is not None and is_later(RUNNING, row.decision_clock)
    settled = replace(
        row.settled(CONFIRMED, work.now, reference=reference),
        decision_clock=RUNNING if begins else row.decision_clock,
        decision_due_at=due_at,
    )
    await hand_overs.settle_offer(work.transaction, settled)
    confirmed = disclosure.confirmed(row.offer_id, row.agency, reference, due_at)
    outbox.tell(work.transaction, confirmed, case_id)
    note(work, case_id, "hand-over-confirmed", row.agency)
    return None


async def decision_clock_told(context: Context, received: Received, work: Work) -> Waits | None:
    """The first decision did not come in time there, or is awaited no more; never why.

    What comes late, twice, after sharing ended or from anybody else changes nothing.
    """
    body: DecisionClockTold = received.body
    case_id, tx = case_id_of(received), work.transaction
    rows = await hand_overs.hand_overs_of(tx, case_id)
    row = next((each for each in rows if _is_theirs(each, body, received)), None)
    if row is None or not is_news(body.status, row.decision_clock):
        note(work, case_id, "decision-clock-ignored")
        return None
    await _clock_changed(work, row, body.status)
    return None


def _is_theirs(row: HandOverRow, body: DecisionClockTold, received: Received) -> bool:
    ours = row.direction == OUTGOING and row.offer_id == body.offer_id
    return ours and row.agency == received.envelope.sender and row.state != FAILED


async def feedback_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """An agency that has the case from us tells us no more: its clock is shown no longer."""
    body: FeedbackEnded = received.body
    await _heard_no_more(work, case_id_of(received), body.agency)
    return None


async def _heard_no_more(work: Work, case_id: UUID, agency: str) -> None:
    for row in await hand_overs.hand_overs_of(work.transaction, case_id):
        if row.direction == OUTGOING and row.agency == agency and row.decision_clock in SHOWN_DUE:
            await _clock_changed(work, row, NOT_TOLD)


async def _clock_changed(work: Work, row: HandOverRow, status: str) -> None:
    changed = replace(row, decision_clock=status)
    await hand_overs.settle_offer(work.transaction, changed)
    told = (
        disclosure.awaited_decision_overdue(row.offer_id, row.agency, row.decision_due_at)
        if status == PASSED
        else disclosure.clock_stopped(row.offer_id, row.agency, status)
    )
    outbox.tell(work.transaction, told, row.case_id)
    note(work, row.case_id, "decision-clock-changed", status)


async def hand_over_offered(context: Context, received: Received, work: Work) -> Waits | None:
    """Take a case over: open our own, and tell the agency that offered it."""
    tx, case_id, sender = work.transaction, case_id_of(received), received.envelope.sender
    in_force = await policy.policy_in_force(tx)
    if not in_force.known:
        return Waits("policy", work.node)
    frozen = await cases.frozen_at(tx, case_id) is not None
    if frozen or sender is None or not in_force.identifies(work.node):
        log.error("a hand-over was ignored", kind=Word("frozen" if frozen else "no-power"))
        tx.after_commit("hand-over ignored", context.telemetry.counter("events_ignored").inc)
        note(work, case_id, "hand-over-ignored", "case-frozen" if frozen else "not-allowed")
        return None
    body: HandOverOffered = received.body
    case = await cases.load_case(tx, case_id)
    if case is None:
        opened = open_case(_opening_of(body, case_id, work), context.clocks, identifies=True)
        await record(work, opened, new=True)
        case = opened.case
    await _confirm(work, case, body.offer_id, sender)
    return None


async def _confirm(work: Work, case: Case, offer_id: UUID, sender: str) -> None:
    tx, case_id, due_at = work.transaction, case.case_id, first_decision_due(case)
    known = [row for row in await hand_overs.hand_overs_of(tx, case_id) if row.offer_id == offer_id]
    if known:
        note(work, case_id, "hand-over-repeated", sender)
        return
    reference = derived_id(SERVICE, work.cause.id, "hand-over-reference", 0)
    outgoing_id = outbox.send(
        tx,
        disclosure.receipt_of(offer_id, reference, due_at),
        case_id,
        recipient=sender,
        purpose=PURPOSE,
    )
    row = HandOverRow(
        offer_id=offer_id,
        case_id=case_id,
        direction=INCOMING,
        agency=sender,
        outgoing_id=outgoing_id,
        state=CONFIRMED,
        changed_at=work.now,
        hand_over_reference=reference,
        decision_clock=None if due_at is None else RUNNING,
        decision_due_at=due_at,
    )
    await hand_overs.add_hand_over(tx, row)
    note(work, case_id, "take-over", sender)


def _opening_of(body: HandOverOffered, case_id: UUID, work: Work) -> Opening:
    return Opening(
        case_id=case_id,
        origin="hand-over",
        counted_by=body.counted_by,
        codes=replace(
            CaseCodes(**{name: getattr(body, name) for name in OFFERED_CODES}),
            guardian_status=getattr(body, "guardian_status", "unknown"),
        ),
        occurred_at=body.occurred_at,
        now=work.now,
    )
