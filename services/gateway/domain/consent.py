"""Consent and restrictions: what may be recorded, and whom a live consent covers.

Fails closed: an unknown code never widens a consent and never narrows a restriction. No word of
what happened to the person may be in here, only who may receive what for which purpose.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.vocabulary import code_lists
from services.gateway.domain.refusals import Objection

CONSENT_LONGEST: Final = timedelta(days=3660)
"""A consent that outlives this is a typing error; it would also leave the calendar."""

STOP_SHARING: Final = "stop-sharing"
"""The other kind, leaving the service, ends consents too, but agencies that gave the case to us
still hear what became of it; the services learn the kind from the fact."""
PERSON: Final = "person"
GUARDIAN: Final = "guardian"
CAN_CONSENT: Final = frozenset({PERSON, GUARDIAN})
"""Who can; of somebody else's word the list says that it opens nothing."""
SAFE_GUARDIAN: Final = "checked-and-safe"
DUPLICATE_OF: Final = "duplicate-of"
OF_ONE_PERSON: Final = frozenset(
    {"retrafficked", "reopened", "found-while-screening", DUPLICATE_OF}
)
"""Kinds of links between cases of the same person, as identification takes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyClass:
    """Any active participant of a type in some oblasts (empty: all), except those named."""

    agency_type: str
    oblasts: frozenset[str] = frozenset()
    except_agencies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One consent as it stands in the register."""

    consent_id: UUID
    case_id: UUID
    purposes: frozenset[str]
    categories: frozenset[str]
    given_by: str
    expires_at: datetime
    recipients: frozenset[str] = frozenset()
    agency_class: AgencyClass | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """When a consent was entered, and when and how it ended."""

    consent_id: UUID
    granted_at: datetime
    ended_at: datetime | None = None
    ended_kind: str | None = None


def stopped_last_at(stops: Iterable[datetime | None]) -> datetime | None:
    """When the person last stopped all sharing in any of the cases that are the same one.

    Only a stop that names no consent says so: whoever takes one consent back means that one.
    """
    return max((at for at in stops if at is not None), default=None)


def agreed_by(register: Iterable[Entry], at: datetime) -> frozenset[UUID]:
    """Consents that stand and were given before all sharing was stopped under another id.

    Whoever said stop meant these, too. What was agreed to later stands (ODIHR, NRM Handbook 2022:
    consent is informed, and can be taken back at any time).
    """
    return frozenset(
        entry.consent_id for entry in register if entry.ended_at is None and entry.granted_at <= at
    )


def all_of_it_is_meant(register: Iterable[Entry], known_since: datetime, at: datetime) -> bool:
    """The case was there when all sharing was stopped, and nobody agreed to anything in it since:
    what is shared of it without a consent ends as well.
    """
    later = (entry for entry in register if entry.ended_at is None and entry.granted_at > at)
    return known_since <= at and not any(later)


def is_of_the_same_person(link_kind: str) -> bool:
    """Whether a link of this kind says so; a kind that is not known is no proof of it."""
    return link_kind in OF_ONE_PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """Never to this agency, this type, or this oblast: each alone is enough."""

    restriction_id: UUID
    case_id: UUID
    agency: str | None = None
    agency_type: str | None = None
    oblast: str | None = None
    valid_until: datetime | None = None


def what_is_forbidden(restriction: Restriction) -> tuple[str | None, ...]:
    """All that it says but for its id and its case: two that say the same are one."""
    until = restriction.valid_until
    return (
        restriction.agency,
        restriction.agency_type,
        restriction.oblast,
        None if until is None else until.astimezone(UTC).isoformat(),
    )


TURNS: Final = 20
"""So often the same restriction can go over to the same case, be lifted and go over again."""


def came_by_a_link(
    found: Mapping[UUID, tuple[Restriction, ...]], made_of: Callable[[UUID, UUID, int], UUID]
) -> frozenset[UUID]:
    """Restrictions whose id was made of another one that says the same: nobody recorded them."""
    everything = [one for restrictions in found.values() for one in restrictions]
    made = {
        made_of(one.restriction_id, case_id, turn)
        for case_id in found
        for one in everything
        if one.case_id != case_id
        for turn in range(TURNS)
    }
    return frozenset(one.restriction_id for one in everything if one.restriction_id in made)


def only_by_a_link(
    cases: Mapping[UUID, tuple[Restriction, ...]], carried: frozenset[UUID]
) -> tuple[tuple[UUID, Restriction], ...]:
    """Of the cases of one person: what none of them has but by a link that is gone."""
    recorded = {
        what_is_forbidden(one)
        for restrictions in cases.values()
        for one in restrictions
        if one.restriction_id not in carried
    }
    return tuple(
        (case_id, one)
        for case_id, restrictions in cases.items()
        for one in restrictions
        if one.restriction_id in carried and what_is_forbidden(one) not in recorded
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who would receive: a participant as the policy lists it."""

    node: str
    agency_type: str
    oblasts: frozenset[str]


def is_live(consent: Consent, now: datetime) -> bool:
    """Neither ended nor expired."""
    return consent.ended_at is None and consent.expires_at > now


def was_given(consent: Consent) -> bool:
    """Whoever gave it can: the person or, for a child, a guardian (Convention on the Rights of the
    Child, Art. 18).
    """
    return consent.given_by in CAN_CONSENT


def names(consent: Consent, recipient: Recipient) -> bool:
    """The person named this agency, or a class that it belongs to."""
    if recipient.node in consent.recipients:
        return True
    group = consent.agency_class
    return (
        group is not None
        and recipient.agency_type == group.agency_type
        and recipient.node not in group.except_agencies
        and (not group.oblasts or bool(group.oblasts & recipient.oblasts))
    )


def covers(
    consent: Consent, recipient: Recipient, purpose: str, category: str, now: datetime
) -> bool:
    """This consent lets ``recipient`` receive ``category`` for ``purpose`` now.

    What somebody gave who cannot, and an older version took, covers nothing new; what runs under it
    is untouched, as after an expiry.
    """
    return (
        is_live(consent, now)
        and was_given(consent)
        and purpose in consent.purposes
        and category in consent.categories
        and names(consent, recipient)
    )


def restricts(restriction: Restriction, recipient: Recipient, now: datetime) -> bool:
    """This restriction forbids everything to ``recipient`` now."""
    if restriction.valid_until is not None and restriction.valid_until <= now:
        return False
    return (
        restriction.agency == recipient.node
        or restriction.agency_type == recipient.agency_type
        or (restriction.oblast is not None and restriction.oblast in recipient.oblasts)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringConsent:
    """A consent of which somebody has to hear before it covers nothing new."""

    consent_id: UUID
    purposes: tuple[str, ...]
    expires_at: datetime


def notice_at(granted_at: datetime, expires_at: datetime, notice: timedelta) -> datetime:
    """When people hear that a consent expires: the profile's days before, or halfway through one
    that is shorter than twice that, so that nobody is told what was agreed to a moment ago.
    """
    return expires_at - min(notice, (expires_at - granted_at) / 2)


def live_consents(consents: Iterable[Consent], now: datetime) -> tuple[Consent, ...]:
    """Those that are live now."""
    return tuple(consent for consent in consents if is_live(consent, now))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRegister:
    """What the register says about a case, as far as a new entry has to agree with it."""

    now: datetime
    frozen: bool
    id_taken: bool = False
    guardian_status: str = "unknown"
    of_age: bool = False
    with_a_detection: bool = False


def consent_objections(consent: Consent, register: ConsentRegister) -> tuple[Objection, ...]:
    """Every reason why this consent cannot be recorded."""
    group = consent.agency_class
    found = [
        *_case_is_not_frozen(register),
        *_expiry_is_in_the_future(consent, register),
        *_somebody_is_named(consent),
        *_somebody_gives_it_who_can(consent),
        *_a_guardian_who_gives_it_is_safe(consent, register),
        *_of_age_nobody_consents_for_the_person(consent, register),
        *_id_is_new(register, "consent_id"),
    ]
    if group is not None:
        found += _known("agency-type", group.agency_type, "recipient_class/agency_type")
        for position, oblast in enumerate(sorted(group.oblasts)):
            found += _known("oblast", oblast, f"recipient_class/oblasts/{position}")
    return tuple(found)


def _somebody_gives_it_who_can(consent: Consent) -> list[Objection]:
    """A relative, a friend or an official has no say, of whatever age the person is (Rights of the
    Child, Art. 12; ODIHR, NRM Handbook 2022: consent is the person's own).
    """
    if consent.given_by in CAN_CONSENT:
        return []
    return [Objection("cannot-consent", "given_by")]


def _a_guardian_who_gives_it_is_safe(
    consent: Consent, register: ConsentRegister
) -> list[Objection]:
    """A guardian may have taken part: only one who was checked and found safe can consent.

    Convention, Art. 10(4)(a): in the child's best interests.
    """
    if consent.given_by == GUARDIAN and register.guardian_status != SAFE_GUARDIAN:
        return [Objection("guardian-not-safe", "guardian_status")]
    return []


def _of_age_nobody_consents_for_the_person(
    consent: Consent, register: ConsentRegister
) -> list[Objection]:
    """Who came of age is asked afresh (Rights of the Child, Art. 1 and 12)."""
    if consent.given_by == GUARDIAN and register.of_age:
        return [Objection("person-of-age", "given_by")]
    return []


def restriction_objections(
    restriction: Restriction, register: ConsentRegister
) -> tuple[Objection, ...]:
    """Every reason why this restriction cannot be recorded. A frozen case still takes one.

    What came with a detection is recorded even when its time is over, and forbids nothing: a
    detection is never refused for what it lacks (ODIHR, NRM Handbook 2022, detection).
    """
    found = [*_something_is_restricted(restriction), *_id_is_new(register, "restriction_id")]
    over = restriction.valid_until is not None and restriction.valid_until <= register.now
    if over and not register.with_a_detection:
        found.append(Objection("out-of-range", "valid_until"))
    if restriction.agency_type is not None:
        found += _known("agency-type", restriction.agency_type, "agency_type")
    if restriction.oblast is not None:
        found += _known("oblast", restriction.oblast, "oblast")
    return tuple(found)


def withdrawal_objections(
    consent_id: UUID | None, recorded: Iterable[Consent]
) -> tuple[Objection, ...]:
    """Every reason why this withdrawal cannot be recorded: only that the consent is not here.

    ODIHR, NRM Handbook 2022: at any time.
    """
    if consent_id is None or any(known.consent_id == consent_id for known in recorded):
        return ()
    return (Objection("unknown-consent", "consent_id"),)


def _case_is_not_frozen(register: ConsentRegister) -> list[Objection]:
    """Who stopped sharing shares nothing new in this case (Convention, Art. 11: private life)."""
    return [Objection("case-frozen")] if register.frozen else []


def _expiry_is_in_the_future(consent: Consent, register: ConsentRegister) -> list[Objection]:
    """A consent ends some day, and not before it begins (project: it is asked for afresh)."""
    if consent.expires_at <= register.now:
        return [Objection("consent-expired", "expires_at")]
    if consent.expires_at > register.now + CONSENT_LONGEST:
        return [Objection("out-of-range", "expires_at")]
    return []


def _somebody_is_named(consent: Consent) -> list[Objection]:
    """A consent says who may receive it (GDPR, Art. 4(11): it is specific)."""
    if consent.recipients or consent.agency_class is not None:
        return []
    return [Objection("no-recipient", "recipients")]


def _something_is_restricted(restriction: Restriction) -> list[Objection]:
    """It forbids something (project: nobody relies on what forbids nothing)."""
    if restriction.agency or restriction.agency_type or restriction.oblast:
        return []
    return [Objection("required", "agency")]


def _id_is_new(register: ConsentRegister, field: str) -> list[Objection]:
    """One id is one entry of the register (project: what ends is named by its id)."""
    return [Objection("id-reused", field)] if register.id_taken else []


def _known(list_name: str, code: str, field: str) -> list[Objection]:
    """A code that nobody knows names nobody (project: it would widen or narrow by chance)."""
    return [] if code in code_lists()[list_name] else [Objection("out-of-range", field)]
