"""A task ends while its need goes on: another provider is sought, or a person is asked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from services.referral.domain import sending
from services.referral.domain.facts import Progress, Step, WithdrawalLetter
from services.referral.domain.tasks import OPEN_STATES, SentTask, Side
from tests.unit.referral.builders import NOW, an_id, every_sent, goes_on

STATES = tuple(every_sent())
LATER = NOW + timedelta(days=3)


def said(word: str) -> Progress:
    return Progress(task_id=an_id("task"), state=word, at=NOW)


def taken_back(step: Step[SentTask]) -> list[str]:
    return [letter.state for letter in step.letters if isinstance(letter, WithdrawalLetter)]


def told_so(state: str) -> list[str]:
    """Help that was called off may run on: its provider is told, too."""
    hears = state in (*OPEN_STATES[Side.SENDER], "expired", "cancelled")
    return ["sharing-stopped"] if hears else []


def in_an_emergency(task: SentTask) -> SentTask:
    return replace(task, terms=replace(task.terms, urgency="emergency"))


@pytest.mark.parametrize("state", STATES)
def test_after_a_restriction_another_is_sought_but_in_an_emergency_by_a_person(state: str) -> None:
    task = every_sent()[state]
    stops = state in OPEN_STATES[Side.SENDER]
    for before, then in ((task, "by itself"), (in_an_emergency(task), "by a person")):
        step = sending.restricted(before, NOW)
        assert step.task.code == ("sharing-stopped" if stops else state)
        assert taken_back(step) == told_so(state)
        assert goes_on(step) == (then if stops else "")


@pytest.mark.parametrize("state", STATES)
def test_after_a_withdrawal_another_is_sought_unless_help_had_begun(state: str) -> None:
    task = every_sent()[state]
    open_ = state in OPEN_STATES[Side.SENDER]
    begun = state in ("in-progress", "on-hold")
    for before, then in ((task, "by itself"), (in_an_emergency(task), "by a person")):
        step = sending.consent_withdrawn(before, NOW)
        assert (step.task.code == "sharing-stopped") is (open_ or state == "sharing-stopped")
        assert taken_back(step) == told_so(state)
        assert goes_on(step) == ("by a person" if begun else then if open_ else "")


ENDS: dict[str, Callable[[SentTask], Step[SentTask]]] = {
    "declined": lambda task: sending.progressed(task, said("declined"), NOW),
    "stopped there": lambda task: sending.progressed(task, said("sharing-stopped"), NOW),
    "accepted too late": lambda task: sending.progressed(task, said("accepted"), LATER),
    "expired": lambda task: sending.expired(task, LATER),
    "refused": lambda task: sending.refused_by_the_person(task, NOW),
    "restricted": lambda task: sending.restricted(task, NOW),
    "withdrawn": lambda task: sending.consent_withdrawn(task, NOW),
    "told no more": lambda task: sending.feedback_ended(task, NOW),
    "not sent": lambda task: sending.not_sent(task, "no-consent", NOW),
}
"""What may end a task while its need goes on; who calls off or closes a case ends the need."""


@pytest.mark.parametrize("urgency", ["routine", "emergency"])
@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("state", STATES)
def test_no_need_is_left_alone_by_whatever_ends_its_task(
    state: str, end: str, urgency: str
) -> None:
    task = every_sent()[state]
    task = in_an_emergency(task) if urgency == "emergency" else task
    step = ENDS[end](task)
    were_open, are_open = (each.code in OPEN_STATES[Side.SENDER] for each in (task, step.task))
    assert bool(goes_on(step)) is (were_open and not are_open)
