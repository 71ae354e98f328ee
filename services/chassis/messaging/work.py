"""What a handler is given, and what it may answer.

Here stand only the words between the chassis and a service: ``Received`` (one event), ``Work``
(the transaction it is handled in, and why), ``Waits`` (what the handler lacks), ``Park`` (that it
fails). No word of the domain and no I/O may ever be in it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from contracts.envelope import Envelope
from services.chassis.errors import Misuse

if TYPE_CHECKING:
    from services.chassis.database import Transaction

WORK_NOTE: Final = "work"
"""Where a transaction notes what it is done for (``Transaction.notes``)."""
CODE_LIMIT: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why something happens: the event, request, deadline or command that asked for it.

    ``id`` is what the ids of published events are derived from: the same cause handled again
    gives the same ids. A request without an id of its own gets a fresh random one.
    """

    id: str
    correlation: str | None = None
    traceparent: str | None = None

    @classmethod
    def of(cls, envelope: Envelope) -> "Cause":
        """The cause that an event is."""
        return cls(
            id=envelope.id,
            correlation=envelope.correlationid or envelope.id,
            traceparent=envelope.traceparent,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One piece of work inside one transaction. Making it notes it in the transaction."""

    transaction: "Transaction"
    now: datetime
    cause: Cause
    caller: str
    node: str
    service: str

    def __post_init__(self) -> None:
        """Note the work, so that ``publish`` and ``audit`` know the cause without being told."""
        self.transaction.notes[WORK_NOTE] = self


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One event as the handler reads it; ``unmapped`` keeps the originals of unknown codes."""

    envelope: Envelope
    body: Any
    unmapped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waits:
    """What the consumer lacks in its own database, by name: never the id of an event.

    Must be answered before anything was written.
    """

    what: str
    id: str


@dataclass(frozen=True, slots=True)
class Park:
    """The event can never be handled: it is put aside at once, under a code.

    Must be answered before anything was written.
    """

    error: str

    def __post_init__(self) -> None:
        """A code and nothing else: it is shown to operators."""
        if not self.error.isidentifier() or len(self.error) > CODE_LIMIT:
            raise Misuse("an event is parked under a code, as a class is named")


Answer = Waits | Park | None
Handler = Callable[[Received, Work], Awaitable[Answer]]


def work_of(transaction: "Transaction") -> Work:
    """The work that this transaction is done for; raises Misuse when there is none."""
    work = transaction.notes.get(WORK_NOTE)
    if not isinstance(work, Work):
        raise Misuse("nothing says what this transaction is done for: make a Work first")
    return work
