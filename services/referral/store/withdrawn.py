"""Offers that were taken back before they arrived, by task and by who took them back."""

from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement
from services.chassis.messaging.work import Work
from services.chassis.statement import ID
from services.referral.store.tables import WITHDRAWN_OFFER, columns_of

_READ: Final = Statement(
    select(WITHDRAWN_OFFER.c.state).where(
        WITHDRAWN_OFFER.c.task_id == bindparam("the_task", type_=ID),
        WITHDRAWN_OFFER.c.sender == bindparam("the_sender"),
    )
)
_ADD: Final = Statement(
    insert(WITHDRAWN_OFFER)
    .values({name: bindparam(name) for name in columns_of(WITHDRAWN_OFFER)})
    .on_conflict_do_nothing()
)


async def add_withdrawn(work: Work, task_id: UUID, sender: str, state: str) -> None:
    """Remember it for the time when the offer arrives, if ever; the first word stays."""
    await work.transaction.execute(
        _ADD, task_id=task_id, sender=sender, state=state, withdrawn_at=work.now
    )


async def read_withdrawn(work: Work, task_id: UUID, sender: str) -> str | None:
    """The state in which the sender took the offer back, if it did."""
    row = await work.transaction.fetch_one(_READ, the_task=task_id, the_sender=sender)
    return None if row is None else str(row["state"])
