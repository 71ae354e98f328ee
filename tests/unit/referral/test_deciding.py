"""What people decide by hand: to call needs off, to choose a provider, and when they may not."""

from typing import Any

import pytest

from services.referral.domain import deciding
from services.referral.domain.cases import CaseStatus
from services.referral.domain.deciding import Standing
from services.referral.domain.requests import Asking, Ended, Escalated, NeedState, NotFound, Offered
from services.referral.domain.tasks import OPEN_STATES, Side, Task
from tests.unit.referral.builders import a_case, a_need, a_request, every_sent, objections

OTHER, THE_SAME = "ngo-brest", "redcross-vitebsk"
UNANSWERED = ("offered", "delivered", "seen", "accepting")
OVER = Standing(need=a_need("over", state=Ended()))
CLOSED = Standing(need=a_need("closed"), tasks=(every_sent()["loop-closed"],))
OPEN = Standing(need=a_need("open"), tasks=(every_sent()["declined"], every_sent()["seen"]))
RESTS = a_case(frozen=True, status=CaseStatus.CLOSED)
CASE_RESTS = {("case-closed", None), ("case-frozen", None)}


def standing(state: NeedState, *tasks: Task) -> Standing:
    return Standing(need=a_need(state=state), tasks=tasks)


def against_choosing(given: Standing, **changes: Any) -> set[tuple[str, str | None]]:
    request, case = a_request(given.need, **changes), a_case()
    found = deciding.objections_to_choosing(case, request, given, OTHER)
    return {(each.code, each.field) for each in found}


@pytest.mark.parametrize("state", tuple(every_sent()))
def test_a_need_waits_for_an_answer_or_is_over_by_its_tasks(state: str) -> None:
    task = every_sent()[state]
    given = standing(Offered(), every_sent()["expired"], task)
    assert given.unanswered is (task if state in UNANSWERED else None)
    assert given.closed is given.over is (state == "loop-closed")


def test_what_was_called_off_is_over_without_having_been_closed() -> None:
    assert (OVER.over, OVER.closed, OVER.unanswered) == (True, False, None)


def test_every_need_that_is_not_over_is_called_off() -> None:
    asked = Standing(need=a_need("asked"))
    assert deciding.cancelled(a_case(), (OVER, OPEN, CLOSED, asked)) == (OPEN, asked)


@pytest.mark.parametrize(
    ("needs", "code"),
    [((OVER,), "wrong-state"), ((), "wrong-state"), ((OVER, CLOSED), "already-completed")],
)
def test_what_is_over_is_not_called_off(needs: tuple[Standing, ...], code: str) -> None:
    assert objections(deciding.cancelled(a_case(), needs)) == {(code, "need_id")}


def test_every_reason_against_calling_off_is_given_at_once() -> None:
    assert objections(deciding.cancelled(RESTS, (OPEN,))) == CASE_RESTS
    assert objections(deciding.cancelled(RESTS, ())) == CASE_RESTS | {("wrong-state", "need_id")}


@pytest.mark.parametrize("state", [NotFound(), Escalated(told="supervisor")])
def test_a_person_chooses_where_no_machine_found_anybody(state: NeedState) -> None:
    assert against_choosing(standing(state)) == set()


@pytest.mark.parametrize("urgency", ["routine", "emergency"])
@pytest.mark.parametrize("state", [Asking(), Ended()])
def test_nobody_chooses_while_the_search_runs_or_after_its_end(
    state: NeedState, urgency: str
) -> None:
    given = standing(state, every_sent()["seen"])
    assert against_choosing(given, urgency=urgency) == {("wrong-state", "need_id")}


@pytest.mark.parametrize("state", sorted(OPEN_STATES[Side.SENDER]))
def test_a_person_re_routes_an_emergency_that_nobody_answered_and_nothing_else(state: str) -> None:
    given = standing(Offered(), every_sent()[state])
    wrong = {("wrong-state", "need_id")}
    assert against_choosing(given) == wrong
    unanswered = state in UNANSWERED
    assert against_choosing(given, urgency="emergency") == (set() if unanswered else wrong)


@pytest.mark.parametrize("urgency", ["routine", "emergency"])
@pytest.mark.parametrize("ended", ["sharing-stopped", "cancelled", "expired", None])
def test_a_person_chooses_where_nobody_has_the_offer_any_more(
    ended: str | None, urgency: str
) -> None:
    given = standing(Offered(), *([every_sent()[ended]] if ended else []))
    assert against_choosing(given, urgency=urgency) == set()


def test_nobody_is_chosen_who_has_the_offer_already() -> None:
    given = standing(Offered(), every_sent()["seen"])
    request = a_request(given.need, urgency="emergency")
    found = deciding.objections_to_choosing(a_case(), request, given, THE_SAME)
    assert [(each.code, each.field) for each in found] == [("wrong-state", "need_id")]


def test_every_reason_against_a_choice_is_given_at_once() -> None:
    closed = standing(Escalated(told="supervisor"), every_sent()["loop-closed"])
    found = deciding.objections_to_choosing(RESTS, a_request(closed.need), closed, OTHER)
    expected = CASE_RESTS | {("already-completed", "need_id")}
    assert {(each.code, each.field) for each in found} == expected
    assert against_choosing(closed) == {("already-completed", "need_id")}
