"""What happened in an episode or to a place, as the domain says it, before it is an event."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeWasPlanned:
    """An accepted task became an episode."""

    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeBegan:
    """The first record of service."""

    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsWereDelivered:
    """So many, and the sum so far."""

    happened_at: datetime
    unit: str
    quantity: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeEnded:
    """It ended with an outcome."""

    happened_at: datetime
    outcome: str
    unit: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeWasStopped:
    """Sharing was stopped, or it was cancelled before it began."""

    happened_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeWasScheduled:
    """It is to begin then."""

    happened_at: datetime
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeDidNotBegin:
    """It was to begin then."""

    happened_at: datetime
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeRests:
    """For a time, with a reason."""

    happened_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeGoesOn:
    """After it rested."""

    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeEndedBeforeTime:
    """A human ended it; ``unit`` is missing where nothing was given."""

    happened_at: datetime
    reason: str
    outcome: str
    unit: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeWasCalledOff:
    """Who asked for it takes that back while it runs; whoever helps ends it."""

    happened_at: datetime


EpisodeFact: TypeAlias = (
    EpisodeWasPlanned
    | EpisodeWasScheduled
    | EpisodeDidNotBegin
    | EpisodeBegan
    | EpisodeRests
    | EpisodeGoesOn
    | UnitsWereDelivered
    | EpisodeEnded
    | EpisodeEndedBeforeTime
    | EpisodeWasStopped
    | EpisodeWasCalledOff
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldWasConfirmed:
    """The task was accepted, or the time moved: a human decides when nobody came by then."""

    happened_at: datetime
    arrive_by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLapsed:
    """Nobody accepted in time."""

    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldWasReleased:
    """It is no longer wanted."""

    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceWasChanged:
    """A person here chose the place."""

    happened_at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementIsUnusual:
    """The profile places this class of age elsewhere, and nobody said why."""

    happened_at: datetime
    placement_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCame:
    """Who was expected is here."""

    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonWentAway:
    """Who was here left."""

    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StayWasProlonged:
    """It goes on until ``ends_at``."""

    happened_at: datetime
    ends_at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalIsOverdue:
    """Nobody came until ``arrive_by``."""

    happened_at: datetime
    arrive_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodyHasCome:
    """A human decided it."""

    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StayLimitIsNear:
    """What comes next is to be arranged."""

    happened_at: datetime
    limit_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StayIsOverdue:
    """The agreed end or the limit is over."""

    happened_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConsentIsNeeded:
    """Sharing was stopped, and the provider still needs the record."""

    happened_at: datetime
    reason: str


HoldHappened: TypeAlias = (
    HoldWasConfirmed
    | HoldLapsed
    | HoldWasReleased
    | PlaceWasChanged
    | PlacementIsUnusual
    | PersonCame
    | PersonWentAway
    | StayWasProlonged
    | ArrivalIsOverdue
    | NobodyHasCome
    | StayLimitIsNear
    | StayIsOverdue
    | OwnConsentIsNeeded
)
