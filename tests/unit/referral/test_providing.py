"""The provider's half: answers, holds, episodes, withdrawals, in each state."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.domain import providing
from services.referral.domain.cases import CaseStatus
from services.referral.domain.facts import Progress, ProgressLetter, Step
from services.referral.domain.providing import Answer
from services.referral.domain.refusals import Refused
from services.referral.domain.tasks import OPEN_STATES, ProvidedTask, Side, due_of
from tests.unit.referral.builders import (
    NOW,
    OUTCOME,
    REFERENCE,
    a_case,
    carries,
    every_provided,
    facts_of,
    objections,
    terms,
)

STATES = tuple(every_provided())
OPEN = OPEN_STATES[Side.PROVIDER]
HOLD_UNTIL = NOW + timedelta(minutes=15)
PLACE = providing.Place(reference=REFERENCE, start_by=NOW + timedelta(days=5))


def said(answer: str, reason: str | None = None) -> Answer:
    return Answer(answer=answer, reason=reason, at=NOW, hold_until=HOLD_UNTIL)


def told(step: Step[Any]) -> list[str]:
    assert all(isinstance(letter, ProgressLetter) for letter in step.letters)
    return [letter.progress.state for letter in step.letters if isinstance(letter, ProgressLetter)]


ANSWERS = {
    ("delivered", "seen"): ("seen", ["TaskSeen"], ["seen"]),
    ("seen", "seen"): ("seen", [], []),
    ("delivered", "accepted"): ("accepting", ["TaskSeen", "HoldRequested"], ["seen", "accepting"]),
    ("seen", "accepted"): ("accepting", ["HoldRequested"], ["accepting"]),
    ("delivered", "declined"): ("declined", ["TaskSeen", "TaskDeclined"], ["seen", "declined"]),
    ("seen", "declined"): ("declined", ["TaskDeclined"], ["declined"]),
}


AGAINST = {
    **dict.fromkeys(("accepting", "accepted", "in-progress", "on-hold"), "already-answered"),
    **dict.fromkeys(("completed", "declined"), "already-answered"),
    "expired": "offer-expired",
    "cancelled": "offer-withdrawn",
    "sharing-stopped": "sharing-stopped",
}
"""Each state in which nothing is answered any more has a code of its own."""


@pytest.mark.parametrize("answer", ["seen", "accepted", "declined"])
@pytest.mark.parametrize("state", STATES)
def test_every_answer_in_every_state(state: str, answer: str) -> None:
    step = providing.answered(every_provided()[state], a_case(), said(answer, "safety"))
    if (state, answer) not in ANSWERS:
        assert objections(step) == {(AGAINST[state], "task_id")}
        return
    assert isinstance(step, Step)
    assert (step.task.code, facts_of(step), told(step)) == ANSWERS[state, answer]


def test_every_reason_against_an_answer_is_given_at_once() -> None:
    frozen = a_case(frozen=True, status=CaseStatus.CLOSED)
    step = providing.answered(every_provided()["declined"], frozen, said("declined"))
    assert objections(step) == {
        ("case-closed", None),
        ("case-frozen", None),
        ("reason-missing", "reason"),
        ("already-answered", "task_id"),
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"frozen": True}, "case-frozen"),
        ({"status": CaseStatus.CLOSED}, "case-closed"),
        ({"status": CaseStatus.VOIDED}, "case-closed"),
    ],
)
def test_nothing_is_answered_on_a_case_that_rests(changes: dict[str, Any], code: str) -> None:
    step = providing.answered(every_provided()["seen"], a_case(**changes), said("accepted"))
    assert objections(step) == {(code, None)}


def test_a_decline_without_a_reason_is_refused() -> None:
    step = providing.answered(every_provided()["seen"], a_case(), said("declined"))
    assert objections(step) == {("reason-missing", "reason")}


@pytest.mark.parametrize("state", STATES)
def test_a_placed_hold_accepts_only_who_asked_for_it(state: str) -> None:
    step = providing.hold_placed(every_provided()[state], PLACE, NOW)
    if state == "accepting":
        assert (step.task.code, facts_of(step), told(step)) == (
            "accepted",
            ["TaskAccepted"],
            ["accepted"],
        )
    elif state in ("accepted", "in-progress", "on-hold", "completed"):
        assert step == Step(task=every_provided()[state])
    else:
        assert facts_of(step) == ["HoldAbandoned"]
        assert step.task.code == state


@pytest.mark.parametrize("state", STATES)
def test_a_refused_hold_declines(state: str) -> None:
    step = providing.hold_refused(every_provided()[state], "at-capacity", NOW)
    accepting = state == "accepting"
    assert facts_of(step) == (["TaskDeclined"] if accepting else [])
    assert step.task.code == ("declined" if accepting else state)
    assert told(step) == (["declined"] if accepting else [])


@pytest.mark.parametrize("state", STATES)
def test_a_hold_that_never_came_is_let_go_and_declined(state: str) -> None:
    step = providing.hold_overdue(every_provided()[state], NOW)
    accepting = state == "accepting"
    assert facts_of(step) == (["HoldAbandoned", "TaskDeclined"] if accepting else [])
    assert (step.task.code, told(step)) == (
        ("declined", ["declined"]) if accepting else (state, [])
    )


ENDED_BY = {
    "TaskExpired": "expired",
    "TaskCancelled": "cancelled",
    "TaskStopped": "sharing-stopped",
}


@pytest.mark.parametrize("word", ["expired", "cancelled", "sharing-stopped"])
@pytest.mark.parametrize("state", STATES)
def test_a_withdrawn_offer_lets_a_hold_go_but_nobody_out_of_a_bed(state: str, word: str) -> None:
    step = providing.withdrawn(every_provided()[state], word, NOW)
    fact = {"expired": "TaskExpired", "cancelled": "TaskCancelled"}.get(word, "TaskStopped")
    if state in ("in-progress", "on-hold") and word == "expired":
        fact = "TaskCancelled"
    held = ["HoldAbandoned"] if state in ("accepting", "accepted") else []
    assert facts_of(step) == ([*held, fact] if state in OPEN else [])
    assert step.task.code == (ENDED_BY[fact] if state in OPEN else state)
    assert step.letters == ()


@pytest.mark.parametrize("state", STATES)
def test_sharing_stopped_ends_whatever_is_open(state: str) -> None:
    step = providing.sharing_stopped(every_provided()[state], NOW)
    held = ["HoldAbandoned"] if state in ("accepting", "accepted") else []
    assert facts_of(step) == ([*held, "TaskStopped"] if state in OPEN else [])
    assert step.task.code == ("sharing-stopped" if state in OPEN else state)
    assert step.letters == ()


@pytest.mark.parametrize("word", ["expired", "cancelled"])
@pytest.mark.parametrize("state", sorted(OPEN))
def test_help_that_ran_on_tells_nothing_once_sharing_was_stopped(state: str, word: str) -> None:
    taken_back = providing.withdrawn(every_provided()[state], word, NOW).task
    stopped = providing.withdrawn(taken_back, "sharing-stopped", NOW)
    was_accepted = state in ("accepted", "in-progress", "on-hold")
    assert facts_of(stopped) == (["TaskStopped"] if was_accepted else [])
    after = providing.completed(stopped.task, OUTCOME, NOW)
    assert told(after) == ([] if was_accepted else ["completed"])
    ended = providing.completed(taken_back, OUTCOME, NOW).task
    assert providing.withdrawn(ended, "sharing-stopped", NOW) == Step(task=ended)


@pytest.mark.parametrize("state", STATES)
def test_episodes_move_only_an_accepted_task(state: str) -> None:
    task = every_provided()[state]
    running = state in ("accepted", "in-progress", "on-hold")
    taken_back = state in ("expired", "cancelled")
    for step, word, fact, moves in (
        (providing.started(task, NOW), "in-progress", "TaskStarted", state == "accepted"),
        (providing.completed(task, OUTCOME, NOW), "completed", "TaskCompleted", running),
        (providing.episode_stopped(task, NOW), "sharing-stopped", "TaskStopped", running),
    ):
        after = (word, [fact], [word]) if moves else (state, [], [])
        if taken_back and word == "completed":
            after = (state, [fact], [word])
        assert (step.task.code, facts_of(step), told(step)) == after


@pytest.mark.parametrize("state", STATES)
def test_no_providers_clock_ends_an_offer(state: str) -> None:
    due = due_of(every_provided()[state])
    assert (due is not None) == (state == "accepting")
    if due is not None:
        assert due.at == HOLD_UNTIL


def test_an_arriving_offer_is_told_as_delivered() -> None:
    step = providing.received(terms(Side.PROVIDER), NOW)
    assert (step.task.code, facts_of(step), told(step)) == (
        "delivered",
        ["OfferReceived"],
        ["delivered"],
    )


def test_an_offer_taken_back_before_it_came_is_told_as_that_and_asks_nobody() -> None:
    for state in ("expired", "cancelled", "sharing-stopped"):
        step = providing.received_too_late(terms(Side.PROVIDER), state, NOW)
        assert (step.task.code, facts_of(step), told(step)) == (state, [], [state])


def test_what_was_said_stands_in_the_task_the_fact_and_the_letter() -> None:
    refused = providing.hold_refused(every_provided()["accepting"], "at-capacity", NOW)
    declined = providing.answered(every_provided()["seen"], a_case(), said("declined", "safety"))
    overdue = providing.hold_overdue(every_provided()["accepting"], NOW)
    for step, reason in ((refused, "at-capacity"), (declined, "safety"), (overdue, "hold-expired")):
        assert isinstance(step, Step)
        assert carries(step.task, reason=reason)
        assert carries(step.facts[-1], reason=reason)
        assert carries(progress(step), reason=reason)


def test_an_acceptance_asks_for_a_place_until_the_profiles_time() -> None:
    step = providing.answered(every_provided()["seen"], a_case(), said("accepted"))
    assert isinstance(step, Step)
    assert carries(step.task, expires_at=HOLD_UNTIL)
    assert carries(step.facts[0], expires_at=HOLD_UNTIL)
    assert carries(progress(step), state="accepting", hold_until=HOLD_UNTIL)


def test_an_acceptance_brings_a_reference_and_when_help_begins_to_both_sides() -> None:
    step = providing.hold_placed(every_provided()["accepting"], PLACE, NOW)
    for thing in (step.task, *step.facts, progress(step)):
        assert carries(thing, hand_over_reference=REFERENCE, start_by=PLACE.start_by)


def test_what_runs_keeps_its_reference_and_what_ended_its_outcome() -> None:
    running = providing.started(every_provided()["accepted"], NOW)
    assert carries(running.task, hand_over_reference=REFERENCE)
    ended = providing.completed(running.task, OUTCOME, NOW)
    for thing in (ended.task, *ended.facts, progress(ended)):
        assert carries(thing, outcome=OUTCOME)


@pytest.mark.parametrize("state", ["expired", "cancelled"])
def test_what_came_of_help_that_was_called_off_is_told_once(state: str) -> None:
    ended = providing.completed(every_provided()[state], OUTCOME, NOW)
    for thing in (ended.task, *ended.facts, progress(ended)):
        assert carries(thing, outcome=OUTCOME)
    assert providing.completed(ended.task, OUTCOME, NOW) == Step(task=ended.task)


def progress(step: Step[Any]) -> Progress:
    (letter,) = step.letters
    assert isinstance(letter, ProgressLetter)
    return letter.progress


STEPS = (
    *("seen", "accepted", "declined", "placed", "refused", "overdue", "expired", "cancelled"),
    *("stopped", "started", "completed", "episode-stopped"),
)


@given(words=st.lists(st.sampled_from(STEPS), max_size=14))
def test_whatever_happens_a_held_place_is_taken_let_go_or_waits(words: list[str]) -> None:
    task: ProvidedTask = every_provided()["delivered"]
    asked = held = False
    for word in words:
        before = task
        step = _apply(task, word)
        if isinstance(step, Refused):
            continue
        names = facts_of(step)
        asked = asked or "HoldRequested" in names
        held = (held or "HoldRequested" in names) and "HoldAbandoned" not in names
        if "TaskAccepted" in names:
            assert asked
        task = step.task
        if before.code not in OPEN:
            assert task.code == before.code
            assert task == before or word == "completed"
        if held and task.code not in OPEN and task.code != "completed":
            assert before.code == "in-progress" or word in ("refused", "episode-stopped")
            held = False


APPLIED: dict[str, Callable[[ProvidedTask], Step[ProvidedTask]]] = {
    "placed": lambda task: providing.hold_placed(task, PLACE, NOW),
    "refused": lambda task: providing.hold_refused(task, "at-capacity", NOW),
    "overdue": lambda task: providing.hold_overdue(task, NOW),
    "started": lambda task: providing.started(task, NOW),
    "completed": lambda task: providing.completed(task, OUTCOME, NOW),
    "episode-stopped": lambda task: providing.episode_stopped(task, NOW),
    "stopped": lambda task: providing.sharing_stopped(task, NOW),
    "expired": lambda task: providing.withdrawn(task, "expired", NOW),
    "cancelled": lambda task: providing.withdrawn(task, "cancelled", NOW),
}


def _apply(task: ProvidedTask, word: str) -> Step[ProvidedTask] | Refused:
    if word in APPLIED:
        return APPLIED[word](task)
    return providing.answered(task, a_case(), said(word, "safety"))


@pytest.mark.parametrize(
    "letter", ["accepting", "accepted", "delivered", "in-progress", "completed"]
)
@pytest.mark.parametrize("state", STATES)
def test_only_an_acceptance_of_which_nobody_hears_lets_go(state: str, letter: str) -> None:
    step = providing.not_told(every_provided()[state], letter, NOW)
    lets_go = state == letter == "accepted"
    assert facts_of(step) == (["HoldAbandoned", "TaskStopped"] if lets_go else [])
    assert step.letters == ()
