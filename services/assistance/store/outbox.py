"""The way out: events that disclosure built, and the clocks that the domain says run."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from contracts.envelope import Contract
from services.assistance.domain import Clock
from services.assistance.settings import SERVICE
from services.chassis.clock import derived_id
from services.chassis.database import Transaction
from services.chassis.deadlines import drop_deadlines, set_deadline
from services.chassis.messaging.outbox import publish

NONE: Final[frozenset[Clock]] = frozenset()


def tell(tx: Transaction, event: Contract, subject: UUID) -> UUID:
    """Publish a fact or an answer inside the node; its id."""
    return publish(tx, event, subject=str(subject))


async def keep_clocks(
    tx: Transaction, about: tuple[UUID, UUID], before: Iterable[Clock], after: Iterable[Clock]
) -> None:
    """Start what runs now and did not before, forget what no longer runs.

    ``about`` is the case and what of it the clocks are about (a task, a plan's follow-up).
    """
    case_id, of = about
    had, has = frozenset(before), frozenset(after)
    for clock in sorted(had - has, key=_order):
        await drop_deadlines(tx, subject=str(case_id), id=_id_of(of, clock))
    for clock in sorted(has - had, key=_order):
        await set_deadline(
            tx,
            kind=clock.kind,
            subject=str(case_id),
            due_at=clock.due_at,
            detail={"of": str(of)},
            id=_id_of(of, clock),
        )


def _order(clock: Clock) -> tuple[str, str]:
    return clock.kind, clock.due_at.isoformat()


def _id_of(of: UUID, clock: Clock) -> UUID:
    """One for each time: what is kept once more, or moved, has another clock."""
    return derived_id(SERVICE, f"{of}:{clock.due_at.isoformat()}", clock.kind, 0)
