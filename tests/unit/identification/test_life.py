"""How a case begins and ends, its to-dos, and its clocks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contracts.identification import HandOverRequired
from contracts.vocabulary import code_lists, load_profile
from services.identification import disclosure
from services.identification.access import Standing, objections
from services.identification.domain import (
    CONCLUSIVE_DUE,
    REASONABLE_GROUNDS_DUE,
    CaseCodes,
    Clocks,
    Closed,
    Detected,
    EnteredInError,
    HelpedWithoutIdentification,
    Identified,
    Opening,
    Presumed,
    Reflection,
    Screening,
    State,
    close,
    correct,
    decide,
    end_reflection,
    facts,
    fall_overdue,
    help_without_identification,
    open_case,
    open_to_dos,
    start_clock,
    void,
)
from services.identification.domain.clocks import KINDS
from services.identification.domain.codes import ASKED_ABOUT, CODES_LIMIT
from tests.unit.identification.builders import (
    BORDER,
    CASE_ID,
    CLOCKS,
    NOW,
    a_case,
    a_decision,
    accepted,
    reasons,
    some_codes,
)

DAY = timedelta(days=1)
REFLECTING = Reflection(
    presumed_at=NOW,
    starts_at=NOW,
    ends_at=NOW + 30 * DAY,
    conclusive_due_at=NOW + 44 * DAY,
)
PRESUMED = Presumed(
    presumed_at=NOW, reflection_ended_at=NOW + 30 * DAY, conclusive_due_at=NOW + 44 * DAY
)


def an_opening(**changes: Any) -> Opening:
    opening = Opening(
        case_id=CASE_ID,
        origin="detected",
        counted_by=BORDER,
        codes=some_codes(),
        occurred_at=NOW,
        now=NOW,
    )
    return replace(opening, **changes)


def clocks_with(**values: Any) -> Clocks:
    profile = load_profile("BY-draft")
    return Clocks(profile=replace(profile, values={**profile.values, **values}))


def test_a_detection_with_nothing_but_what_is_required_is_taken_and_opens_every_to_do() -> None:
    change = open_case(an_opening(), CLOCKS, identifies=False)
    assert change.case.state == Detected()
    assert change.clocks == ()
    assert open_to_dos(change.case.codes) == tuple(name.replace("_", "-") for name in ASKED_ABOUT)


def test_every_to_do_is_a_code_of_its_list() -> None:
    child = some_codes(majority="child")
    assert set(open_to_dos(child)) <= set(code_lists()["to-do"].codes)


@pytest.mark.parametrize("name", ASKED_ABOUT)
def test_what_is_known_is_no_to_do(name: str) -> None:
    value: Any = {"exploitation": ("sexual",), "dependants": 0}.get(name, "other")
    assert name.replace("_", "-") not in open_to_dos(some_codes(**{name: value}))


@pytest.mark.parametrize("value", [(), ("not-yet-known",)])
def test_an_unknown_exploitation_is_a_to_do(value: Any) -> None:
    assert "exploitation" in open_to_dos(some_codes(exploitation=value))


@pytest.mark.parametrize(
    ("majority", "guardian", "asked"),
    [
        ("child", "unknown", True),
        ("believed-child", "suspected", True),
        ("child", "none", True),
        ("child", "checked-and-safe", False),
        ("adult", "unknown", False),
        ("believed-adult", "unknown", False),
    ],
)
def test_for_a_child_a_safe_guardian_is_a_to_do(majority: str, guardian: str, asked: bool) -> None:
    codes = some_codes(majority=majority, guardian_status=guardian)
    assert ("guardian-status" in open_to_dos(codes)) is asked


def test_where_a_node_identifies_the_first_clock_runs_in_working_days() -> None:
    change = open_case(an_opening(), CLOCKS, identifies=True)
    (due,) = change.clocks
    assert due.kind == REASONABLE_GROUNDS_DUE
    # Monday 2 March 2026 and five working days; Sunday 8 March is a holiday of Belarus
    assert due.due_at == datetime(2026, 3, 9, 10, tzinfo=UTC)
    assert change.case.grounds_due_at == due.due_at


def test_a_clock_starts_when_it_was_recorded_or_when_it_happened_as_the_profile_says() -> None:
    old = an_opening(occurred_at=NOW - 60 * DAY)
    (recorded,) = open_case(old, clocks_with(clocks_start_from="recorded"), identifies=True).clocks
    (occurred,) = open_case(old, clocks_with(clocks_start_from="occurred"), identifies=True).clocks
    assert occurred.due_at < NOW < recorded.due_at


def test_every_number_of_a_clock_is_the_profiles() -> None:
    other = clocks_with(
        reasonable_grounds_working_days=1,
        reflection_days=45,
        conclusive_after_reflection_working_days=2,
    )
    assert other.reasonable_grounds(NOW).due_at == NOW + DAY
    assert other.reflection(NOW).due_at == NOW + 45 * DAY
    assert other.conclusive(NOW).due_at == NOW + 2 * DAY


@given(days=some.integers(0, 700), hour=some.integers(0, 23))
def test_a_decision_is_never_due_on_a_day_without_work_nor_before_its_days(
    days: int, hour: int
) -> None:
    start = datetime(2026, 1, 1, hour, tzinfo=UTC) + days * DAY
    due = CLOCKS.reasonable_grounds(start).due_at
    there = CLOCKS.profile.calendar
    assert there.is_working_day(due.astimezone(ZoneInfo(there.time_zone)).date())
    assert due - start >= 5 * DAY


def test_the_first_clock_starts_once_and_only_while_undecided() -> None:
    change = start_clock(a_case(), CLOCKS)
    assert change is not None
    assert start_clock(change.case, CLOCKS) is None
    assert start_clock(a_case(PRESUMED), CLOCKS) is None


@pytest.mark.parametrize(
    ("state", "kind", "decision"),
    [
        (Detected(), REASONABLE_GROUNDS_DUE, "reasonable-grounds"),
        (
            Screening(result="indicators-found", screened_at=NOW),
            REASONABLE_GROUNDS_DUE,
            "reasonable-grounds",
        ),
        (REFLECTING, REASONABLE_GROUNDS_DUE, None),
        (REFLECTING, CONCLUSIVE_DUE, "conclusive"),
        (PRESUMED, CONCLUSIVE_DUE, "conclusive"),
        (Detected(), CONCLUSIVE_DUE, None),
        (Closed(reason="other", closed_at=NOW), CONCLUSIVE_DUE, None),
    ],
)
def test_a_missed_clock_is_told_and_changes_nothing(
    state: Any, kind: str, decision: str | None
) -> None:
    case = a_case(state)
    change = fall_overdue(case, kind, NOW)
    if decision is None:
        assert change is None
        return
    assert change is not None
    assert change.case == case
    assert change.facts == (facts.DecisionFellOverdue(decision=decision, due_at=NOW),)


def test_reflection_ends_once() -> None:
    change = end_reflection(a_case(REFLECTING))
    assert change is not None
    assert change.case.state == PRESUMED
    assert end_reflection(change.case) is None


def test_a_correction_keeps_what_it_does_not_mention() -> None:
    case = a_case(codes=some_codes(oblast="BY-BR", citizenship="UA"))
    changes = {"citizenship": "BY", "oblast": None, "immediate_danger": False}
    change = correct(case, changes, NOW, CLOCKS)
    assert change.case.codes == some_codes(oblast="BY-BR", citizenship="BY")


def test_a_correction_can_say_no_and_zero() -> None:
    case = a_case(codes=some_codes(immediate_danger=True, dependants=2))
    changes = {"immediate_danger": False, "dependants": 0}
    codes = correct(case, changes, NOW, CLOCKS).case.codes
    assert (codes.immediate_danger, codes.dependants) == (False, 0)


AT_HOME, OF_A_CHILD = "domestic-violence", "sexual-violence-against-a-child"


@pytest.mark.parametrize("case_type", code_lists()["case-type"].codes)
def test_nobody_decides_who_is_trafficked_in_a_case_of_violence_at_home(case_type: str) -> None:
    started = start_clock(a_case(codes=some_codes(case_type=case_type)), CLOCKS)
    assert (started is None) is (case_type in (AT_HOME, OF_A_CHILD))


@pytest.mark.parametrize("case_type", code_lists()["case-type"].codes)
def test_no_period_begins_in_a_case_that_is_not_of_trafficking(case_type: str) -> None:
    for majority in ("adult", "child"):
        case = a_case(codes=some_codes(case_type=case_type, majority=majority))
        decided = decide(case, a_decision(), CLOCKS)
        if case_type in (AT_HOME, OF_A_CHILD):
            assert reasons(decided) == ["not-of-trafficking"]
        else:
            assert accepted(decided).clocks


def test_what_began_before_a_correction_of_the_type_is_still_concluded() -> None:
    case = a_case(REFLECTING, codes=some_codes(case_type=OF_A_CHILD))
    late = a_decision(decision="conclusive", person_asked_early=True)
    assert isinstance(accepted(decide(case, late, CLOCKS)).case.state, Identified)


@pytest.mark.parametrize("majority", ["child", "believed-child"])
def test_sexual_violence_against_a_child_takes_the_childs_route_and_no_other_clock(
    majority: str,
) -> None:
    codes = some_codes(case_type=OF_A_CHILD, majority=majority)
    opened = open_case(an_opening(codes=codes), CLOCKS, identifies=True)
    kinds = {due.kind for due in opened.clocks}
    assert "child-notification-due" in kinds
    assert kinds <= {"child-notification-due", "majority-review"}


def test_a_case_that_turns_out_to_be_of_violence_at_home_awaits_no_decision() -> None:
    started = start_clock(a_case(), CLOCKS)
    assert started is not None
    at_home = correct(started.case, {"case_type": AT_HOME}, NOW, CLOCKS)
    assert at_home.case.grounds_due_at is None
    assert REASONABLE_GROUNDS_DUE in at_home.stopped
    again = correct(started.case, {"case_type": "vulnerable-migrant"}, NOW, CLOCKS)
    assert again.case.grounds_due_at == started.case.grounds_due_at
    assert REASONABLE_GROUNDS_DUE not in again.stopped
    assert REASONABLE_GROUNDS_DUE not in correct(at_home.case, {}, NOW, CLOCKS).stopped


@pytest.mark.parametrize("end", ["void", "close"])
def test_the_end_of_a_case_stops_every_clock(end: str) -> None:
    case = a_case(REFLECTING)
    change = (
        void(case, "test-entry", NOW)
        if end == "void"
        else accepted(close(case, "needs-met", closed_at=NOW, now=NOW))
    )
    assert set(change.stopped) == set(KINDS)
    assert isinstance(change.case.state, EnteredInError | Closed)


def test_a_case_is_not_closed_in_the_future() -> None:
    assert reasons(close(a_case(), "needs-met", closed_at=NOW + DAY, now=NOW)) == [
        "in-the-future: occurred_at"
    ]


def test_help_without_identification_remembers_since_when() -> None:
    change = help_without_identification(a_case(), "restricted", NOW)
    assert change.case.state == HelpedWithoutIdentification(reason="restricted", since=NOW)


@pytest.mark.parametrize(
    ("state", "frozen", "identifies", "needs_power", "expected"),
    [
        (Detected(), False, True, True, []),
        (Detected(), False, False, False, []),
        (Detected(), False, False, True, ["not-allowed"]),
        (Detected(), True, True, False, ["case-frozen"]),
        (Closed(reason="other", closed_at=NOW), False, True, False, ["case-closed"]),
        (EnteredInError(reason="other", voided_at=NOW), False, True, False, ["case-closed"]),
        (
            Closed(reason="other", closed_at=NOW),
            True,
            False,
            True,
            ["case-frozen", "case-closed", "not-allowed"],
        ),
    ],
)
def test_access_tells_every_reason(
    state: Any, frozen: bool, identifies: bool, needs_power: bool, expected: list[str]
) -> None:
    standing = Standing(case=a_case(state), frozen=frozen, identifies=identifies)
    against = objections(standing, needs_power=needs_power)
    assert [objection.code for objection in against] == expected


def test_every_fact_has_one_builder() -> None:
    assert set(disclosure.BUILDERS) == set(get_args(facts.Fact))


def test_every_state_is_a_code_of_its_list() -> None:
    codes = {state.code for state in get_args(State)}
    assert codes == set(code_lists()["identification-state"].codes) - {"not-yet-known"}


def test_an_offer_tells_no_consent_guardian_channel_or_means() -> None:
    codes = some_codes(
        consent_outcome="given",
        guardian_status="suspected",
        safe_channel="phone",
        means=("threats",),
        sexual_forms=("prostitution",),
        recruiter_relation="family",
        still_in_situation="yes",
    )
    offer = disclosure.offer_of(a_case(codes=codes), CASE_ID).model_dump()
    assert not {"consent_outcome", "guardian_status", "safe_channel", "means"} & offer.keys()
    assert not {"still_in_situation", "sexual_forms", "recruiter_relation"} & offer.keys()
    adult = disclosure.offer_of(a_case(codes=codes), CASE_ID, "legal-duty")
    assert isinstance(adult, HandOverRequired)
    assert adult.guardian_status == "unknown"


def test_of_a_child_it_is_told_whether_the_guardian_is_suspected() -> None:
    codes = some_codes(majority="child", guardian_status="suspected")
    offer = disclosure.offer_of(a_case(codes=codes), CASE_ID, "child-route")
    assert isinstance(offer, HandOverRequired)
    assert offer.guardian_status == "suspected"


@given(
    first=some.lists(some.text("abc", min_size=1, max_size=3), max_size=30),
    second=some.lists(some.text("abc", min_size=1, max_size=3), max_size=30),
)
def test_widening_is_bounded_and_has_no_code_twice(first: list[str], second: list[str]) -> None:
    codes: CaseCodes = some_codes()
    for found in (tuple(first), tuple(second)):
        codes = codes.widened(found, found, found)
    for each in (codes.exploitation, codes.means, codes.sexual_forms):
        assert len(each) == len(set(each)) <= CODES_LIMIT
