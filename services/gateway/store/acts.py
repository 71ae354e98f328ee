"""Who did what about a case before, out of the audit: for what one person may not do alone; and
of which cases something was done.

Names of callers and codes only; nothing is written here.
"""

from collections.abc import Iterable, Sequence
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

_DONE: Final = Statement(
    text(
        "SELECT DISTINCT subject FROM audit WHERE subject = ANY (:subjects)"
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


async def done_among(
    tx: Transaction, action: str, cases: Iterable[UUID], reasons: Sequence[str]
) -> frozenset[UUID]:
    """Of which of these cases somebody did this, for one of these reasons."""
    if not (subjects := sorted({str(each) for each in cases})):
        return frozenset()
    rows = await tx.fetch(_DONE, subjects=subjects, action=action, reasons=list(reasons))
    return frozenset(UUID(row["subject"]) for row in rows)
