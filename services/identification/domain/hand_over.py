"""When a detecting agency offers a case to one that may identify, and when nobody is told.

Fails closed: without a live consent that covers the recipient nothing is offered, but for a child
and where the profile names a legal duty; a restriction always wins. Where a law requires the
hand-over the law is its ground, whether the person agreed or not: whoever agreed is not worse
protected than whoever was never asked. Everything is looked at again when consent, restrictions
or the policy change.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from services.identification.domain.case import (
    Case,
    Detected,
    HelpedWithoutIdentification,
)

HAND_OVER: Final = "hand-over"
CODED_CASE: Final = "coded-case"
"""The category of what a hand-over tells."""
IDENTIFY: Final = "identify"
DETECTED_HERE: Final = "detected"
IDENTIFICATION: Final = "identification"
"""The purpose of a consent that this agency decides."""
REFUSED: Final = "refused"
PERSON_CHOSE: Final = "person-chose"
NO_IDENTIFYING_AGENCY: Final = "no-identifying-agency"
CHILD_ROUTE: Final = "child-route"
LEGAL_DUTY: Final = "legal-duty"
CONFIRMED: Final = "confirmed"
FAILED: Final = "failed"
OFFERS_LIMIT: Final = 5
"""Offers of one case that may fail before a person has to look at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One agency of the policy."""

    node: str
    agency_type: str
    active: bool
    powers: frozenset[str]
    oblasts: frozenset[str]

    @property
    def identifies(self) -> bool:
        """Has the power to decide who is a victim, now."""
        return self.active and IDENTIFY in self.powers


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The newest copy of the registry; version 0 is: not yet received."""

    version: int
    participants: tuple[Participant, ...]
    hand_over_pairs: frozenset[tuple[str, str]]
    notice_pairs: frozenset[tuple[str, str, str]] = frozenset()
    """Sender, recipient, purpose of what else may be told."""

    @property
    def known(self) -> bool:
        """Whether any copy was received."""
        return self.version > 0

    def identifies(self, node: str) -> bool:
        """Whether ``node`` has the power to identify, now."""
        return any(found.node == node and found.identifies for found in self.participants)

    def permits(self, sender: str, recipient: str, purpose: str) -> bool:
        """Whether the memorandum lets ``sender`` tell ``recipient`` for this purpose."""
        return (sender, recipient, purpose) in self.notice_pairs

    def type_of(self, node: str) -> str | None:
        """The agency type of ``node``; nothing when it takes no part."""
        return next((each.agency_type for each in self.participants if each.node == node), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentedClass:
    """Any agency of a type, in some oblasts (in none named: in every one), but for some."""

    agency_type: str
    oblasts: frozenset[str]
    except_agencies: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A consent of the person as this service knows it."""

    consent_id: UUID
    purposes: frozenset[str]
    categories: frozenset[str]
    recipients: frozenset[str]
    recipient_class: ConsentedClass | None
    expires_at: datetime
    recorded_at: datetime
    """When the gateway took it: the person said it before whatever was told there later."""
    ended: bool = False
    ended_at: datetime | None = None
    """When it was taken back; nobody knows of one that an earlier version ended, nor of one that
    the gateway found taken back (``found_taken_back``), until the withdrawal is read.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """Never to this agency, this type, or this oblast: any one that fits is enough."""

    agency: str | None
    agency_type: str | None
    oblast: str | None
    valid_until: datetime | None

    def forbids(self, recipient: Participant, now: datetime) -> bool:
        """Whether nothing may go to ``recipient``."""
        if self.valid_until is not None and now >= self.valid_until:
            return False
        return (
            self.agency == recipient.node
            or (self.agency_type is not None and self.agency_type == recipient.agency_type)
            or (self.oblast is not None and self.oblast in recipient.oblasts)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """An offer that was made: ``offered``, ``confirmed`` or ``failed``."""

    offer_id: UUID
    recipient: str
    state: str
    let_go_at: datetime | None = None
    """When the agency that took the case was told to let it go: it has it no more."""

    @property
    def stands(self) -> bool:
        """Whether the agency may answer, or has the case."""
        return self.state != FAILED and self.let_go_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a review looks at beside the case."""

    now: datetime
    node: str
    frozen: bool
    policy: Policy
    consents: tuple[Consent, ...]
    restrictions: tuple[Restriction, ...]
    hand_overs: tuple[HandOver, ...]
    duty_types: frozenset[str] = frozenset()
    """Agency types that a law of the profile obliges to hand over, whatever the person says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Offer the case to this agency; ``ground``: the law that asks for it, consent or not."""

    recipient: str
    ground: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpWithoutIdentification:
    """Tell no identifying agency."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do now."""


Outcome: TypeAlias = Offer | HelpWithoutIdentification | Wait


def live(consent: Consent, now: datetime) -> bool:
    """Neither withdrawn nor expired."""
    return not consent.ended and now < consent.expires_at


def covers(consent: Consent, recipient: Participant) -> bool:
    """Whether the person lets the coded case go to this agency."""
    return CODED_CASE in consent.categories and names(consent, recipient)


def names(consent: Consent, recipient: Participant) -> bool:
    """Whether the person named this agency, or a class that it belongs to."""
    if recipient.node in consent.recipients:
        return True
    named = consent.recipient_class
    return (
        named is not None
        and named.agency_type == recipient.agency_type
        and recipient.node not in named.except_agencies
        and (not named.oblasts or bool(named.oblasts & recipient.oblasts))
    )


def the_case_was_detected_here(case: Case, situation: Situation) -> bool:
    """What was taken over is not handed on (project: who took it over decides)."""
    return case.origin == DETECTED_HERE


def nothing_was_decided(case: Case, situation: Situation) -> bool:
    """Only somebody detected, or helped until now without identification, is offered.

    Project: a decision was taken by who may.
    """
    return isinstance(case.state, Detected | HelpedWithoutIdentification)


def the_case_is_not_frozen(case: Case, situation: Situation) -> bool:
    """A frozen case is not touched (Convention, Art. 11: private life)."""
    return not situation.frozen


def the_policy_is_known(case: Case, situation: Situation) -> bool:
    """Without it nobody knows who may identify (project: what is not known opens nothing)."""
    return situation.policy.known


def this_node_may_not_identify(case: Case, situation: Situation) -> bool:
    """Who may identify works the case here (code list: ``power``, after Resolution 485)."""
    return not situation.policy.identifies(situation.node)


def no_offer_stands(case: Case, situation: Situation) -> bool:
    """One recipient at a time, and not again once confirmed, until it was told to let the case go.

    Project: no more agencies than needed know of it.
    """
    return not any(offer.stands for offer in situation.hand_overs)


def offers_are_left(case: Case, situation: Situation) -> bool:
    """Failing for ever helps nobody (project: a person looks at it then)."""
    return len(situation.hand_overs) < OFFERS_LIMIT


REVIEW_RULES: Final[tuple[Callable[[Case, Situation], bool], ...]] = (
    the_case_was_detected_here,
    nothing_was_decided,
    the_case_is_not_frozen,
    the_policy_is_known,
    this_node_may_not_identify,
    no_offer_stands,
    offers_are_left,
)


def review(case: Case, situation: Situation) -> Outcome:
    """Who, if anybody, is offered the case now."""
    if not all(rule(case, situation) for rule in REVIEW_RULES):
        return Wait()
    ground = ground_of_law(case, situation)
    identifying = [found for found in situation.policy.participants if found.identifies]
    allowed = [found for found in identifying if not restricted(found, situation)]
    undecided = isinstance(case.state, Detected)
    if undecided and ground is None and (said := word_of_the_person(case, situation)) is not None:
        return HelpWithoutIdentification(reason=said)
    if undecided and not allowed:
        return HelpWithoutIdentification(
            reason="restricted" if identifying else NO_IDENTIFYING_AGENCY
        )
    consents = consents_that_count(case, situation, HAND_OVER)
    agreed = [found for found in allowed if any(covers(consent, found) for consent in consents)]
    asked = agreed if ground is None else allowed
    if not asked:
        return Wait()

    def rank(found: Participant) -> tuple[bool, bool, bool, bool, str]:
        """Where sending is permitted, whom the person agreed to, whom they named, the same oblast;
        then by name.
        """
        permitted = (situation.node, found.node) in situation.policy.hand_over_pairs
        named = any(found.node in consent.recipients for consent in consents)
        far = case.codes.oblast not in found.oblasts
        return (not permitted, found not in agreed, not named, far, found.node)

    return Offer(recipient=min(asked, key=rank).node, ground=ground)


def ground_of_law(case: Case, situation: Situation) -> str | None:
    """The child route (Convention, Art. 10(4)), or a duty of the profile; else consent decides."""
    if case.codes.is_child:
        return CHILD_ROUTE
    if situation.policy.type_of(situation.node) in situation.duty_types:
        return LEGAL_DUTY
    return None


def a_law_asks_again(case: Case, situation: Situation, offer_id: UUID) -> bool:
    """Sharing of this hand-over ended: whether a law has the case offered all the same.

    A hand-over under a consent that was withdrawn ends for an adult, and stays ended.
    """
    ended = tuple(
        replace(each, state=FAILED) if each.offer_id == offer_id else each
        for each in situation.hand_overs
    )
    outcome = review(case, replace(situation, hand_overs=ended))
    return isinstance(outcome, Offer) and outcome.ground is not None


def restricted(recipient: Participant, situation: Situation) -> bool:
    return any(rule.forbids(recipient, situation.now) for rule in situation.restrictions)


def word_of_the_person(case: Case, situation: Situation) -> str | None:
    """Why the person, where no law asks for a hand-over, does not want one (``help-reason``)."""
    if case.codes.consent_outcome == REFUSED:
        return "consent-refused"
    return PERSON_CHOSE if took_the_hand_over_back(case, situation) else None


def took_the_hand_over_back(case: Case, situation: Situation) -> bool:
    """The person agreed to a hand-over, withdrew it, and nothing else is agreed to.

    What only expired is no word of the person: somebody asks again. What was said for a child, and
    ended before it came of age, is none of the adult's.
    """
    said = _said_since(case, situation, HAND_OVER)
    withdrawn = any(consent.ended for consent in said)
    return withdrawn and not any(live(consent, situation.now) for consent in said)


def another_agency_has_it(case: Case, situation: Situation) -> bool:
    """It was offered the case, or took it and was not told to let it go: that it is, once the
    person took back what was agreed for it, where no law had asked for the hand-over.
    """
    standing = {offer.state for offer in situation.hand_overs if offer.stands}
    if not standing:
        return False
    by_consent = ground_of_law(case, situation) is None
    let_go = by_consent and took_the_hand_over_back(case, situation)
    return standing != {CONFIRMED} or not let_go


def taken_back_at(case: Case, situation: Situation) -> datetime:
    """When the person took back what was agreed for a hand-over: what they said later counts."""
    said = _said_since(case, situation, HAND_OVER)
    return max(each.ended_at or each.recorded_at for each in said if each.ended)


def found_taken_back(
    situation: Situation, recipient: str, offered_at: datetime
) -> tuple[UUID, ...]:
    """What the gateway found taken back as an offer made then could not leave; that it was may be
    told to us later. What was agreed to after the offer may be a later word than the withdrawal.
    """
    found = [each for each in situation.policy.participants if each.node == recipient]
    return tuple(
        consent.consent_id
        for consent in situation.consents
        if HAND_OVER in consent.purposes
        and consent.recorded_at <= offered_at
        and live(consent, situation.now)
        and any(covers(consent, each) for each in found)
    )


def consents_that_count(case: Case, situation: Situation, purpose: str) -> list[Consent]:
    """Live, for this purpose; after a refusal, once of age, or once an agency let the case go, only
    what the person said later.
    """
    return [
        consent for consent in _said_since(case, situation, purpose) if live(consent, situation.now)
    ]


def _said_since(case: Case, situation: Situation, purpose: str) -> list[Consent]:
    """What was told at the same moment as the refusal is none of it: nobody knows which was the
    last word, and nothing is shared on a guess.
    """
    refused_at = case.state.since if isinstance(case.state, HelpedWithoutIdentification) else None
    ends = [each.let_go_at for each in situation.hand_overs if purpose == HAND_OVER]
    said = [at for at in (refused_at, case.record.majority_reached_at, *ends) if at is not None]
    since = max(said, default=None)
    return [
        consent
        for consent in situation.consents
        if purpose in consent.purposes and (since is None or consent.recorded_at > since)
    ]
