"""What happens to a case on any day."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasLinked:
    """Two cases belong together."""

    linked_case: UUID
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasUnlinked:
    """Two cases do not belong together after all.

    Told under the case that was linked, behind the link: whoever reads one stream late would
    otherwise read the link last.
    """

    case_id: UUID
    linked_case: UUID
    kind: str
    reason: str
    same_person: bool
    """What is forbidden stays as it is: the link did not bring it, or another one still does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasMerged:
    """Entered twice; the other one goes on."""

    into_case: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipWasTransferred:
    """Another officer leads the case."""

    officer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactWasLost:
    """Nobody can reach the person."""

    lost_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactWasRegained:
    """The person can be reached again."""

    regained_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildWentMissing:
    """An alarm."""

    missing_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildWasFound:
    """The child is there again."""

    found_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonHasDied:
    """The person has died."""

    died_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeContactWasChanged:
    """Another kind of way is safe."""

    safe_channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentativeWasAppointed:
    """Somebody stands by the person."""

    kind: str
    appointed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DependantsWereAdded:
    """How many people depend on the person now."""

    dependants: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnWasRecorded:
    """How somebody came back from abroad."""

    channel: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionnaireWasRecorded:
    """A form was filled in."""

    form: str
    form_version: str
    answers: int
    recorded_at: datetime
