"""Why a command is refused: codes of the list ``refusal-reason``, never a value."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far another system's clock may be ahead of ours before a time counts as the future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One reason against, and the property it is about."""

    code: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Everything that speaks against it."""

    objections: tuple[Objection, ...]


def refused(*found: Objection | None) -> Refusal | None:
    """A refusal with every objection that was found; nothing when none was."""
    objections = tuple(objection for objection in found if objection is not None)
    return Refusal(objections=objections) if objections else None


def lies_in_the_future(at: datetime, now: datetime) -> bool:
    """Whether ``at`` is later than differing clocks explain."""
    return at > now + CLOCK_TOLERANCE
