"""Help that rests, and clocks that only tell: what each does in every state."""

from datetime import timedelta
from typing import Any

import pytest

from services.referral.domain import noticing, pausing
from services.referral.domain.cases import CaseStatus
from services.referral.domain.facts import ProgressLetter, Step
from services.referral.domain.refusals import Refused
from services.referral.domain.tasks import AcceptedTask, DeliveredTask, OfferedTask
from tests.unit.referral.builders import (
    NOW,
    REFERENCE,
    a_case,
    carries,
    every_provided,
    every_sent,
    facts_of,
    objections,
    terms,
)

CODES = {"sharing-stopped": "sharing-stopped", "completed": "already-completed"}
SOON = NOW + timedelta(minutes=15)


@pytest.mark.parametrize("state", tuple(every_provided()))
def test_only_what_runs_can_rest_and_only_what_rests_goes_on(state: str) -> None:
    task = every_provided()[state]
    rests = pausing.paused(task, a_case(), "person-away", NOW)
    goes_on = pausing.resumed(task, a_case(), NOW)
    against = {(CODES.get(state, "wrong-state"), "task_id")}
    if state == "in-progress":
        assert moved(rests) == ("on-hold", ["TaskPaused"], ["on-hold"])
    else:
        assert objections(rests) == against
    if state == "on-hold":
        assert moved(goes_on) == ("in-progress", ["TaskResumed"], ["in-progress"])
    else:
        assert objections(goes_on) == against


def moved(step: Step[Any] | Refused) -> tuple[str, list[str], list[str]]:
    assert isinstance(step, Step)
    told = [each.progress.state for each in step.letters if isinstance(each, ProgressLetter)]
    return step.task.code, facts_of(step), told


def test_a_pause_keeps_the_reference_and_tells_why_help_rests() -> None:
    rests = pausing.paused(every_provided()["in-progress"], a_case(), "person-away", NOW)
    assert isinstance(rests, Step)
    assert carries(rests.task, hand_over_reference=REFERENCE, reason="person-away")
    assert carries(rests.facts[0], reason="person-away")
    (letter,) = rests.letters
    assert isinstance(letter, ProgressLetter)
    assert carries(letter.progress, pause_reason="person-away", reason=None)
    goes_on = pausing.resumed(rests.task, a_case(), NOW)
    assert isinstance(goes_on, Step)
    assert carries(goes_on.task, hand_over_reference=REFERENCE)


def test_every_reason_against_a_pause_is_given_at_once() -> None:
    over = a_case(frozen=True, status=CaseStatus.CLOSED)
    stopped = every_provided()["sharing-stopped"]
    expected = {("case-closed", None), ("case-frozen", None), ("sharing-stopped", "task_id")}
    assert objections(pausing.paused(stopped, over, "person-away", NOW)) == expected
    assert objections(pausing.resumed(stopped, over, NOW)) == expected
    waits = every_provided()["accepted"]
    expected = {("case-closed", None), ("case-frozen", None), ("wrong-state", "task_id")}
    assert objections(pausing.paused(waits, over, "person-away", NOW)) == expected
    assert objections(pausing.resumed(waits, over, NOW)) == expected


def test_an_emergency_that_nobody_opened_is_told_and_nothing_else() -> None:
    now = terms(urgency="emergency", seen_by=SOON)
    for task in (OfferedTask(terms=now), DeliveredTask(terms=now)):
        step = noticing.unseen(task, SOON)
        assert facts_of(step, SOON) == ["OfferUnseen"]
        assert (step.task, step.letters, step.seek_again) == (task, (), False)


@pytest.mark.parametrize("state", tuple(every_sent()))
def test_what_has_no_such_clock_tells_nothing(state: str) -> None:
    task = every_sent()[state]
    assert noticing.unseen(task, SOON) == Step(task=task)
    assert noticing.start_overdue(task, SOON) == Step(task=task)


def test_help_that_did_not_begin_is_told_and_nothing_else() -> None:
    task = AcceptedTask(terms=terms(), hand_over_reference=REFERENCE, start_by=SOON)
    step = noticing.start_overdue(task, SOON + timedelta(hours=1))
    assert facts_of(step, SOON + timedelta(hours=1)) == ["StartOverdue"]
    assert carries(step.facts[0], start_by=SOON)
    assert (step.task, step.letters, step.seek_again) == (task, (), False)
