"""What happened in an episode, as the domain says it. Disclosure turns it into events."""

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


EpisodeFact: TypeAlias = (
    EpisodeWasPlanned | EpisodeBegan | UnitsWereDelivered | EpisodeEnded | EpisodeWasStopped
)
