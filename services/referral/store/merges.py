"""Cases that were entered twice: which one goes on, and which ones go on in it.

Rows are never changed, and none is left out by a limit: what holds for one of them holds for all.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.referral.store.tables import MERGED_CASE, columns_of

_ADD: Final = Statement(
    insert(MERGED_CASE)
    .values({name: bindparam(name) for name in columns_of(MERGED_CASE)})
    .on_conflict_do_nothing()
)
_GOES_ON: Final = Statement(
    text(
        "WITH RECURSIVE later (case_id, path) AS ("
        " SELECT CAST(:case_id AS uuid), ARRAY[CAST(:case_id AS uuid)]"
        " UNION ALL"
        " SELECT m.into_case, l.path || m.into_case FROM later l JOIN merged_case m USING (case_id)"
        " WHERE m.into_case <> ALL (l.path) AND cardinality(l.path) < 100"
        ") SELECT coalesce((SELECT least.case_id"
        " FROM unnest(l.path[array_position(l.path, m.into_case):]) least (case_id)"
        " ORDER BY 1 LIMIT 1), l.case_id) AS case_id"
        " FROM later l LEFT JOIN merged_case m USING (case_id)"
        " ORDER BY cardinality(l.path) DESC LIMIT 1"
    )
)
"""Where cases were merged into each other, one of them goes on, the same whichever is asked for."""
_DUPLICATES: Final = Statement(
    text(
        "WITH RECURSIVE earlier (case_id) AS ("
        " SELECT m.case_id FROM merged_case m WHERE m.into_case = CAST(:case_id AS uuid)"
        " UNION"
        " SELECT m.case_id FROM earlier e JOIN merged_case m ON m.into_case = e.case_id"
        ") SELECT case_id FROM earlier ORDER BY case_id"
    )
)


async def add_merged(tx: Transaction, case_id: UUID, into_case: UUID, at: datetime) -> None:
    """Remember that the case goes on as another one."""
    await tx.execute(_ADD, case_id=case_id, into_case=into_case, merged_at=at)


async def goes_on_as(tx: Transaction, case_id: UUID) -> UUID:
    """The case that goes on; the case itself if it was merged into none."""
    row = await tx.fetch_one(_GOES_ON, case_id=case_id)
    return row["case_id"] if row is not None else case_id


async def with_duplicates(tx: Transaction, case_id: UUID) -> tuple[UUID, ...]:
    """The case, and every one that goes on in it."""
    found = [row["case_id"] for row in await tx.fetch(_DUPLICATES, case_id=case_id)]
    return (case_id, *(each for each in found if each != case_id))


async def read_family(tx: Transaction, case_id: UUID) -> tuple[UUID, ...]:
    """Every case that is the same one, whichever of them is asked about."""
    return await with_duplicates(tx, await goes_on_as(tx, case_id))
