"""Cases of this node that were entered twice, and which of them goes on: that a merge alone says.

What a person takes back or forbids in one of them is taken back in all: each keeps the references
under which it was told to others. None may be left out by a limit.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, text, update
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
_GOES_ON: Final = Statement(
    update(MERGED_CASE)
    .where(
        MERGED_CASE.c.case_id == bindparam("the_case"),
        MERGED_CASE.c.into_case == bindparam("the_other"),
    )
    .values(merged=True)
)
_OVER: Final = Statement(
    text(
        """
        WITH RECURSIVE over_too (case_id) AS (
            SELECT CAST(:case_id AS uuid) WHERE NOT EXISTS (
                SELECT 1 FROM merged_case WHERE case_id = CAST(:case_id AS uuid) AND merged
            )
            UNION
            SELECT m.case_id FROM over_too o JOIN merged_case m ON m.into_case = o.case_id
            WHERE m.merged
        )
        UPDATE case_row SET over_at = coalesce(over_at, CAST(:at AS timestamptz))
        WHERE case_id IN (SELECT case_id FROM over_too)
        """
    )
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
    """Remember that both are the same case; which of them goes on is not said by it."""
    await tx.execute(_ADD, case_id=case_id, into_case=into_case, merged_at=now)


async def note_that_it_goes_on(tx: Transaction, case_id: UUID, into_case: UUID) -> None:
    """A merge said it of two that are known as the same: people work on in the other one."""
    await tx.execute(_GOES_ON, the_case=case_id, the_other=into_case)


async def note_over(tx: Transaction, case_id: UUID, at: datetime) -> None:
    """A case is closed or void, and so is all that goes on as it. Of a duplicate that is void this
    says nothing: it goes on as the other one.
    """
    await tx.execute(_OVER, case_id=case_id, at=at)


async def read_family(tx: Transaction, case_id: UUID) -> tuple[UUID, ...]:
    """The case and every one that it was merged with, in the order of their ids."""
    return tuple(row["case_id"] for row in await tx.fetch(_FAMILY, case_id=case_id))
