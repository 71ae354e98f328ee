"""The safe: one sealed blob per person. Sealed before it comes here, opened after it leaves.

No plain text, no name and no digest of one may ever be a parameter of a statement here.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.gateway.store.tables import PERSON

_NEW: Final = insert(PERSON).values(
    {name: bindparam(name) for name in ("case_id", "sealed", "kept_at")}
)
_KEEP: Final = Statement(
    _NEW.on_conflict_do_update(
        index_elements=[PERSON.c.case_id],
        set_={"sealed": _NEW.excluded.sealed, "kept_at": _NEW.excluded.kept_at},
    )
)
_READ: Final = Statement(select(PERSON.c.sealed).where(PERSON.c.case_id == bindparam("case_id")))


async def keep_person(tx: Transaction, case_id: UUID, sealed: bytes, now: datetime) -> None:
    """Put the blob into the safe, in place of an older one."""
    await tx.execute(_KEEP, case_id=case_id, sealed=sealed, kept_at=now)


async def read_person(tx: Transaction, case_id: UUID) -> bytes | None:
    """The blob, still sealed."""
    row = await tx.fetch_one(_READ, case_id=case_id)
    return bytes(row["sealed"]) if row is not None else None
