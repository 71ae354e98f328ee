"""Until when somebody is expected and when help begins: told to the sender while there is time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.referral import disclosure
from services.referral.domain import expecting, providing, sending
from services.referral.domain.expecting import Times
from services.referral.domain.facts import Progress, ProgressLetter, Step
from services.referral.domain.tasks import AcceptedTask
from tests.unit.referral.builders import (
    NOW,
    REFERENCE,
    an_id,
    carries,
    every_provided,
    every_sent,
    facts_of,
    terms,
)

COME_BY, BEGINS = NOW + timedelta(hours=24), NOW + timedelta(days=3)
LATER = NOW + timedelta(days=4)


def progress_of(step: Step[Any]) -> Progress:
    (letter,) = step.letters
    assert isinstance(letter, ProgressLetter)
    return letter.progress


def told(**times: Any) -> Progress:
    return Progress(task_id=an_id("task"), state="accepted", at=NOW, **times)


@pytest.mark.parametrize("state", tuple(every_provided()))
def test_the_provider_tells_the_sender_until_when_the_person_is_expected(state: str) -> None:
    task = every_provided()[state]
    step = expecting.scheduled(task, Times(arrive_by=COME_BY), NOW)
    if state != "accepted":
        assert step == Step(task=task)
        return
    assert carries(step.task, code="accepted", arrive_by=COME_BY, starts_at=None)
    assert facts_of(step) == ["TaskScheduled"]
    assert carries(step.facts[0], arrive_by=COME_BY, starts_at=None)
    assert carries(progress_of(step), state="accepted", arrive_by=COME_BY, starts_at=None)


def test_what_was_said_before_is_said_again_with_what_is_new_and_nothing_is_said_twice() -> None:
    task = every_provided()["accepted"]
    expected = expecting.scheduled(task, Times(arrive_by=COME_BY), NOW).task
    begins = expecting.scheduled(expected, Times(starts_at=BEGINS), NOW)
    assert carries(progress_of(begins), arrive_by=COME_BY, starts_at=BEGINS)
    moved = expecting.scheduled(begins.task, Times(arrive_by=LATER), NOW)
    assert carries(progress_of(moved), arrive_by=LATER, starts_at=BEGINS)
    for said in (Times(arrive_by=LATER), Times(starts_at=BEGINS), Times()):
        assert expecting.scheduled(moved.task, said, NOW) == Step(task=moved.task)


@pytest.mark.parametrize("state", tuple(every_sent()))
def test_the_sender_knows_it_of_what_was_accepted_and_of_nothing_else(state: str) -> None:
    task = every_sent()[state]
    step = sending.progressed(task, told(arrive_by=COME_BY, starts_at=BEGINS), NOW)
    if state != "accepted":
        assert step == Step(task=task)
        return
    assert carries(step.task, code="accepted", arrive_by=COME_BY, starts_at=BEGINS)
    assert carries(step.task, hand_over_reference=REFERENCE)
    assert (facts_of(step), step.letters, step.seek_again) == (["TaskScheduled"], (), False)
    again = sending.progressed(step.task, told(arrive_by=COME_BY), NOW)
    assert again == Step(task=step.task)


def test_the_sender_rings_when_the_person_is_expected_earlier_and_not_when_later() -> None:
    task = AcceptedTask(terms=terms(), hand_over_reference=REFERENCE)
    for said, rings in ((LATER, False), (COME_BY, True), (COME_BY, False), (LATER, False)):
        step = sending.progressed(task, told(arrive_by=said), NOW)
        assert isinstance(step.task, AcceptedTask)
        assert ("ExpectedEarlier" in facts_of(step)) is rings
        if rings:
            assert carries(step.facts[-1], arrive_by=COME_BY)
            event = disclosure.body_of_fact(step.facts[-1])
            assert carries(event, side="sender", arrive_by=COME_BY)
        task = step.task
    begins = sending.progressed(task, told(starts_at=BEGINS), NOW)
    assert facts_of(begins) == ["TaskScheduled"]
    provider = every_provided()["accepted"]
    later = expecting.scheduled(provider, Times(arrive_by=LATER), NOW).task
    assert facts_of(expecting.scheduled(later, Times(arrive_by=COME_BY), NOW)) == ["TaskScheduled"]


def test_the_clock_that_both_sides_have_runs_on() -> None:
    task = AcceptedTask(terms=terms(), hand_over_reference=REFERENCE, start_by=LATER)
    step = sending.progressed(task, told(starts_at=BEGINS), NOW)
    assert carries(step.task, start_by=LATER, starts_at=BEGINS)


def test_both_times_go_into_the_letter_and_the_fact_and_nothing_beside_them() -> None:
    task = every_provided()["accepted"]
    step = expecting.scheduled(task, Times(arrive_by=COME_BY, starts_at=BEGINS), NOW)
    letter = disclosure.body_of_letter(step.letters[0])
    assert letter.model_dump(exclude_none=True) == {
        "task_id": an_id("task"),
        "state": "accepted",
        "happened_at": NOW,
        "arrive_by": COME_BY,
        "starts_at": BEGINS,
    }
    fact = disclosure.body_of_fact(step.facts[0])
    assert type(fact).__name__ == "TaskScheduled"
    assert carries(fact, side="provider", arrive_by=COME_BY, starts_at=BEGINS)
    assert not [name for name in type(fact).model_fields if "pool" in name or "place" in name]


def test_a_letter_that_only_says_when_is_remembered_as_no_acceptance() -> None:
    """What may not leave would otherwise let the place go."""
    assert told(arrive_by=COME_BY).step == told(starts_at=BEGINS).step == "scheduled"
    assert told().step == "accepted"
    assert replace(told(arrive_by=COME_BY), notice="arrival-overdue").step == "arrival-overdue"
    task = every_provided()["accepted"]
    assert providing.not_told(task, "scheduled", NOW) == Step(task=task)
