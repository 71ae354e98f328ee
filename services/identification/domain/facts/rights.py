"""Time to recover, a second look, the child route."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionWasExtended:
    """The person has more time."""

    reason: str
    ends_at: datetime
    conclusive_due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionWasCut:
    """The period ends before its time."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionReviewCame:
    """Somebody looks whether more time is needed."""

    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildProtectionBegan:
    """A presumed child is protected by a measure."""

    starts_at: datetime
    no_decision_before: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconsiderationBegan:
    """A negative decision is looked at again."""

    decision: str
    ground: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentificationWasRevoked:
    """The status was taken back."""

    ground: str
    second_authority: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BestInterestsWereRecorded:
    """What is best for the child."""

    outcome: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildsViewWasRecorded:
    """What the child said."""

    view: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionMeasureWasTaken:
    """A kind of protection."""

    measure: str
    emergency: bool
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianWasNotified:
    """A checked and safe guardian was told."""

    notified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildAuthorityWasNotified:
    """A child authority was told; without a recipient by phone or in person."""

    agency_type: str
    notified_at: datetime
    recipient: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildNotificationFailed:
    """A child authority could not be told by a message."""

    agency_type: str
    recipient: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildNotificationFellOverdue:
    """Not every child authority was told in time."""

    due_at: datetime
    agency_types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MajorityReviewCame:
    """Whether somebody is a child is looked at again."""

    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MajorityWasReached:
    """Of age."""

    reached_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementWasReviewed:
    """What becomes of where somebody lives who came of age."""

    outcome: str
    reviewed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonHasToBeTold:
    """Something was done without asking the person."""

    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonWasTold:
    """The person heard of it."""

    about: str
    told_at: datetime
