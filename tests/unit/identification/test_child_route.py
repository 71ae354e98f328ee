"""The child route: who is told and when, what comes before a placement, and coming of age."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.vocabulary import load_profile
from services.identification import disclosure
from services.identification.domain import (
    CONCLUSIVE_DUE,
    REFLECTION_ENDS,
    Case,
    CaseRecord,
    ChildProtection,
    Clocks,
    Measure,
    Notice,
    Opening,
    Presumed,
    Reflection,
    Restriction,
    correct,
    facts,
    open_case,
    run_out,
)
from services.identification.domain.case import told_anew
from services.identification.domain.child import (
    authority_not_told,
    authority_told,
    guardian_request,
    notify_guardian,
    reach_majority,
    record_authority_told,
    record_best_interests,
    record_view,
    review_placement,
    take_measure,
)
from services.identification.domain.clocks import CHILD_NOTIFICATION_DUE, MAJORITY_REVIEW
from services.identification.domain.everyday import Appointment, appoint
from services.identification.domain.notices import child_notices
from tests.unit.identification.builders import (
    BORDER,
    CASE_ID,
    CLOCKS,
    NOW,
    a_case,
    a_participant,
    a_policy,
    a_situation,
    accepted,
    reasons,
    some_codes,
    the_border,
)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SCHOOL, TOWN = "education-brest", "executive-brest"
BOTH = ("education", "local-executive")
"""Whom BY-draft names."""
PROTECTED = ChildProtection(
    presumed_at=NOW,
    starts_at=NOW,
    ends_at=NOW + 30 * DAY,
    conclusive_due_at=NOW + 44 * DAY,
)


def a_child(state: Any = None, **changes: Any) -> Case:
    return a_case(state, codes=some_codes(**{"majority": "child"} | changes))


def opened(majority: str, clocks: Clocks = CLOCKS, origin: str = "detected") -> Any:
    opening = Opening(
        case_id=CASE_ID,
        origin=origin,
        counted_by=BORDER,
        codes=some_codes(majority=majority),
        occurred_at=NOW,
        now=NOW,
    )
    return open_case(opening, clocks, identifies=False)


def a_measure(**changes: Any) -> Measure:
    asked = Measure(measure="child-centre", emergency=False, taken_at=NOW, now=NOW)
    return replace(asked, **changes)


def with_authorities(**changes: Any) -> Any:
    participants = (
        the_border(),
        a_participant(SCHOOL, agency_type="education", powers=frozenset({"detect-only"})),
        a_participant(TOWN, agency_type="local-executive", powers=frozenset({"detect-only"})),
    )
    pairs = frozenset((BORDER, node, "child-notification") for node in (SCHOOL, TOWN))
    return a_situation(policy=replace(a_policy(*participants), notice_pairs=pairs), **changes)


@pytest.mark.parametrize(("profile", "hours"), [("BY-draft", 24), ("UK", 0), ("BG", 24)])
def test_the_authorities_of_a_child_are_told_within_the_hours_of_the_profile(
    profile: str, hours: int
) -> None:
    change = opened("child", Clocks(profile=load_profile(profile)))
    (due,) = change.clocks
    assert (due.kind, due.due_at) == (CHILD_NOTIFICATION_DUE, NOW + hours * HOUR)
    assert change.case.record.child_notification_due_at == due.due_at


def test_a_belief_is_looked_at_again_and_asks_for_its_reasons() -> None:
    change = opened("believed-child")
    assert [due.kind for due in change.clocks] == [CHILD_NOTIFICATION_DUE, MAJORITY_REVIEW]
    assert "majority-reasons" in change.case.to_dos
    again = run_out(change.case, MAJORITY_REVIEW, NOW + 14 * DAY, CLOCKS)
    assert again is not None
    assert again.facts == (facts.MajorityReviewCame(due_at=NOW + 14 * DAY),)
    assert [due.due_at for due in again.clocks] == [NOW + 28 * DAY]
    known = correct(again.case, {"majority": "child"}, NOW, CLOCKS)
    assert MAJORITY_REVIEW in known.stopped
    assert run_out(known.case, MAJORITY_REVIEW, NOW + 28 * DAY, CLOCKS) is None


@pytest.mark.parametrize("majority", ["adult", "believed-adult"])
def test_nobody_is_told_of_an_adult(majority: str) -> None:
    assert opened(majority).clocks == ()
    assert opened("child", origin="hand-over").clocks == ()


def test_one_agency_of_each_type_that_the_profile_names_is_told() -> None:
    found = child_notices(a_child(), with_authorities(), (), CLOCKS)
    assert [(each.recipient, each.agency_type) for each in found.notices] == [
        (SCHOOL, "education"),
        (TOWN, "local-executive"),
    ]
    assert found.by_phone == ()


def test_a_type_that_was_told_or_sent_to_is_not_told_again() -> None:
    sent = Notice(kind="child-notification", agency=SCHOOL, agency_type="education", state="sent")
    told = a_case(
        codes=some_codes(majority="child"), record=CaseRecord(authorities_told=("local-executive",))
    )
    assert child_notices(told, with_authorities(), (sent,), CLOCKS).notices == ()


@pytest.mark.parametrize(
    "restriction", [{"agency": SCHOOL}, {"agency_type": "education"}, {"oblast": "BY-BR"}]
)
def test_a_restricted_authority_is_never_told_and_somebody_has_to_phone(restriction: Any) -> None:
    empty = {"agency": None, "agency_type": None, "oblast": None, "valid_until": None}
    situation = with_authorities(restrictions=(Restriction(**{**empty, **restriction}),))
    found = child_notices(a_child(), situation, (), CLOCKS)
    assert SCHOOL not in [each.recipient for each in found.notices]
    assert "education" in found.by_phone


def test_nobody_is_told_where_the_memorandum_has_no_pair_for_it() -> None:
    situation = with_authorities()
    alone = replace(situation, policy=replace(situation.policy, notice_pairs=frozenset()))
    found = child_notices(a_child(), alone, (), CLOCKS)
    assert (found.notices, found.by_phone) == ((), BOTH)


@pytest.mark.parametrize(
    ("guardian", "request_"),
    [
        ("checked-and-safe", "not-needed"),
        ("unknown", "advocate"),
        ("none", "temporary-guardian"),
        ("suspected", "temporary-guardian"),
    ],
)
def test_only_the_guardianship_body_is_asked_for_somebody_else(
    guardian: str, request_: str
) -> None:
    child = a_child(guardian_status=guardian)
    assert guardian_request(child) == request_
    found = child_notices(child, with_authorities(), (), CLOCKS)
    asked = {each.agency_type: each.guardian_request for each in found.notices}
    assert asked == {"education": request_, "local-executive": "not-needed"}


@pytest.mark.parametrize("guardian", ["unknown", "none", "suspected"])
def test_no_guardian_is_told_who_was_not_checked_and_found_safe(guardian: str) -> None:
    refused = notify_guardian(a_child(guardian_status=guardian), NOW, NOW)
    assert reasons(refused) == ["guardian-not-safe"]
    safe = notify_guardian(a_child(guardian_status="checked-and-safe"), NOW, NOW)
    assert accepted(safe).facts == (facts.GuardianWasNotified(notified_at=NOW),)


def test_what_a_child_authority_reads_has_no_place_and_no_exploitation() -> None:
    child = a_child(
        oblast="BY-BR", exploitation=("sexual",), country_of_exploitation="PL", industry="A"
    )
    body = disclosure.child_notified(CASE_ID, child, "advocate").model_dump()
    assert set(body) == {"notification_id", "majority", "immediate_danger", "guardian_request"}


def test_the_clock_stops_when_every_authority_knows() -> None:
    child = opened("child").case
    first = authority_told(child, "education", NOW, CLOCKS, recipient=SCHOOL)
    assert first.stopped == ()
    second = accepted(record_authority_told(first.case, "local-executive", NOW, NOW, CLOCKS))
    assert second.stopped == (CHILD_NOTIFICATION_DUE,)
    assert run_out(second.case, CHILD_NOTIFICATION_DUE, NOW + DAY, CLOCKS) is None


def test_a_late_notification_is_told_and_becomes_a_to_do() -> None:
    child = authority_told(opened("child").case, "education", NOW, CLOCKS).case
    late = run_out(child, CHILD_NOTIFICATION_DUE, NOW + DAY, CLOCKS)
    assert late is not None
    assert late.facts[0] == facts.ChildNotificationFellOverdue(
        due_at=NOW + DAY, agency_types=("local-executive",)
    )
    assert "child-authority" in late.case.to_dos
    assert late.case.state == child.state
    told = authority_told(late.case, "local-executive", NOW, CLOCKS)
    assert "child-authority" not in told.case.to_dos


def test_a_notification_that_may_not_leave_becomes_a_phone_call() -> None:
    failed = authority_not_told(a_child(), "education", SCHOOL, "pair-not-permitted")
    assert failed.case.record.authorities_to_tell == ("education",)
    assert failed.stopped == ()


def test_no_placement_before_the_best_interests_are_recorded_but_in_an_emergency() -> None:
    assert reasons(take_measure(a_child(), a_measure())) == ["best-interests-missing"]
    assert accepted(take_measure(a_child(), a_measure(emergency=True)))
    known = accepted(record_best_interests(a_child(), "in-care", NOW, NOW)).case
    assert accepted(take_measure(known, a_measure())).case.record.measure == "child-centre"


def test_a_measure_is_a_to_do_for_a_protected_child_until_it_is_taken() -> None:
    assert "protection-measure" not in a_child().to_dos
    protected = a_child(PROTECTED)
    assert "protection-measure" in protected.to_dos
    taken = accepted(take_measure(protected, a_measure(emergency=True))).case
    assert "protection-measure" not in taken.to_dos


def test_every_objection_to_a_placement_is_told() -> None:
    assert reasons(take_measure(a_case(), a_measure(taken_at=NOW + DAY))) == [
        "not-a-child",
        "best-interests-missing",
        "in-the-future: occurred_at",
    ]


def test_what_the_child_says_is_a_to_do_until_it_was_asked() -> None:
    assert "childs-view" in a_child().to_dos
    assert "childs-view" in accepted(record_view(a_child(), "not-yet-known", NOW, NOW)).case.to_dos
    assert "childs-view" not in accepted(record_view(a_child(), "disagrees", NOW, NOW)).case.to_dos


def test_of_age_consent_is_asked_afresh_and_the_placement_is_looked_at() -> None:
    child = a_child(PROTECTED, consent_outcome="given")
    change = accepted(reach_majority(child, NOW - 2 * DAY, NOW - DAY, NOW, CLOCKS))
    assert change.case.codes.majority == "adult"
    assert {"consent-outcome", "placement-review"} <= set(change.case.to_dos)
    assert change.case.record.majority_reached_at == NOW - DAY, "when it was told"
    assert reasons(reach_majority(change.case, NOW, NOW, NOW, CLOCKS)) == ["not-a-child"]


def test_a_placement_is_a_to_do_until_somebody_says_what_becomes_of_it() -> None:
    assert reasons(review_placement(a_child(), "moves", NOW + DAY, NOW)) == [
        "wrong-state",
        "in-the-future: occurred_at",
    ]
    adult = accepted(reach_majority(a_child(), NOW, NOW, NOW, CLOCKS)).case
    change = accepted(review_placement(adult, "moves", NOW - DAY, NOW))
    reviewed = change.case
    assert "placement-review" in adult.to_dos
    assert "placement-review" not in reviewed.to_dos
    assert change.facts == (
        facts.PlacementWasReviewed(outcome="moves", reviewed_at=NOW - DAY),
        told_anew(reviewed),
    )
    record = reviewed.record
    assert (record.placement_outcome, record.placement_reviewed_at) == ("moves", NOW - DAY)
    assert reasons(review_placement(reviewed, "stays", NOW, NOW)) == ["wrong-state"]


def test_whoever_is_a_child_after_all_is_not_looked_at_as_an_adult() -> None:
    adult = accepted(reach_majority(a_child(), NOW, NOW, NOW, CLOCKS)).case
    child = correct(adult, {"majority": "child"}, NOW, CLOCKS).case
    assert "placement-review" not in child.to_dos


@pytest.mark.parametrize(
    ("child", "adult"),
    [
        ("girls", "women"),
        ("boys", "men"),
        ("minor-mother", "carer-with-children"),
        ("any-child", "any-adult"),
        ("not-yet-known", "not-yet-known"),
        ("women", "women"),
    ],
)
def test_of_age_a_place_for_adults_is_looked_for(child: str, adult: str) -> None:
    case = a_child(audience_class=child)
    change = accepted(reach_majority(case, NOW, NOW, NOW, CLOCKS))
    assert change.case.codes.audience_class == adult


def test_of_age_no_time_is_lost() -> None:
    change = accepted(reach_majority(a_child(PROTECTED), NOW, NOW, NOW, CLOCKS))
    assert isinstance(change.case.state, Reflection)
    assert change.case.state.ends_at == PROTECTED.ends_at
    assert REFLECTION_ENDS in [due.kind for due in change.clocks]
    assert CONCLUSIVE_DUE not in change.stopped
    late = NOW + 31 * DAY
    over = accepted(reach_majority(a_child(PROTECTED), late, late, late, CLOCKS))
    assert isinstance(over.case.state, Presumed)


def test_an_adult_in_reflection_who_is_a_child_after_all_is_protected() -> None:
    reflecting = Reflection(
        presumed_at=NOW,
        starts_at=NOW,
        ends_at=NOW + 30 * DAY,
        conclusive_due_at=NOW + 44 * DAY,
    )
    change = correct(a_case(reflecting), {"majority": "believed-child"}, NOW, CLOCKS)
    assert change.case.state == PROTECTED
    assert REFLECTION_ENDS in change.stopped
    assert {due.kind for due in change.clocks} == {CHILD_NOTIFICATION_DUE, MAJORITY_REVIEW}


@pytest.mark.parametrize(
    ("asked", "open_"),
    [("temporary-guardian", True), ("advocate", True), ("not-needed", False), (None, False)],
)
def test_the_body_that_is_asked_for_somebody_has_a_to_do_until_it_appointed_one(
    asked: str | None, open_: bool
) -> None:
    opening = Opening(
        case_id=CASE_ID,
        origin="child-notification",
        counted_by=BORDER,
        codes=some_codes(majority="child"),
        occurred_at=NOW,
        now=NOW,
        guardian_asked=asked,
    )
    case = open_case(opening, CLOCKS, identifies=False).case
    assert ("appoint-guardian" in case.to_dos) is open_
    appointed = Appointment(
        kind="temporary-guardian", guardian_status="checked-and-safe", appointed_at=NOW, now=NOW
    )
    assert "appoint-guardian" not in accepted(appoint(case, appointed)).case.to_dos
