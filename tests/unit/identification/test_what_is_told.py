"""Each everyday step as a whole: what the case is now, and which facts it leaves.

What happened is told with the time at which it happened, never with that at which it was entered.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.identification.domain import (
    Appointment,
    CaseRecord,
    Change,
    Closed,
    EnteredInError,
    HelpedWithoutIdentification,
    Measure,
    Questionnaire,
    Refusal,
    close,
    facts,
    help_without_identification,
    merging,
    void,
)
from services.identification.domain import child as children
from services.identification.domain import everyday as days
from services.identification.domain.case import told_anew
from services.identification.domain.clocks import (
    KINDS,
)
from tests.unit.identification.builders import (
    CLOCKS,
    NOW,
    a_case,
    a_child,
    accepted,
    as_named,
    reasons,
    some_codes,
)

DAY = timedelta(days=1)
BEFORE, TOO_LATE = NOW - DAY, NOW + DAY
OTHER = UUID("22222222-2222-4222-8222-222222222222")
CHILD = a_child()
SAFE_CHILD = a_case(codes=some_codes(majority="child", guardian_status="checked-and-safe"))
FORM = Questionnaire(form="f", form_version="1", answers=(("a", "yes"),), recorded_at=BEFORE)
GUARDIAN = Appointment(
    kind="guardian", guardian_status="checked-and-safe", appointed_at=BEFORE, now=NOW
)
MEASURE = Measure(measure="child-centre", emergency=True, taken_at=BEFORE, now=NOW)
MISSING = replace(CHILD, record=CaseRecord(missing_at=BEFORE))
TO_TELL = replace(a_case(), record=CaseRecord(to_tell=("hand-over-by-law", "other")))


Step = Callable[[], Change | Refusal]
"""Taken inside the test: what is wrong in it is that test's failure, not the file's."""


def fact_of(change: Any) -> Any:
    """The first fact; what is to be done now is told after it."""
    given = accepted(change)
    assert given.facts[1:] in ((), (told_anew(given.case),))
    assert (given.clocks, given.stopped) == ((), ())
    return given.facts[0]


ANEW: list[tuple[Step, Any, dict[str, Any], dict[str, Any]]] = [
    (
        lambda: days.change_contact(a_case(), reachable=False, at=BEFORE, now=NOW),
        facts.ContactWasLost(lost_at=BEFORE),
        {},
        {"contact_lost_at": BEFORE},
    ),
    (
        lambda: days.change_contact(a_case(), reachable=True, at=BEFORE, now=NOW),
        facts.ContactWasRegained(regained_at=BEFORE),
        {},
        {"contact_lost_at": None},
    ),
    (
        lambda: days.miss_child(CHILD, missing=True, at=BEFORE, now=NOW),
        facts.ChildWentMissing(missing_at=BEFORE),
        {"majority": "child"},
        {"missing_at": BEFORE},
    ),
    (
        lambda: days.miss_child(MISSING, missing=False, at=NOW, now=NOW),
        facts.ChildWasFound(found_at=NOW),
        {"majority": "child"},
        {"missing_at": None},
    ),
    (
        lambda: days.change_safe_contact(a_case(), "text-message"),
        facts.SafeContactWasChanged(safe_channel="text-message"),
        {"safe_channel": "text-message"},
        {},
    ),
    (
        lambda: days.appoint(a_case(), GUARDIAN),
        facts.RepresentativeWasAppointed(kind="guardian", appointed_at=BEFORE),
        {"guardian_status": "checked-and-safe"},
        {"representative": "guardian", "representative_at": BEFORE},
    ),
    (
        lambda: days.add_dependants(a_case(codes=some_codes(dependants=999)), 2),
        facts.DependantsWereAdded(dependants=1_000),
        {"dependants": 1_000},
        {},
    ),
    (
        lambda: days.to_be_told(TO_TELL, "hand-over-by-law"),
        facts.PersonHasToBeTold(about="hand-over-by-law"),
        {},
        {"to_tell": ("hand-over-by-law", "other")},
    ),
    (
        lambda: days.tell(TO_TELL, "hand-over-by-law", BEFORE, NOW),
        facts.PersonWasTold(about="hand-over-by-law", told_at=BEFORE),
        {},
        {"to_tell": ("other",)},
    ),
    (
        lambda: children.record_best_interests(CHILD, "in-care", BEFORE, NOW),
        facts.BestInterestsWereRecorded(outcome="in-care", recorded_at=BEFORE),
        {"majority": "child"},
        {"best_interests": "in-care", "best_interests_at": BEFORE},
    ),
    (
        lambda: children.record_view(CHILD, "disagrees", BEFORE, NOW),
        facts.ChildsViewWasRecorded(view="disagrees", recorded_at=BEFORE),
        {"majority": "child"},
        {"childs_view": "disagrees", "childs_view_at": BEFORE},
    ),
    (
        lambda: children.record_view(CHILD, "not-yet-known", BEFORE, NOW),
        facts.ChildsViewWasRecorded(view="not-yet-known", recorded_at=BEFORE),
        {"majority": "child"},
        {"childs_view": "not-yet-known", "childs_view_at": None},
    ),
    (
        lambda: children.take_measure(CHILD, MEASURE),
        facts.ProtectionMeasureWasTaken(measure="child-centre", emergency=True, taken_at=BEFORE),
        {"majority": "child"},
        {"measure": "child-centre", "measure_at": BEFORE},
    ),
    (
        lambda: children.authority_not_told(CHILD, "education", "school", "no-consent"),
        facts.ChildNotificationFailed(
            agency_type="education", recipient="school", reason="no-consent"
        ),
        {"majority": "child"},
        {"authorities_to_tell": ("education",)},
    ),
]
"""A step, its fact, the codes and the record of the case after it: what is to do is told anew."""


@pytest.mark.parametrize(("step", "fact", "codes", "record"), ANEW)
def test_a_step_changes_what_it_says_and_tells_what_is_to_do_now(
    step: Step, fact: Any, codes: dict[str, Any], record: dict[str, Any]
) -> None:
    change = accepted(step())
    now = change.case
    assert now == a_case(codes=some_codes(**codes), record=replace(CaseRecord(), **record))
    assert fact_of(change) == fact
    assert len(change.facts) == 2


ALONE: list[tuple[Step, Any, dict[str, Any]]] = [
    (
        lambda: days.transfer(a_case(), OTHER, "workload"),
        facts.OwnershipWasTransferred(officer_id=OTHER, reason="workload"),
        {"officer_id": str(OTHER)},
    ),
    (
        lambda: days.record_return(
            a_case(codes=some_codes(citizenship="BY")), "consular", "BY", at=BEFORE, now=NOW
        ),
        facts.ReturnWasRecorded(channel="consular", recorded_at=BEFORE),
        {"return_channel": "consular"},
    ),
    (
        lambda: days.fill_in(a_case(), FORM, NOW),
        facts.QuestionnaireWasRecorded(form="f", form_version="1", answers=1, recorded_at=BEFORE),
        {},
    ),
    (
        lambda: children.notify_guardian(SAFE_CHILD, BEFORE, NOW),
        facts.GuardianWasNotified(notified_at=BEFORE),
        {"guardian_notified_at": BEFORE},
    ),
]


@pytest.mark.parametrize(("step", "fact", "record"), ALONE)
def test_a_step_that_leaves_nothing_to_do_tells_its_fact_alone(
    step: Step, fact: Any, record: dict[str, Any]
) -> None:
    change = accepted(step())
    assert fact_of(change) == fact
    assert len(change.facts) == 1
    assert change.case.record == replace(CaseRecord(), **record)


FUTURE: list[Step] = [
    lambda: days.change_contact(a_case(), reachable=True, at=TOO_LATE, now=NOW),
    lambda: days.die(a_case(), TOO_LATE, NOW),
    lambda: days.appoint(a_case(), replace(GUARDIAN, appointed_at=TOO_LATE)),
    lambda: days.record_return(
        a_case(codes=some_codes(citizenship="BY")), "consular", "BY", at=TOO_LATE, now=NOW
    ),
    lambda: days.fill_in(a_case(), replace(FORM, recorded_at=TOO_LATE), NOW),
    lambda: days.tell(TO_TELL, "other", TOO_LATE, NOW),
    lambda: children.record_best_interests(CHILD, "in-care", TOO_LATE, NOW),
    lambda: children.record_view(CHILD, "agrees", TOO_LATE, NOW),
    lambda: children.take_measure(CHILD, replace(MEASURE, taken_at=TOO_LATE)),
    lambda: children.notify_guardian(SAFE_CHILD, TOO_LATE, NOW),
    lambda: children.reach_majority(CHILD, TOO_LATE, NOW, NOW, CLOCKS),
    lambda: children.record_authority_told(CHILD, "education", TOO_LATE, NOW, CLOCKS),
]


@pytest.mark.parametrize("step", FUTURE)
def test_nothing_is_recorded_that_has_not_happened(step: Step) -> None:
    assert reasons(step()) == ["in-the-future: occurred_at"]


ADULT = a_case()
OF_A_CHILD_ONLY: list[tuple[Step, list[str]]] = [
    (lambda: children.record_best_interests(ADULT, "in-care", NOW, NOW), []),
    (lambda: children.record_view(ADULT, "agrees", NOW, NOW), []),
    (lambda: children.take_measure(ADULT, MEASURE), []),
    (lambda: children.notify_guardian(ADULT, NOW, NOW), ["guardian-not-safe"]),
    (lambda: children.reach_majority(ADULT, NOW, NOW, NOW, CLOCKS), []),
    (lambda: children.record_authority_told(ADULT, "education", NOW, NOW, CLOCKS), []),
]


@pytest.mark.parametrize(("step", "more"), OF_A_CHILD_ONLY)
def test_what_is_for_a_child_is_refused_for_an_adult(step: Step, more: list[str]) -> None:
    assert reasons(step()) == ["not-a-child", *more]


def test_a_duplicate_and_a_death_end_the_case_with_what_happened() -> None:
    other = replace(a_case(), case_id=OTHER)
    assert merging.merge(a_case(), as_named(other), NOW) == Change(
        case=a_case(EnteredInError(reason="duplicate", voided_at=NOW)),
        facts=(facts.CaseWasMerged(into_case=OTHER), facts.CaseWasVoided(reason="duplicate")),
        stopped=KINDS,
    )
    assert days.die(a_case(), BEFORE, NOW) == Change(
        case=a_case(Closed(reason="died", closed_at=BEFORE)),
        facts=(
            facts.PersonHasDied(died_at=BEFORE),
            facts.CaseWasClosed(reason="died", closed_at=BEFORE),
        ),
        stopped=KINDS,
    )
    assert days.link(a_case(), as_named(other), "family") == Change(
        case=a_case(), facts=(facts.CaseWasLinked(linked_case=OTHER, kind="family"),)
    )
    assert reasons(merging.merge(a_case(), None, NOW)) == ["unknown-linked-case: into_case"]
    assert reasons(
        merging.merge(a_case(), as_named(a_case(Closed(reason="x", closed_at=NOW))), NOW)
    ) == [
        "unknown-linked-case: into_case",
        "wrong-state",
    ]


def test_an_end_says_why_and_when() -> None:
    assert void(a_case(), "test-entry", NOW) == Change(
        case=a_case(EnteredInError(reason="test-entry", voided_at=NOW)),
        facts=(facts.CaseWasVoided(reason="test-entry"),),
        stopped=KINDS,
    )
    assert close(a_case(), "needs-met", closed_at=BEFORE, now=NOW) == Change(
        case=a_case(Closed(reason="needs-met", closed_at=BEFORE)),
        facts=(facts.CaseWasClosed(reason="needs-met", closed_at=BEFORE),),
        stopped=KINDS,
    )
    assert help_without_identification(a_case(), "restricted", NOW) == Change(
        case=a_case(HelpedWithoutIdentification(reason="restricted", since=NOW)),
        facts=(facts.HelpedWithout(reason="restricted"),),
    )
