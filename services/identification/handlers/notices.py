"""Telling whom the law names: child authorities, the body that could remove somebody, numbers.

Whom to tell is decided in the domain; the gateway still decides whether it leaves.
"""

from collections import Counter, defaultdict
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
from services.identification.handlers.situation import situation_of
from services.identification.settings import SERVICE
from services.identification.store import cases, notices, outbox
from services.identification.store.hand_overs import OUTGOING
from services.identification.store.notices import COUNTED_AT_ONCE, NoticeRow

ANONYMOUS_BATCH: Final = "anonymous-batch"
LEFT_OUT: Final = "left-out-of-batch"
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
    """One more for the batch of the month; whom it is told to is looked up when it is sent."""
    profile = context.clocks.profile
    if rules.anonymous_recipient(case, situation, profile) is None:
        return case
    due_at = rules.batch_due(work.now, profile.number("anonymous_notification_months"))
    await notices.count_later(work.transaction, case.case_id, due_at)
    await outbox.start_clock_of_a_day(work.transaction, BATCHES, ANONYMOUS_BATCH, due_at)
    note(work, case.case_id, rules.ANONYMOUS)
    return await _recorded(work, rules.count_anonymously(case))


async def send_batch(context: Context, deadline: Deadline, work: Work) -> None:
    """Send the numbers of a batch, under a random id: no case is behind it.

    Whoever may not be told of any more, whatever was so when they were counted, is left out.
    """
    tx = work.transaction
    taken = await notices.take_counted(tx, deadline.due_at)
    told: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for case_id in taken:
        number = await _number_of(context, work, case_id)
        if number is None:
            note(work, case_id, "anonymous-notification-left-out")
            await outbox.look_later(tx, case_id, LEFT_OUT, at=work.now, detail={})
        else:
            told[number[0]][number[1]] += 1
    for number_of_batch, (agency, counts) in enumerate(sorted(told.items())):
        batch = derived_id(SERVICE, work.cause.id, rules.ANONYMOUS, number_of_batch)
        groups = tuple((*group, persons) for group, persons in sorted(counts.items()))
        event = disclosure.anonymous_notification(batch, groups)
        outbox.send(tx, event, batch, recipient=agency, purpose=rules.ANONYMOUS)
        note(work, batch, rules.ANONYMOUS, agency)
    if len(taken) == COUNTED_AT_ONCE:
        await outbox.start_clock_of_a_day(tx, BATCHES, ANONYMOUS_BATCH, work.now)


async def _number_of(
    context: Context, work: Work, case_id: UUID
) -> tuple[str, tuple[str, str]] | None:
    """To whom and in which groups the case is told as a number, as everything is now."""
    found = await cases.read_case(work.transaction, case_id)
    if found is None or found[1] is not None:
        return None
    case, profile = found[0], context.clocks.profile
    situation = await situation_of(context, work, case_id)
    recipient = rules.anonymous_recipient(case, situation, profile)
    if recipient is None or not rules.is_still_a_number(case):
        return None
    return recipient, rules.anonymous_groups(case, profile)


async def leave_out(context: Context, deadline: Deadline, work: Work) -> None:
    """A case was not told as a number after all: nobody has to be told that it was."""
    case = await cases.load_case(work.transaction, UUID(deadline.subject))
    frozen = case is not None and await cases.frozen_at(work.transaction, case.case_id) is not None
    if case is None or frozen or is_over(case.state):
        return
    await record(work, rules.leave_out_of_the_batch(case))


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
