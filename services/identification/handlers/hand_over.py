"""Offering a case, hearing what became of the offer, and taking one over from another agency."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from contracts.gateway import NoticeQueued, SendingRefused
from contracts.identification import HandOverOffered, HandOverReceived
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
    Policy,
    Situation,
    Wait,
    help_without_identification,
    open_case,
    review,
)
from services.identification.handlers.recording import Context, case_id_of, note, record
from services.identification.settings import SERVICE
from services.identification.store import cases, consents, hand_overs, outbox, policy
from services.identification.store.hand_overs import INCOMING, OUTGOING, HandOverRow

PURPOSE: Final = "hand-over"
SHARING_ENDED: Final = "grant-ended"
"""Why an offer failed that left and was withdrawn before the answer."""
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


async def review_case(work: Work, case: Case) -> None:
    """Look again at whether the case is offered, and to whom."""
    situation = await _situation_of(
        work, case.case_id, await policy.policy_in_force(work.transaction)
    )
    match review(case, situation):
        case Offer(recipient=recipient):
            await _offer(work, case, recipient)
        case HelpWithoutIdentification(reason=reason):
            await record(work, help_without_identification(case, reason, work.now))
            note(work, case.case_id, "help-without-identification", reason)
        case Wait():
            pass


async def _situation_of(work: Work, case_id: UUID, in_force: Policy) -> Situation:
    tx = work.transaction
    rows = await hand_overs.hand_overs_of(tx, case_id)
    return Situation(
        now=work.now,
        node=work.node,
        frozen=await cases.frozen_at(tx, case_id) is not None,
        policy=in_force,
        consents=await consents.read_consents(tx, case_id),
        restrictions=await consents.read_restrictions(tx, case_id),
        hand_overs=tuple(row.fact for row in rows if row.direction == OUTGOING),
    )


async def _offer(work: Work, case: Case, recipient: str) -> None:
    tx = work.transaction
    offer_id = derived_id(SERVICE, work.cause.id, "hand-over-offer", 0)
    outgoing_id = outbox.send(
        tx,
        disclosure.offer_of(case, offer_id),
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
    note(work, case.case_id, "offer-hand-over", recipient)


async def sending_refused(context: Context, received: Received, work: Work) -> Waits | None:
    """Our offer, or our answer to one, may not leave: a worker decides what to do next."""
    body: SendingRefused = received.body
    case_id = case_id_of(received)
    row = await hand_overs.standing_offer(work.transaction, case_id)
    if row is None or row.outgoing_id != body.outgoing_id:
        await _sender_not_told(work, case_id, body)
        return None
    await _failed(work, row, body.reason)
    return None


async def notice_queued(context: Context, received: Received, work: Work) -> Waits | None:
    """An agency is told to let the case go: what it was offered and did not answer is over.

    It may not answer any more. A consent that was given since may be for a new offer.
    """
    body: NoticeQueued = received.body
    case_id = case_id_of(received)
    row = await hand_overs.standing_offer(work.transaction, case_id)
    if row is None or row.agency != body.recipient:
        return None
    await _failed(work, row, SHARING_ENDED)
    case = await cases.load_case(work.transaction, case_id)
    if case is not None:
        await review_case(work, case)
    return None


async def _failed(work: Work, row: HandOverRow, reason: str) -> None:
    settled = row.settled("failed", work.now, reason=reason)
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
    reference = body.hand_over_reference
    await hand_overs.settle_offer(
        work.transaction, row.settled("confirmed", work.now, reference=reference)
    )
    confirmed = disclosure.confirmed(row.offer_id, row.agency, reference)
    outbox.tell(work.transaction, confirmed, case_id)
    note(work, case_id, "hand-over-confirmed", row.agency)
    return None


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
    if await cases.load_case(tx, case_id) is None:
        opening = _opening_of(body, case_id, work)
        await record(work, open_case(opening, context.clocks, identifies=True), new=True)
    await _confirm(work, case_id, body.offer_id, sender)
    return None


async def _confirm(work: Work, case_id: UUID, offer_id: UUID, sender: str) -> None:
    tx = work.transaction
    known = [row for row in await hand_overs.hand_overs_of(tx, case_id) if row.offer_id == offer_id]
    if known:
        note(work, case_id, "hand-over-repeated", sender)
        return
    reference = derived_id(SERVICE, work.cause.id, "hand-over-reference", 0)
    outgoing_id = outbox.send(
        tx,
        disclosure.receipt_of(offer_id, reference),
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
        state="confirmed",
        changed_at=work.now,
        hand_over_reference=reference,
    )
    await hand_overs.add_hand_over(tx, row)
    note(work, case_id, "take-over", sender)


def _opening_of(body: HandOverOffered, case_id: UUID, work: Work) -> Opening:
    return Opening(
        case_id=case_id,
        origin="hand-over",
        counted_by=body.counted_by,
        codes=CaseCodes(**{name: getattr(body, name) for name in OFFERED_CODES}),
        occurred_at=body.occurred_at,
        now=work.now,
    )
