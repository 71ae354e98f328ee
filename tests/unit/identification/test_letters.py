"""What a letter to the person says in each state, and in which there is none."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.vocabulary import load_profile
from services.identification.domain import (
    ChildProtection,
    Clocks,
    Closed,
    Detected,
    Identified,
    NotIdentified,
    NotPresumed,
    Presumed,
    Reconsideration,
    Reflection,
    Revoked,
    Screening,
)
from services.identification.domain.letters import DECISION, STAY, letter_of
from tests.unit.identification.builders import NOW, PERIOD, a_case

CLOCKS = Clocks(profile=load_profile("BY-draft"))
UNTIL = NOW + timedelta(days=30)
NEGATIVE: dict[str, Any] = {"decided_at": NOW, "reasons": ("no-means",)}
STATES: dict[str, Any] = {
    "detected": Detected(),
    "screening": Screening(result="indicators-found", screened_at=NOW),
    "reflection": Reflection(**PERIOD),
    "child-protection": ChildProtection(**PERIOD),
    "presumed": Presumed(
        presumed_at=NOW, reflection_ended_at=NOW, conclusive_due_at=PERIOD["conclusive_due_at"]
    ),
    "identified": Identified(decided_at=NOW),
    "not-presumed": NotPresumed(**NEGATIVE, reconsider_until=UNTIL),
    "not-identified": NotIdentified(**NEGATIVE, reconsider_until=UNTIL),
    "revoked": Revoked(
        ground="obtained-by-deception",
        second_authority="court-brest",
        decided_at=NOW,
        reconsider_until=UNTIL,
    ),
    "reconsideration": Reconsideration(
        decision="conclusive", ground="new-facts", asked_at=NOW, due_at=UNTIL
    ),
    "closed": Closed(reason="other", closed_at=NOW),
}
SAYS = {
    **dict.fromkeys(("reflection", "child-protection", "presumed"), "presumed"),
    **{code: code for code in ("identified", "not-presumed", "not-identified", "revoked")},
}


@pytest.mark.parametrize("code", STATES)
def test_a_decision_is_told_as_it_stands_and_none_where_none_stands(code: str) -> None:
    letter = letter_of(a_case(STATES[code]), DECISION, CLOCKS)
    assert (letter.says if letter else None) == SAYS.get(code)


@pytest.mark.parametrize("code", ["not-presumed", "not-identified", "revoked"])
def test_against_the_person_it_says_until_when_and_how_long_another_look_takes(code: str) -> None:
    letter = letter_of(a_case(STATES[code]), DECISION, CLOCKS)
    assert letter is not None
    days = CLOCKS.profile.number("reconsideration_working_days")
    assert (letter.reconsider_until, letter.reconsideration_working_days) == (UNTIL, days)
    assert (letter.until, letter.decision_by) == (None, None)


def test_presumed_it_says_how_long_the_period_is_and_when_the_decision_is_due() -> None:
    for code in ("reflection", "child-protection"):
        letter = letter_of(a_case(STATES[code]), DECISION, CLOCKS)
        assert letter is not None
        assert (letter.until, letter.decision_by) == (
            PERIOD["ends_at"],
            PERIOD["conclusive_due_at"],
        )
    later = letter_of(a_case(STATES["presumed"]), DECISION, CLOCKS)
    assert later is not None
    assert (later.until, later.decision_by) == (None, PERIOD["conclusive_due_at"])


@pytest.mark.parametrize("code", STATES)
def test_who_may_stay_is_told_of_it_alone(code: str) -> None:
    letter = letter_of(a_case(STATES[code]), STAY, CLOCKS)
    protected = code in ("reflection", "child-protection")
    assert (letter is not None) is protected
    if letter is not None:
        assert (letter.says, letter.until) == (STAY, PERIOD["ends_at"])
        assert (letter.decision_by, letter.reconsider_until) == (None, None)


def test_there_is_no_other_letter() -> None:
    assert letter_of(a_case(STATES["identified"]), "anything", CLOCKS) is None
