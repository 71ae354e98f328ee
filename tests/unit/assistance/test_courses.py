"""Help that is scheduled, rests, goes on, or ends before its need is met."""

from datetime import timedelta
from typing import Any

import pytest

from services.assistance.domain import (
    Active,
    Clock,
    Completed,
    EndedEarly,
    Ending,
    EpisodeChange,
    EpisodeState,
    Planned,
    Scheduled,
    Suspended,
    clocks_of_episode,
    deliver,
    end_early,
    facts,
    resume,
    schedule,
    start_is_due,
    suspend,
)
from services.assistance.domain.episode import Delivery
from tests.unit.assistance.builders import NOW, an_episode, objections_of

LATER = NOW + timedelta(days=2)
UNDER_WAY = Active(unit="visit", total=2)
AT_REST = Suspended(unit="visit", total=2, reason="illness")
DONE = Completed(unit="visit", total=2, outcome="need-met")
EARLY = EndedEarly(total=0, reason="person-left")


def done(decided: Any) -> EpisodeChange:
    assert isinstance(decided, EpisodeChange)
    return decided


@pytest.mark.parametrize("state", [Planned(), Scheduled(starts_at=NOW)])
def test_help_is_scheduled_and_may_be_moved(state: Any) -> None:
    change = done(schedule(an_episode(state), LATER, NOW))
    assert change.episode.state == Scheduled(starts_at=LATER)
    assert change.facts == (facts.EpisodeWasScheduled(happened_at=NOW, starts_at=LATER),)


@pytest.mark.parametrize("state", [UNDER_WAY, AT_REST, DONE, EARLY])
def test_what_began_is_not_scheduled_and_nothing_is_in_the_past(state: Any) -> None:
    against = objections_of(schedule(an_episode(state), NOW, NOW))
    assert against == [("wrong-state", None), ("out-of-range", "starts_at")]


def test_help_that_did_not_begin_is_told_once_its_time_is_there() -> None:
    planned = an_episode(Scheduled(starts_at=LATER))
    assert clocks_of_episode(planned) == {Clock(kind="start-due", due_at=LATER)}
    assert start_is_due(planned, NOW) == ()
    assert start_is_due(planned, LATER) == (
        facts.EpisodeDidNotBegin(happened_at=LATER, starts_at=LATER),
    )
    for state in (Planned(), UNDER_WAY, AT_REST, DONE, EARLY):
        assert clocks_of_episode(an_episode(state)) == frozenset()
        assert start_is_due(an_episode(state), LATER) == ()


def test_help_rests_and_goes_on_with_what_was_counted() -> None:
    resting = done(suspend(an_episode(UNDER_WAY), "illness", NOW))
    assert resting.episode.state == AT_REST
    assert resting.facts == (facts.EpisodeRests(happened_at=NOW, reason="illness"),)
    going = done(resume(resting.episode, LATER))
    assert going.episode.state == UNDER_WAY
    assert going.facts == (facts.EpisodeGoesOn(happened_at=LATER),)


def test_only_help_under_way_rests_and_only_what_rests_goes_on() -> None:
    state: EpisodeState
    for state in (Planned(), Scheduled(starts_at=NOW), AT_REST, DONE, EARLY):
        assert objections_of(suspend(an_episode(state), "illness", NOW)) == [("wrong-state", None)]
    for state in (Planned(), Scheduled(starts_at=NOW), UNDER_WAY, DONE, EARLY):
        assert objections_of(resume(an_episode(state), NOW)) == [("wrong-state", None)]


def test_nothing_is_counted_while_help_rests() -> None:
    given = Delivery(unit="visit", quantity=1, outcome=None, happened_at=NOW, now=NOW)
    assert objections_of(deliver(an_episode(AT_REST), given)) == [("wrong-state", None)]


@pytest.mark.parametrize(
    ("state", "reason", "outcome", "unit", "total"),
    [
        (Planned(), "provider-cannot", "need-not-met", None, 0),
        (Scheduled(starts_at=LATER), "nobody-came", "person-left", None, 0),
        (UNDER_WAY, "goes-on-elsewhere", "need-partly-met", "visit", 2),
        (AT_REST, "need-ended", "need-met", "visit", 2),
    ],
)
def test_help_ends_early_with_a_reason_and_says_what_came_of_the_need(
    state: Any, reason: str, outcome: str, unit: str | None, total: int
) -> None:
    asked = Ending(reason=reason, happened_at=NOW, now=NOW)
    change = done(end_early(an_episode(state), asked))
    assert change.episode.state == EndedEarly(total=total, reason=reason, unit=unit)
    assert change.facts == (
        facts.EpisodeEndedBeforeTime(
            happened_at=NOW, reason=reason, outcome=outcome, unit=unit, total=total
        ),
    )


@pytest.mark.parametrize("state", [DONE, EARLY])
def test_what_ended_stays_as_it_ended(state: Any) -> None:
    asked = Ending(reason="safety", happened_at=LATER, now=NOW)
    against = objections_of(end_early(an_episode(state), asked))
    assert against == [("wrong-state", None), ("in-the-future", "occurred_at")]
