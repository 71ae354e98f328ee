"""Of which clock the agency that handed a case over is told, and that it learns nothing by it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contracts.catalogue import CATALOGUE
from contracts.tools.schemas import schema_of
from contracts.vocabulary import code_lists
from services.identification.domain import (
    Case,
    Change,
    ChildProtection,
    Closed,
    DecisionAsked,
    Detected,
    EnteredInError,
    HelpedWithoutIdentification,
    Identified,
    NotIdentified,
    NotPresumed,
    Opening,
    Presumed,
    Reconsideration,
    Reflection,
    Refusal,
    Revoked,
    Screening,
    State,
    close,
    correct,
    decide,
    open_case,
    period,
    run_out,
    second_look,
    start_clock,
    void,
)
from services.identification.domain import told_clock as told
from tests.unit.identification.builders import (
    CLOCKS,
    NOW,
    PERIOD,
    a_case,
    a_decision,
    an_opening,
    some_codes,
)

DUE = NOW + timedelta(days=5)
LATER = NOW + timedelta(days=1)
AWAITING: tuple[State, ...] = (
    Detected(),
    Screening(result="indicators-found", screened_at=NOW),
    HelpedWithoutIdentification(reason="consent-refused", since=NOW),
)
DECIDED: tuple[State, ...] = (
    NotPresumed(decided_at=NOW, reasons=("act-not-shown",), reconsider_until=LATER),
    Reflection(**PERIOD),
    ChildProtection(**PERIOD),
    Presumed(presumed_at=NOW, reflection_ended_at=NOW, conclusive_due_at=LATER),
    Identified(decided_at=NOW),
    NotIdentified(decided_at=NOW, reasons=("act-not-shown",), reconsider_until=LATER),
    Reconsideration(decision="reasonable-grounds", ground="new-facts", asked_at=NOW, due_at=LATER),
    Revoked(
        ground="facts-were-wrong",
        second_authority="prosecutor",
        decided_at=NOW,
        reconsider_until=LATER,
    ),
    Closed(reason="died", closed_at=NOW),
    EnteredInError(reason="duplicate", voided_at=NOW),
)
LETTER = "org.nrm.identification.decision-clock-told.v1"


def taken_over(state: Any = None, **changes: Any) -> Case:
    given: dict[str, Any] = {"origin": "hand-over", "grounds_due_at": DUE, **changes}
    return a_case(state, **given)


def test_each_state_is_looked_at_here() -> None:
    assert {type(state) for state in (*AWAITING, *DECIDED)} == set(get_args(State))


@pytest.mark.parametrize("state", AWAITING, ids=lambda state: state.code)
def test_while_nobody_decided_the_clock_runs_until_its_time_is_up(state: State) -> None:
    case = taken_over(state)
    assert told.first_decision_due(case) == DUE
    just_before = DUE - timedelta(microseconds=1)
    assert told.to_tell(case, told.RUNNING, just_before) is None
    assert told.to_tell(case, told.RUNNING, DUE) == told.PASSED
    assert told.to_tell(case, told.PASSED, DUE + timedelta(days=9)) is None


@pytest.mark.parametrize("before", [told.RUNNING, told.PASSED])
@pytest.mark.parametrize("state", DECIDED, ids=lambda state: state.code)
def test_whatever_ended_the_waiting_is_told_in_one_word(state: State, before: str) -> None:
    case = taken_over(state)
    assert told.first_decision_due(case) is None
    assert told.to_tell(case, before, NOW) == told.OVER


@pytest.mark.parametrize("state", [*AWAITING, *DECIDED], ids=lambda state: state.code)
def test_what_was_over_or_was_never_told_stays_so(state: State) -> None:
    for before in (told.OVER, told.NOT_TOLD, None):
        assert told.to_tell(taken_over(state), before, DUE) is None


def test_a_correction_of_the_type_ends_it_in_the_same_word_and_begins_nothing_again() -> None:
    case = taken_over()
    ended = correct(case, {"case_type": "domestic-violence"}, NOW, CLOCKS)
    assert told.the_first_clock_may_have_changed(ended)
    assert told.to_tell(ended.case, told.RUNNING, NOW) == told.OVER
    again = correct(ended.case, {"case_type": "trafficking"}, NOW, CLOCKS).case
    started = start_clock(again, CLOCKS)
    assert started is not None
    assert told.first_decision_due(started.case) is not None
    assert told.to_tell(started.case, told.OVER, NOW) is None


def test_a_clock_that_begins_with_a_correction_says_what_was_found_and_is_told_to_nobody() -> None:
    case = taken_over(grounds_due_at=None, codes=some_codes(case_type="domestic-violence"))
    assert told.first_decision_due(case) is None
    corrected = correct(case, {"case_type": "trafficking"}, NOW, CLOCKS).case
    started = start_clock(corrected, CLOCKS)
    assert started is not None
    assert told.to_tell(started.case, None, DUE) is None


def test_a_second_look_that_is_late_is_worth_looking_at_and_tells_nothing() -> None:
    refused = taken_over(DECIDED[0])
    looked = second_look.reconsider(refused, "new-facts", NOW, CLOCKS)
    assert isinstance(looked, Change)
    late = run_out(looked.case, "reconsideration-due", LATER, CLOCKS)
    assert late is not None
    assert told.the_first_clock_may_have_changed(late)
    assert told.to_tell(late.case, told.OVER, LATER) is None


def test_letters_that_come_late_or_twice_or_tell_that_it_runs_are_no_news() -> None:
    kept: tuple[str | None, ...] = (None, *told.ORDER)
    news = {(said, before) for said in told.ORDER for before in kept if told.is_news(said, before)}
    assert news == {
        *((said, before) for said in (told.PASSED, told.OVER) for before in (None, told.RUNNING)),
        (told.OVER, told.PASSED),
        *((told.NOT_TOLD, before) for before in (None, told.RUNNING, told.PASSED, told.OVER)),
    }


def test_the_words_are_those_of_the_list_and_an_unknown_one_is_relied_on_by_nobody() -> None:
    listed = code_lists()["clock-status"]
    assert tuple(listed.codes) == told.ORDER
    assert listed.fallback == told.NOT_TOLD


def test_the_letter_has_no_place_for_anything_else() -> None:
    schema = schema_of(CATALOGUE[LETTER])
    assert set(schema["properties"]) == {"offer_id", "status"}
    assert schema["properties"]["status"]["x-nrm-codelist"] == "clock-status"


STEPS = (
    *("grounds", "conclusive", "extend", "cut", "reconsider", "close", "void", "fix", "unfix"),
    "ring",
)


@given(steps=some.lists(some.sampled_from(STEPS), max_size=12), data=some.data())
def test_the_outcome_of_no_decision_can_be_read_off_what_is_told(
    steps: list[str], data: some.DataObject
) -> None:
    """One and the same way, once with yes and once with no at the first decision."""
    opening = replace(an_opening(), origin="hand-over", codes=some_codes())
    both = [_heard(opening, steps, outcome) for outcome in ("positive", "negative")]
    assert both[0] == both[1]
    words = [status for status, _ in both[0]]
    assert words in ([], [told.PASSED], [told.OVER], [told.PASSED, told.OVER])


def _heard(opening: Opening, steps: list[str], outcome: str) -> list[tuple[str, datetime]]:
    """What the sender hears, and when, of a case that takes these steps."""
    case = open_case(opening, CLOCKS, identifies=True).case
    now, kept, heard = opening.now, told.RUNNING, []
    for step in steps:
        now += timedelta(days=3)
        change = _step(case, step, outcome, now)
        if not isinstance(change, Change):
            continue
        case = change.case
        if told.the_first_clock_may_have_changed(change):
            status = told.to_tell(case, kept, now)
            if status is not None:
                kept = status
                heard.append((status, now))
    return heard


def _step(case: Case, step: str, outcome: str, now: datetime) -> Change | Refusal | None:
    steps: dict[str, Callable[[], Change | Refusal | None]] = {
        "extend": lambda: period.extend_reflection(case, "mental-health", now, CLOCKS),
        "cut": lambda: period.cut_reflection(case, "person-asked", now, now),
        "reconsider": lambda: second_look.reconsider(case, "new-facts", now, CLOCKS),
        "close": lambda: close(case, "needs-met", closed_at=now, now=now),
        "void": lambda: void(case, "wrong-person", now),
        "fix": lambda: correct(case, {"case_type": "domestic-violence"}, now, CLOCKS),
        "unfix": lambda: correct(case, {"case_type": "trafficking"}, now, CLOCKS),
        "ring": lambda: _ring(case, now),
    }
    if step in steps:
        return steps[step]()
    return decide(case, _decision(step, outcome, now), CLOCKS)


def _ring(case: Case, now: datetime) -> Change | None:
    due_at = case.grounds_due_at
    if due_at is None or now < due_at:
        return None
    return run_out(case, "reasonable-grounds-due", due_at, CLOCKS)


def _decision(step: str, outcome: str, now: datetime) -> DecisionAsked:
    return a_decision(
        decision="reasonable-grounds" if step == "grounds" else "conclusive",
        outcome=outcome,
        reasons=("act-not-shown",),
        person_asked_early=True,
        decided_at=now,
        now=now,
    )
