"""The one place where referral writes its outbox; what is written was built by disclosure."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.chassis.messaging.outbox import publish
from services.chassis.messaging.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """An event for another agency: to whom, and for which purpose it may be used there."""

    body: Any
    recipient: str
    purpose: str


def publish_fact(work: Work, body: Any, subject: UUID) -> UUID:
    """A fact of this node, on its own topic."""
    return publish(work.transaction, body, subject=str(subject))


def publish_addressed(work: Work, addressed: Addressed, subject: UUID) -> UUID:
    """An event that the gateway may let out; the id says later what became of it."""
    return publish(
        work.transaction,
        addressed.body,
        subject=str(subject),
        recipient=addressed.recipient,
        purpose=addressed.purpose,
    )


def publish_answer(work: Work, body: Any, subject: str) -> UUID:
    """The one final answer to a command."""
    return publish(work.transaction, body, subject=subject)
