"""What happened, and what is to be told to the other agency. Facts go in and facts come out.

A *fact* stays in the node. A *letter* is addressed to another agency; disclosure turns it into the
event, field by field, and the gateway decides whether it may leave.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar
from uuid import UUID

from services.referral.domain.requests import Need, Request
from services.referral.domain.tasks import Outcome, Task, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFact:
    """Something happened to a task."""

    terms: Terms
    at: datetime


class OfferMade(TaskFact):
    """Sender: the offer stands in the outgoing queue."""


class OfferReceived(TaskFact):
    """Provider: an offer arrived."""


class TaskDelivered(TaskFact):
    """The provider's node has it."""


class TaskSeen(TaskFact):
    """A person at the provider opened it."""


class OfferUnseen(TaskFact):
    """Nobody opened an emergency in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequested(TaskFact):
    """Provider: a place is asked for."""

    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSought(TaskFact):
    """Sender: the provider said yes and looks for a place until then."""

    hold_until: datetime


class HoldAbandoned(TaskFact):
    """Provider: what was held is to be released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAccepted(TaskFact):
    """The provider takes the person."""

    hand_over_reference: UUID
    start_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDeclined(TaskFact):
    """The provider cannot."""

    reason: str


class TaskExpired(TaskFact):
    """No answer in time."""


class TaskStarted(TaskFact):
    """The service began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPaused(TaskFact):
    """The service rests."""

    reason: str


class TaskResumed(TaskFact):
    """The service goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOverdue(TaskFact):
    """The service did not begin in time."""

    start_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScheduled(TaskFact):
    """Until when the person is expected, when help is to begin."""

    arrive_by: datetime | None
    starts_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedEarlier(TaskFact):
    """Sender: the person is expected earlier than was told before."""

    arrive_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonNotArrived(TaskFact):
    """Sender: the provider expected the person in vain."""

    arrive_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted(TaskFact):
    """The service ended."""

    outcome: Outcome


class TaskCancelled(TaskFact):
    """The sender no longer needs it."""


class TaskStopped(TaskFact):
    """Sharing was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskNotSent(TaskFact):
    """The offer may not leave the node."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopClosed(TaskFact):
    """The sender knows the outcome."""

    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReferredOnward(TaskFact):
    """Sender: the provider asked others for help, too."""

    service_types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOpened:
    """Needs were asked for."""

    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftEndsSoon:
    """Nobody opened a draft yet; it is kept until then."""

    request_id: UUID
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftEnded:
    """Nobody opened a draft in its days; it is gone."""

    request_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderNotFound:
    """Nobody is left for this need; a person decides."""

    need: Need
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedFact:
    """Something was decided about a need."""

    need: Need
    urgency: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedEscalated(NeedFact):
    """Still nobody: this contact is to act."""

    contact: str
    agency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedCancelled(NeedFact):
    """Help for it is no longer sought."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChosen(NeedFact):
    """A person chose who is offered it."""

    agency: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRefused:
    """The person does not want this provider."""

    agency: str
    at: datetime


DraftFact = DraftEndsSoon | DraftEnded
Fact = TaskFact | RequestOpened | DraftFact | ProviderNotFound | NeedFact | ProviderRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLetter:
    """Please take this person on."""

    to: str
    terms: Terms


ARRIVAL_OVERDUE: Final = "arrival-overdue"
"""The code of the list ``progress-notice`` for a person who was expected in vain."""
SCHEDULED: Final = "scheduled"
"""As what a letter that only says when is remembered: it is no acceptance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What became of a task at the provider."""

    task_id: UUID
    state: str
    at: datetime
    reason: str | None = None
    pause_reason: str | None = None
    outcome: Outcome | None = None
    hand_over_reference: UUID | None = None
    notice: str | None = None
    """What ran out at the provider without changing the state."""
    start_by: datetime | None = None
    """Of an acceptance: each side reckons it from the same time by its profile."""
    hold_until: datetime | None = None
    """Of a search for a place: the provider's own clock."""
    arrive_by: datetime | None = None
    starts_at: datetime | None = None
    """Of an acceptance: until when the provider expects the person, when it means to begin."""

    @property
    def only_says_when(self) -> bool:
        """Whether it tells times of an acceptance that was told before, and nothing else."""
        return self.notice is None and (self.arrive_by is not None or self.starts_at is not None)

    @property
    def step(self) -> str:
        """What it tells, in a word: only the acceptance itself is remembered as one."""
        return self.notice or (SCHEDULED if self.only_says_when else self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressLetter:
    """Progress, told to the sender."""

    to: str
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalLetter:
    """The offer is expired or cancelled: let the hold go."""

    to: str
    task_id: UUID
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityQuestion:
    """Can you take somebody? No case, nothing about the person but the class of place."""

    to: str
    query_id: UUID
    service_type: str
    audience_class: str
    urgency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityReply:
    """A status, never a count."""

    to: str
    query_id: UUID
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnwardLetter:
    """To who referred the person to us: we asked others, too; never whom."""

    to: str
    task_id: UUID
    service_types: tuple[str, ...]
    at: datetime


TaskLetter = OfferLetter | ProgressLetter | WithdrawalLetter
Letter = TaskLetter | CapacityQuestion | CapacityReply | OnwardLetter

State_co = TypeVar("State_co", bound=Task, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[State_co]):
    """What one decision changes. ``seek_again``: the need is without a provider again, and the next
    one is looked for; ``a_person_decides``: it is, and nobody is looked for without a person.
    """

    task: State_co
    facts: tuple[TaskFact, ...] = ()
    letters: tuple[TaskLetter, ...] = ()
    seek_again: bool = False
    a_person_decides: bool = False
