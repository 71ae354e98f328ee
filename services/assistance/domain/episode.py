"""An episode of help: planned, scheduled, begun, counted in units, ended. Units, not persons.

One class per state; one function per rule; every objection is collected.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from contracts.vocabulary import PLACES_TO_LIVE
from services.assistance.domain.facts import (
    EpisodeBegan,
    EpisodeEnded,
    EpisodeFact,
    EpisodeWasCalledOff,
    EpisodeWasPlanned,
    EpisodeWasStopped,
    UnitsWereDelivered,
)
from services.assistance.domain.refusals import Objection, Refusal, lies_in_the_future

TOTAL_LIMIT: Final = 1_000_000
"""As many units as an episode can count (the contract's limit)."""
NIGHT: Final = "night"
UNIT_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "nursing-visit": "visit",
        **dict.fromkeys(PLACES_TO_LIVE, NIGHT),
    }
)
"""In what a service is counted, where there is but one way."""
TASK_CANCELLED, SHARING_STOPPED, NOBODY_CAME = "task-cancelled", "sharing-stopped", "nobody-came"
OUTCOME_OF: Final[Mapping[str, str]] = MappingProxyType(
    {"person-left": "person-left", "nobody-came": "person-left", "need-ended": "need-met"}
)
"""What came of the need, where the reason of an early end says it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """Accepted; nothing was delivered yet."""

    code: ClassVar[str] = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """To begin at ``starts_at``."""

    code: ClassVar[str] = "scheduled"
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """Under way, counted in ``unit``."""

    code: ClassVar[str] = "active"
    unit: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """It rests, with a reason; what was counted stays."""

    code: ClassVar[str] = "suspended"
    unit: str
    total: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """Ended with an outcome."""

    code: ClassVar[str] = "completed"
    unit: str
    total: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedEarly:
    """Ended before its need was met: by a human, a cancellation or the end of sharing."""

    code: ClassVar[str] = "ended-early"
    total: int
    reason: str
    unit: str | None = None


EpisodeState: TypeAlias = Planned | Scheduled | Active | Suspended | Completed | EndedEarly


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Help under one accepted task."""

    episode_id: UUID
    task_id: UUID
    case_id: UUID
    service_type: str
    counted_by: str
    state: EpisodeState


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An accepted task."""

    episode_id: UUID
    task_id: UUID
    case_id: UUID
    service_type: str
    counted_by: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Units that were given, as they were reported."""

    unit: str
    quantity: int
    outcome: str | None
    happened_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeChange:
    """How the episode is now, and what happened."""

    episode: Episode
    facts: tuple[EpisodeFact, ...]


def plan(asked: Plan) -> EpisodeChange:
    """An accepted task becomes an episode."""
    episode = Episode(
        episode_id=asked.episode_id,
        task_id=asked.task_id,
        case_id=asked.case_id,
        service_type=asked.service_type,
        counted_by=asked.counted_by,
        state=Planned(),
    )
    return EpisodeChange(episode=episode, facts=(EpisodeWasPlanned(happened_at=asked.now),))


def the_episode_is_open(episode: Episode, given: Delivery) -> Objection | None:
    """Nothing is added to help that ended, or that rests: it is resumed first.

    Project: an outcome that was told stays true.
    """
    closed = isinstance(episode.state, Completed | EndedEarly | Suspended)
    return Objection(code="wrong-state") if closed else None


def it_did_not_happen_in_the_future(episode: Episode, given: Delivery) -> Objection | None:
    """A time later than now is a mistake (project: only what was given is counted)."""
    if lies_in_the_future(given.happened_at, given.now):
        return Objection(code="in-the-future", field="occurred_at")
    return None


def an_episode_has_one_unit(episode: Episode, given: Delivery) -> Objection | None:
    """Visits and hours do not add up (project: a statement tells one sum)."""
    if isinstance(episode.state, Active) and episode.state.unit != given.unit:
        return Objection(code="out-of-range", field="unit")
    return None


def a_service_is_counted_in_its_unit(episode: Episode, given: Delivery) -> Objection | None:
    """Nursing counts in visits, not persons; accommodation in nights.

    Project: as the state social order pays.
    """
    if UNIT_OF.get(episode.service_type, given.unit) != given.unit:
        return Objection(code="wrong-unit", field="unit")
    return None


def something_was_delivered_or_ended(episode: Episode, given: Delivery) -> Objection | None:
    """Nothing of nothing is a mistake (project: it would begin help that nobody gave)."""
    if given.quantity == 0 and given.outcome is None:
        return Objection(code="out-of-range", field="quantity")
    return None


def the_sum_can_be_told(episode: Episode, given: Delivery) -> Objection | None:
    """A sum beyond every stay is a mistake, and no event could carry it.

    Project: the limit of the event's contract.
    """
    if _total(episode) + given.quantity > TOTAL_LIMIT:
        return Objection(code="out-of-range", field="quantity")
    return None


DELIVERY_RULES: Final[tuple[Callable[[Episode, Delivery], Objection | None], ...]] = (
    the_episode_is_open,
    it_did_not_happen_in_the_future,
    an_episode_has_one_unit,
    a_service_is_counted_in_its_unit,
    something_was_delivered_or_ended,
    the_sum_can_be_told,
)


def deliver(episode: Episode, given: Delivery) -> EpisodeChange | Refusal:
    """Count what was given; the first record begins the episode, an outcome ends it."""
    found = [rule(episode, given) for rule in DELIVERY_RULES]
    if against := tuple(objection for objection in found if objection):
        return Refusal(objections=against)
    at, total = given.happened_at, _total(episode) + given.quantity
    facts: list[EpisodeFact] = []
    if isinstance(episode.state, Planned | Scheduled):
        facts.append(EpisodeBegan(happened_at=at))
    if given.quantity:
        facts.append(
            UnitsWereDelivered(
                happened_at=at, unit=given.unit, quantity=given.quantity, total=total
            )
        )
    state: EpisodeState = Active(unit=given.unit, total=total)
    if given.outcome is not None:
        state = Completed(unit=given.unit, total=total, outcome=given.outcome)
        facts.append(
            EpisodeEnded(happened_at=at, outcome=given.outcome, unit=given.unit, total=total)
        )
    return EpisodeChange(episode=replace(episode, state=state), facts=tuple(facts))


def begin(episode: Episode, at: datetime) -> EpisodeChange | None:
    """The person arrived at accommodation: the service begins with no night counted yet."""
    counts_nights = UNIT_OF.get(episode.service_type) == NIGHT
    if not counts_nights or not isinstance(episode.state, Planned | Scheduled):
        return None
    return EpisodeChange(
        episode=replace(episode, state=Active(unit=NIGHT, total=0)),
        facts=(EpisodeBegan(happened_at=at),),
    )


def stop(episode: Episode, at: datetime, reason: str) -> EpisodeChange | None:
    """Freeze help that did not end yet; nothing when it ended."""
    state = episode.state
    if isinstance(state, Completed | EndedEarly):
        return None
    unit = state.unit if isinstance(state, Active | Suspended) else None
    return EpisodeChange(
        episode=replace(episode, state=EndedEarly(total=_total(episode), reason=reason, unit=unit)),
        facts=(EpisodeWasStopped(happened_at=at, reason=reason),),
    )


def cancel(episode: Episode, at: datetime) -> EpisodeChange | None:
    """The task is no longer wanted: help that began goes on, help that did not is dropped."""
    begun = not isinstance(episode.state, Planned | Scheduled)
    return None if begun else stop(episode, at, TASK_CANCELLED)


def called_off(episode: Episode, at: datetime) -> tuple[EpisodeWasCalledOff, ...]:
    """The task is no longer wanted, and help runs: nobody here would know that it is to be ended.

    Also of an offer that expired while its acceptance was under way, where help began meanwhile.
    """
    runs = isinstance(episode.state, Active | Suspended)
    return (EpisodeWasCalledOff(happened_at=at),) if runs else ()


def _total(episode: Episode) -> int:
    return 0 if isinstance(episode.state, Planned | Scheduled) else episode.state.total
