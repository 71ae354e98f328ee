"""Cases and freezes. A freeze stands on its own: it may come before the case does."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from types import NoneType
from typing import Any, Final, get_args
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.chassis.statement import ID, TEXTS
from services.identification.domain import Case, CaseCodes, CaseRecord, State
from services.identification.store.tables import CASE_FREEZE, PERSON_CASE

PAGE_LIMIT: Final = 200
UNDECIDED: Final = ("detected", "screening", "helped-without-identification")

_STATES: Final[Mapping[str, type[State]]] = {state.code: state for state in get_args(State)}

_LOAD: Final = Statement(
    select(PERSON_CASE).where(PERSON_CASE.c.case_id == bindparam("case_id")).with_for_update()
)
_LOCK: Final = Statement(
    select(PERSON_CASE.c.case_id)
    .where(PERSON_CASE.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID))))
    .order_by(PERSON_CASE.c.case_id)
    .with_for_update()
)
_READ: Final = Statement(
    select(PERSON_CASE, CASE_FREEZE.c.frozen_at)
    .select_from(PERSON_CASE.outerjoin(CASE_FREEZE, CASE_FREEZE.c.case_id == PERSON_CASE.c.case_id))
    .where(PERSON_CASE.c.case_id == bindparam("case_id"))
)
_LIST: Final = Statement(
    select(PERSON_CASE, CASE_FREEZE.c.frozen_at)
    .select_from(PERSON_CASE.outerjoin(CASE_FREEZE, CASE_FREEZE.c.case_id == PERSON_CASE.c.case_id))
    .where(
        or_(
            bindparam("state", type_=Text()).is_(None),
            PERSON_CASE.c.state == bindparam("state", type_=Text()),
        ),
        or_(
            bindparam("after", type_=ID).is_(None),
            PERSON_CASE.c.case_id > bindparam("after", type_=ID),
        ),
    )
    .order_by(PERSON_CASE.c.case_id)
    .limit(bindparam("page"))
)
_ADD: Final = Statement(insert(PERSON_CASE), columns=[column.name for column in PERSON_CASE.c])
_SAVE: Final = Statement(
    update(PERSON_CASE)
    .where(PERSON_CASE.c.case_id == bindparam("the_case"))
    .values(
        codes=bindparam("codes"),
        state=bindparam("state"),
        state_detail=bindparam("state_detail"),
        grounds_due_at=bindparam("grounds_due_at"),
        record=bindparam("record"),
    )
)
_FROZEN: Final = Statement(
    select(CASE_FREEZE.c.frozen_at).where(CASE_FREEZE.c.case_id == bindparam("case_id"))
)
_FREEZE: Final = Statement(
    insert(CASE_FREEZE)
    .values(case_id=bindparam("case_id"), frozen_at=bindparam("frozen_at"))
    .on_conflict_do_nothing()
)
_UNDECIDED: Final = Statement(
    select(PERSON_CASE.c.case_id)
    .where(
        PERSON_CASE.c.state == any_(bindparam("states", type_=TEXTS)),
        or_(
            bindparam("after", type_=ID).is_(None),
            PERSON_CASE.c.case_id > bindparam("after", type_=ID),
        ),
    )
    .order_by(PERSON_CASE.c.case_id)
    .limit(bindparam("page"))
)


async def load_case(tx: Transaction, case_id: UUID) -> Case | None:
    """The case, locked until the end of the transaction."""
    row = await tx.fetch_one(_LOAD, case_id=case_id)
    return None if row is None else _case(row)


async def lock_cases(tx: Transaction, case_ids: Iterable[UUID]) -> None:
    """Lock those that are known, in the order of their ids, until the end of the transaction."""
    await tx.fetch(_LOCK, case_ids=sorted(set(case_ids)))


async def read_case(tx: Transaction, case_id: UUID) -> tuple[Case, datetime | None] | None:
    """The case and since when it is frozen, not locked."""
    row = await tx.fetch_one(_READ, case_id=case_id)
    return None if row is None else (_case(row), row["frozen_at"])


async def list_cases(
    tx: Transaction, *, state: str | None, after: UUID | None, limit: int
) -> list[tuple[Case, datetime | None]]:
    """A page of cases by id, with since when each is frozen."""
    page = min(limit, PAGE_LIMIT)
    rows = await tx.fetch(_LIST, state=state, after=after, page=page)
    return [(_case(row), row["frozen_at"]) for row in rows]


async def add_case(tx: Transaction, case: Case) -> None:
    """Remember a new case."""
    await tx.execute(
        _ADD,
        case_id=case.case_id,
        origin=case.origin,
        counted_by=case.counted_by,
        occurred_at=case.occurred_at,
        recorded_at=case.recorded_at,
        **_changing(case),
    )


async def save_case(tx: Transaction, case: Case) -> None:
    """Remember how a loaded case is now."""
    await tx.execute(_SAVE, the_case=case.case_id, **_changing(case))


async def frozen_at(tx: Transaction, case_id: UUID) -> datetime | None:
    """Since when nothing of the case may be read or changed."""
    row = await tx.fetch_one(_FROZEN, case_id=case_id)
    return None if row is None else row["frozen_at"]


async def freeze_case(tx: Transaction, case_id: UUID, now: datetime) -> bool:
    """Freeze the case, known or not; False when it already was."""
    return await tx.execute(_FREEZE, case_id=case_id, frozen_at=now) > 0


async def undecided_cases(tx: Transaction, *, after: UUID | None, page: int) -> list[UUID]:
    """Cases that a change of the policy may concern, by id."""
    rows = await tx.fetch(_UNDECIDED, states=list(UNDECIDED), after=after, page=page)
    return [row["case_id"] for row in rows]


def _changing(case: Case) -> dict[str, Any]:
    return {
        "codes": _plain(case.codes),
        "state": case.state.code,
        "state_detail": _plain(case.state),
        "grounds_due_at": case.grounds_due_at,
        "record": _plain(case.record),
    }


def _plain(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _case(row: Record) -> Case:
    return Case(
        case_id=row["case_id"],
        origin=row["origin"],
        counted_by=row["counted_by"],
        codes=_restored(CaseCodes, row["codes"]),
        state=_restored(_STATES[row["state"]], row["state_detail"]),
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        grounds_due_at=row["grounds_due_at"],
        record=_restored(CaseRecord, row["record"]),
    )


def _restored(shape: Any, kept: Mapping[str, Any]) -> Any:
    """The frozen object again: lists become tuples, texts become times where the class says so.

    What an older version did not keep is as the class says.
    """
    restored: dict[str, Any] = {}
    for field in fields(shape):
        if field.name not in kept and field.default is not MISSING:
            continue
        value = kept[field.name]
        if isinstance(value, list):
            value = tuple(value)
        elif field.name.endswith(("_at", "since", "_until")) and not isinstance(value, NoneType):
            value = datetime.fromisoformat(value)
        restored[field.name] = value
    return shape(**restored)
