"""Pools and holds. Who changes a pool holds its row until the end of the transaction.

Rows of a case (holds, episodes) come first, then pools in the order of their ids, then the
counters of the outbox: always in this order, so that nobody waits in a circle.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, assert_never
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.assistance.domain import (
    CheckedIn,
    CheckedOut,
    Confirmed,
    Expired,
    Held,
    Hold,
    HoldState,
    NoShow,
    Occupancy,
    Pool,
    Released,
)
from services.assistance.store.tables import HOLD, POOL
from services.chassis.database import Record, Statement, Transaction
from services.chassis.statement import ID

POOLS_LIMIT: Final = 500
"""As many pools as are read or locked at once."""
STAYS_LIMIT: Final = 200

_ENDED: Final[Mapping[str, HoldState]] = {
    each.code: each for each in (Held(), CheckedOut(), Released(), Expired(), NoShow())
}
_KEPT: Final = ["held", "confirmed", "checked-in"]
_OF_STAY: Final = ("since", "ends_at", "asks_own_consent")
_OF_STATE: Final = ("state", "arrive_by", *_OF_STAY)
_POOL_COLUMNS: Final = tuple(column.name for column in POOL.c)
_HOLD_COLUMNS: Final = tuple(column.name for column in HOLD.c)

_LIST: Final = Statement(select(POOL).order_by(POOL.c.pool_id).limit(bindparam("page")))
_KIND: Final = (POOL.c.service_type, POOL.c.audience_class)
_PLACES: Final = (
    POOL.c.maximum,
    POOL.c.available,
    POOL.c.held,
    POOL.c.occupied,
    POOL.c.out_of_service,
)
_OCCUPANCY: Final = Statement(
    select(*_KIND, *(func.sum(places).label(places.name) for places in _PLACES))
    .group_by(*_KIND)
    .order_by(*_KIND)
    .limit(bindparam("page"))
)
_LOCK_OF_SERVICE: Final = Statement(
    select(POOL)
    .where(POOL.c.service_type == bindparam("service_type"))
    .order_by(POOL.c.pool_id)
    .limit(bindparam("page"))
    .with_for_update()
)
_LOCK: Final = Statement(
    select(POOL)
    .where(POOL.c.pool_id == any_(bindparam("pool_ids", type_=ARRAY(ID))))
    .order_by(POOL.c.pool_id)
    .with_for_update()
)
_POOL_ROW: Final = insert(POOL).values({name: bindparam(name) for name in _POOL_COLUMNS})
_SAVE_POOL: Final = Statement(
    _POOL_ROW.on_conflict_do_update(
        index_elements=[POOL.c.pool_id],
        set_={name: _POOL_ROW.excluded[name] for name in _POOL_COLUMNS if name != "pool_id"},
    )
)
_LOAD_HOLD: Final = Statement(
    select(HOLD)
    .where(HOLD.c.task_id == bindparam("task_id"), HOLD.c.case_id == bindparam("case_id"))
    .with_for_update()
)
_HOLDS_OF_CASE: Final = Statement(
    select(HOLD)
    .where(
        HOLD.c.case_id == bindparam("case_id"),
        HOLD.c.state == any_(bindparam("kept", type_=ARRAY(Text))),
    )
    .order_by(HOLD.c.task_id)
    .with_for_update()
)
_READ_HOLDS: Final = Statement(
    select(HOLD).where(HOLD.c.task_id == any_(bindparam("task_ids", type_=ARRAY(ID))))
)
_LASTING: Final = Statement(
    select(HOLD)
    .where(
        HOLD.c.asks_own_consent,
        or_(
            bindparam("task_id", type_=ID).is_(None),
            HOLD.c.task_id == bindparam("task_id", type_=ID),
        ),
        or_(
            bindparam("after", type_=ID).is_(None),
            HOLD.c.task_id > bindparam("after", type_=ID),
        ),
    )
    .order_by(HOLD.c.task_id)
    .limit(bindparam("page"))
)
"""Who is still in a place here although sharing was stopped: so their stay is marked."""
_HOLD_ROW: Final = insert(HOLD).values({name: bindparam(name) for name in _HOLD_COLUMNS})
_SAVE_HOLD: Final = Statement(
    _HOLD_ROW.on_conflict_do_update(
        index_elements=[HOLD.c.task_id],
        set_={
            name: _HOLD_ROW.excluded[name]
            for name in _HOLD_COLUMNS
            if name not in ("task_id", "case_id", "service_type")
        },
    )
)


async def list_pools(tx: Transaction) -> list[Pool]:
    """Every pool, by id."""
    return [_pool(row) for row in await tx.fetch(_LIST, page=POOLS_LIMIT)]


async def occupancy(tx: Transaction) -> list[Occupancy]:
    """The places of every kind, all pools of the kind taken together."""
    return [Occupancy(**dict(row)) for row in await tx.fetch(_OCCUPANCY, page=POOLS_LIMIT)]


async def lock_pools_of(tx: Transaction, service_type: str) -> tuple[Pool, ...]:
    """The pools of a service, locked in the order of their ids."""
    rows = await tx.fetch(_LOCK_OF_SERVICE, service_type=service_type, page=POOLS_LIMIT)
    return tuple(_pool(row) for row in rows)


async def lock_pools(tx: Transaction, pool_ids: Iterable[UUID]) -> dict[UUID, Pool]:
    """These pools, locked in the order of their ids."""
    wanted = sorted(set(pool_ids))
    rows = await tx.fetch(_LOCK, pool_ids=wanted) if wanted else []
    return {row["pool_id"]: _pool(row) for row in rows}


async def save_pool(tx: Transaction, pool: Pool) -> None:
    """Remember how many places there are; the database refuses what does not add up."""
    row = {name: getattr(pool, name) for name in _POOL_COLUMNS} | {"suits": sorted(pool.suits)}
    await tx.execute(_SAVE_POOL, **row)


async def load_hold(tx: Transaction, case_id: UUID, task_id: UUID) -> Hold | None:
    """What is kept for the task of this case, locked."""
    row = await tx.fetch_one(_LOAD_HOLD, task_id=task_id, case_id=case_id)
    return None if row is None else _hold(row)


async def holds_of_case(tx: Transaction, case_id: UUID) -> list[Hold]:
    """Everything that is kept or occupied for a case, locked."""
    return [_hold(row) for row in await tx.fetch(_HOLDS_OF_CASE, case_id=case_id, kept=_KEPT)]


async def read_holds(tx: Transaction, task_ids: Iterable[UUID]) -> dict[UUID, Hold]:
    """What is kept for these tasks, by task, not locked."""
    rows = await tx.fetch(_READ_HOLDS, task_ids=sorted(set(task_ids)))
    return {row["task_id"]: _hold(row) for row in rows}


async def lasting_stays(
    tx: Transaction, *, task_id: UUID | None, after: UUID | None, limit: int
) -> list[Hold]:
    """Stays that go on after a stop of sharing, by task; one task's, or those after a task."""
    page = min(limit, STAYS_LIMIT)
    rows = await tx.fetch(_LASTING, task_id=task_id, after=after, page=page)
    return [_hold(row) for row in rows]


async def save_hold(tx: Transaction, hold: Hold) -> None:
    """Remember a hold."""
    row = {name: getattr(hold, name) for name in _HOLD_COLUMNS if name not in _OF_STATE}
    await tx.execute(_SAVE_HOLD, **row, **_kept(hold.state))


def _kept(state: HoldState) -> dict[str, Any]:
    kept: dict[str, Any] = dict.fromkeys(_OF_STATE)
    kept |= {"state": state.code, "asks_own_consent": False}
    match state:
        case Confirmed(arrive_by=arrive_by):
            return kept | {"arrive_by": arrive_by}
        case CheckedIn(since=since, ends_at=ends_at, asks_own_consent=asks):
            return kept | {"since": since, "ends_at": ends_at, "asks_own_consent": asks}
        case Held() | CheckedOut() | Released() | Expired() | NoShow():
            return kept
        case _:
            assert_never(state)


def _state(row: Record) -> HoldState:
    match row["state"]:
        case "confirmed":
            return Confirmed(arrive_by=row["arrive_by"])
        case "checked-in":
            return CheckedIn(**{name: row[name] for name in _OF_STAY})
        case code:
            return _ENDED[code]


def _pool(row: Record) -> Pool:
    known = {name: row[name] for name in _POOL_COLUMNS}
    return Pool(**known | {"suits": frozenset(row["suits"])})


def _hold(row: Record) -> Hold:
    known = {name: row[name] for name in _HOLD_COLUMNS if name not in _OF_STATE}
    return Hold(**known, state=_state(row))
