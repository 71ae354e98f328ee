"""What other agencies tell this one: of a child, that somebody may not be removed, numbers."""

from collections.abc import Mapping
from typing import Any

from contracts.identification import AnonymousNotification, ChildNotified, NoRemoval, NoRemovalEnded
from services.chassis.messaging.work import Received, Waits, Work
from services.identification import disclosure
from services.identification.domain import CaseCodes, Opening, open_case
from services.identification.domain import notices as rules
from services.identification.handlers.recording import Context, case_id_of, note, record
from services.identification.store import cases, notices, outbox, policy
from services.identification.store.hand_overs import INCOMING
from services.identification.store.notices import NoticeRow

RECEIVED = "received"
NO_TYPE = "other"


async def child_notified(context: Context, received: Received, work: Work) -> Waits | None:
    """A child authority hears of a child: a case of its own, in which almost nothing is known."""
    body: ChildNotified = received.body
    case_id, tx = case_id_of(received), work.transaction
    sender = received.envelope.sender
    if sender is None or await cases.frozen_at(tx, case_id) is not None:
        note(work, case_id, "child-notification-ignored")
        return None
    detail = {"guardian_request": body.guardian_request}
    row = await _received(received, work, rules.CHILD, sender, detail)
    new = await notices.add_notice(tx, row)
    if await cases.load_case(tx, case_id) is None:
        opening = Opening(
            case_id=case_id,
            origin=rules.CHILD,
            counted_by=sender,
            codes=CaseCodes(
                case_type="not-yet-known",
                majority=body.majority,
                immediate_danger=body.immediate_danger,
            ),
            occurred_at=work.now,
            now=work.now,
            guardian_asked=body.guardian_request,
        )
        await record(work, open_case(opening, context.clocks, identifies=False), new=True)
    if new:
        told = disclosure.child_notification_received(
            body.notification_id, sender, body.guardian_request
        )
        outbox.tell(tx, told, case_id)
    note(work, case_id, "child-notification-received", sender)
    return None


async def no_removal(context: Context, received: Received, work: Work) -> Waits | None:
    """The person behind this reference may not be removed now; nothing else is known."""
    body: NoRemoval = received.body
    case_id, sender = case_id_of(received), received.envelope.sender
    if sender is None or await cases.frozen_at(work.transaction, case_id) is not None:
        note(work, case_id, "no-removal-ignored")
        return None
    row = await _received(received, work, rules.NO_REMOVAL, sender)
    if await notices.add_notice(work.transaction, row):
        told = disclosure.removal_forbidden(body.notification_id, sender)
        outbox.tell(work.transaction, told, case_id)
        note(work, case_id, "no-removal-received", sender)
    return None


async def no_removal_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """It holds no longer. Of whom it never held, nothing is changed."""
    body: NoRemovalEnded = received.body
    case_id, sender = case_id_of(received), received.envelope.sender
    for row in await notices.notices_of(work.transaction, case_id):
        named = row.notification_id == body.notification_id and row.agency == sender
        if named and row.state == RECEIVED:
            await notices.settle_notice(work.transaction, row, rules.ENDED, work.now)
            told = disclosure.removal_not_forbidden(row.notification_id, row.agency)
            outbox.tell(work.transaction, told, case_id)
            note(work, case_id, "no-removal-over", row.agency)
    return None


async def anonymous_notification(context: Context, received: Received, work: Work) -> Waits | None:
    """Numbers that a law requires; there is no case behind them."""
    body: AnonymousNotification = received.body
    sender = received.envelope.sender
    if sender is None:
        return None
    counts = [[each.citizen_group, each.exploitation_group, each.persons] for each in body.counts]
    row = await _received(received, work, rules.ANONYMOUS, sender, {"counts": counts})
    if await notices.add_notice(work.transaction, row):
        told = disclosure.anonymous_notification_received(body, sender)
        outbox.tell(work.transaction, told, body.notification_id)
    note(work, case_id_of(received), "anonymous-notification-received", sender)
    return None


async def _received(
    received: Received,
    work: Work,
    kind: str,
    sender: str,
    detail: Mapping[str, Any] | None = None,
) -> NoticeRow:
    in_force = await policy.policy_in_force(work.transaction)
    return NoticeRow(
        notification_id=received.body.notification_id,
        case_id=case_id_of(received),
        kind=kind,
        direction=INCOMING,
        agency=sender,
        agency_type=in_force.type_of(sender) or NO_TYPE,
        outgoing_id=None,
        state=RECEIVED,
        changed_at=work.now,
        detail=detail or {},
    )
