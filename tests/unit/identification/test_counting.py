"""Each clock of a case says from which of the two times it counts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.identification.api.shown import ClocksShown, case_shown
from services.identification.domain import Case, Clocks, correct, decide, open_case
from services.identification.domain.child import review_majority
from services.identification.domain.counting import OCCURRED, RECORDED, counts_from
from services.identification.domain.decisions import DecisionAsked
from services.identification.domain.period import extend_reflection, review_reflection
from services.identification.domain.second_look import reconsider
from services.identification.handlers import CaseView
from tests.unit.identification.builders import (
    CLOCKS,
    NOW,
    a_decision,
    accepted,
    an_opening,
    some_codes,
)

DAY = timedelta(days=1)
EARLIER = NOW - timedelta(days=3, hours=7)
ADULT, BELIEVED = some_codes(), some_codes(majority="believed-child")


def clocks_from(word: str) -> Clocks:
    values = {**CLOCKS.profile.values, "clocks_start_from": word}
    return Clocks(profile=replace(CLOCKS.profile, values=values))


BY_OCCURRED, BY_RECORDED = clocks_from(OCCURRED), clocks_from(RECORDED)


def opened(clocks: Clocks, **changes: Any) -> Case:
    opening = an_opening(occurred_at=EARLIER, **changes)
    return open_case(opening, clocks, identifies=True).case


def decided(case: Case, clocks: Clocks, **changes: Any) -> Case:
    asked: DecisionAsked = a_decision(decided_at=EARLIER, **changes)
    return accepted(decide(case, asked, clocks)).case


def said(case: Case, clocks: Clocks = BY_OCCURRED) -> dict[str, str]:
    view = CaseView(case_id=case.case_id, frozen_at=None, case=case)
    shown = case_shown(view, clocks).clocks
    assert shown is not None
    running = shown.model_dump(exclude={"counts_from"}, exclude_none=True)
    assert shown.counts_from.keys() == running.keys()
    return shown.counts_from


@pytest.mark.parametrize("clocks", [BY_OCCURRED, BY_RECORDED])
def test_the_first_decision_and_the_period_count_as_the_profile_says(clocks: Clocks) -> None:
    word = clocks.profile.word("clocks_start_from")
    case = opened(clocks, codes=ADULT)
    assert said(case, clocks) == {"reasonable_grounds_due_at": word}
    told = said(decided(case, clocks), clocks)
    assert told.keys() > {"reflection_ends_at", "conclusive_due_at"}
    assert set(told.values()) == {word}
    child = said(decided(opened(clocks), clocks), clocks)
    assert child.keys() > {"no_decision_before", "child_notification_due_at", "majority_review_at"}
    assert set(child.values()) == {word}


def test_a_child_that_is_taken_over_or_turns_out_to_be_one_counts_from_what_was_recorded() -> None:
    taken_over = said(opened(BY_OCCURRED, origin="hand-over"))
    assert taken_over["majority_review_at"] == RECORDED
    assert taken_over["reasonable_grounds_due_at"] == OCCURRED
    adult = opened(BY_OCCURRED, codes=ADULT)
    later = correct(adult, {"majority": "believed-child"}, NOW + DAY, BY_OCCURRED).case
    told = said(later)
    assert told["child_notification_due_at"] == told["majority_review_at"] == RECORDED


def test_a_second_look_at_a_belief_counts_from_where_the_first_did() -> None:
    case = opened(BY_OCCURRED)
    due = case.record.majority_review_at
    assert due is not None
    again = review_majority(case, due, BY_OCCURRED)
    assert again is not None
    assert said(again.case)["majority_review_at"] == OCCURRED


def test_a_review_of_the_period_counts_from_its_first_day_unless_one_began_in_between() -> None:
    short = {**BY_OCCURRED.profile.values, "reflection_review_days": 7}
    clocks = Clocks(profile=replace(BY_OCCURRED.profile, values=short))
    case = decided(opened(clocks, codes=ADULT), clocks)
    due = case.record.reflection_review_at
    assert due is not None
    second = review_reflection(case, due, clocks)
    assert second is not None
    assert said(second.case, clocks)["reflection_review_at"] == OCCURRED
    gone = replace(case, record=replace(case.record, reflection_review_at=None))
    late = accepted(extend_reflection(gone, "other", NOW + 20 * DAY, clocks)).case
    assert said(late, clocks)["reflection_review_at"] == RECORDED


def test_asking_for_another_look_counts_from_what_was_recorded() -> None:
    case = opened(BY_OCCURRED, codes=ADULT)
    negative = decided(case, BY_OCCURRED, outcome="negative", reasons=("act-not-shown",))
    assert said(negative)["reconsider_until"] == RECORDED
    asked = accepted(reconsider(negative, "new-information", NOW, BY_OCCURRED)).case
    assert said(asked)["reconsideration_due_at"] == RECORDED


def test_every_clock_that_a_case_shows_says_from_when_it_counts() -> None:
    shown = set(ClocksShown.model_fields) - {"counts_from"}
    assert counts_from(opened(BY_OCCURRED), BY_OCCURRED).keys() == shown
