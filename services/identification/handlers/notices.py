"""Telling whom the law names: child authorities, the body that could remove somebody, numbers.

Whom to tell is decided in the domain; the gateway still decides whether it leaves.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from contracts.gateway import SendingDelivered, SendingRefused
from services.chassis.clock import derived_id
from services.chassis.deadlines import Deadline
from services.chassis.messaging.work import Received, Waits, Work
from services.identification import disclosure
from services.identification.domain import Case, Change, Situation, is_over
from services.identification.domain import child as route
from services.identification.domain import notices as rules
from services.identification.handlers.recording import Context, case_id_of, note, record
from services.identification.settings import SERVICE
from services.identification.store import cases, notices, outbox
from services.identification.store.hand_overs import OUTGOING
from services.identification.store.notices import NoticeRow

ANONYMOUS_BATCH: Final = "anonymous-batch"
BATCHES: Final = UUID("00000000-0000-4000-8000-0000000000a1")
"""The subject under whose lock a batch is sent; no case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One notice that is about to be sent."""

    kind: str
    recipient: str
    agency_type: str
    number: int = 0

    def id_in(self, work: Work) -> UUID:
        """Its id: the same when the same cause is handled again."""
        return derived_id(SERVICE, work.cause.id, self.kind, self.number)


async def look_again(context: Context, work: Work, case: Case, situation: Situation) -> Case:
    """Tell whom the case as it is now has to be told to; how the case is then."""
    profile = context.clocks.profile
    if situation.frozen or not situation.policy.known:
        return case
    if case.record.no_removal_told and not rules.may_not_be_removed(case):
        case = await _lift(work, case)
    if is_over(case.state):
        return case
    if case.codes.is_child and case.record.child_notification_due_at is not None:
        case = await _tell_child_authorities(context, work, case, situation)
    if rules.may_not_be_removed(case) and rules.is_foreign(case, profile):
        case = await _forbid_removal(context, work, case, situation)
    if rules.is_counted_anonymously(case, profile):
        case = await _count(context, work, case, situation)
    return case


async def _tell_child_authorities(
    context: Context, work: Work, case: Case, situation: Situation
) -> Case:
    if not route.authorities_left(case, context.clocks):
        return case
    rows = await notices.sent_notices(work.transaction, case.case_id)
    asked = rules.child_notices(case, situation, [row.fact for row in rows], context.clocks)
    for number, wanted in enumerate(asked.notices):
        telling = Telling(
            kind=rules.CHILD,
            recipient=wanted.recipient,
            agency_type=wanted.agency_type,
            number=number,
        )
        event = disclosure.child_notified(telling.id_in(work), case, wanted.guardian_request)
        outgoing_id = outbox.send(
            work.transaction, event, case.case_id, recipient=wanted.recipient, purpose=rules.CHILD
        )
        await _remember(work, case, telling, outgoing_id)
    if not asked.by_phone:
        return case
    return await _recorded(work, route.ask_to_tell(case, asked.by_phone))


async def _forbid_removal(context: Context, work: Work, case: Case, situation: Situation) -> Case:
    rows = await notices.sent_notices(work.transaction, case.case_id)
    sent = [row.fact for row in rows]
    found = rules.no_removal_recipient(case, situation, sent, context.clocks.profile)
    if found is None:
        return case
    telling = Telling(kind=rules.NO_REMOVAL, recipient=found.node, agency_type=found.agency_type)
    outgoing_id = outbox.send(
        work.transaction,
        disclosure.no_removal(telling.id_in(work)),
        case.case_id,
        recipient=found.node,
        purpose=rules.NO_REMOVAL,
    )
    await _remember(work, case, telling, outgoing_id)
    return await _recorded(work, rules.note_no_removal(case, told=True))


async def _lift(work: Work, case: Case) -> Case:
    """Whoever was told that the person may not be removed is told that it is over."""
    for row in await notices.sent_notices(work.transaction, case.case_id):
        if row.kind != rules.NO_REMOVAL or row.state not in rules.STANDS:
            continue
        outbox.send(
            work.transaction,
            disclosure.no_removal_ended(row.notification_id),
            case.case_id,
            recipient=row.agency,
            purpose=rules.NO_REMOVAL,
        )
        await notices.settle_notice(work.transaction, row, rules.ENDED, work.now)
        lifted = disclosure.no_removal_lifted(row.notification_id, row.agency)
        outbox.tell(work.transaction, lifted, case.case_id)
        note(work, case.case_id, "no-removal-ended", row.agency)
    return await _recorded(work, rules.note_no_removal(case, told=False))


async def _count(context: Context, work: Work, case: Case, situation: Situation) -> Case:
    """One more in the batch of the month; the case is not in it."""
    profile = context.clocks.profile
    recipient = rules.anonymous_recipient(case, situation, profile)
    if recipient is None:
        return case
    due_at = rules.batch_due(work.now, profile.number("anonymous_notification_months"))
    groups = rules.anonymous_groups(case, profile)
    await notices.count_one(work.transaction, due_at, recipient, groups)
    await outbox.start_clock(work.transaction, BATCHES, ANONYMOUS_BATCH, due_at)
    note(work, case.case_id, rules.ANONYMOUS)
    return await _recorded(work, rules.count_anonymously(case))


async def send_batch(context: Context, deadline: Deadline, work: Work) -> None:
    """Send the numbers of a batch, under a random id: no case is behind it."""
    taken = await notices.take_batch(work.transaction, deadline.due_at)
    for number, (agency, counts) in enumerate(taken.items()):
        batch = derived_id(SERVICE, work.cause.id, rules.ANONYMOUS, number)
        outbox.send(
            work.transaction,
            disclosure.anonymous_notification(batch, counts),
            batch,
            recipient=agency,
            purpose=rules.ANONYMOUS,
        )
        note(work, batch, rules.ANONYMOUS, agency)


async def sending_delivered(context: Context, received: Received, work: Work) -> Waits | None:
    """A notice arrived at the other agency's node."""
    body: SendingDelivered = received.body
    row = await _sent_as(work, case_id_of(received), body.outgoing_id)
    if row is None or row.state != rules.SENT:
        return None
    await notices.settle_notice(work.transaction, row, rules.DELIVERED, work.now)
    if row.kind == rules.NO_REMOVAL:
        told = disclosure.no_removal_told(row.notification_id, row.agency)
        outbox.tell(work.transaction, told, row.case_id)
        return None
    case = await cases.load_case(work.transaction, row.case_id)
    if case is not None:
        change = route.authority_told(
            case, row.agency_type, work.now, context.clocks, recipient=row.agency
        )
        await record(work, change)
        note(work, row.case_id, "child-authority-notified", row.agency)
    return None


async def not_sent(context: Context, work: Work, case_id: UUID, refused: SendingRefused) -> None:
    """A notice may not leave: a worker is told, and phones."""
    row = await _sent_as(work, case_id, refused.outgoing_id)
    if row is None:
        return
    await notices.settle_notice(work.transaction, row, rules.FAILED, work.now)
    note(work, case_id, f"{row.kind}-failed", refused.reason)
    case = await cases.load_case(work.transaction, case_id)
    if case is None:
        return
    if row.kind == rules.CHILD:
        failed = route.authority_not_told(case, row.agency_type, row.agency, refused.reason)
        await record(work, failed)
        return
    reason = disclosure.no_removal_not_sent(row.notification_id, row.agency, refused.reason)
    outbox.tell(work.transaction, reason, case_id)
    await record(work, rules.note_no_removal(case, told=False))


async def sharing_ended(work: Work, case_id: UUID, agency: str) -> Case | None:
    """This agency is told to let the case go: what it was told of removal holds no longer."""
    case = await cases.load_case(work.transaction, case_id)
    if case is None or not case.record.no_removal_told:
        return case
    for row in await notices.sent_notices(work.transaction, case_id):
        if row.kind == rules.NO_REMOVAL and row.agency == agency and row.state in rules.STANDS:
            await notices.settle_notice(work.transaction, row, rules.ENDED, work.now)
            lifted = disclosure.no_removal_lifted(row.notification_id, agency)
            outbox.tell(work.transaction, lifted, case_id)
            case = await _recorded(work, rules.note_no_removal(case, told=False))
    return case


async def _recorded(work: Work, change: Change) -> Case:
    await record(work, change)
    return change.case


async def _remember(work: Work, case: Case, telling: Telling, outgoing_id: UUID) -> None:
    row = NoticeRow(
        notification_id=telling.id_in(work),
        case_id=case.case_id,
        kind=telling.kind,
        direction=OUTGOING,
        agency=telling.recipient,
        agency_type=telling.agency_type,
        outgoing_id=outgoing_id,
        state=rules.SENT,
        changed_at=work.now,
    )
    await notices.add_notice(work.transaction, row)
    note(work, case.case_id, telling.kind, telling.recipient)


async def _sent_as(work: Work, case_id: UUID, outgoing_id: UUID) -> NoticeRow | None:
    rows = await notices.sent_notices(work.transaction, case_id)
    return next((row for row in rows if row.outgoing_id == outgoing_id), None)
