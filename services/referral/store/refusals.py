"""Providers that the person refused, by case: what somebody recorded, never forgotten by itself."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, any_, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.chassis.statement import ID
from services.referral.store.tables import REFUSED_PROVIDER, columns_of

_READ: Final = Statement(
    select(REFUSED_PROVIDER.c.agency).where(
        REFUSED_PROVIDER.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID)))
    )
)
_ADD: Final = Statement(
    insert(REFUSED_PROVIDER)
    .values({name: bindparam(name) for name in columns_of(REFUSED_PROVIDER)})
    .on_conflict_do_nothing()
)


async def add_refused(tx: Transaction, case_id: UUID, agency: str, at: datetime) -> bool:
    """Remember that the person does not want the agency; False when that was known."""
    return await tx.execute(_ADD, case_id=case_id, agency=agency, refused_at=at) > 0


async def read_refused(tx: Transaction, case_ids: Iterable[UUID]) -> frozenset[str]:
    """The agencies that the person does not want, said under whichever of these ids."""
    rows = await tx.fetch(_READ, case_ids=list(case_ids))
    return frozenset(row["agency"] for row in rows)
