"""Cases of this node that were entered twice, and which of them goes on.

What a person takes back or forbids in one of them is taken back in all: each keeps the references
under which it was told to others. Rows are never changed; none may be left out by a limit.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.gateway.store.tables import MERGED_CASE

_ADD: Final = Statement(
    insert(MERGED_CASE)
    .values(
        case_id=bindparam("case_id"),
        into_case=bindparam("into_case"),
        merged_at=bindparam("merged_at"),
    )
    .on_conflict_do_nothing()
)
_FAMILY: Final = Statement(
    text(
        "WITH RECURSIVE family (case_id) AS ("
        " SELECT CAST(:case_id AS uuid)"
        " UNION"
        " SELECT CASE WHEN m.case_id = f.case_id THEN m.into_case ELSE m.case_id END"
        " FROM family f JOIN merged_case m ON f.case_id IN (m.case_id, m.into_case)"
        ") SELECT case_id FROM family ORDER BY case_id"
    )
)


async def add_merged(tx: Transaction, case_id: UUID, into_case: UUID, now: datetime) -> None:
    """Remember that both are the same case, in whichever direction was not said before.

    A case goes on as one other only; which of them goes on is nothing that this room asks.
    """
    for first, second in ((case_id, into_case), (into_case, case_id)):
        if await tx.execute(_ADD, case_id=first, into_case=second, merged_at=now):
            return


async def read_family(tx: Transaction, case_id: UUID) -> tuple[UUID, ...]:
    """The case and every one that it was merged with, in the order of their ids."""
    return tuple(row["case_id"] for row in await tx.fetch(_FAMILY, case_id=case_id))
