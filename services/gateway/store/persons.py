"""The safe: one sealed blob per person. Sealed before it comes here, opened after it leaves.

No plain text, no name and no digest of one may ever be a parameter of a statement here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, any_, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.chassis.statement import ID
from services.gateway.store.tables import PERSON

_NEW: Final = insert(PERSON).values(
    {name: bindparam(name) for name in ("case_id", "sealed", "kept_at", "version")}
)
_KEEP: Final = Statement(
    _NEW.on_conflict_do_update(
        index_elements=[PERSON.c.case_id],
        set_={name: _NEW.excluded[name] for name in ("sealed", "kept_at", "version")},
    )
)
_READ: Final = Statement(
    select(PERSON.c.sealed, PERSON.c.version).where(PERSON.c.case_id == bindparam("case_id"))
)
_READ_PEOPLE: Final = Statement(
    select(PERSON.c.case_id, PERSON.c.sealed).where(
        PERSON.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID)))
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPerson:
    """The blob, still sealed, and how often it was replaced."""

    sealed: bytes
    version: int


async def keep_person(tx: Transaction, case_id: UUID, person: SealedPerson, now: datetime) -> None:
    """Put the blob into the safe, in place of an older one."""
    await tx.execute(
        _KEEP, case_id=case_id, sealed=person.sealed, version=person.version, kept_at=now
    )


async def read_people(tx: Transaction, case_ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """The blobs of those cases of which something is in the safe, still sealed."""
    rows = await tx.fetch(_READ_PEOPLE, case_ids=sorted(case_ids))
    return {row["case_id"]: bytes(row["sealed"]) for row in rows}


async def read_person(tx: Transaction, case_id: UUID) -> SealedPerson | None:
    """What is in the safe about the case."""
    row = await tx.fetch_one(_READ, case_id=case_id)
    if row is None:
        return None
    return SealedPerson(sealed=bytes(row["sealed"]), version=row["version"])
