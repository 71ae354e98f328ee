"""The sender's half: what each word of the provider, each deadline, each stop does when."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.domain import sending
from services.referral.domain.facts import Progress, Step, WithdrawalLetter
from services.referral.domain.tasks import (
    OPEN_STATES,
    DeadlineKind,
    Due,
    Outcome,
    SentTask,
    Side,
    due_of,
)
from tests.unit.referral.builders import (
    NOW,
    OUTCOME,
    REFERENCE,
    an_id,
    carries,
    every_sent,
    facts_of,
    goes_on,
    terms,
)

STATES = tuple(every_sent())
WORDS = (
    "delivered",
    "seen",
    "accepting",
    "accepted",
    "declined",
    "in-progress",
    "on-hold",
    "completed",
    "sharing-stopped",
)
TO_AND_FRO = {"TaskPaused", "TaskResumed"}
UNANSWERED = ("offered", "delivered", "seen", "accepting")
ENDED = {"loop-closed", "declined", "expired", "cancelled", "sharing-stopped", "not-sent"}
LATER = NOW + timedelta(days=3)
START_BY = NOW + timedelta(days=5)
HOLD_UNTIL = NOW + timedelta(minutes=15)


def told(word: str) -> Progress:
    return Progress(
        task_id=an_id("task"),
        state=word,
        at=NOW,
        reason="at-capacity" if word == "declined" else None,
        outcome=OUTCOME if word == "completed" else None,
        hand_over_reference=REFERENCE if word == "accepted" else None,
        start_by=START_BY if word == "accepted" else None,
        hold_until=HOLD_UNTIL if word == "accepting" else None,
        pause_reason="person-away" if word == "on-hold" else None,
    )


def taken_back(step: Step[Any]) -> list[str]:
    """As what the provider is told that the offer is over."""
    return [letter.state for letter in step.letters if isinstance(letter, WithdrawalLetter)]


MOVES = {
    ("offered", "delivered"): ("delivered", ["TaskDelivered"]),
    ("offered", "seen"): ("seen", ["TaskSeen"]),
    ("delivered", "seen"): ("seen", ["TaskSeen"]),
    ("accepted", "in-progress"): ("in-progress", ["TaskStarted"]),
    ("accepted", "completed"): ("loop-closed", ["TaskCompleted", "LoopClosed"]),
    ("in-progress", "completed"): ("loop-closed", ["TaskCompleted", "LoopClosed"]),
    ("on-hold", "completed"): ("loop-closed", ["TaskCompleted", "LoopClosed"]),
    ("expired", "completed"): ("expired", ["TaskCompleted", "LoopClosed"]),
    ("cancelled", "completed"): ("cancelled", ["TaskCompleted", "LoopClosed"]),
    ("accepted", "on-hold"): ("on-hold", ["TaskPaused"]),
    ("in-progress", "on-hold"): ("on-hold", ["TaskPaused"]),
    ("on-hold", "in-progress"): ("in-progress", ["TaskResumed"]),
    **{(s, "accepting"): ("accepting", ["PlaceSought"]) for s in ("offered", "delivered", "seen")},
    **{(s, "accepted"): ("accepted", ["TaskAccepted"]) for s in UNANSWERED},
    **{(s, "declined"): ("declined", ["TaskDeclined"]) for s in UNANSWERED},
    **{
        (s, "sharing-stopped"): ("sharing-stopped", ["TaskStopped"])
        for s in (*UNANSWERED, "accepted", "in-progress", "on-hold")
    },
}


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("state", STATES)
def test_every_word_in_every_state(state: str, word: str) -> None:
    before = every_sent()[state]
    step = sending.progressed(before, told(word), NOW)
    after, facts = MOVES.get((state, word), (state, []))
    assert step.seek_again == (after == "declined" != state)
    assert not step.letters or (state in ENDED and word == "accepted")
    assert (step.task.code, facts_of(step)) == (after, facts)
    if not facts:
        assert step.task == before


CARRIED: dict[tuple[str, str], dict[str, Any]] = {
    ("seen", "accepted"): {"hand_over_reference": REFERENCE, "start_by": START_BY},
    ("seen", "declined"): {"reason": "at-capacity"},
    ("in-progress", "on-hold"): {"reason": "person-away"},
    ("in-progress", "completed"): {"outcome": OUTCOME},
    ("cancelled", "completed"): {"outcome": OUTCOME},
    ("expired", "completed"): {"outcome": OUTCOME},
}
NOT_SAID: dict[tuple[str, str], dict[str, Any]] = {
    ("seen", "accepted"): {"hand_over_reference": UUID(int=0), "start_by": None},
    ("seen", "declined"): {"reason": "not-yet-known"},
    ("in-progress", "on-hold"): {"reason": "not-yet-known"},
    ("in-progress", "completed"): {
        "outcome": Outcome(outcome="not-yet-known", unit="item", quantity=0)
    },
}


@pytest.mark.parametrize(("state", "word"), CARRIED)
def test_what_the_provider_said_stands_in_the_task_and_in_the_fact(state: str, word: str) -> None:
    step = sending.progressed(every_sent()[state], told(word), NOW)
    assert carries(step.task, **CARRIED[state, word])
    assert carries(step.facts[0], **CARRIED[state, word])


@pytest.mark.parametrize(("state", "word"), NOT_SAID)
def test_what_the_provider_left_out_is_not_yet_known(state: str, word: str) -> None:
    bare = Progress(task_id=an_id("task"), state=word, at=NOW)
    step = sending.progressed(every_sent()[state], bare, NOW)
    assert carries(step.task, **NOT_SAID[state, word])
    assert carries(step.facts[0], **NOT_SAID[state, word])


@pytest.mark.parametrize("state", ["offered", "delivered", "seen"])
def test_the_providers_clock_while_it_looks_for_a_place_stands_in_task_and_fact(
    state: str,
) -> None:
    step = sending.progressed(every_sent()[state], told("accepting"), NOW)
    assert carries(step.task, expires_at=HOLD_UNTIL)
    assert carries(step.facts[0], hold_until=HOLD_UNTIL)


def test_a_search_for_a_place_without_its_time_is_bounded_by_our_own_clock() -> None:
    bare = Progress(task_id=an_id("task"), state="accepting", at=NOW)
    step = sending.progressed(every_sent()["seen"], bare, NOW)
    assert carries(step.task, expires_at=terms().answer_by)
    assert carries(step.facts[0], hold_until=terms().answer_by)


def test_that_a_place_is_looked_for_moves_no_clock_of_ours() -> None:
    for state in ("offered", "delivered", "seen"):
        before = every_sent()[state]
        after = sending.progressed(before, told("accepting"), LATER).task
        assert due_of(after) == due_of(before)


def test_a_closed_loop_is_told_by_how_it_ended() -> None:
    step = sending.progressed(every_sent()["in-progress"], told("completed"), NOW)
    assert carries(step.facts[1], outcome="need-met")


@pytest.mark.parametrize(
    ("state", "word"),
    [("accepted", "in-progress"), ("in-progress", "on-hold"), ("on-hold", "in-progress")],
)
def test_the_reference_of_the_hand_over_stays_while_help_runs(state: str, word: str) -> None:
    step = sending.progressed(every_sent()[state], told(word), NOW)
    assert carries(step.task, hand_over_reference=REFERENCE)


@pytest.mark.parametrize("state", STATES)
def test_an_unknown_word_changes_nothing(state: str) -> None:
    before = every_sent()[state]
    assert sending.progressed(before, told("not-yet-known"), NOW) == Step(task=before)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("expired", "expired"),
        ("cancelled", "cancelled"),
        ("sharing-stopped", "sharing-stopped"),
        ("declined", "cancelled"),
        ("not-sent", "cancelled"),
    ],
)
def test_who_accepts_what_is_over_is_told_so_again(state: str, said: str) -> None:
    step = sending.progressed(every_sent()[state], told("accepted"), NOW)
    letter = WithdrawalLetter(to="redcross-vitebsk", task_id=an_id("task"), state=said)
    assert step.letters == (letter,)


@pytest.mark.parametrize("state", UNANSWERED)
def test_an_acceptance_received_after_the_time_has_expired(state: str) -> None:
    step = sending.progressed(every_sent()[state], told("accepted"), LATER)
    assert (step.task.code, facts_of(step, LATER)) == ("expired", ["TaskExpired"])
    assert (taken_back(step), step.seek_again) == (["expired"], True)


def test_an_acceptance_received_at_the_last_moment_counts() -> None:
    task = every_sent()["seen"]
    step = sending.progressed(task, told("accepted"), task.terms.answer_by)
    assert step.task.code == "accepted"


@pytest.mark.parametrize("state", STATES)
def test_only_an_unanswered_offer_expires(state: str) -> None:
    step = sending.expired(every_sent()[state], LATER)
    expires = state in UNANSWERED
    assert facts_of(step, LATER) == (["TaskExpired"] if expires else [])
    assert step.task.code == ("expired" if expires else state)
    assert step.seek_again == expires
    assert taken_back(step) == (["expired"] if expires else [])


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("even_started", [True, False])
def test_closing_a_case_leaves_a_service_that_runs(state: str, even_started: bool) -> None:
    step = sending.cancelled(every_sent()[state], NOW, even_started=even_started)
    ends = state in (*UNANSWERED, "accepted") or (
        state in ("in-progress", "on-hold") and even_started
    )
    assert facts_of(step) == (["TaskCancelled"] if ends else [])
    assert step.task.code == ("cancelled" if ends else state)
    assert taken_back(step) == (["cancelled"] if ends else [])
    assert not step.seek_again


@pytest.mark.parametrize("state", STATES)
def test_whom_the_person_refuses_is_taken_back_before_help_begins_and_another_is_sought(
    state: str,
) -> None:
    step = sending.refused_by_the_person(every_sent()[state], NOW)
    ends = state in (*UNANSWERED, "accepted")
    assert facts_of(step) == (["TaskCancelled"] if ends else [])
    assert taken_back(step) == (["cancelled"] if ends else [])
    assert step.seek_again is ends


@pytest.mark.parametrize("state", STATES)
def test_whoever_has_the_case_from_us_lets_go_when_it_is_no_longer_shared_with_us(
    state: str,
) -> None:
    step = sending.sharing_stopped(every_sent()[state], NOW)
    stops = state in OPEN_STATES[Side.SENDER]
    assert facts_of(step) == (["TaskStopped"] if stops else [])
    assert step.task.code == ("sharing-stopped" if stops else state)
    assert taken_back(step) == (["cancelled"] if stops else [])
    assert goes_on(step) == ""


@pytest.mark.parametrize("tell", [True, False])
@pytest.mark.parametrize("state", STATES)
def test_a_stop_ends_whatever_is_open(state: str, tell: bool) -> None:
    step = sending.stopped(every_sent()[state], NOW, tell_provider=tell)
    stops = state in OPEN_STATES[Side.SENDER]
    assert facts_of(step) == (["TaskStopped"] if stops else [])
    assert step.task.code == ("sharing-stopped" if stops else state)
    may_run_on = state in ("expired", "cancelled")
    assert taken_back(step) == (["sharing-stopped"] if (stops or may_run_on) and tell else [])
    assert goes_on(step) == ("by a person" if stops else "")


@pytest.mark.parametrize("state", ["expired", "cancelled"])
def test_of_help_whose_outcome_is_known_nobody_is_told_any_more(state: str) -> None:
    ended = sending.progressed(every_sent()[state], told("completed"), NOW).task
    assert sending.stopped(ended, NOW, tell_provider=True) == Step(task=ended)


@pytest.mark.parametrize("state", STATES)
def test_who_tells_no_more_is_not_relied_on(state: str) -> None:
    step = sending.feedback_ended(every_sent()[state], NOW)
    relied_on = state in ("accepted", "in-progress", "on-hold")
    assert (step.task.code, facts_of(step)) == (
        ("sharing-stopped", ["TaskStopped"]) if relied_on else (state, [])
    )
    assert not step.letters
    assert goes_on(step) == ("by a person" if relied_on else "")


@pytest.mark.parametrize("state", STATES)
def test_only_what_was_just_offered_can_turn_out_unsent(state: str) -> None:
    step = sending.not_sent(every_sent()[state], "no-consent", NOW)
    assert facts_of(step) == (["TaskNotSent"] if state == "offered" else [])
    assert step.task.code == ("not-sent" if state == "offered" else state)
    for thing in (step.task, *step.facts) if state == "offered" else ():
        assert carries(thing, reason="no-consent")
    assert step.seek_again == (state == "offered")


@pytest.mark.parametrize("state", STATES)
def test_an_offer_that_may_have_arrived_is_taken_back_unless_both_sides_have_it(state: str) -> None:
    step = sending.not_sent(every_sent()[state], "consent-expired", NOW)
    running = ("accepted", "in-progress", "on-hold")
    both_have_it = state in ("delivered", "seen", "accepting", *running, "loop-closed")
    assert taken_back(step) == ([] if both_have_it else ["cancelled"])


@pytest.mark.parametrize("state", STATES)
def test_the_senders_clock_runs_while_nobody_answered(state: str) -> None:
    due = due_of(every_sent()[state])
    waits = state in UNANSWERED
    assert due == (Due(DeadlineKind.ANSWER, terms().answer_by) if waits else None)


def test_an_offer_goes_to_the_provider_and_nobody_else() -> None:
    step = sending.offer(terms(), NOW)
    assert (step.task.code, facts_of(step)) == ("offered", ["OfferMade"])
    assert [letter.to for letter in step.letters] == ["redcross-vitebsk"]


@given(words=st.lists(st.sampled_from((*WORDS, "expire", "cancel", "void", "stop")), max_size=12))
def test_no_order_of_words_leaves_an_end_or_repeats_a_fact(words: list[str]) -> None:
    task: SentTask = every_sent()["offered"]
    happened: list[str] = []
    for word in words:
        step = _apply(task, word)
        if task.code in ENDED:
            assert step.task.code == task.code
            if step.task != task:
                assert facts_of(step) == ["TaskCompleted", "LoopClosed"]
                assert (getattr(task, "outcome", OUTCOME), word) == (None, "completed")
            else:
                assert not step.facts
            assert not goes_on(step)
        happened += facts_of(step)
        task = step.task
    assert len(once := [each for each in happened if each not in TO_AND_FRO]) == len(set(once))


def _apply(task: SentTask, word: str) -> Step[SentTask]:
    match word:
        case "expire":
            return sending.expired(task, NOW)
        case "cancel" | "void":
            return sending.cancelled(task, NOW, even_started=word == "void")
        case "stop":
            return sending.stopped(task, NOW, tell_provider=False)
        case _:
            return sending.progressed(task, told(word), NOW)
