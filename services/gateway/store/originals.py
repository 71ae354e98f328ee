"""What agencies wrote where no list of ours has the code: sealed rows, read and mended by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update

from services.chassis.database import Statement, Transaction
from services.gateway.store.tables import ORIGINAL_CODE

_LIST: Final = Statement(
    select(ORIGINAL_CODE)
    .where(ORIGINAL_CODE.c.recorded_at >= bindparam("since"))
    .order_by(ORIGINAL_CODE.c.recorded_at, ORIGINAL_CODE.c.cause_id)
    .limit(bindparam("many"))
)
_LOCK: Final = Statement(
    select(ORIGINAL_CODE).where(ORIGINAL_CODE.c.cause_id == bindparam("cause_id")).with_for_update()
)
_CHANGE: Final = Statement(
    update(ORIGINAL_CODE)
    .where(ORIGINAL_CODE.c.cause_id == bindparam("of_cause"))
    .values(sealed=bindparam("new_sealed"))
)
_DELETE: Final = Statement(
    delete(ORIGINAL_CODE).where(ORIGINAL_CODE.c.cause_id == bindparam("cause_id"))
)


async def read_originals(tx: Transaction, since: datetime, many: int) -> list[Mapping[str, Any]]:
    """The oldest rows since then, as they lie there."""
    return [dict(row) for row in await tx.fetch(_LIST, since=since, many=many)]


async def lock_original(tx: Transaction, cause_id: str) -> Mapping[str, Any] | None:
    """One row, for this transaction alone."""
    row = await tx.fetch_one(_LOCK, cause_id=cause_id)
    return None if row is None else dict(row)


async def change_original(tx: Transaction, cause_id: str, sealed: bytes | None) -> None:
    """What is left of a row once something of it was mapped; None: nothing is."""
    if sealed is None:
        await tx.execute(_DELETE, cause_id=cause_id)
    else:
        await tx.execute(_CHANGE, of_cause=cause_id, new_sealed=sealed)
