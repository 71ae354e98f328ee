"""One row per case: what everyone who checks or changes consent and restrictions locks first.

The row says that a case is known here and whether it is frozen; nothing about the person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, any_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.chassis.errors import Misuse
from services.chassis.statement import ID, TIME
from services.gateway.store.tables import CASE_ROW

_ENSURE: Final = Statement(
    insert(CASE_ROW)
    .values(case_id=bindparam("case_id"), created_at=bindparam("created_at"))
    .on_conflict_do_nothing()
)
_READ: Final = Statement(select(CASE_ROW).where(CASE_ROW.c.case_id == bindparam("case_id")))
_FROZEN: Final = Statement(
    select(CASE_ROW.c.case_id).where(
        CASE_ROW.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID))),
        CASE_ROW.c.frozen_at.is_not(None),
    )
)
_AMONG: Final = Statement(
    select(CASE_ROW).where(CASE_ROW.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID))))
)
_LOCK: Final = Statement(
    select(CASE_ROW).where(CASE_ROW.c.case_id == bindparam("case_id")).with_for_update()
)
_FREEZE: Final = Statement(
    update(CASE_ROW)
    .where(CASE_ROW.c.case_id == bindparam("the_case"), CASE_ROW.c.frozen_at.is_(None))
    .values(frozen_at=bindparam("at"))
)
_WITHDRAW: Final = Statement(
    update(CASE_ROW)
    .where(CASE_ROW.c.case_id == bindparam("the_case"))
    .values(withdrawn_at=bindparam("at"))
)
_KNOWN: Final = Statement(
    insert(CASE_ROW)
    .values(case_id=bindparam("case_id"), created_at=bindparam("at"), known_at=bindparam("at"))
    .on_conflict_do_update(
        index_elements=[CASE_ROW.c.case_id],
        set_={"known_at": func.coalesce(CASE_ROW.c.known_at, bindparam("at"))},
    )
)
_ALL_STOPPED: Final = Statement(
    update(CASE_ROW)
    .where(CASE_ROW.c.case_id == bindparam("the_case"))
    .values(all_stopped_at=func.greatest(CASE_ROW.c.all_stopped_at, bindparam("at", type_=TIME)))
)
_OF_AGE: Final = Statement(
    update(CASE_ROW)
    .where(CASE_ROW.c.case_id == bindparam("the_case"))
    .values(of_age_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case as the gateway knows it."""

    case_id: UUID
    frozen_at: datetime | None
    withdrawn_at: datetime | None
    created_at: datetime
    known_at: datetime | None = None
    """Since when the case itself is known here, not only what was said about it."""
    all_stopped_at: datetime | None = None
    """When the person last stopped all sharing of it."""
    of_age_at: datetime | None = None
    """Since when nobody consents for the person."""
    over_at: datetime | None = None
    """Since when the case is closed or void; of a duplicate, the case that goes on."""

    @property
    def known(self) -> bool:
        """Whether a detection was passed on, or a service told that the case was opened."""
        return self.known_at is not None

    @property
    def frozen(self) -> bool:
        """Whether sharing with this node was stopped: nothing of the case may be read."""
        return self.frozen_at is not None


async def lock_case(tx: Transaction, case_id: UUID, now: datetime) -> CaseRow:
    """The case's row, locked until the end; made when it is not there yet."""
    row = await tx.fetch_one(_LOCK, case_id=case_id)
    if row is None:
        await tx.execute(_ENSURE, case_id=case_id, created_at=now)
        row = await tx.fetch_one(_LOCK, case_id=case_id)
    if row is None:
        raise Misuse("the row of a case was not kept")
    return _row(row)


async def read_case(tx: Transaction, case_id: UUID) -> CaseRow | None:
    """The case's row, not locked; None when the gateway never heard of it."""
    row = await tx.fetch_one(_READ, case_id=case_id)
    return None if row is None else _row(row)


async def frozen_among(tx: Transaction, case_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Which of these cases are frozen."""
    rows = await tx.fetch(_FROZEN, case_ids=sorted(set(case_ids)))
    return frozenset(row["case_id"] for row in rows)


async def cases_among(tx: Transaction, case_ids: Iterable[UUID]) -> dict[UUID, CaseRow]:
    """The rows of those of these cases that have one."""
    rows = await tx.fetch(_AMONG, case_ids=sorted(set(case_ids)))
    return {row["case_id"]: _row(row) for row in rows}


async def freeze_case(tx: Transaction, case_id: UUID, now: datetime) -> bool:
    """Freeze a locked case; False when it already was."""
    return await tx.execute(_FREEZE, the_case=case_id, at=now) > 0


async def note_withdrawal(tx: Transaction, case_id: UUID, now: datetime) -> None:
    """Remember when something was last withdrawn or restricted."""
    await tx.execute(_WITHDRAW, the_case=case_id, at=now)


async def note_known(tx: Transaction, case_id: UUID, now: datetime) -> None:
    """Remember since when the case is known; made when its row is not there yet."""
    await tx.execute(_KNOWN, case_id=case_id, at=now)


async def note_all_stopped(tx: Transaction, case_id: UUID, at: datetime) -> None:
    """Remember when all sharing of a locked case was last stopped."""
    await tx.execute(_ALL_STOPPED, the_case=case_id, at=at)


async def note_of_age(tx: Transaction, case_id: UUID, at: datetime | None) -> None:
    """Remember since when the person is of age; None: is a child after all."""
    await tx.execute(_OF_AGE, the_case=case_id, at=at)


def _row(row: Record) -> CaseRow:
    return CaseRow(**{column.name: row[column.name] for column in CASE_ROW.c})
