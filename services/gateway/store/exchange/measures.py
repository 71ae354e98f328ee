"""How much of the exchange is not finished, as numbers for an operator.

No agency, no case and no type may be in them: they are read by whoever may read metrics.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from services.chassis.database import Statement, Transaction
from services.gateway.store.exchange.books import FULL_ALARM
from services.gateway.store.exchange.tables import PAIR_IN, PARKED, SENDING

_MEASURE: Final = Statement(
    select(
        select(func.count()).select_from(SENDING).scalar_subquery().label("open"),
        select(func.min(SENDING.c.queued_at)).scalar_subquery().label("queued_at"),
        select(func.count()).select_from(PARKED).scalar_subquery().label("parked"),
        select(func.min(PARKED.c.parked_at)).scalar_subquery().label("parked_at"),
        select(func.count())
        .select_from(PAIR_IN)
        .where(PAIR_IN.c.alarm == FULL_ALARM)
        .scalar_subquery()
        .label("full"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is open now: to leave or without a receipt, and what was put aside; since when."""

    open: int
    queued_at: datetime | None
    parked: int
    parked_at: datetime | None
    full: int
    """Agencies that are read no further until an operator settled what is put aside."""


async def measure(tx: Transaction) -> Measured:
    """Count both."""
    row = await tx.fetch_one(_MEASURE)
    if row is None:
        return Measured(open=0, queued_at=None, parked=0, parked_at=None, full=0)
    return Measured(**dict(row))
