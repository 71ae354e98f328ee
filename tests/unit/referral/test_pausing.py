"""Help that rests, and clocks that only tell: what each does in every state."""

from datetime import timedelta
from typing import Any

import pytest

from services.referral.domain import noticing, pausing
from services.referral.domain.cases import CaseStatus
from services.referral.domain.facts import Step
from services.referral.domain.refusals import Refused
from services.referral.domain.tasks import AcceptedTask, DeliveredTask, OfferedTask
from tests.unit.referral.builders import (
    NOW,
    REFERENCE,
    a_case,
    every_provided,
    every_sent,
    terms,
)

CODES = {"sharing-stopped": "sharing-stopped", "completed": "already-completed"}
SOON = NOW + timedelta(minutes=15)


def codes(answer: Step[Any] | Refused) -> set[str]:
    return {each.code for each in answer.reasons} if isinstance(answer, Refused) else set()


@pytest.mark.parametrize("state", tuple(every_provided()))
def test_only_what_runs_can_rest_and_only_what_rests_goes_on(state: str) -> None:
    task = every_provided()[state]
    rests = pausing.paused(task, a_case(), "person-away", NOW)
    goes_on = pausing.resumed(task, a_case(), NOW)
    expected = CODES.get(state, "wrong-state")
    assert codes(rests) == (set() if state == "in-progress" else {expected})
    assert codes(goes_on) == (set() if state == "on-hold" else {expected})
    if isinstance(rests, Step):
        assert (rests.task.code, len(rests.letters)) == ("on-hold", 1)
    if isinstance(goes_on, Step):
        assert (goes_on.task.code, len(goes_on.letters)) == ("in-progress", 1)


def test_every_reason_against_a_pause_is_given_at_once() -> None:
    over = a_case(frozen=True, status=CaseStatus.CLOSED)
    stopped = every_provided()["sharing-stopped"]
    expected = {"case-closed", "case-frozen", "sharing-stopped"}
    assert codes(pausing.paused(stopped, over, "person-away", NOW)) == expected
    assert codes(pausing.resumed(stopped, over, NOW)) == expected


def test_an_emergency_that_nobody_opened_is_told_and_nothing_else() -> None:
    now = terms(urgency="emergency", seen_by=SOON)
    for task in (OfferedTask(terms=now), DeliveredTask(terms=now)):
        step = noticing.unseen(task, SOON)
        assert [type(fact).__name__ for fact in step.facts] == ["OfferUnseen"]
        assert (step.task, step.letters, step.seek_again) == (task, (), False)


@pytest.mark.parametrize("state", tuple(every_sent()))
def test_what_has_no_such_clock_tells_nothing(state: str) -> None:
    task = every_sent()[state]
    assert noticing.unseen(task, SOON) == Step(task=task)
    assert noticing.start_overdue(task, SOON) == Step(task=task)


def test_help_that_did_not_begin_is_told_and_nothing_else() -> None:
    task = AcceptedTask(terms=terms(), hand_over_reference=REFERENCE, start_by=SOON)
    step = noticing.start_overdue(task, SOON)
    assert [type(fact).__name__ for fact in step.facts] == ["StartOverdue"]
    assert (step.task, step.letters, step.seek_again) == (task, (), False)
