"""How a case began and ended, and what was decided."""

from dataclasses import dataclass
from datetime import datetime

from services.identification.domain.codes import CaseCodes


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasOpened:
    """A case exists in this node."""

    origin: str
    counted_by: str
    codes: CaseCodes
    to_dos: tuple[str, ...]
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesWereChanged:
    """Codes were corrected or found out, or something else is to be done."""

    codes: CaseCodes
    to_dos: tuple[str, ...]
    child_after_all: bool = False
    """By this very correction an adult is a child."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningWasRecorded:
    """An interview took place."""

    result: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundsWereFound:
    """Reasonable grounds: the person is presumed."""

    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundsWereNotFound:
    """No reasonable grounds, and why."""

    decided_at: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionBegan:
    """The recovery and reflection period runs."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionWasOver:
    """The period is over."""

    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonWasIdentified:
    """Conclusive, positive."""

    decided_at: datetime
    counted_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonWasNotIdentified:
    """Conclusive, negative, and why."""

    decided_at: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFellOverdue:
    """An authority's clock ran out; no right of the person changes."""

    decision: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpedWithout:
    """Nobody decides about the person, and no other identifying authority holds anything."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentificationWasResumed:
    """Whether the person is identified is open again."""

    resumed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasClosed:
    """Work on it is over."""

    reason: str
    closed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasVoided:
    """It should not have been entered."""

    reason: str
