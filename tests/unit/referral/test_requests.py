"""Requests, capacity answers and times."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import WEEK, load_profile
from services.referral.domain import capacity
from services.referral.domain.capacity import Pool, Question
from services.referral.domain.cases import CaseStatus, as_it_goes_on
from services.referral.domain.refusals import Refused
from services.referral.domain.requests import (
    Asking,
    Earlier,
    Ended,
    Escalated,
    NeedState,
    NotFound,
    Offered,
    Request,
    may_be_sought_again,
    open_request,
)
from services.referral.domain.timing import answer_by, seen_by, start_by
from services.referral.store import requests
from tests.unit.referral.builders import NOW, a_case, a_need, a_request, an_id, objections

STATES = (
    Asking(),
    Asking(due_at=NOW),
    Offered(),
    NotFound(due_at=NOW),
    Escalated(told="supervisor", due_at=NOW),
    Escalated(told="nobody-allowed"),
    Ended(),
    Ended(told="supervisor"),
)


def test_a_good_request_is_opened() -> None:
    asked = a_request(a_need(), a_need("other"))
    assert open_request(asked, a_case(), already_there=False) is asked


@pytest.mark.parametrize(
    ("request_", "case", "there", "against"),
    [
        (a_request(), {}, False, ("needs-missing", "needs")),
        (a_request(a_need(), a_need()), {}, False, ("need-repeated", "needs")),
        (a_request(a_need()), {}, True, ("request-exists", "request_id")),
        (a_request(a_need()), {"frozen": True}, False, ("case-frozen", None)),
        (a_request(a_need()), {"status": CaseStatus.CLOSED}, False, ("case-closed", None)),
    ],
)
def test_each_rule_alone_refuses_a_request(
    request_: Request, case: dict[str, Any], there: bool, against: tuple[str, str | None]
) -> None:
    answer = open_request(request_, a_case(**case), already_there=there)
    assert objections(answer) == {against}


def test_every_reason_is_given_at_once() -> None:
    continued = a_request(a_need(), a_need(), return_of=an_id("before"))
    answer = open_request(continued, a_case(frozen=True), already_there=True)
    assert objections(answer) == {
        ("case-frozen", None),
        ("need-repeated", "needs"),
        ("unknown-request", "return_of"),
        ("request-exists", "request_id"),
    }


BEFORE = a_request(a_need(), request_id=an_id("before"))
RETURN = a_request(a_need(), return_of=an_id("before"))


@pytest.mark.parametrize(
    ("earlier", "against"),
    [
        (Earlier(), "unknown-request"),
        (Earlier(request=replace(BEFORE, case_id=an_id("x")), all_over=True), "unknown-request"),
        (Earlier(request=BEFORE), "loop-not-closed"),
    ],
)
def test_a_return_without_a_closed_loop_of_the_same_case_is_refused(
    earlier: Earlier, against: str
) -> None:
    answer = open_request(RETURN, a_case(), already_there=False, earlier=earlier)
    assert objections(answer) == {(against, "return_of")}


def test_a_return_after_a_closed_loop_is_a_request_of_its_own() -> None:
    over = Earlier(request=BEFORE, all_over=True)
    assert open_request(RETURN, a_case(), already_there=False, earlier=over) is RETURN


def test_each_search_begins_anew_and_is_counted() -> None:
    waited = a_need(state=Escalated(told="supervisor", due_at=NOW), round=2)
    assert waited.next_round() == a_need(state=Asking(), round=3)


def test_a_need_in_another_state_waits_only_for_what_that_state_waits_for() -> None:
    asking = a_need(round=2, state=Asking(due_at=NOW))
    assert (asking.due_at, asking.told) == (NOW, None)
    offered = asking.in_state(Offered())
    assert offered == a_need(round=2, state=Offered())
    assert (offered.due_at, offered.told) == (None, None)
    later = NOW + timedelta(hours=1)
    missing = offered.in_state(NotFound(due_at=later))
    assert (missing.due_at, missing.told) == (later, None)


def test_an_escalated_need_knows_who_was_told_last_and_when_the_next_one_is() -> None:
    told = a_need(round=2).in_state(Escalated(told="supervisor", due_at=NOW))
    assert (told.told, told.due_at) == ("supervisor", NOW)
    ended = told.ended()
    assert ended == a_need(state=Ended(told="supervisor"), round=2)
    assert (ended.told, ended.due_at) == ("supervisor", None)
    assert a_need(state=NotFound(due_at=NOW)).ended().state == Ended()


@pytest.mark.parametrize("state", STATES)
def test_a_need_comes_back_from_its_row_as_it_was(state: NeedState) -> None:
    need = a_need(state=state, round=2)
    assert requests.need_of(requests.row_of(need)) == need


def test_the_states_of_a_need_are_those_that_its_rows_have() -> None:
    codes = ["asking", "offered", "not-found", "escalated", "ended"]
    assert [each.code for each in get_args(NeedState)] == codes
    assert {each.code for each in STATES} == set(codes)
    row = requests.row_of(a_need()) | {"state": "somewhere"}
    with pytest.raises(ValueError, match="somewhere"):
        requests.need_of(row)


def test_whom_to_turn_to_is_known_until_somebody_acts_and_forgotten_with_the_next_search() -> None:
    escalated = Escalated(told="oblast-coordinator", told_agency="executive-brest")
    told = a_need(state=escalated, round=2)
    assert told.turn_to == "executive-brest"
    assert told.in_state(Offered()).turn_to is None
    assert told.ended().turn_to is None
    assert told.next_round().turn_to is None
    assert a_need(state=Escalated(told="supervisor", due_at=NOW)).turn_to is None


@pytest.mark.parametrize(
    ("urgency", "offers", "may"),
    [("routine", 1, True), ("urgent", 3, True), ("routine", 4, False), ("emergency", 1, False)],
)
def test_how_often_a_machine_may_look_for_the_next_one(
    urgency: str, offers: int, may: bool
) -> None:
    request = a_request(a_need(round=9), urgency=urgency)
    assert may_be_sought_again(request, offers, 3) is may


def test_answers_are_due_by_urgency() -> None:
    profile = load_profile("BY-draft")
    assert answer_by("emergency", NOW, profile) == NOW + timedelta(minutes=60)
    assert answer_by("urgent", NOW, profile) == NOW + timedelta(hours=24)
    assert answer_by("routine", NOW, profile) == NOW + timedelta(days=2)
    friday = NOW + timedelta(days=4)
    assert answer_by("routine", friday, profile) == friday + timedelta(days=4)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (date(2026, 3, 2), {"SA"}, date(2026, 3, 14)),
        (date(2026, 3, 7), {"SA"}, date(2026, 3, 21)),
        (date(2026, 4, 30), {"SA"}, date(2026, 5, 14)),  # the first Saturday but one is 9 May
        (date(2026, 3, 6), set(WEEK), date(2026, 3, 9)),  # Sunday is 8 March
        (date(2026, 3, 13), set(WEEK), date(2026, 3, 15)),
        (date(2026, 3, 13), set(), date(2026, 3, 17)),
        (date(2026, 3, 13), {"MO", "SU"}, date(2026, 3, 16)),
    ],
)
def test_a_routine_answer_is_due_after_days_on_which_the_agency_is_open_and_no_holidays(
    start: date, days: set[str], due: date
) -> None:
    profile = load_profile("BY-draft")
    at = NOW.replace(year=start.year, month=start.month, day=start.day)
    found = answer_by("routine", at, profile, frozenset(days))
    assert (found.date(), found.time()) == (due, at.time())
    for urgency in ("urgent", "emergency"):
        assert answer_by(urgency, at, profile, days) == answer_by(urgency, at, profile)


@pytest.mark.parametrize("name", ["BY-draft", "BG", "UK"])
def test_however_seldom_an_agency_is_open_a_routine_answer_is_due_in_the_profiles_days(
    name: str,
) -> None:
    profile = load_profile(name)
    longest = profile.days("routine_accepted_longest_days")
    every_day = [datetime(2024, 1, 1, 9, tzinfo=UTC) + timedelta(days=day) for day in range(1461)]
    for days in ({"MO"}, {"SU"}, {"SA", "SU"}):
        assert all(answer_by("routine", at, profile, days) - at <= longest for at in every_day)
    assert all(answer_by("routine", at, profile) - at < longest for at in every_day)


def test_an_agency_that_is_open_on_mondays_is_not_waited_for_over_the_new_year() -> None:
    asked = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert answer_by("routine", asked, load_profile("UK"), {"MO"}) == asked + timedelta(days=14)


@pytest.mark.parametrize("day", WEEK)
@given(hours=st.integers(0, 50_000))
def test_whoever_works_on_one_day_of_the_week_is_given_that_day(day: str, hours: int) -> None:
    start = NOW + timedelta(hours=hours)
    profile = load_profile("BY-draft")
    calendar = profile.calendar
    due = calendar.add_working_days(start, 30, {day})
    local = due.astimezone(ZoneInfo(calendar.time_zone)).date()
    assert WEEK[local.weekday()] == day
    assert timedelta(weeks=29) < due - start < timedelta(weeks=60)


def a_pool(status: str, hours_old: float = 1, audience: str = "women") -> Pool:
    return Pool(
        pool_id=an_id(f"{status} {hours_old} {audience}"),
        service_type="crisis-room",
        audience_class=audience,
        status=status,
        reported_at=NOW - timedelta(hours=hours_old),
    )


def test_only_an_emergency_has_a_time_by_which_somebody_opened_it() -> None:
    profile = load_profile("BY-draft")
    within = profile.minutes("emergency_seen_minutes")
    assert seen_by("emergency", NOW, profile) == NOW + within
    assert seen_by("urgent", NOW, profile) is None


def test_help_begins_within_the_profiles_days_of_the_acceptance_and_no_clock_starts_later() -> None:
    profile = load_profile("BY-draft")
    days, hour = profile.days("service_start_days"), timedelta(hours=1)
    assert start_by(NOW - hour, NOW, profile) == NOW - hour + days
    assert start_by(NOW + hour, NOW, profile) == NOW + days


@pytest.mark.parametrize(
    ("pools", "said"),
    [
        ((), "ask"),
        ((a_pool("capacity"),), "capacity"),
        ((a_pool("none"),), "none"),
        ((a_pool("waitlist"), a_pool("none")), "waitlist"),
        ((a_pool("ask"), a_pool("waitlist")), "ask"),
        ((a_pool("capacity", 24),), "capacity"),
        ((a_pool("capacity", 25),), "ask"),
        ((a_pool("none", 25),), "ask"),
        ((a_pool("none"), a_pool("capacity", 25)), "ask"),
        ((a_pool("waitlist"), a_pool("capacity", 25)), "ask"),
        ((a_pool("waitlist", 25),), "ask"),
        ((a_pool("waitlist"), a_pool("capacity")), "capacity"),
        ((a_pool("none"), a_pool("capacity")), "capacity"),
        ((a_pool("capacity", audience="men"),), "ask"),
        ((a_pool("none"), a_pool("capacity", audience="men")), "none"),
    ],
)
def test_what_is_answered_when_asked(pools: tuple[Pool, ...], said: str) -> None:
    question = Question(service_type="crisis-room", audience_class="women")
    answer = capacity.answer(pools, question, now=NOW, fresh_for=timedelta(hours=24))
    assert answer == said


def test_a_place_of_another_service_answers_nothing() -> None:
    question = Question(service_type="shelter", audience_class="women")
    assert not capacity.fits(a_pool("capacity"), question)
    said = capacity.answer((a_pool("none"),), question, now=NOW, fresh_for=timedelta(hours=24))
    assert said == "ask"


@pytest.mark.parametrize("status", list(CaseStatus))
def test_a_case_in_another_status_is_the_same_case(status: CaseStatus) -> None:
    assert a_case(frozen=True).with_status(status) == a_case(frozen=True, status=status)


@pytest.mark.parametrize(
    ("service_type", "urgency", "open_", "refused"),
    [
        ("child-3-17", "routine", True, True),
        ("crisis-room", "urgent", True, True),
        ("child-3-17", "routine", False, False),
        ("child-3-17", "emergency", True, False),
        ("psychological", "routine", True, False),
    ],
)
def test_no_child_is_placed_before_its_best_interests_but_in_an_emergency(
    service_type: str, urgency: str, *, open_: bool, refused: bool
) -> None:
    asked = a_request(a_need(), a_need("place", service_type=service_type), urgency=urgency)
    case = a_case(majority="child", best_interests_open=open_)
    opened = open_request(asked, case, already_there=False)
    codes = [each.code for each in opened.reasons] if isinstance(opened, Refused) else []
    assert codes == (["best-interests-missing"] if refused else [])


@pytest.mark.parametrize(
    ("majority", "urgency", "said", "refused"),
    [
        ("child", "routine", None, True),
        ("believed-child", "urgent", None, True),
        ("child", "routine", "in-care", False),
        ("child", "emergency", None, False),
        ("adult", "routine", None, False),
        ("believed-adult", "routine", None, False),
    ],
)
def test_a_child_that_was_referred_to_us_is_placed_onward_by_the_same_rule(
    majority: str, urgency: str, said: str | None, *, refused: bool
) -> None:
    need = a_need("place", service_type="child-3-17")
    asked = replace(a_request(need, urgency=urgency), best_interests=said)
    opened = open_request(asked, a_case(majority=majority, referred=True), already_there=False)
    expected = {("best-interests-missing", "best_interests")} if refused else set()
    assert (objections(opened) if isinstance(opened, Refused) else set()) == expected


def test_a_placement_too_early_is_refused_with_every_other_objection() -> None:
    asked = a_request(a_need("place", service_type="child-3-17"))
    case = a_case(majority="child", best_interests_open=True, frozen=True)
    opened = open_request(asked, case, already_there=True)
    assert isinstance(opened, Refused)
    codes = {each.code for each in opened.reasons}
    assert codes == {"best-interests-missing", "case-frozen", "request-exists"}


def test_a_duplicate_stands_as_the_case_that_goes_on() -> None:
    other = a_case(case_id=an_id("other"), status=CaseStatus.CLOSED, oblast="BY-HM")
    merged = a_case(status=CaseStatus.MERGED)
    assert as_it_goes_on(merged, other) == other
    assert as_it_goes_on(replace(merged, frozen=True), other) == replace(other, frozen=True)
    assert as_it_goes_on(merged, replace(other, frozen=True)).frozen
    for unheard in (None, replace(other, known=False)):
        assert as_it_goes_on(merged, unheard) == replace(merged, status=CaseStatus.OPEN)
    cycle = replace(merged, case_id=an_id("other"), frozen=True)
    assert as_it_goes_on(merged, cycle) == replace(cycle, status=CaseStatus.OPEN)
    assert as_it_goes_on(merged, merged).status is CaseStatus.OPEN
    for status in set(CaseStatus) - {CaseStatus.MERGED}:
        own = replace(merged, status=status)
        assert as_it_goes_on(own, other) is own
