"""The course of an episode beside what is delivered: scheduled, resting, going on, ended early."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.assistance.domain.episode import (
    OUTCOME_OF,
    Active,
    Completed,
    EndedEarly,
    Episode,
    EpisodeChange,
    Planned,
    Scheduled,
    Suspended,
)
from services.assistance.domain.facts import (
    EpisodeDidNotBegin,
    EpisodeEndedBeforeTime,
    EpisodeFact,
    EpisodeGoesOn,
    EpisodeRests,
    EpisodeWasScheduled,
)
from services.assistance.domain.refusals import Objection, Refusal, lies_in_the_future, refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Help is to begin at ``starts_at``."""

    starts_at: datetime
    now: datetime


def it_has_not_begun_yet(episode: Episode, asked: Beginning) -> Objection | None:
    """What has begun or ended begins no more (project: its first unit was told)."""
    open_ = isinstance(episode.state, Planned | Scheduled)
    return None if open_ else Objection(code="wrong-state")


def the_beginning_lies_ahead(episode: Episode, asked: Beginning) -> Objection | None:
    """What has begun already is recorded, not scheduled (project: its clock has to ring)."""
    if asked.starts_at <= asked.now:
        return Objection(code="out-of-range", field="starts_at")
    return None


BEGINNING_RULES: Final[tuple[Callable[[Episode, Beginning], Objection | None], ...]] = (
    it_has_not_begun_yet,
    the_beginning_lies_ahead,
)


def schedule(episode: Episode, starts_at: datetime, now: datetime) -> EpisodeChange | Refusal:
    """It is to begin at ``starts_at``; once more moves it."""
    asked = Beginning(starts_at=starts_at, now=now)
    found = [rule(episode, asked) for rule in BEGINNING_RULES]
    if against := tuple(objection for objection in found if objection):
        return Refusal(objections=against)
    return EpisodeChange(
        episode=replace(episode, state=Scheduled(starts_at=starts_at)),
        facts=(EpisodeWasScheduled(happened_at=now, starts_at=starts_at),),
    )


def help_is_under_way(episode: Episode) -> Objection | None:
    """Only help under way can rest (FHIR R4, Task.status: on-hold follows in-progress)."""
    return None if isinstance(episode.state, Active) else Objection(code="wrong-state")


def help_rests(episode: Episode) -> Objection | None:
    """Only what rests goes on (FHIR R4, Task.status: in-progress follows on-hold)."""
    return None if isinstance(episode.state, Suspended) else Objection(code="wrong-state")


def suspend(episode: Episode, reason: str, now: datetime) -> EpisodeChange | Refusal:
    """It rests; what was counted stays."""
    state, against = episode.state, refused(help_is_under_way(episode))
    if against is not None or not isinstance(state, Active):
        return against or Refusal(objections=())
    return EpisodeChange(
        episode=replace(
            episode, state=Suspended(unit=state.unit, total=state.total, reason=reason)
        ),
        facts=(EpisodeRests(happened_at=now, reason=reason),),
    )


def resume(episode: Episode, now: datetime) -> EpisodeChange | Refusal:
    """It goes on after it rested."""
    state, against = episode.state, refused(help_rests(episode))
    if against is not None or not isinstance(state, Suspended):
        return against or Refusal(objections=())
    return EpisodeChange(
        episode=replace(episode, state=Active(unit=state.unit, total=state.total)),
        facts=(EpisodeGoesOn(happened_at=now),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A human ends help before its need is met."""

    reason: str
    happened_at: datetime
    now: datetime


def it_has_not_ended_yet(episode: Episode, asked: Ending) -> Objection | None:
    """What ended stays as it ended (project: its outcome was told to the sender)."""
    ended = isinstance(episode.state, Completed | EndedEarly)
    return Objection(code="wrong-state") if ended else None


def it_did_not_end_in_the_future(episode: Episode, asked: Ending) -> Objection | None:
    """A time later than now is a mistake (project: only what is over is told as over)."""
    if lies_in_the_future(asked.happened_at, asked.now):
        return Objection(code="in-the-future", field="occurred_at")
    return None


ENDING_RULES: Final[tuple[Callable[[Episode, Ending], Objection | None], ...]] = (
    it_has_not_ended_yet,
    it_did_not_end_in_the_future,
)


def end_early(episode: Episode, asked: Ending) -> EpisodeChange | Refusal:
    """Ended with a reason; what came of the need follows from it and from what was given."""
    found = [rule(episode, asked) for rule in ENDING_RULES]
    against = tuple(objection for objection in found if objection)
    state = episode.state
    if against or isinstance(state, Completed | EndedEarly):
        return Refusal(objections=against)
    unit, total = None, 0
    if isinstance(state, Active | Suspended):
        unit, total = state.unit, state.total
    return EpisodeChange(
        episode=replace(episode, state=EndedEarly(total=total, reason=asked.reason, unit=unit)),
        facts=(
            EpisodeEndedBeforeTime(
                happened_at=asked.happened_at,
                reason=asked.reason,
                outcome=OUTCOME_OF.get(
                    asked.reason, "need-partly-met" if total else "need-not-met"
                ),
                unit=unit,
                total=total,
            ),
        ),
    )


def start_is_due(episode: Episode, now: datetime) -> tuple[EpisodeFact, ...]:
    """The clock rang: it was to begin and did not."""
    state = episode.state
    if not isinstance(state, Scheduled) or now < state.starts_at:
        return ()
    return (EpisodeDidNotBegin(happened_at=now, starts_at=state.starts_at),)
