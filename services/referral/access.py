"""Who may see what, and whom a person's case may be told to. Pure; deny by default.

The gateway checks consent, restrictions and policy again before anything leaves: what stands here
keeps an offer from being made that could never leave, and stops tasks that consent no longer
covers. A rule may never look at anything but the facts it is given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from services.referral.domain.agreements import (
    AgencyClass,
    Consent,
    Participant,
    Policy,
    Restriction,
)

PURPOSE: Final = "referral"
NEEDS: Final = "needs"
"""The category of what an offer tells."""
ONWARD: Final = "onward-referral"
"""The category of telling who referred the person to us that we asked others, too."""
NO_CONSENT: Final = "no-consent"
INTERESTED: Final = "proposed"
"""Named in the memorandum, has not signed."""
NEVER_TOLD: Final = frozenset({"media", "volunteer", "youth", "donor", "statistics-committee"})
WORKERS: Final = frozenset({"case-officer", "supervisor"})
PROVIDERS: Final = WORKERS | {"provider-intake", "duty-officer"}
PRIVACY_OFFICERS: Final = frozenset({"data-protection-officer"})
SIDES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"sender": WORKERS, "provider": PROVIDERS}
)
"""Of a task: what our workers asked of others, and what others asked of us."""
ACCESS: Final[Mapping[tuple[str, str], frozenset[str]]] = MappingProxyType(
    {
        ("GET", "/v1/requests"): WORKERS,
        ("GET", "/v1/cases/{case_id}/drafts"): WORKERS,
        ("GET", "/v1/requests/{request_id}"): WORKERS,
        ("GET", "/v1/requests/{request_id}/explanation"): WORKERS,
        ("GET", "/v1/cases/{case_id}/audit"): PRIVACY_OFFICERS,
        ("GET", "/v1/tasks"): SIDES["sender"] | SIDES["provider"],
        ("GET", "/v1/tasks/{task_id}"): SIDES["sender"] | SIDES["provider"],
    }
)


def sides_open_to(roles: frozenset[str]) -> frozenset[str]:
    """Which sides of a task somebody with these roles may see."""
    return frozenset(side for side, allowed in SIDES.items() if allowed & roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the case allows and the memorandum says, now."""

    own_node: str
    now: datetime
    policy: Policy
    consents: tuple[Consent, ...]
    restrictions: tuple[Restriction, ...]
    chosen_for: str | None = None
    """Why a person chose the agency by hand; None: the routing looks for one."""
    withdrawn: frozenset[UUID] = frozenset()
    """The consents that were taken back just now."""


Rule = Callable[[str, Basis], str | None]


def agency_is_an_active_participant(agency: str, basis: Basis) -> str | None:
    """Only who signed, and is not suspended, is offered anything (memorandum, participants).

    Who has not signed yet only per case: a person chose it, says why, and a consent names it.
    """
    found = basis.policy.participant(agency)
    if found is None:
        return "not-a-participant"
    if found.status == INTERESTED:
        named = any(_is_live(each, basis) and agency in each.recipients for each in basis.consents)
        return None if basis.chosen_for is not None and named else "not-signed"
    return None if found.status == "active" else "participant-not-active"


def agency_is_of_a_kind_that_helps(agency: str, basis: Basis) -> str | None:
    """Media, volunteers and donors prevent or pay; they are never told of a case."""
    found = basis.policy.participant(agency)
    never = found is not None and found.agency_type in NEVER_TOLD
    return "never-told-of-cases" if never else None


def agency_may_provide(agency: str, basis: Basis) -> str | None:
    """The memorandum gives it the power to provide."""
    found = basis.policy.participant(agency)
    return None if found is None or "provide" in found.powers else "may-not-provide"


def pair_is_permitted(agency: str, basis: Basis) -> str | None:
    """The memorandum lets this node write to it about referrals."""
    permitted = agency == basis.own_node or (basis.own_node, agency) in basis.policy.pairs
    return None if permitted else "pair-not-permitted"


def case_has_no_restriction_against(agency: str, basis: Basis) -> str | None:
    """Never to whom the person or the officer ruled out; holds for the own node too."""
    found = basis.policy.participant(agency)
    hit = any(_restricts(each, agency, found, basis.now) for each in basis.restrictions)
    return "restricted" if hit else None


def person_has_consented(agency: str, basis: Basis) -> str | None:
    """A live consent for referrals covers the agency; the own node needs none."""
    if agency == basis.own_node:
        return None
    found = basis.policy.participant(agency)
    live = (each for each in basis.consents if _is_live(each, basis))
    covered = any(_covers(each, agency, found) for each in live)
    return None if covered else NO_CONSENT


def covered_by(consent: Consent, basis: Basis) -> tuple[str, ...]:
    """Whom this consent covers now of those whom the memorandum names."""
    alone = replace(basis, consents=(consent,))
    agencies = (each.node for each in basis.policy.participants)
    return tuple(each for each in agencies if person_has_consented(each, alone) is None)


def agency_is_listed(agency: str, basis: Basis) -> str | None:
    """Who is no longer listed cannot be judged by type or oblast: whatever it has must stop."""
    known = agency == basis.own_node or basis.policy.participant(agency) is not None
    return None if known else "not-a-participant"


def consent_was_not_withdrawn(agency: str, basis: Basis) -> str | None:
    """For a task that exists: what was withdrawn did not name the agency, or another is live.

    That a consent expired touches no running service.
    """
    if person_has_consented(agency, basis) is None:
        return None
    found = basis.policy.participant(agency)
    naming = [each for each in basis.consents if _covers(each, agency, found)]
    taken_back = any(each.consent_id in basis.withdrawn for each in naming)
    standing = any(each.ended_at is None for each in naming)
    return None if standing and not taken_back else NO_CONSENT


OFFER_RULES: Final[tuple[Rule, ...]] = (
    agency_is_an_active_participant,
    agency_is_of_a_kind_that_helps,
    agency_may_provide,
    pair_is_permitted,
    case_has_no_restriction_against,
    person_has_consented,
)
CONTACT_RULES: Final[tuple[Rule, ...]] = (
    agency_is_an_active_participant,
    agency_is_of_a_kind_that_helps,
    case_has_no_restriction_against,
)
RESTRICTION_RULES: Final[tuple[Rule, ...]] = (
    agency_is_listed,
    case_has_no_restriction_against,
)
WITHDRAWAL_RULES: Final[tuple[Rule, ...]] = (*RESTRICTION_RULES, consent_was_not_withdrawn)


def objections_to_offering(agency: str, basis: Basis) -> tuple[str, ...]:
    """Every reason why the case may not be offered to this agency."""
    return tuple(found for rule in OFFER_RULES if (found := rule(agency, basis)) is not None)


def first_sender_may_learn(agency: str, basis: Basis) -> bool:
    """Of an onward referral the first sender learns only with the person's consent."""
    found = basis.policy.participant(agency)
    return case_has_no_restriction_against(agency, basis) is None and any(
        consent.ended_at is None
        and consent.expires_at > basis.now
        and {PURPOSE} <= consent.purposes
        and {ONWARD} <= consent.categories
        and _names(consent, agency, found)
        for consent in basis.consents
    )


def contacts_allowed(basis: Basis) -> tuple[Participant, ...]:
    """Other agencies that the sender may turn to about this case: none that a restriction names."""
    return tuple(
        each
        for each in basis.policy.participants
        if each.node != basis.own_node
        and all(rule(each.node, basis) is None for rule in CONTACT_RULES)
    )


def objections_after_restriction(agency: str, basis: Basis) -> tuple[str, ...]:
    """Why a task that this agency has must stop, once something was restricted."""
    return tuple(found for rule in RESTRICTION_RULES if (found := rule(agency, basis)) is not None)


def objections_after_withdrawal(agency: str, basis: Basis) -> tuple[str, ...]:
    """Why a task that this agency has must stop, once ``basis.withdrawn`` was taken back.

    The gateway's ``sharing_ends`` follows the same rule: a task stops where sharing ends.
    """
    return tuple(found for rule in WITHDRAWAL_RULES if (found := rule(agency, basis)) is not None)


def _is_live(consent: Consent, basis: Basis) -> bool:
    return _permits(consent) and consent.ended_at is None and consent.expires_at > basis.now


def _permits(consent: Consent) -> bool:
    return PURPOSE in consent.purposes and NEEDS in consent.categories


def _covers(consent: Consent, agency: str, found: Participant | None) -> bool:
    return _permits(consent) and _names(consent, agency, found)


def _names(consent: Consent, agency: str, found: Participant | None) -> bool:
    if agency in consent.recipients:
        return True
    group = consent.agency_class
    return group is not None and found is not None and _is_in(group, found)


def _is_in(group: AgencyClass, agency: Participant) -> bool:
    if agency.node in group.except_agencies:
        return False
    somewhere = not group.oblasts or bool(group.oblasts & agency.oblasts)
    return agency.agency_type == group.agency_type and somewhere


def _restricts(
    restriction: Restriction, agency: str, found: Participant | None, now: datetime
) -> bool:
    if restriction.valid_until is not None and restriction.valid_until <= now:
        return False
    if restriction.agency == agency:
        return True
    if found is None:
        return False
    by_type = restriction.agency_type is not None and found.agency_type == restriction.agency_type
    return by_type or (restriction.oblast is not None and restriction.oblast in found.oblasts)
