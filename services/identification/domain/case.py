"""A case and its states: one class per state, so that the wrong step cannot be written.

A freeze is not a state: it lies over any of them and is kept beside the case (``access``).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeAlias
from uuid import UUID

from services.identification.domain.clocks import DueDate
from services.identification.domain.codes import CaseCodes
from services.identification.domain.facts import Fact


@dataclass(frozen=True, slots=True)
class Detected:
    """Somebody was met who may have been trafficked."""

    code: ClassVar[str] = "detected"


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpedWithoutIdentification:
    """Help goes on; no identifying authority is told."""

    code: ClassVar[str] = "helped-without-identification"
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Screened at least once, not yet decided."""

    code: ClassVar[str] = "screening"
    result: str
    screened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPresumed:
    """No reasonable grounds."""

    code: ClassVar[str] = "not-presumed"
    decided_at: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflection:
    """Presumed, and the reflection period runs."""

    code: ClassVar[str] = "reflection"
    presumed_at: datetime
    starts_at: datetime
    ends_at: datetime
    conclusive_due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Presumed:
    """Presumed; the reflection period is over; the conclusive decision is awaited."""

    code: ClassVar[str] = "presumed"
    presumed_at: datetime
    reflection_ended_at: datetime
    conclusive_due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Identified: the conclusive decision was positive."""

    code: ClassVar[str] = "identified"
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotIdentified:
    """The conclusive decision was negative."""

    code: ClassVar[str] = "not-identified"
    decided_at: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Work on the case is over."""

    code: ClassVar[str] = "closed"
    reason: str
    closed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredInError:
    """It should not have been entered."""

    code: ClassVar[str] = "entered-in-error"
    reason: str
    voided_at: datetime


State: TypeAlias = (
    Detected
    | HelpedWithoutIdentification
    | Screening
    | NotPresumed
    | Reflection
    | Presumed
    | Identified
    | NotIdentified
    | Closed
    | EnteredInError
)


def is_over(state: State) -> bool:
    """Nothing more can be recorded."""
    return isinstance(state, Closed | EnteredInError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case of this node."""

    case_id: UUID
    origin: str
    counted_by: str
    codes: CaseCodes
    state: State
    occurred_at: datetime
    recorded_at: datetime
    grounds_due_at: datetime | None = None
    """When the first decision is due; ``None`` while this node has no power to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One reason against, as a code of ``refusal-reason``, and the property it is about."""

    code: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Everything that speaks against it."""

    objections: tuple[Objection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a decision makes of a case: how it is now, what happened, which clocks run and stop."""

    case: Case
    facts: tuple[Fact, ...]
    clocks: tuple[DueDate, ...] = ()
    stopped: tuple[str, ...] = ()
    """Kinds of clocks that no longer run; set before ``clocks`` start."""
