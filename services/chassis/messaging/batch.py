"""Several events at once: what a handler that takes a list is given, and what it may answer.

``Batched`` is put into the table of handlers in the place of a handler, under every type whose
events may come together; it is a handler of one event, too, for whatever has to go alone. No word
of the domain and no I/O may be here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from services.chassis.errors import Misuse
from services.chassis.messaging.work import Answer, Received, Work

if TYPE_CHECKING:
    from services.chassis.database import Transaction

BATCH_LIMIT: Final = 50
"""So many events share one transaction, unless the handler says less; more gain little."""
BATCH_NOTE: Final = "batch"
"""Where a transaction notes that it is of several events (``Transaction.notes``)."""

MakeWork = Callable[[Received], Work]
BatchHandler = Callable[["Batch"], Awaitable[Sequence[Answer]]]
"""Answers one ``Answer`` per event, in order; whatever it raises has every event repeated alone."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in the order in which they came, and the one transaction they are handled in."""

    transaction: "Transaction"
    events: Sequence[Received]
    now: datetime
    node: str
    make_work: MakeWork

    def work(self, received: Received) -> Work:
        """Take up one event: what is published or audited from now on is because of it."""
        return self.make_work(received)


@dataclass(frozen=True, slots=True)
class Batched:
    """A handler of lists. What it does to a list of one is what it does to each of a longer list.

    An event that is not handled (``Waits``, ``Park``) may have changed nothing, and nothing after
    it that is about the same subject may have been handled.
    """

    handle: BatchHandler
    limit: int = field(default=BATCH_LIMIT)

    def __post_init__(self) -> None:
        """A list has a bound."""
        if not 1 < self.limit <= BATCH_LIMIT:
            raise Misuse(f"a batch holds from 2 to {BATCH_LIMIT} events")

    async def __call__(self, received: Received, work: Work) -> Answer:
        """Handle one event alone."""
        alone = Batch(work.transaction, (received,), work.now, work.node, lambda _one: work)
        return checked(await self.handle(alone), 1)[0]


def checked(answers: Sequence[Answer], events: int) -> Sequence[Answer]:
    """The answers; raises Misuse when there is not one for each event."""
    if len(answers) != events:
        raise Misuse("a handler of lists answers each event of the list")
    return answers
