"""Copies of what the gateway says: consent, restrictions, policy, and that sharing was stopped.

A withdrawal, a restriction and a stop never wait: the case need not be known for them.
"""

from typing import Final
from uuid import UUID

from contracts.gateway import (
    ConsentEnded,
    ConsentExpired,
    ConsentGranted,
    PolicyCopied,
    RestrictionLifted,
    RestrictionSet,
)
from contracts.intake import RestrictionRecorded
from services.chassis.deadlines import Deadline
from services.chassis.messaging.work import Received, Waits, Work
from services.identification import disclosure
from services.identification.domain import (
    Consent,
    ConsentedClass,
    Participant,
    Policy,
    Restriction,
)
from services.identification.domain.law import powers_by_law
from services.identification.domain.life import start_clock
from services.identification.domain.notices import ANONYMOUS, CHILD, NO_REMOVAL
from services.identification.handlers.following import follow_up
from services.identification.handlers.hand_over import PURPOSE
from services.identification.handlers.needs import lock_family, set_destruction_clocks
from services.identification.handlers.recording import Context, case_id_of, note, record
from services.identification.store import cases, consents, outbox, policy
from services.identification.store.consents import Withdrawal

POLICY_REVIEW: Final = "policy-review"
CASE_REVIEW: Final = "case-review"
REVIEWS_PER_TRANSACTION: Final = 200
ACTIVE: Final = "active"
NOTICES: Final = frozenset({CHILD, NO_REMOVAL, ANONYMOUS})
"""Purposes of a pair under which something else than a case is told."""
CLASS_PLACE: Final = "recipient_class"


async def consent_granted(context: Context, received: Received, work: Work) -> Waits | None:
    """Remember a consent, unless a later withdrawal is already known."""
    case_id = case_id_of(received)
    epoch, sequence = _place_of(received)
    consent = _consent_of(received)
    entered = await consents.enter_consent(
        work.transaction, case_id, consent, epoch=epoch, sequence=sequence
    )
    if not entered:
        note(work, case_id, "consent-not-entered")
        return None
    note(work, case_id, "consent-copied")
    await _review(context, received, work)
    return None


def _consent_of(received: Received) -> Consent:
    """A class with a code that we do not know would cover others than the person meant.

    It was said when the gateway took it: another topic may have brought a later word before it.
    """
    body: ConsentGranted = received.body
    named = body.recipient_class
    if any(place.startswith(CLASS_PLACE) for place in received.unmapped):
        named = None
    return Consent(
        consent_id=body.consent_id,
        purposes=frozenset(body.purposes),
        categories=frozenset(body.categories),
        recipients=frozenset(body.recipients),
        recipient_class=None
        if named is None
        else ConsentedClass(
            agency_type=named.agency_type,
            oblasts=frozenset(named.oblasts),
            except_agencies=frozenset(named.except_agencies),
        ),
        expires_at=body.expires_at,
        recorded_at=received.envelope.time,
    )


async def consent_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """End one consent or all; never waits.

    Who takes back what was agreed for a hand-over may want help alone: the case is looked at again.
    """
    body: ConsentEnded = received.body
    case_id = case_id_of(received)
    epoch, sequence = _place_of(received)
    withdrawal = Withdrawal(
        consent_id=body.consent_id, at=received.envelope.time, epoch=epoch, sequence=sequence
    )
    await consents.end_consents(work.transaction, case_id, withdrawal)
    note(work, case_id, "consent-ended", body.kind)
    await _review(context, received, work)
    return None


async def consent_expired(context: Context, received: Received, work: Work) -> Waits | None:
    """It covers nothing new from now on; what was told under it stays told."""
    body: ConsentExpired = received.body
    case_id = case_id_of(received)
    await consents.expire_consent(work.transaction, case_id, body.consent_id, body.expired_at)
    note(work, case_id, "consent-expired")
    return None


async def restriction_set(context: Context, received: Received, work: Work) -> Waits | None:
    """Remember a restriction; never waits."""
    body: RestrictionSet = received.body
    case_id = case_id_of(received)
    await keep_restriction(work, case_id, body)
    note(work, case_id, "restriction-copied")
    await _review(context, received, work)
    return None


async def restriction_lifted(context: Context, received: Received, work: Work) -> Waits | None:
    """It came by a link that was a mistake: whoever it named may be told of the case again."""
    body: RestrictionLifted = received.body
    case_id = case_id_of(received)
    await consents.lift_restriction(work.transaction, case_id, body.restriction_id, body.lifted_at)
    note(work, case_id, "restriction-lifted")
    await _review(context, received, work)
    return None


async def keep_restriction(
    work: Work, case_id: UUID, body: RestrictionSet | RestrictionRecorded
) -> None:
    """Remember who may never hear of the case; the same one again changes nothing."""
    restriction = Restriction(
        agency=body.agency,
        agency_type=body.agency_type,
        oblast=body.oblast,
        valid_until=body.valid_until,
    )
    await consents.enter_restriction(work.transaction, case_id, body.restriction_id, restriction)


async def sharing_stopped(context: Context, received: Received, work: Work) -> Waits | None:
    """Freeze the case, known or not, and stop its clocks but that of its end; never waits.

    Under the case's row: a duplicate that is being merged into it sees the freeze, or came first.
    """
    case_id = case_id_of(received)
    family = await lock_family(work, case_id)
    if await cases.freeze_case(work.transaction, case_id, work.now):
        await outbox.stop_clock(work.transaction, case_id)
        await set_destruction_clocks(context, work, (case_id,), family)
        outbox.tell(work.transaction, disclosure.frozen(work.now), case_id)
        note(work, case_id, "freeze-case")
    return None


async def policy_copied(context: Context, received: Received, work: Work) -> Waits | None:
    """Take a newer policy, and have every case looked at that it may concern."""
    body: PolicyCopied = received.body
    profile = context.clocks.profile
    newer = Policy(
        version=body.version,
        participants=tuple(
            Participant(
                node=found.node,
                agency_type=found.agency_type,
                active=found.status == ACTIVE,
                powers=powers_by_law(found.agency_type, frozenset(found.powers), profile),
                oblasts=frozenset(found.oblasts),
            )
            for found in body.participants
        ),
        hand_over_pairs=frozenset(
            (pair.sender, pair.recipient) for pair in body.pairs if PURPOSE in pair.purposes
        ),
        notice_pairs=frozenset(
            (pair.sender, pair.recipient, purpose)
            for pair in body.pairs
            for purpose in pair.purposes
            if purpose in NOTICES
        ),
    )
    subject = case_id_of(received)
    if await policy.replace_policy(work.transaction, newer):
        note(work, subject, "policy-copied")
        await _look_at_page(work, subject, None)
    return None


async def go_on_with_policy(context: Context, deadline: Deadline, work: Work) -> None:
    """The next page of cases that a policy may concern."""
    await _look_at_page(work, UUID(deadline.subject), UUID(deadline.detail["after"]))


async def _look_at_page(work: Work, subject: UUID, after: UUID | None) -> None:
    tx = work.transaction
    page = await cases.undecided_cases(tx, after=after, page=REVIEWS_PER_TRANSACTION)
    for case_id in page:
        await outbox.look_later(tx, case_id, CASE_REVIEW, at=work.now, detail={})
    if len(page) == REVIEWS_PER_TRANSACTION:
        detail = {"after": str(page[-1])}
        await outbox.look_later(tx, subject, POLICY_REVIEW, at=work.now, detail=detail)


async def review_again(context: Context, deadline: Deadline, work: Work) -> None:
    """Look at one case under the newest policy: its first clock, and whom it is offered to."""
    case = await cases.load_case(work.transaction, UUID(deadline.subject))
    if case is None or await cases.frozen_at(work.transaction, case.case_id) is not None:
        return
    in_force = await policy.policy_in_force(work.transaction)
    started = start_clock(case, context.clocks) if in_force.identifies(work.node) else None
    if started is not None:
        await record(work, started)
        case = started.case
    await follow_up(context, work, case, work.now)


async def _review(context: Context, received: Received, work: Work) -> None:
    case = await cases.load_case(work.transaction, case_id_of(received))
    if case is not None:
        await follow_up(context, work, case, received.envelope.time)


def _place_of(received: Received) -> tuple[int, int]:
    """Where in its stream the event stands; the gateway numbers everything it says."""
    return received.envelope.epoch or 0, received.envelope.sequence or 0
