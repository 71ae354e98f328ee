"""Help is counted in units, begins once, and ends once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.assistance.domain import (
    Active,
    Completed,
    Delivery,
    Episode,
    EpisodeChange,
    Plan,
    Planned,
    Refusal,
    Stopped,
    cancel,
    deliver,
    facts,
    plan,
    stop,
)
from services.assistance.domain.episode import TOTAL_LIMIT

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
UNDER_WAY = Active(unit="visit", total=3)
DONE = Completed(unit="visit", total=3, outcome="need-met")
ENDED = [DONE, Stopped(total=0)]


def an_episode(state: Any = None) -> Episode:
    return Episode(
        episode_id=UUID(int=1),
        task_id=UUID(int=2),
        case_id=UUID(int=3),
        service_type="nursing-visit",
        counted_by="border-brest",
        state=state or Planned(),
    )


def a_delivery(**changes: Any) -> Delivery:
    given = {"unit": "visit", "quantity": 1, "outcome": None, "happened_at": NOW, "now": NOW}
    return Delivery(**given | changes)


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
        (Stopped(total=1), {}, [("wrong-state", None)]),
        (None, {"happened_at": NOW + timedelta(minutes=6)}, [("in-the-future", "occurred_at")]),
        (UNDER_WAY, {"unit": "hour"}, [("out-of-range", "unit")]),
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


def test_the_limit_itself_can_still_be_told() -> None:
    change = done(deliver(an_episode(), a_delivery(quantity=TOTAL_LIMIT)))
    assert change.episode.state == Active(unit="visit", total=TOTAL_LIMIT)


@pytest.mark.parametrize(("state", "total"), [(Planned(), 0), (UNDER_WAY, 3)])
def test_stopping_keeps_what_was_counted(state: Any, total: int) -> None:
    change = done(stop(an_episode(state), NOW))
    assert change.episode.state == Stopped(total=total)
    assert change.facts == (facts.EpisodeWasStopped(happened_at=NOW),)


@pytest.mark.parametrize("state", ENDED)
def test_what_ended_is_neither_stopped_nor_cancelled(state: Any) -> None:
    assert stop(an_episode(state), NOW) is None
    assert cancel(an_episode(state), NOW) is None


def test_a_cancelled_task_drops_only_help_that_did_not_begin() -> None:
    assert done(cancel(an_episode(), NOW)).episode.state == Stopped(total=0)
    assert cancel(an_episode(UNDER_WAY), NOW) is None


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
