"""The way out: events that disclosure built, and the clock of a hold."""

from typing import Final
from uuid import UUID

from contracts.envelope import Contract
from services.assistance.domain import Hold
from services.assistance.settings import SERVICE
from services.chassis.clock import derived_id
from services.chassis.database import Transaction
from services.chassis.deadlines import drop_deadlines, set_deadline
from services.chassis.messaging.outbox import publish

HOLD_EXPIRES: Final = "hold-expires"


def tell(tx: Transaction, event: Contract, subject: UUID) -> UUID:
    """Publish a fact or an answer inside the node; its id."""
    return publish(tx, event, subject=str(subject))


async def start_clock(tx: Transaction, hold: Hold) -> None:
    """Remember to release what is kept when it expires."""
    await set_deadline(
        tx,
        kind=HOLD_EXPIRES,
        subject=str(hold.case_id),
        due_at=hold.expires_at,
        detail={"task_id": str(hold.task_id)},
        id=_clock_of(hold),
    )


async def stop_clock(tx: Transaction, hold: Hold) -> None:
    """Forget to."""
    await drop_deadlines(tx, subject=str(hold.case_id), id=_clock_of(hold))


def _clock_of(hold: Hold) -> UUID:
    """One per hold of a task: a task that is held once more has another clock."""
    until = hold.expires_at.isoformat()
    return derived_id(SERVICE, f"{hold.task_id}:{until}", HOLD_EXPIRES, 0)
