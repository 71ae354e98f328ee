"""The child route: who is told, what comes before a placement, and when somebody is of age.

Only a checked and safe guardian is ever told or asked; otherwise the guardianship body alone
(Council of Europe Convention, Art. 10(3) and (4)).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.identification.domain.case import (
    Case,
    Change,
    ChildProtection,
    Objection,
    Presumed,
    Reflection,
    Refusal,
    it_happened_by_now,
    it_is_about_a_child,
    refused,
    told_anew,
)
from services.identification.domain.clocks import (
    CHILD_NOTIFICATION_DUE,
    MAJORITY_REVIEW,
    REFLECTION_ENDS,
    REFLECTION_REVIEW,
    Clocks,
    DueDate,
)
from services.identification.domain.codes import BELIEVED_CHILD, SAFE_GUARDIAN
from services.identification.domain.facts import (
    BestInterestsWereRecorded,
    ChildAuthorityWasNotified,
    ChildNotificationFailed,
    ChildNotificationFellOverdue,
    ChildProtectionBegan,
    ChildsViewWasRecorded,
    Fact,
    GuardianWasNotified,
    MajorityReviewCame,
    MajorityWasReached,
    PlacementWasReviewed,
    ProtectionMeasureWasTaken,
    ReflectionBegan,
    ReflectionWasOver,
)
from services.identification.domain.record import NOBODY

DETECTED_HERE: Final = "detected"
ADULT: Final = "adult"
NOT_YET_KNOWN: Final = "not-yet-known"
RECIPIENTS: Final = "child_notification_recipients"
CHILD_CLOCKS: Final = (CHILD_NOTIFICATION_DUE, MAJORITY_REVIEW)
REQUESTS: Final = {SAFE_GUARDIAN: NOBODY, "unknown": "advocate"}
"""Status of the guardian -> whom the guardianship body is asked for; else a temporary guardian."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure of protection as it was reported."""

    measure: str
    emergency: bool
    taken_at: datetime
    now: datetime


AUDIENCE_OF_AGE: Final = {
    "girls": "women",
    "boys": "men",
    "minor-mother": "carer-with-children",
    "any-child": "any-adult",
}
"""Whom a place is for, before and after somebody came of age: routing reads it."""


def best_interests_come_before_a_placement(case: Case, asked: Measure) -> Objection | None:
    """Only in an emergency is a child placed first (Rights of the Child, Art. 3)."""
    if asked.emergency or case.record.best_interests_at is not None:
        return None
    return Objection(code="best-interests-missing")


def the_guardian_is_checked_and_safe(case: Case) -> Objection | None:
    """Nobody else is told of a child or asked for it: a guardian may have taken part.

    Convention, Art. 10(4)(a): in its best interests.
    """
    if case.codes.guardian_status == SAFE_GUARDIAN:
        return None
    return Objection(code="guardian-not-safe")


def a_placement_is_to_be_looked_at(case: Case) -> Objection | None:
    """Only when somebody came of age, and once (Convention on the Rights of the Child, Art. 25)."""
    return None if case.record.placement_review else Objection(code="wrong-state")


def guardian_request(case: Case) -> str:
    """Whom the guardianship body is asked to appoint (list ``guardian-request``)."""
    return REQUESTS.get(case.codes.guardian_status, "temporary-guardian")


def begin_route(case: Case, start: datetime, clocks: Clocks) -> tuple[Case, tuple[DueDate, ...]]:
    """A child was met here: its authorities are told in time, a belief is looked at again."""
    if not case.codes.is_child:
        return case, ()
    started: tuple[DueDate, ...] = ()
    if case.record.child_notification_due_at is None:
        due = clocks.child_notification(start)
        record = replace(case.record, child_notification_due_at=due.due_at)
        case, started = replace(case, record=record), (due,)
    case, looked_at = begin_looking(case, start, clocks)
    return case, (*started, *looked_at)


def begin_looking(case: Case, start: datetime, clocks: Clocks) -> tuple[Case, tuple[DueDate, ...]]:
    """Somebody is believed to be a child: where it is decided, too, the belief is looked at again.

    Who met the child told its authorities; whoever takes it over has a date of its own.
    """
    if case.codes.majority != BELIEVED_CHILD or case.record.majority_review_at is not None:
        return case, ()
    review = clocks.majority_review(start)
    record = replace(case.record, majority_review_at=review.due_at)
    return replace(case, record=record), (review,)


def authorities_left(case: Case, clocks: Clocks) -> tuple[str, ...]:
    """Types of child authority that nobody has told yet."""
    told = case.record.authorities_told
    return tuple(kind for kind in clocks.profile.codes(RECIPIENTS) if kind not in told)


def authority_told(
    case: Case, agency_type: str, told_at: datetime, clocks: Clocks, recipient: str | None = None
) -> Change:
    """A child authority knows; when all do, the clock stops."""
    record = case.record
    told = replace(
        case,
        record=replace(
            record,
            authorities_told=tuple(dict.fromkeys((*record.authorities_told, agency_type))),
            authorities_to_tell=_without(record.authorities_to_tell, agency_type),
        ),
    )
    fact = ChildAuthorityWasNotified(
        agency_type=agency_type, notified_at=told_at, recipient=recipient
    )
    return Change(
        case=told,
        facts=(fact, told_anew(told)) if told.to_dos != case.to_dos else (fact,),
        stopped=() if authorities_left(told, clocks) else (CHILD_NOTIFICATION_DUE,),
    )


def record_authority_told(
    case: Case, agency_type: str, told_at: datetime, now: datetime, clocks: Clocks
) -> Change | Refusal:
    """Somebody told a child authority by phone."""
    against = refused(it_is_about_a_child(case), it_happened_by_now(told_at, now))
    return against or authority_told(case, agency_type, told_at, clocks)


def authority_not_told(case: Case, agency_type: str, recipient: str, reason: str) -> Change:
    """A message could not leave: somebody has to phone. The clock goes on."""
    asked = _to_tell(case, (agency_type,))
    fact = ChildNotificationFailed(agency_type=agency_type, recipient=recipient, reason=reason)
    return Change(case=asked, facts=(fact, told_anew(asked)))


def ask_to_tell(case: Case, agency_types: tuple[str, ...]) -> Change:
    """No message can reach these: somebody has to phone."""
    asked = _to_tell(case, agency_types)
    return Change(case=asked, facts=(told_anew(asked),))


def notification_overdue(case: Case, due_at: datetime, clocks: Clocks) -> Change | None:
    """Not every authority was told in time; what is left becomes a to-do."""
    left = authorities_left(case, clocks)
    if not case.codes.is_child or not left:
        return None
    asked = _to_tell(case, left)
    fact = ChildNotificationFellOverdue(due_at=due_at, agency_types=left)
    return Change(case=asked, facts=(fact, told_anew(asked)))


def review_majority(case: Case, due_at: datetime, clocks: Clocks) -> Change | None:
    """Still only believed: look again, and once more later."""
    if case.codes.majority != BELIEVED_CHILD:
        return None
    again = clocks.majority_review(due_at)
    record = replace(case.record, majority_review_at=again.due_at)
    return Change(
        case=replace(case, record=record),
        facts=(MajorityReviewCame(due_at=due_at),),
        clocks=(again,),
    )


def record_best_interests(
    case: Case, outcome: str, recorded_at: datetime, now: datetime
) -> Change | Refusal:
    """What is best for the child."""
    against = refused(it_is_about_a_child(case), it_happened_by_now(recorded_at, now))
    if against is not None:
        return against
    record = replace(case.record, best_interests=outcome, best_interests_at=recorded_at)
    recorded = replace(case, record=record)
    fact = BestInterestsWereRecorded(outcome=outcome, recorded_at=recorded_at)
    return Change(case=recorded, facts=(fact, told_anew(recorded)))


def record_view(case: Case, view: str, asked_at: datetime, now: datetime) -> Change | Refusal:
    """What the child said; that nobody has asked yet is a to-do and no view."""
    against = refused(it_is_about_a_child(case), it_happened_by_now(asked_at, now))
    if against is not None:
        return against
    known_at = None if view == NOT_YET_KNOWN else asked_at
    recorded = replace(case, record=replace(case.record, childs_view=view, childs_view_at=known_at))
    fact = ChildsViewWasRecorded(view=view, recorded_at=asked_at)
    return Change(case=recorded, facts=(fact, told_anew(recorded)))


def take_measure(case: Case, asked: Measure) -> Change | Refusal:
    """Protect the child."""
    against = refused(
        it_is_about_a_child(case),
        best_interests_come_before_a_placement(case, asked),
        it_happened_by_now(asked.taken_at, asked.now),
    )
    if against is not None:
        return against
    taken = replace(
        case, record=replace(case.record, measure=asked.measure, measure_at=asked.taken_at)
    )
    fact = ProtectionMeasureWasTaken(
        measure=asked.measure, emergency=asked.emergency, taken_at=asked.taken_at
    )
    return Change(case=taken, facts=(fact, told_anew(taken)))


def notify_guardian(case: Case, notified_at: datetime, now: datetime) -> Change | Refusal:
    """Tell the guardian, who was checked."""
    against = refused(
        it_is_about_a_child(case),
        the_guardian_is_checked_and_safe(case),
        it_happened_by_now(notified_at, now),
    )
    if against is not None:
        return against
    record = replace(case.record, guardian_notified_at=notified_at)
    return Change(
        case=replace(case, record=record), facts=(GuardianWasNotified(notified_at=notified_at),)
    )


def reach_majority(
    case: Case, reached_at: datetime, said_at: datetime, now: datetime, clocks: Clocks
) -> Change | Refusal:
    """Of age: consent is asked afresh, the placement is looked at, no time is lost.

    What was told after ``said_at`` the adult said.
    """
    against = refused(it_is_about_a_child(case), it_happened_by_now(reached_at, now))
    if against is not None:
        return against
    audience = case.codes.audience_class
    codes = replace(
        case.codes,
        majority=ADULT,
        consent_outcome=NOT_YET_KNOWN,
        audience_class=AUDIENCE_OF_AGE.get(audience, audience),
    )
    record = replace(case.record, majority_reached_at=said_at, placement_review=True)
    change = follow_majority(case, replace(case, codes=codes, record=record), now, clocks)
    fact = MajorityWasReached(reached_at=reached_at)
    return replace(change, facts=(fact, *change.facts, told_anew(change.case)))


def review_placement(
    case: Case, outcome: str, reviewed_at: datetime, now: datetime
) -> Change | Refusal:
    """Somebody looked at where the person lives; there is nothing left to be done about it."""
    against = refused(a_placement_is_to_be_looked_at(case), it_happened_by_now(reviewed_at, now))
    if against is not None:
        return against
    record = replace(
        case.record,
        placement_review=False,
        placement_outcome=outcome,
        placement_reviewed_at=reviewed_at,
    )
    reviewed = replace(case, record=record)
    fact = PlacementWasReviewed(outcome=outcome, reviewed_at=reviewed_at)
    return Change(case=reviewed, facts=(fact, told_anew(reviewed)))


def follow_majority(before: Case, after: Case, now: datetime, clocks: Clocks) -> Change:
    """What it means for state and clocks that a child is none, or somebody is a child after all."""
    if before.codes.is_child == after.codes.is_child:
        return _still(after, now, clocks)
    if after.codes.is_child:
        return _becomes_child(after, now, clocks)
    return _becomes_adult(after, now, clocks)


def _still(case: Case, now: datetime, clocks: Clocks) -> Change:
    """As old as before; only a belief is looked at again."""
    if case.codes.majority == BELIEVED_CHILD:
        begin = begin_route if case.origin == DETECTED_HERE else begin_looking
        case, started = begin(case, now, clocks)
        return Change(case=case, facts=(), clocks=started)
    record = replace(case.record, majority_review_at=None)
    return Change(case=replace(case, record=record), facts=(), stopped=(MAJORITY_REVIEW,))


def _becomes_child(case: Case, now: datetime, clocks: Clocks) -> Change:
    case = replace(case, record=replace(case.record, placement_review=False))
    case, started = begin_route(case, now, clocks)
    if not isinstance(case.state, Reflection):
        return Change(case=case, facts=(), clocks=started)
    was = case.state
    state = ChildProtection(
        presumed_at=was.presumed_at,
        starts_at=was.starts_at,
        ends_at=was.ends_at,
        conclusive_due_at=was.conclusive_due_at,
    )
    return Change(
        case=replace(case, state=state, record=replace(case.record, reflection_review_at=None)),
        facts=(ChildProtectionBegan(starts_at=was.starts_at, no_decision_before=was.ends_at),),
        clocks=started,
        stopped=(REFLECTION_ENDS, REFLECTION_REVIEW),
    )


def _becomes_adult(case: Case, now: datetime, clocks: Clocks) -> Change:
    record = replace(case.record, majority_review_at=None, child_notification_due_at=None)
    case, was = replace(case, record=record), case.state
    if not isinstance(was, ChildProtection):
        return Change(case=case, facts=(), stopped=CHILD_CLOCKS)
    if was.ends_at <= now:
        presumed = Presumed(
            presumed_at=was.presumed_at,
            reflection_ended_at=was.ends_at,
            conclusive_due_at=was.conclusive_due_at,
        )
        over: tuple[Fact, ...] = (ReflectionWasOver(ended_at=was.ends_at),)
        return Change(case=replace(case, state=presumed), facts=over, stopped=CHILD_CLOCKS)
    review = clocks.review(now, was.ends_at)
    state = Reflection(
        presumed_at=was.presumed_at,
        starts_at=was.starts_at,
        ends_at=was.ends_at,
        conclusive_due_at=was.conclusive_due_at,
    )
    return Change(
        case=replace(
            case,
            state=state,
            record=replace(record, reflection_review_at=review.due_at if review else None),
        ),
        facts=(ReflectionBegan(starts_at=was.starts_at, ends_at=was.ends_at),),
        clocks=(
            DueDate(kind=REFLECTION_ENDS, due_at=was.ends_at),
            *([review] if review else []),
        ),
        stopped=CHILD_CLOCKS,
    )


def _to_tell(case: Case, agency_types: tuple[str, ...]) -> Case:
    listed = tuple(dict.fromkeys((*case.record.authorities_to_tell, *agency_types)))
    return replace(case, record=replace(case.record, authorities_to_tell=listed))


def _without(listed: tuple[str, ...], code: str) -> tuple[str, ...]:
    return tuple(each for each in listed if each != code)
