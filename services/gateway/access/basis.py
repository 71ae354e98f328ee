"""What may be sent to another agency, and on what basis: one table; no row, no sending.

``may_send`` answers yes, never, or not now. What may not leave ends with a reason that a person
reads; what may not leave *now* stays first in its queue. Notices and cancellations can only be
late. Pure: everything it looks at is given to it, read under lock in the sending transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from services.gateway.domain.consent import (
    Consent,
    Recipient,
    Restriction,
    covers,
    is_live,
    restricts,
    was_given,
)
from services.gateway.domain.consent import names as consent_names
from services.gateway.domain.policy import ACTIVE, SUSPENDED, Participant, Policy


@dataclass(frozen=True, slots=True)
class Yes:
    """It may leave now. ``basis`` and, for a consent, its id go into the disclosure ledger."""

    basis: str
    basis_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Never:
    """It may not leave: ends as *not sent* with a code of the list ``not-sent-reason``."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """It may not leave yet: stays first in its queue."""

    reason: str


Answer = Yes | Never | NotNow


class Subject(StrEnum):
    """What the subject of an event is, once it is outside."""

    CASE = "case"
    """The reference that stands for the case with this one agency."""
    OWN = "own"
    """A random id of the event's own (a query): no case behind it."""


class Tie(StrEnum):
    """How this node and the agency are tied by the case's newest reference of the event's kind:
    for an answer one that we received, for anything else one that we gave.
    """

    NONE = "none"
    RECEIVED = "received"
    """The agency gave us the reference with an offer: our grant for answers."""
    GIVEN = "given"
    """We made the reference when we first sent."""
    RECEIVED_ENDED = "received-ended"
    GIVEN_ENDED = "given-ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """What the gateway knows about sharing the case with this agency."""

    frozen: bool = False
    consents: tuple[Consent, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    tie: Tie = Tie.NONE
    in_ledger: bool = False
    """It was told something of the case, and there is a reference to take back what it was told."""
    stopped: str | None = None
    """Sharing was stopped after this event was queued: new sharing needs new events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One event that is to leave, with all that the answer depends on."""

    event_type: str
    sender: str
    recipient: str
    now: datetime
    policy: Policy | None
    case: CaseFacts = CaseFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """One row of the table.

    ``purpose``: what the pair must permit; ``answers``: it permits the *other* direction, this
    event is the answer. ``control``: a notice or cancellation, which can only be late.
    """

    rule: Callable[[Attempt, "Basis", Recipient], Answer]
    purpose: str
    category: str = ""
    """What a consent must name, where one is needed."""
    subject: Subject = Subject.CASE
    answers: bool = False
    control: bool = False


def person_has_consented(attempt: Attempt, row: Basis, recipient: Recipient) -> Answer:
    """A live consent of this case covers the agency, and no restriction does."""
    if attempt.case.stopped is not None:
        return Never(attempt.case.stopped)
    if attempt.case.frozen:
        return Never("grant-ended")
    if restricted(attempt, recipient):
        return Never("restricted")
    named = [
        consent
        for consent in attempt.case.consents
        if was_given(consent)
        and row.purpose in consent.purposes
        and row.category in consent.categories
        and consent_names(consent, recipient)
    ]
    for consent in named:
        if covers(consent, recipient, row.purpose, row.category, attempt.now):
            return Yes("consent", consent.consent_id)
    if not named:
        return Never("no-consent")
    ended = any(consent.ended_at is not None for consent in named)
    return Never("consent-withdrawn" if ended else "consent-expired")


def grant_came_with_the_offer(attempt: Attempt, _row: Basis, recipient: Recipient) -> Answer:
    """The agency gave this case to us and has not stopped sharing it: it may hear of it."""
    if attempt.case.stopped is not None:
        return Never(attempt.case.stopped)
    if attempt.case.tie in (Tie.RECEIVED_ENDED, Tie.GIVEN_ENDED) or attempt.case.frozen:
        return Never("grant-ended")
    if attempt.case.tie is not Tie.RECEIVED:
        return Never("no-basis")
    if restricted(attempt, recipient):
        return Never("restricted")
    return Yes("grant")


def a_law_names_the_recipient(attempt: Attempt, _row: Basis, recipient: Recipient) -> Answer:
    """The child route or a duty of the profile: no consent is needed, and a restriction still wins.

    Which agency it is was decided where the profile is known; what is in it is codes.
    """
    if attempt.case.stopped is not None:
        return Never(attempt.case.stopped)
    if attempt.case.frozen:
        return Never("grant-ended")
    return Never("restricted") if restricted(attempt, recipient) else Yes("law")


def the_first_sender_may_learn_of_it(attempt: Attempt, row: Basis, recipient: Recipient) -> Answer:
    """Who gave us the case hears of an onward referral only if the person agreed to just that."""
    granted = grant_came_with_the_offer(attempt, row, recipient)
    return person_has_consented(attempt, row, recipient) if isinstance(granted, Yes) else granted


def agency_is_in_the_ledger(attempt: Attempt, _row: Basis, _recipient: Recipient) -> Answer:
    """Whoever was told something may always be told that it is over."""
    return Yes("ledger") if attempt.case.in_ledger else Never("unknown-recipient")


def no_case_is_behind_it(_attempt: Attempt, _row: Basis, _recipient: Recipient) -> Answer:
    """Nothing about a person can be in it: the permitted pair is enough."""
    return Yes("pair")


def restricted(attempt: Attempt, recipient: Recipient) -> bool:
    """The person, or an officer for the person, excluded this agency."""
    return any(restricts(rule, recipient, attempt.now) for rule in attempt.case.restrictions)


BASIS: Final[Mapping[str, Basis]] = MappingProxyType(
    {
        "org.nrm.identification.hand-over-offered.v1": Basis(
            rule=person_has_consented, purpose="hand-over", category="coded-case"
        ),
        "org.nrm.identification.hand-over-required.v1": Basis(
            rule=a_law_names_the_recipient, purpose="hand-over"
        ),
        "org.nrm.identification.child-notified.v1": Basis(
            rule=a_law_names_the_recipient, purpose="child-notification"
        ),
        "org.nrm.identification.no-removal.v1": Basis(
            rule=person_has_consented, purpose="no-removal", category="no-removal"
        ),
        "org.nrm.identification.no-removal-ended.v1": Basis(
            rule=agency_is_in_the_ledger, purpose="no-removal", control=True
        ),
        "org.nrm.identification.anonymous-notification.v1": Basis(
            rule=no_case_is_behind_it, purpose="anonymous-notification", subject=Subject.OWN
        ),
        "org.nrm.identification.hand-over-received.v1": Basis(
            rule=grant_came_with_the_offer, purpose="hand-over", answers=True
        ),
        "org.nrm.identification.decision-clock-told.v1": Basis(
            rule=grant_came_with_the_offer, purpose="hand-over", answers=True
        ),
        "org.nrm.referral.task-offered.v1": Basis(
            rule=person_has_consented, purpose="referral", category="needs"
        ),
        "org.nrm.referral.task-progressed.v1": Basis(
            rule=grant_came_with_the_offer, purpose="referral", answers=True
        ),
        "org.nrm.referral.onward-referral-told.v1": Basis(
            rule=the_first_sender_may_learn_of_it,
            purpose="referral",
            category="onward-referral",
            answers=True,
        ),
        "org.nrm.referral.offer-withdrawn.v1": Basis(
            rule=agency_is_in_the_ledger, purpose="referral", control=True
        ),
        "org.nrm.referral.capacity-queried.v1": Basis(
            rule=no_case_is_behind_it, purpose="capacity-query", subject=Subject.OWN
        ),
        "org.nrm.referral.capacity-answered.v1": Basis(
            rule=no_case_is_behind_it,
            purpose="capacity-query",
            subject=Subject.OWN,
            answers=True,
        ),
        "org.nrm.exchange.sharing-withdrawn.v1": Basis(
            rule=agency_is_in_the_ledger, purpose="", control=True
        ),
        "org.nrm.exchange.receipt.v1": Basis(
            rule=no_case_is_behind_it, purpose="", subject=Subject.OWN, control=True
        ),
    }
)

CONSENTED: Final = frozenset(
    event_type for event_type, row in BASIS.items() if row.rule is person_has_consented
)
"""Openings: what begins sharing, under a consent of the person."""
REQUIRED: Final = frozenset(
    event_type for event_type, row in BASIS.items() if row.rule is a_law_names_the_recipient
)
"""Openings that a law asks for: a withdrawal does not end them, a restriction does."""
GRANTED: Final = frozenset(
    event_type for event_type, row in BASIS.items() if row.rule is grant_came_with_the_offer
)
"""Answers to the agency that gave us the case."""
ANSWERS: Final = frozenset(
    event_type for event_type, row in BASIS.items() if row.answers and row.subject is Subject.CASE
)
"""All that may go to the agency that gave us the case, until either side stops sharing."""


def may_send(attempt: Attempt, table: Mapping[str, Basis] = BASIS) -> Answer:
    """Whether this may leave now. Fails closed."""
    row = table.get(attempt.event_type)
    if row is None:
        return Never("no-basis")
    if attempt.policy is None:
        return NotNow("registry-stale")
    recipient = attempt.policy.participants.get(attempt.recipient)
    standing = _standing(attempt, attempt.policy, recipient, row)
    if standing is not None or recipient is None:
        return standing or Never("not-a-participant")
    return row.rule(attempt, row, recipient.recipient)


def may_come(event_type: str, sender: str, recipient: str, policy: Policy) -> bool:
    """Whether ``sender`` may send this to ``recipient``: the receiver asks for itself.

    What only ends something is taken from whoever a pair joins us with, whatever it permits now.
    """
    row = BASIS.get(event_type)
    if row is None:
        return False
    if row.control:
        return policy.connected(sender, recipient)
    return _pair_permits(policy, row, sender, recipient)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Sharing of one case with one agency in one direction, after a withdrawal or restriction.

    ``by_grant``: the agency gave the case to us, no consent of ours is behind what it hears.
    ``types``: what was sent to it, or is about to be. ``withdrawn``: the consents that were taken
    back just now; None when nothing was, but something was restricted.
    """

    participant: Participant | None
    by_grant: bool
    types: frozenset[str]
    consents: tuple[Consent, ...]
    restrictions: tuple[Restriction, ...]
    withdrawn: frozenset[UUID] | None
    now: datetime


def sharing_ends(sharing: Sharing) -> str | None:
    """Why sharing with the agency ends now; None while it goes on.

    A restriction ends it with whom it names, a withdrawal with whom the withdrawn consent named,
    unless another one is live and was given by who can. That a consent expired ends nothing that
    was given before. Who is no longer listed cannot be judged: it ends. ``referral.access`` follows
    the same rule.
    """
    if sharing.participant is None:
        return "not-a-participant"
    recipient = sharing.participant.recipient
    if any(restricts(rule, recipient, sharing.now) for rule in sharing.restrictions):
        return "restricted"
    if sharing.by_grant or sharing.withdrawn is None or sharing.types & REQUIRED:
        return None
    sent = sharing.types & CONSENTED
    return None if any(_goes_on(sharing, recipient, each) for each in sent) else "consent-withdrawn"


def _goes_on(sharing: Sharing, recipient: Recipient, event_type: str) -> bool:
    """Whether what was sent as this type stays with the agency after a withdrawal."""
    row = BASIS[event_type]
    naming = [
        consent
        for consent in sharing.consents
        if row.purpose in consent.purposes
        and row.category in consent.categories
        and consent_names(consent, recipient)
    ]
    if any(is_live(consent, sharing.now) and was_given(consent) for consent in naming):
        return True
    withdrawn = sharing.withdrawn or frozenset()
    taken_back = any(consent.consent_id in withdrawn for consent in naming)
    return not taken_back and any(consent.ended_at is None for consent in naming)


def may_contribute(attempt: Attempt, roster: frozenset[str], custodians: frozenset[str]) -> Answer:
    """Noisy counts: the plan is known, this node is in its roster, the custodian is the plan's, and
    the registry lists both as active.
    """
    if attempt.sender not in roster:
        return Never("no-basis")
    if attempt.recipient not in custodians:
        return Never("unknown-recipient")
    policy = attempt.policy
    if policy is None or policy.valid_until <= attempt.now:
        return Never("registry-stale")
    for node in (attempt.sender, attempt.recipient):
        participant = policy.participants.get(node)
        if participant is None or participant.status != ACTIVE:
            return Never("not-a-participant")
    return Yes("plan")


def _standing(
    attempt: Attempt, policy: Policy, recipient: Participant | None, row: Basis
) -> Answer | None:
    """What the registry says against it, the lasting objections first; None when nothing."""
    sender = policy.participants.get(attempt.sender)
    for participant in (sender, recipient):
        if participant is None or participant.status not in (ACTIVE, SUSPENDED):
            return _lasting("not-a-participant", row)
    if not _pair_permits(policy, row, attempt.sender, attempt.recipient):
        return _lasting("pair-not-permitted", row)
    if any(who is not None and who.status == SUSPENDED for who in (sender, recipient)):
        return NotNow("participant-suspended")
    if policy.valid_until <= attempt.now:
        return NotNow("registry-stale")
    return None


def _lasting(reason: str, row: Basis) -> Answer:
    return NotNow(reason) if row.control else Never(reason)


def _pair_permits(policy: Policy, row: Basis, sender: str, recipient: str) -> bool:
    if not row.purpose:
        return policy.connected(sender, recipient)
    pair = (sender, recipient)
    asker, asked = reversed(pair) if row.answers else pair
    return policy.permits(asker, asked, row.purpose)
