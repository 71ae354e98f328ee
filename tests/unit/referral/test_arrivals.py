"""Who was expected and did not come: the sender hears of it, and nothing else changes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.referral import disclosure
from services.referral.domain import providing, sending
from services.referral.domain.facts import Progress, ProgressLetter
from tests.unit.referral.builders import (
    NOW,
    an_id,
    carries,
    every_provided,
    every_sent,
    facts_of,
)

DUE = NOW - timedelta(minutes=1)


@pytest.mark.parametrize("state", tuple(every_provided()))
def test_the_provider_tells_it_of_an_acceptance_that_nobody_took_up(state: str) -> None:
    task = every_provided()[state]
    step = providing.arrival_overdue(task, DUE, NOW)
    assert step.task == task
    assert facts_of(step) == []
    assert len(step.letters) == (state == "accepted")
    for letter in step.letters:
        assert isinstance(letter, ProgressLetter)
        assert carries(letter.progress, state="accepted", notice="arrival-overdue", arrive_by=DUE)
        assert letter.progress.step == "arrival-overdue"
        body = disclosure.body_of_letter(letter)
        assert (body.notice, body.arrive_by) == ("arrival-overdue", DUE)


@pytest.mark.parametrize("state", tuple(every_sent()))
def test_the_sender_is_told_while_it_waits_for_help_to_begin(state: str) -> None:
    told = Progress(
        task_id=an_id("task"), state="accepted", at=NOW, notice="arrival-overdue", arrive_by=DUE
    )
    task = every_sent()[state]
    if state != "accepted":
        assert sending.progressed(task, told, NOW) == sending.progressed(
            task, replace(told, notice=None, arrive_by=None), NOW
        )
        return
    step = sending.progressed(task, told, NOW)
    assert (step.task, facts_of(step), step.letters) == (task, ["PersonNotArrived"], ())
    body = disclosure.body_of_fact(step.facts[0])
    assert (body.side, body.arrive_by) == ("sender", DUE)


def test_a_notice_that_this_version_does_not_know_changes_nothing() -> None:
    task = every_sent()["accepted"]
    told = Progress(task_id=an_id("task"), state="accepted", at=NOW, notice="not-yet-known")
    assert sending.progressed(task, told, NOW) == sending.progressed(
        task, replace(told, notice=None), NOW
    )


def test_an_arrival_that_could_not_be_told_undoes_no_acceptance() -> None:
    task = every_provided()["accepted"]
    assert providing.not_told(task, "arrival-overdue", NOW).task == task
