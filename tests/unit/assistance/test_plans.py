"""A plan goes its way with the person: every rule, every objection, every clock."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contracts.vocabulary import code_lists
from services.assistance.domain import Clock, Refusal, clocks_of_asking, clocks_of_plan
from services.assistance.domain.dates import after_months
from services.assistance.domain.plans import (
    NEXT,
    Agreed,
    Asking,
    AssistancePlan,
    Closed,
    Content,
    Draft,
    FollowUp,
    Heard,
    Part,
    PlanState,
    Reintegration,
    Step,
    Underway,
    advance,
    draft,
    first_asking,
    plan_asking,
    record_asking,
)
from tests.unit.assistance.builders import NOW, PROFILE, objections_of

IDS = (UUID(int=1), UUID(int=2))
PART = Part(part_id=UUID(int=5), service_type="medical", agency="clinic-brest", agreed=True)
CONTENT = Content(
    majority="adult",
    risk="low",
    safety_plan="no",
    needs=("medical",),
    goals=("health", "income"),
    parts=(PART,),
)
YEAR_ON = after_months(NOW, 12)
MONITORED = FollowUp(monitored_until=YEAR_ON)


def a_plan(state: PlanState | None = None, **changes: Any) -> AssistancePlan:
    content = replace(CONTENT, **changes)
    return AssistancePlan(plan_id=IDS[0], case_id=IDS[1], content=content, state=state or Draft())


def a_step(to: str, **changes: Any) -> Step:
    given_: dict[str, Any] = {"to": to, "reason": None, "now": NOW, "profile": PROFILE}
    return Step(**given_ | changes)


STATES: dict[str, PlanState] = {
    "draft": Draft(),
    "agreed": Agreed(),
    "active": Underway(),
    "reintegration": Reintegration(),
    "follow-up": FollowUp(),
    "closed": Closed(reason="goals-met"),
}


def test_every_state_has_a_class_a_code_and_a_way() -> None:
    assert {each.code for each in get_args(PlanState)} == STATES.keys() == NEXT.keys()
    assert set(code_lists()["plan-state"].codes) == STATES.keys()


@pytest.mark.parametrize("start", STATES)
@pytest.mark.parametrize("to", STATES)
def test_a_plan_goes_where_its_state_says_and_nowhere_else(start: str, to: str) -> None:
    decided = advance(a_plan(STATES[start]), a_step(to, reason="goals-met"))
    if to in NEXT[start]:
        assert isinstance(decided, AssistancePlan)
        assert decided.state.code == to
    else:
        assert ("wrong-state", "to") in objections_of(decided)


def test_a_draft_is_written_until_it_is_agreed() -> None:
    first = draft(None, IDS, CONTENT)
    assert first == a_plan()
    assert draft(a_plan(risk="high"), IDS, CONTENT) == a_plan()
    for state in STATES.values():
        if not isinstance(state, Draft):
            assert objections_of(draft(a_plan(state), IDS, CONTENT)) == [("wrong-state", None)]


def test_every_reason_against_a_draft_is_told() -> None:
    told = replace(CONTENT, needs=(), parts=(PART, PART))
    assert objections_of(draft(a_plan(Agreed()), IDS, told)) == [
        *(("wrong-state", None), ("needs-missing", "needs"), ("need-repeated", "parts")),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"parts": ()}, [("required", "parts")]),
        ({"parts": (replace(PART, agreed=False),)}, [("required", "parts")]),
        ({"risk": "not-yet-known"}, [("required", "risk")]),
        ({"risk": "high"}, [("required", "safety_plan")]),
        ({"risk": "high", "parts": ()}, [("required", "parts"), ("required", "safety_plan")]),
    ],
)
def test_nothing_is_agreed_before_risk_and_parts_are_clear(changes: Any, expected: Any) -> None:
    assert objections_of(advance(a_plan(**changes), a_step("agreed"))) == expected
    safe = a_plan(risk="high", safety_plan="yes")
    assert isinstance(advance(safe, a_step("agreed")), AssistancePlan)


def test_an_end_has_a_reason_and_may_be_opened_again() -> None:
    for unknown in (None, "not-yet-known", "no-such-reason"):
        against = objections_of(advance(a_plan(Underway()), a_step("closed", reason=unknown)))
        assert against == [("reason-missing", "reason")]
    closed = advance(a_plan(Underway()), a_step("closed", reason="person-asked"))
    assert isinstance(closed, AssistancePlan)
    assert closed.state == Closed(reason="person-asked")
    reopened = advance(closed, a_step("active"))
    assert isinstance(reopened, AssistancePlan)
    assert reopened.state == Underway()


@pytest.mark.parametrize(("majority", "until"), [("child", YEAR_ON), ("believed-child", YEAR_ON)])
def test_a_child_is_monitored_for_the_months_of_the_profile(majority: str, until: Any) -> None:
    plan = advance(a_plan(Reintegration(), majority=majority), a_step("follow-up"))
    assert isinstance(plan, AssistancePlan)
    assert plan.state == FollowUp(monitored_until=until)
    assert clocks_of_plan(plan) == {Clock(kind="monitoring-ends", due_at=until)}
    early = a_step("closed", reason="goals-met", now=until - timedelta(days=1))
    assert objections_of(advance(plan, early)) == [("too-early", None)]
    assert isinstance(advance(plan, replace(early, now=until)), AssistancePlan)


@pytest.mark.parametrize("majority", ["child", "believed-child"])
@pytest.mark.parametrize("state", [Underway(), Reintegration(), FollowUp(), MONITORED])
def test_no_way_round_the_months_of_monitoring_closes_a_childs_plan(
    state: PlanState, majority: str
) -> None:
    plan = a_plan(state, majority=majority)
    reasons = set(code_lists()["plan-end-reason"].codes) - {"not-yet-known"}
    at_once = {"moved-away", "died", "entered-in-error"}
    for reason in reasons - at_once:
        against = objections_of(advance(plan, a_step("closed", reason=reason)))
        assert against == [("too-early", None)]
    for reason in at_once:
        assert isinstance(advance(plan, a_step("closed", reason=reason)), AssistancePlan)


@pytest.mark.parametrize("state", [Draft(), Agreed()])
def test_a_childs_plan_that_nobody_began_is_closed_at_once(state: PlanState) -> None:
    plan = a_plan(state, majority="child")
    assert isinstance(advance(plan, a_step("closed", reason="person-asked")), AssistancePlan)


def test_an_adult_is_asked_after_and_not_monitored() -> None:
    plan = advance(a_plan(Reintegration()), a_step("follow-up"))
    assert isinstance(plan, AssistancePlan)
    assert plan.state == FollowUp(monitored_until=None)
    assert clocks_of_plan(plan) == frozenset()
    asking = first_asking(plan, UUID(int=9), a_step("follow-up"))
    due_at = after_months(NOW, PROFILE.number("follow_up_months"))
    assert asking == Asking(follow_up_id=UUID(int=9), plan_id=IDS[0], due_at=due_at)
    assert first_asking(a_plan(Underway()), UUID(int=9), a_step("active")) is None


ASKING = Asking(follow_up_id=UUID(int=9), plan_id=IDS[0], due_at=NOW + timedelta(days=90))
DONE = replace(ASKING, done_at=NOW)


def test_an_asking_rings_until_it_is_done_or_the_plan_is_closed() -> None:
    ring = {Clock(kind="follow-up-due", due_at=ASKING.due_at)}
    for state in STATES.values():
        rings = clocks_of_asking(a_plan(state), ASKING)
        assert rings == (frozenset() if isinstance(state, Closed) else ring)
        assert clocks_of_asking(a_plan(state), DONE) == frozenset()


def test_an_asking_is_planned_ahead_and_moved_until_it_is_done() -> None:
    assert plan_asking(a_plan(Underway()), None, ASKING, NOW) == ASKING
    assert plan_asking(a_plan(Underway()), ASKING, ASKING, NOW) == ASKING
    past = replace(ASKING, due_at=NOW)
    for plan, known in ((a_plan(STATES["closed"]), None), (a_plan(Underway()), DONE)):
        assert objections_of(plan_asking(plan, known, past, NOW)) == [
            ("wrong-state", None),
            ("out-of-range", "due_at"),
        ]


def test_what_the_person_said_is_kept_as_codes() -> None:
    heard = Heard(feedback=("feels-safe",), goals_met=("health",), happened_at=NOW, now=NOW)
    assert record_asking(a_plan(FollowUp()), ASKING, heard) == replace(
        DONE, feedback=("feels-safe",), goals_met=("health",)
    )
    everything = record_asking(a_plan(FollowUp()), ASKING, replace(heard, goals_met=CONTENT.goals))
    assert everything == replace(DONE, feedback=("feels-safe",), goals_met=CONTENT.goals)
    wrong = replace(heard, goals_met=("home",), happened_at=NOW + timedelta(days=1))
    for plan, known in ((a_plan(STATES["closed"]), ASKING), (a_plan(FollowUp()), DONE)):
        assert objections_of(record_asking(plan, known, wrong)) == [
            *(("wrong-state", None), ("in-the-future", "occurred_at")),
            ("out-of-range", "goals_met"),
        ]


@given(
    some.lists(
        some.tuples(
            some.integers(0, 2) | some.sampled_from([*STATES, "draft-again"]),
            some.sampled_from([None, "goals-met", "person-asked"]),
            some.integers(0, 400),
        ),
        min_size=10,
        max_size=25,
    ),
    some.sampled_from(["child", "adult"]),
)
def test_no_sequence_of_steps_reaches_an_undefined_state_or_loses_the_monitoring(
    steps: list[tuple[int | str, str | None, int]], majority: str
) -> None:
    plan, now, helped = a_plan(majority=majority), NOW, False
    begun: datetime | None = None
    for way, reason, days in steps:
        now += timedelta(days=days)
        ways = sorted(NEXT[plan.state.code])
        to = ways[way % len(ways)] if isinstance(way, int) else way
        decided: AssistancePlan | Refusal
        if to == "draft-again":
            decided = draft(plan, IDS, replace(CONTENT, majority=majority))
        else:
            decided = advance(plan, a_step(to, reason=reason, now=now))
        if isinstance(decided, Refusal):
            assert decided.objections
            continue
        before, plan = plan, decided
        assert isinstance(plan.state, get_args(PlanState))
        if isinstance(plan.state, FollowUp) and majority == "child":
            assert clocks_of_plan(plan)
        if isinstance(plan.state, FollowUp):
            begun = now
        if isinstance(before.state, Agreed) and isinstance(plan.state, Underway):
            helped = True
        if isinstance(plan.state, Closed) and helped and majority == "child":
            assert begun is not None
            assert now >= after_months(begun, PROFILE.number("child_monitoring_months"))
            assert clocks_of_plan(before)
