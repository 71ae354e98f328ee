"""What happens to a case on any day: contact, links, another officer, helpers, an end.

Links are between cases of this node only; an id of another node can never be one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN
from services.identification.domain.case import (
    Case,
    Change,
    Closed,
    Objection,
    Refusal,
    it_happened_by_now,
    it_is_about_a_child,
    refused,
    told_anew,
)
from services.identification.domain.clocks import KINDS
from services.identification.domain.facts import (
    CaseWasClosed,
    CaseWasLinked,
    CaseWasUnlinked,
    ChildWasFound,
    ChildWentMissing,
    ContactWasLost,
    ContactWasRegained,
    DependantsWereAdded,
    OwnershipWasTransferred,
    PersonHasDied,
    PersonHasToBeTold,
    PersonWasTold,
    QuestionnaireWasRecorded,
    RepresentativeWasAppointed,
    ReturnWasRecorded,
    SafeContactWasChanged,
)
from services.identification.domain.merging import OtherCase, the_other_case_is_known

DEPENDANTS_LIMIT: Final = 1_000
GUARDIANS: Final = frozenset({"guardian", "temporary-guardian", "guardian-advocate"})
DIED: Final = "died"
DUPLICATE_OF: Final = "duplicate-of"
OF_ONE_PERSON: Final = frozenset(
    {"retrafficked", "reopened", "found-while-screening", DUPLICATE_OF}
)
"""Kinds of links between cases of the same person: what is forbidden in one is in the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """Who was appointed to stand by the person, as it was reported."""

    kind: str
    guardian_status: str
    appointed_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Questionnaire:
    """A form that was filled in: question -> answer, both codes."""

    form: str
    form_version: str
    answers: tuple[tuple[str, str], ...]
    recorded_at: datetime


def a_frozen_case_is_named_as_the_same_persons(
    other: OtherCase | None, kind: str
) -> Objection | None:
    """Somebody comes again after sharing was stopped: what they forbade must come along.

    For any other reason nothing is made of a frozen case (Convention, Art. 11: private life).
    """
    if other is None or other.case is not None or is_of_the_same_person(kind):
        return None
    return Objection(code="case-frozen", field="linked_case")


def the_person_is_an_own_citizen(case: Case, country: str) -> Objection | None:
    """The return of others is not arranged here; an open citizenship is no objection.

    Convention, Art. 16(1): a state accepts its own nationals.
    """
    if case.codes.citizenship in (country, NOT_YET_KNOWN):
        return None
    return Objection(code="not-own-citizen")


def is_of_the_same_person(kind: str) -> bool:
    """Whether both cases are about one person; a kind that is not known is no proof of it."""
    return kind in OF_ONE_PERSON


def against_link(case_id: UUID, other: OtherCase | None, kind: str) -> tuple[Objection, ...]:
    """Everything that speaks against linking these two cases of this node."""
    found = (
        the_other_case_is_known(case_id, other, "linked_case"),
        a_frozen_case_is_named_as_the_same_persons(other, kind),
    )
    return tuple(objection for objection in found if objection is not None)


def link(case: Case, other: OtherCase | None, kind: str) -> Change | Refusal:
    """Two cases of this node belong together."""
    against = against_link(case.case_id, other, kind)
    if against or other is None:
        return Refusal(objections=against)
    return Change(case=case, facts=(CaseWasLinked(linked_case=other.case_id, kind=kind),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinking:
    """A link that was a mistake, as it was reported, and what links the two cases now."""

    linked_case: UUID
    kind: str
    reason: str
    links: frozenset[tuple[UUID, str]]
    """Every link of the case, from whichever side it was made."""
    made_in: tuple[UUID, ...]
    """Which of the two was linked with the other by this one; both, where both were."""


def the_link_is_there(asked: Unlinking) -> Objection | None:
    """Only what was linked is taken apart, once (project: nobody is told of it twice)."""
    there = (asked.linked_case, asked.kind) in asked.links
    return None if there else Objection(code="unknown-link", field="linked_case")


def it_is_no_merge(asked: Unlinking) -> Objection | None:
    """What was done under two ids of one case cannot be told apart any more.

    Project: the other case went on for both.
    """
    merged = asked.kind == DUPLICATE_OF
    return Objection(code="merge-stands", field="kind") if merged else None


def unlink(case: Case, asked: Unlinking) -> Change | Refusal:
    """Two cases do not belong together after all; nothing else of either changes."""
    against = refused(the_link_is_there(asked), it_is_no_merge(asked))
    if against is not None:
        return against
    left = {
        kind for other, kind in asked.links if other == asked.linked_case and kind != asked.kind
    }
    stands = not is_of_the_same_person(asked.kind) or any(map(is_of_the_same_person, left))
    ends = {case.case_id: asked.linked_case, asked.linked_case: case.case_id}
    told = tuple(
        CaseWasUnlinked(
            case_id=made_in,
            linked_case=ends[made_in],
            kind=asked.kind,
            reason=asked.reason,
            same_person=stands,
        )
        for made_in in asked.made_in
    )
    return Change(case=case, facts=told)


def transfer(case: Case, officer_id: UUID, reason: str) -> Change:
    """Another officer leads the case."""
    record = replace(case.record, officer_id=str(officer_id))
    return Change(
        case=replace(case, record=record),
        facts=(OwnershipWasTransferred(officer_id=officer_id, reason=reason),),
    )


def change_contact(case: Case, *, reachable: bool, at: datetime, now: datetime) -> Change | Refusal:
    """Contact is lost, or there again."""
    against = refused(it_happened_by_now(at, now))
    if against is not None:
        return against
    changed = replace(case, record=replace(case.record, contact_lost_at=None if reachable else at))
    fact = ContactWasRegained(regained_at=at) if reachable else ContactWasLost(lost_at=at)
    return Change(case=changed, facts=(fact, told_anew(changed)))


def miss_child(case: Case, *, missing: bool, at: datetime, now: datetime) -> Change | Refusal:
    """A child is missing: an alarm; or was found."""
    against = refused(it_is_about_a_child(case), it_happened_by_now(at, now))
    if against is not None:
        return against
    changed = replace(case, record=replace(case.record, missing_at=at if missing else None))
    fact = ChildWentMissing(missing_at=at) if missing else ChildWasFound(found_at=at)
    return Change(case=changed, facts=(fact, told_anew(changed)))


def die(case: Case, died_at: datetime, now: datetime) -> Change | Refusal:
    """The person has died: the case ends."""
    against = refused(it_happened_by_now(died_at, now))
    if against is not None:
        return against
    return Change(
        case=replace(case, state=Closed(reason=DIED, closed_at=died_at)),
        facts=(PersonHasDied(died_at=died_at), CaseWasClosed(reason=DIED, closed_at=died_at)),
        stopped=KINDS,
    )


def change_safe_contact(case: Case, safe_channel: str) -> Change:
    """Another kind of way is safe: its kind, never the address."""
    changed = replace(case, codes=replace(case.codes, safe_channel=safe_channel))
    return Change(
        case=changed, facts=(SafeContactWasChanged(safe_channel=safe_channel), told_anew(changed))
    )


def appoint(case: Case, asked: Appointment) -> Change | Refusal:
    """Somebody stands by the person; of a guardian it is known whether they are safe."""
    against = refused(it_happened_by_now(asked.appointed_at, asked.now))
    if against is not None:
        return against
    codes = case.codes
    if asked.kind in GUARDIANS:
        codes = replace(codes, guardian_status=asked.guardian_status)
    record = replace(case.record, representative=asked.kind, representative_at=asked.appointed_at)
    appointed = replace(case, codes=codes, record=record)
    fact = RepresentativeWasAppointed(kind=asked.kind, appointed_at=asked.appointed_at)
    return Change(case=appointed, facts=(fact, told_anew(appointed)))


def add_dependants(case: Case, added: int) -> Change:
    """More people depend on the person than was known."""
    dependants = min((case.codes.dependants or 0) + added, DEPENDANTS_LIMIT)
    changed = replace(case, codes=replace(case.codes, dependants=dependants))
    return Change(
        case=changed, facts=(DependantsWereAdded(dependants=dependants), told_anew(changed))
    )


def record_return(
    case: Case, channel: str, country: str, *, at: datetime, now: datetime
) -> Change | Refusal:
    """How a citizen who was exploited abroad came home."""
    against = refused(the_person_is_an_own_citizen(case, country), it_happened_by_now(at, now))
    if against is not None:
        return against
    record = replace(case.record, return_channel=channel)
    return Change(
        case=replace(case, record=record),
        facts=(ReturnWasRecorded(channel=channel, recorded_at=at),),
    )


def fill_in(case: Case, asked: Questionnaire, now: datetime) -> Change | Refusal:
    """A questionnaire: which form, and how many answers; the answers are kept beside the case."""
    against = refused(it_happened_by_now(asked.recorded_at, now))
    return against or Change(
        case=case,
        facts=(
            QuestionnaireWasRecorded(
                form=asked.form,
                form_version=asked.form_version,
                answers=len(asked.answers),
                recorded_at=asked.recorded_at,
            ),
        ),
    )


def to_be_told(case: Case, about: str) -> Change:
    """Something was done without asking: the person is told of it."""
    listed = tuple(dict.fromkeys((*case.record.to_tell, about)))
    changed = replace(case, record=replace(case.record, to_tell=listed))
    return Change(case=changed, facts=(PersonHasToBeTold(about=about), told_anew(changed)))


def tell(case: Case, about: str, told_at: datetime, now: datetime) -> Change | Refusal:
    """The person heard of it."""
    against = refused(it_happened_by_now(told_at, now))
    if against is not None:
        return against
    left = tuple(each for each in case.record.to_tell if each != about)
    changed = replace(case, record=replace(case.record, to_tell=left))
    return Change(
        case=changed, facts=(PersonWasTold(about=about, told_at=told_at), told_anew(changed))
    )
