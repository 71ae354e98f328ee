"""Who did what about a case before, out of the audit: for what one person may not do alone.

Names of callers and codes only; nothing is written here.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, text

from services.chassis.database import Statement, Transaction

_WHO: Final = Statement(
    text(
        "SELECT DISTINCT actor FROM audit WHERE subject = ANY (:subjects)"
        " AND action = :action AND reason = ANY (:reasons)"
    ).bindparams(bindparam("subjects", type_=ARRAY(Text)), bindparam("reasons", type_=ARRAY(Text)))
)


async def who_did(
    tx: Transaction, action: str, cases: Sequence[UUID], reasons: Sequence[str]
) -> frozenset[str]:
    """Everybody who did this about one of these cases, for one of these reasons."""
    rows = await tx.fetch(
        _WHO, subjects=[str(each) for each in cases], action=action, reasons=list(reasons)
    )
    return frozenset(row["actor"] for row in rows)
