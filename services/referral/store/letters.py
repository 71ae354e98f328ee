"""As which outgoing event the sender of a task was told of each step."""

from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.referral.store.tables import PROGRESS_LETTER, columns_of

_READ: Final = Statement(
    select(PROGRESS_LETTER).where(PROGRESS_LETTER.c.outgoing_id == bindparam("the_event"))
)
_ADD: Final = Statement(
    insert(PROGRESS_LETTER)
    .values({name: bindparam(name) for name in columns_of(PROGRESS_LETTER, "written_at")})
    .on_conflict_do_nothing()
)


async def add_letter(tx: Transaction, outgoing_id: UUID, task_id: UUID, state: str) -> None:
    """Remember what left, or was to."""
    await tx.execute(_ADD, outgoing_id=outgoing_id, task_id=task_id, state=state)


async def read_letter(tx: Transaction, outgoing_id: UUID) -> tuple[UUID, str] | None:
    """Of which task, and which state, this event told."""
    row = await tx.fetch_one(_READ, the_event=outgoing_id)
    return None if row is None else (row["task_id"], row["state"])
