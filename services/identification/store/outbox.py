"""The way out: events that disclosure built, written with the change they tell of."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from contracts.envelope import Contract
from services.chassis.clock import derived_id
from services.chassis.database import Transaction
from services.chassis.deadlines import drop_deadlines, set_deadline
from services.chassis.messaging.outbox import publish
from services.chassis.messaging.work import work_of
from services.identification.settings import SERVICE


def tell(tx: Transaction, event: Contract, subject: UUID) -> UUID:
    """Publish a fact or an answer inside the node; its id."""
    return publish(tx, event, subject=str(subject))


def send(tx: Transaction, event: Contract, subject: UUID, *, recipient: str, purpose: str) -> UUID:
    """Put an addressed event into the outgoing queue; the gateway decides whether it leaves."""
    return publish(tx, event, subject=str(subject), recipient=recipient, purpose=purpose)


async def start_clock(tx: Transaction, subject: UUID, kind: str, due_at: datetime) -> None:
    """Remember to look at the case at ``due_at``; one clock of a kind runs per case."""
    clock_id = derived_id(SERVICE, str(subject), kind, 0)
    await set_deadline(tx, kind=kind, subject=str(subject), due_at=due_at, id=clock_id)


async def start_clock_of_a_day(tx: Transaction, subject: UUID, kind: str, due_at: datetime) -> None:
    """Remember to look at it at ``due_at``, beside every other time: none is ever put off."""
    clock_id = derived_id(SERVICE, str(subject), f"{kind} {due_at.isoformat()}", 0)
    await set_deadline(tx, kind=kind, subject=str(subject), due_at=due_at, id=clock_id)


async def stop_clock(tx: Transaction, subject: UUID, kind: str | None = None) -> None:
    """Forget a clock of the case, or all."""
    await drop_deadlines(tx, subject=str(subject), kind=kind)


async def look_later(
    tx: Transaction, subject: UUID, kind: str, *, at: datetime, detail: Mapping[str, str]
) -> None:
    """Remember to look at something once more; each cause asks for its own look.

    Not one id for ever: what is published is named after it, so that a second look under the
    same id would say nothing new.
    """
    cause = work_of(tx).cause.id
    look_id = derived_id(SERVICE, f"{cause}:{subject}", kind, 0)
    await set_deadline(tx, kind=kind, subject=str(subject), due_at=at, detail=detail, id=look_id)
