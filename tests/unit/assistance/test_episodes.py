"""Help is counted in units, begins once, and ends once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.assistance.domain import (
    Active,
    Completed,
    Delivery,
    EndedEarly,
    EpisodeChange,
    Plan,
    Planned,
    Refusal,
    Scheduled,
    Suspended,
    begin,
    called_off,
    cancel,
    deliver,
    facts,
    plan,
    stop,
)
from services.assistance.domain.episode import TOTAL_LIMIT
from tests.unit.assistance.builders import NOW, an_episode

UNDER_WAY = Active(unit="visit", total=3)
DONE = Completed(unit="visit", total=3, outcome="need-met")
ENDED = [DONE, EndedEarly(total=0, reason="person-left")]


def a_delivery(**changes: Any) -> Delivery:
    given = Delivery(unit="visit", quantity=1, outcome=None, happened_at=NOW, now=NOW)
    return replace(given, **changes)


def done(decided: EpisodeChange | Refusal | None) -> EpisodeChange:
    assert isinstance(decided, EpisodeChange)
    return decided


def against(decided: EpisodeChange | Refusal) -> list[tuple[str, str | None]]:
    assert isinstance(decided, Refusal)
    return [(objection.code, objection.field) for objection in decided.objections]


def test_an_accepted_task_becomes_a_planned_episode() -> None:
    change = plan(
        Plan(
            episode_id=UUID(int=1),
            task_id=UUID(int=2),
            case_id=UUID(int=3),
            service_type="nursing-visit",
            counted_by="border-brest",
            now=NOW,
        )
    )
    assert change.episode == an_episode()
    assert change.facts == (facts.EpisodeWasPlanned(happened_at=NOW),)


def test_the_first_record_begins_the_episode_and_the_next_adds_up() -> None:
    first = done(deliver(an_episode(), a_delivery()))
    assert first.facts == (
        facts.EpisodeBegan(happened_at=NOW),
        facts.UnitsWereDelivered(happened_at=NOW, unit="visit", quantity=1, total=1),
    )
    second = done(deliver(first.episode, a_delivery(quantity=2)))
    assert second.facts == (
        facts.UnitsWereDelivered(happened_at=NOW, unit="visit", quantity=2, total=3),
    )
    assert second.episode.state == UNDER_WAY


def test_an_outcome_ends_it_with_the_sum() -> None:
    change = done(deliver(an_episode(UNDER_WAY), a_delivery(outcome="need-met", quantity=2)))
    assert change.episode.state == Completed(unit="visit", total=5, outcome="need-met")
    assert change.facts[-1] == facts.EpisodeEnded(
        happened_at=NOW, outcome="need-met", unit="visit", total=5
    )


def test_an_outcome_alone_delivers_nothing_more() -> None:
    change = done(deliver(an_episode(UNDER_WAY), a_delivery(outcome="person-left", quantity=0)))
    assert [type(fact) for fact in change.facts] == [facts.EpisodeEnded]


@pytest.mark.parametrize(
    ("state", "changes", "expected"),
    [
        (DONE, {}, [("wrong-state", None)]),
        (EndedEarly(total=1, reason="safety"), {}, [("wrong-state", None)]),
        (None, {"happened_at": NOW + timedelta(minutes=6)}, [("in-the-future", "occurred_at")]),
        (UNDER_WAY, {"unit": "hour"}, [("out-of-range", "unit"), ("wrong-unit", "unit")]),
        (None, {"unit": "item"}, [("wrong-unit", "unit")]),
        (None, {"quantity": 0}, [("out-of-range", "quantity")]),
        (UNDER_WAY, {"quantity": TOTAL_LIMIT}, [("out-of-range", "quantity")]),
        (
            DONE,
            {"quantity": 0, "happened_at": NOW + timedelta(days=1)},
            [("wrong-state", None), ("in-the-future", "occurred_at"), ("out-of-range", "quantity")],
        ),
    ],
)
def test_every_reason_against_is_told(state: Any, changes: Any, expected: Any) -> None:
    assert against(deliver(an_episode(state), a_delivery(**changes))) == expected


def test_a_service_that_may_be_counted_in_several_ways_is_counted_as_it_was_told() -> None:
    talking = an_episode(service_type="psychological")
    change = done(deliver(talking, a_delivery(unit="hour")))
    assert change.episode.state == Active(unit="hour", total=1)


def test_the_limit_itself_can_still_be_told() -> None:
    change = done(deliver(an_episode(), a_delivery(quantity=TOTAL_LIMIT)))
    assert change.episode.state == Active(unit="visit", total=TOTAL_LIMIT)


@pytest.mark.parametrize(
    ("state", "total", "unit"),
    [
        (Planned(), 0, None),
        (Scheduled(starts_at=NOW), 0, None),
        (UNDER_WAY, 3, "visit"),
        (Suspended(unit="visit", total=3, reason="illness"), 3, "visit"),
    ],
)
def test_stopping_keeps_what_was_counted(state: Any, total: int, unit: str | None) -> None:
    change = done(stop(an_episode(state), NOW, "sharing-stopped"))
    assert change.episode.state == EndedEarly(total=total, reason="sharing-stopped", unit=unit)
    assert change.facts == (facts.EpisodeWasStopped(happened_at=NOW, reason="sharing-stopped"),)


@pytest.mark.parametrize("state", ENDED)
def test_what_ended_is_neither_stopped_nor_cancelled(state: Any) -> None:
    assert stop(an_episode(state), NOW, "sharing-stopped") is None
    assert cancel(an_episode(state), NOW) is None


def test_a_cancelled_task_drops_only_help_that_did_not_begin() -> None:
    dropped = EndedEarly(total=0, reason="task-cancelled")
    assert done(cancel(an_episode(), NOW)).episode.state == dropped
    assert done(cancel(an_episode(Scheduled(starts_at=NOW)), NOW)).episode.state == dropped
    assert cancel(an_episode(UNDER_WAY), NOW) is None
    assert cancel(an_episode(Suspended(unit="visit", total=1, reason="illness")), NOW) is None


@pytest.mark.parametrize(
    ("state", "runs"),
    [
        (Planned(), False),
        (Scheduled(starts_at=NOW), False),
        (UNDER_WAY, True),
        (Suspended(unit="visit", total=1, reason="illness"), True),
        (Completed(unit="visit", total=1, outcome="need-met"), False),
        (EndedEarly(total=0, reason="task-cancelled"), False),
    ],
)
def test_only_of_help_that_runs_it_is_told_that_nobody_asks_for_it_any_more(
    state: Any, runs: bool
) -> None:
    told = (facts.EpisodeWasCalledOff(happened_at=NOW),) if runs else ()
    assert called_off(an_episode(state), NOW) == told


def test_the_night_is_counted_from_arrival_and_a_visit_is_not() -> None:
    change = done(begin(replace(an_episode(), service_type="crisis-room"), NOW))
    assert change.episode.state == Active(unit="night", total=0)
    assert change.facts == (facts.EpisodeBegan(happened_at=NOW),)
    assert begin(change.episode, NOW) is None
    assert begin(an_episode(), NOW) is None


@given(
    some.lists(
        some.builds(
            a_delivery,
            unit=some.sampled_from(["visit", "hour"]),
            quantity=some.integers(0, 5),
            outcome=some.sampled_from([None, None, None, "need-met"]),
        ),
        max_size=20,
    )
)
def test_the_total_is_the_sum_of_what_was_taken_and_the_story_is_in_order(given_: Any) -> None:
    episode, told, quantities = an_episode(), [], 0
    for delivery in given_:
        decided = deliver(episode, delivery)
        if isinstance(decided, Refusal):
            continue
        episode = decided.episode
        told += [type(fact) for fact in decided.facts]
        quantities += delivery.quantity
    assert told.count(facts.EpisodeBegan) <= 1
    assert told.count(facts.EpisodeEnded) <= 1
    if told:
        assert told[0] is facts.EpisodeBegan
        assert isinstance(episode.state, Active | Completed)
        assert episode.state.total == quantities
        assert (told[-1] is facts.EpisodeEnded) == isinstance(episode.state, Completed)
