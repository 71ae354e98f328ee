"""What agencies wrote where no list of ours has the code: sealed rows, read and mended by hand."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.gateway.store.tables import ORIGINAL_CODE

_KEEP: Final = Statement(
    insert(ORIGINAL_CODE)
    .values(
        {
            name: bindparam(name)
            for name in ("cause_id", "subject", "sealed", "recorded_at", "event_type", "topic")
        }
    )
    .on_conflict_do_nothing()
)
_HOW_MANY: Final = Statement(
    select(func.count().label("many"))
    .select_from(ORIGINAL_CODE)
    .where(ORIGINAL_CODE.c.topic == bindparam("topic"))
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedOriginals:
    """The unknown codes of one event; ``topic`` is empty for the node's own door."""

    cause_id: str
    subject: UUID
    sealed: bytes
    recorded_at: datetime
    event_type: str
    topic: str = ""


async def keep_originals(tx: Transaction, kept: SealedOriginals) -> None:
    """Keep, sealed, what an agency wrote where no list of ours has the code."""
    await tx.execute(_KEEP, **asdict(kept))


async def kept_of(tx: Transaction, topic: str) -> int:
    """Of how many events of a topic unknown codes are kept now."""
    row = await tx.fetch_one(_HOW_MANY, topic=topic)
    return 0 if row is None else int(row["many"])


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
