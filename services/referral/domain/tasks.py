"""A task: one need offered to one provider, one class per state, on either side.

    offered → delivered → seen → accepting → accepted → in-progress (⇄ on-hold) → completed
    → loop-closed
    declined · expired · cancelled · sharing-stopped · not-sent

Nothing here identifies the person: terms are codes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final
from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN


class Side(StrEnum):
    """Whether this node is the task's sender or its provider."""

    SENDER = "sender"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was offered: it never changes. ``request_id`` and ``need_id`` only the sender has."""

    task_id: UUID
    case_id: UUID
    side: Side
    other_agency: str
    service_type: str
    urgency: str
    majority: str
    audience_class: str
    counted_by: str
    answer_by: datetime
    language: str = NOT_YET_KNOWN
    dependants: int | None = None
    request_id: UUID | None = None
    need_id: UUID | None = None
    service_id: str | None = None
    access_needs: tuple[str, ...] = ()
    seen_by: datetime | None = None
    """By when somebody must have opened it: in an emergency only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _InState:
    terms: Terms
    code: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedTask(_InState):
    """The offer stands in the outgoing queue."""

    code: ClassVar[str] = "offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredTask(_InState):
    """The provider's node has it."""

    code: ClassVar[str] = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTask(_InState):
    """A person at the provider opened it."""

    code: ClassVar[str] = "seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptingTask(_InState):
    """The provider said yes and asks its own house for a place, until ``expires_at``.

    Nothing is promised yet: at the sender the offer still waits for its answer.
    """

    expires_at: datetime
    code: ClassVar[str] = "accepting"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedTask(_InState):
    """The provider takes the person; ``start_by``: when both sides ask why help did not begin.

    ``arrive_by``, ``starts_at``: the provider's own clocks, as both sides know them.
    """

    hand_over_reference: UUID
    start_by: datetime | None = None
    arrive_by: datetime | None = None
    starts_at: datetime | None = None
    code: ClassVar[str] = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedTask(_InState):
    """The service runs."""

    hand_over_reference: UUID
    code: ClassVar[str] = "in-progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedTask(_InState):
    """The service rests for a time."""

    hand_over_reference: UUID
    reason: str
    code: ClassVar[str] = "on-hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the service ended."""

    outcome: str
    unit: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedTask(_InState):
    """Provider: the service ended with an outcome."""

    outcome: Outcome
    code: ClassVar[str] = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLoopTask(_InState):
    """Sender: the outcome is known."""

    outcome: Outcome
    code: ClassVar[str] = "loop-closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclinedTask(_InState):
    """The provider cannot."""

    reason: str
    code: ClassVar[str] = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredTask(_InState):
    """No answer in time. ``outcome``: of help that had begun meanwhile, once it ended."""

    outcome: Outcome | None = None
    hand_over_reference: UUID | None = None
    """Provider: it was accepted, and help may run on."""
    code: ClassVar[str] = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelledTask(_InState):
    """The sender no longer needs it. ``outcome``: of help that ran on, once it ended."""

    outcome: Outcome | None = None
    hand_over_reference: UUID | None = None
    """Provider: it was accepted, and help may run on."""
    code: ClassVar[str] = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedTask(_InState):
    """Sharing was stopped."""

    hand_over_reference: UUID | None = None
    """Sender: it was accepted, and help may go on where nothing more is told of it."""
    code: ClassVar[str] = "sharing-stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSentTask(_InState):
    """The offer may not leave the node."""

    reason: str
    code: ClassVar[str] = "not-sent"


UnansweredTask = OfferedTask | DeliveredTask | SeenTask | AcceptingTask
RunningTask = AcceptedTask | StartedTask | PausedTask
EndedTask = DeclinedTask | ExpiredTask | CancelledTask | StoppedTask | NotSentTask
SentTask = UnansweredTask | RunningTask | ClosedLoopTask | EndedTask
TakenBackTask = ExpiredTask | CancelledTask
OpenOffer = DeliveredTask | SeenTask
ProvidedTask = OpenOffer | AcceptingTask | RunningTask | CompletedTask | EndedTask
Task = SentTask | ProvidedTask

OPEN_STATES: Final[Mapping[Side, frozenset[str]]] = MappingProxyType(
    {
        Side.SENDER: frozenset(
            {"offered", "delivered", "seen", "accepting", "accepted", "in-progress", "on-hold"}
        ),
        Side.PROVIDER: frozenset(
            {"delivered", "seen", "accepting", "accepted", "in-progress", "on-hold"}
        ),
    }
)
"""States in which something may still happen, per side."""


def tries(tasks: Iterable[Task]) -> int:
    """How many offers of a need counted as tries: whoever sharing ended with was no choice of ours
    that went wrong, and may be asked again under a new consent.
    """
    return sum(not isinstance(task, StoppedTask) for task in tasks)


class DeadlineKind(StrEnum):
    """What a task waits for."""

    ANSWER = "answer-by"
    SEEN = "seen-by"
    HOLD = "accepting"
    START = "start-by"


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline that belongs to a state."""

    kind: DeadlineKind
    at: datetime


def due_of(task: Task) -> Due | None:
    """What would end the task by itself, and when: only the sender's clock ends an offer.

    The provider's clock while it looks for a place runs at the provider; the sender reads it.
    """
    match task:
        case OfferedTask() | DeliveredTask() | SeenTask() | AcceptingTask() if (
            task.terms.side is Side.SENDER
        ):
            return Due(DeadlineKind.ANSWER, task.terms.answer_by)
        case AcceptingTask():
            return Due(DeadlineKind.HOLD, task.expires_at)
        case _:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Clocks that change nothing when they run out: a person is told, on both sides alike."""

    seen_by: datetime | None = None
    start_by: datetime | None = None


def notices_of(task: Task) -> Notices:
    """Which of them run in the task's state."""
    match task:
        case OfferedTask() | DeliveredTask():
            return Notices(seen_by=task.terms.seen_by)
        case AcceptedTask():
            return Notices(start_by=task.start_by)
        case _:
            return Notices()
