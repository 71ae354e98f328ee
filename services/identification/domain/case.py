"""A case and its states: one class per state, so that the wrong step cannot be written.

A freeze is not a state: it lies over any of them and is kept beside the case (``access``).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from services.identification.domain.clocks import DueDate
from services.identification.domain.codes import CaseCodes, open_to_dos
from services.identification.domain.facts import CodesWereChanged, Fact
from services.identification.domain.record import CaseRecord

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far another system's clock may be ahead of ours before a time counts as the future."""


@dataclass(frozen=True, slots=True)
class Detected:
    """Somebody was met who may have been trafficked."""

    code: ClassVar[str] = "detected"


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpedWithoutIdentification:
    """Help goes on; nobody decides, and no other identifying authority is told."""

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
    reconsider_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflection:
    """Presumed, and the reflection period runs."""

    code: ClassVar[str] = "reflection"
    presumed_at: datetime
    starts_at: datetime
    ends_at: datetime
    conclusive_due_at: datetime
    extensions: tuple[str, ...] = ()
    """The reason of each time that the period became longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildProtection:
    """A presumed child: a measure protects it, and no decision comes sooner than an adult's."""

    code: ClassVar[str] = "child-protection"
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
    reconsider_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconsideration:
    """A negative decision is looked at again."""

    code: ClassVar[str] = "reconsideration"
    decision: str
    ground: str
    asked_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """The status was taken back, together with a second authority."""

    code: ClassVar[str] = "revoked"
    ground: str
    second_authority: str
    decided_at: datetime
    reconsider_until: datetime


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
    | ChildProtection
    | Presumed
    | Identified
    | NotIdentified
    | Reconsideration
    | Revoked
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
    record: CaseRecord = field(default_factory=CaseRecord)

    @property
    def to_dos(self) -> tuple[str, ...]:
        """What a worker still has to find out or do."""
        return open_to_dos(self.codes) + self.record.to_dos(
            is_child=self.codes.is_child, protected=isinstance(self.state, ChildProtection)
        )


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


def told_anew(case: Case) -> CodesWereChanged:
    """How the case is described now, and what is still to be done."""
    return CodesWereChanged(codes=case.codes, to_dos=case.to_dos)


def refused(*found: Objection | None) -> Refusal | None:
    """A refusal with every objection that was found; nothing when none was."""
    objections = tuple(objection for objection in found if objection is not None)
    return Refusal(objections=objections) if objections else None


def it_happened_by_now(at: datetime, now: datetime) -> Objection | None:
    """A time later than now is a mistake (a small difference of clocks is not).

    Project: clocks count from it.
    """
    return (
        Objection(code="in-the-future", field="occurred_at") if at > now + CLOCK_TOLERANCE else None
    )


def it_is_about_a_child(case: Case) -> Objection | None:
    """A child, or somebody believed to be one (Convention, Art. 10(3))."""
    return None if case.codes.is_child else Objection(code="not-a-child")
