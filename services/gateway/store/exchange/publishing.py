"""What the exchange publishes: on the node's own bus, and noisy counts on the hub's.

The only way of this half of the gateway into the outbox.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.chassis.database import Transaction
from services.chassis.messaging.outbox import publish

INCOMING = "incoming"
STATISTICS = "statistics"
CONTRIBUTION = "nrm.statistics.contribution.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromOutside:
    """An event of another agency's service, or of the hub, as it goes on inside the node."""

    body: Any
    owner: str
    subject: str
    sender: str | None = None


def tell_the_node(tx: Transaction, fact: Any, *, subject: UUID) -> UUID:
    """A fact of the gateway's own about sending, on ``incoming``."""
    return publish(tx, fact, subject=str(subject), topic=INCOMING)


def pass_in(tx: Transaction, event: FromOutside) -> UUID:
    """An addressed event of another agency, on ``incoming``, under its own type."""
    return publish(
        tx,
        event.body,
        subject=event.subject,
        topic=INCOMING,
        publisher=event.owner,
        sender=event.sender,
    )


def copy_statistics(tx: Transaction, event: FromOutside) -> UUID:
    """A plan or release of the hub, on the node's own bus."""
    return publish(tx, event.body, subject=event.subject, topic=STATISTICS, publisher=event.owner)


def contribute(tx: Transaction, event: FromOutside, recipient: str) -> UUID:
    """Noisy counts, on the hub's bus."""
    return publish(
        tx,
        event.body,
        subject=event.subject,
        topic=CONTRIBUTION,
        publisher=event.owner,
        recipient=recipient,
    )
