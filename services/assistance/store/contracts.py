"""Social contracts and deliveries. Contracts are locked after pools, in the order of their ids."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from services.assistance.domain.contracts import Funded, Given, SocialContract
from services.assistance.store.tables import DELIVERY, SOCIAL_CONTRACT
from services.chassis.database import Record, Statement, Transaction
from services.chassis.statement import TIME

CONTRACTS_LIMIT: Final = 500
"""As many contracts, or rows of a report, as are read at once."""
NO_FUNDING: Final = "own-means"

_COLUMNS: Final = tuple(column.name for column in SOCIAL_CONTRACT.c)
_DELIVERED: Final = tuple(column.name for column in DELIVERY.c)
_BY_ID: Final = select(SOCIAL_CONTRACT).where(
    SOCIAL_CONTRACT.c.contract_id == bindparam("contract_id")
)
_READ: Final = Statement(_BY_ID)
_LOCK: Final = Statement(_BY_ID.with_for_update())
_LOCK_PAYING: Final = Statement(
    select(SOCIAL_CONTRACT)
    .where(
        SOCIAL_CONTRACT.c.service_type == bindparam("service_type"),
        SOCIAL_CONTRACT.c.unit == bindparam("unit"),
        SOCIAL_CONTRACT.c.starts_at <= bindparam("at", type_=TIME),
        SOCIAL_CONTRACT.c.ends_at > bindparam("at", type_=TIME),
    )
    .order_by(SOCIAL_CONTRACT.c.contract_id)
    .limit(bindparam("page"))
    .with_for_update()
)
_LIST: Final = Statement(
    select(SOCIAL_CONTRACT).order_by(SOCIAL_CONTRACT.c.contract_id).limit(bindparam("page"))
)
_ROW: Final = insert(SOCIAL_CONTRACT).values({name: bindparam(name) for name in _COLUMNS})
_SAVE: Final = Statement(
    _ROW.on_conflict_do_update(
        index_elements=[SOCIAL_CONTRACT.c.contract_id],
        set_={name: _ROW.excluded[name] for name in _COLUMNS if name != "contract_id"},
    )
)
_DELIVER: Final = Statement(insert(DELIVERY).values({name: bindparam(name) for name in _DELIVERED}))
_IN_PERIOD: Final = (
    DELIVERY.c.happened_at >= bindparam("period_start", type_=TIME),
    DELIVERY.c.happened_at < bindparam("period_end", type_=TIME),
)
_OF_CONTRACT: Final = Statement(
    select(func.coalesce(func.sum(DELIVERY.c.quantity), 0).label("units")).where(
        DELIVERY.c.contract_id == bindparam("contract_id"), *_IN_PERIOD
    )
)
_FUNDING: Final = func.coalesce(SOCIAL_CONTRACT.c.funding, NO_FUNDING).label("funding")
_KIND: Final = (
    DELIVERY.c.service_type,
    DELIVERY.c.unit,
    _FUNDING,
    DELIVERY.c.contract_id,
    SOCIAL_CONTRACT.c.recipient,
)
_REPORT: Final = Statement(
    select(
        *_KIND,
        func.sum(DELIVERY.c.quantity).label("units"),
        func.count(DELIVERY.c.task_id.distinct()).label("episodes"),
    )
    .select_from(
        DELIVERY.outerjoin(SOCIAL_CONTRACT, SOCIAL_CONTRACT.c.contract_id == DELIVERY.c.contract_id)
    )
    .where(*_IN_PERIOD)
    .group_by(*_KIND)
    .order_by(DELIVERY.c.service_type, DELIVERY.c.unit, DELIVERY.c.contract_id)
    .limit(bindparam("page"))
)
_BEYOND: Final = func.greatest(SOCIAL_CONTRACT.c.delivered - SOCIAL_CONTRACT.c.funded, 0)
_USED_UP: Final = (
    SOCIAL_CONTRACT.c.delivered >= SOCIAL_CONTRACT.c.funded,
    SOCIAL_CONTRACT.c.starts_at <= bindparam("at", type_=TIME),
    SOCIAL_CONTRACT.c.ends_at > bindparam("at", type_=TIME),
)
_SAME: Final = (
    SOCIAL_CONTRACT.c.service_type,
    SOCIAL_CONTRACT.c.unit,
    SOCIAL_CONTRACT.c.funding,
)
_FUNDED: Final = Statement(
    select(
        *_SAME,
        func.sum(SOCIAL_CONTRACT.c.funded).label("units_funded"),
        func.sum(SOCIAL_CONTRACT.c.delivered).label("units_delivered"),
        func.sum(_BEYOND).label("units_beyond"),
        func.count().filter(*_USED_UP).label("used_up"),
    )
    .group_by(*_SAME)
    .order_by(*_SAME)
    .limit(bindparam("page"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Units that were given, with the contract that pays for them, if one does."""

    delivery_id: UUID
    case_id: UUID
    task_id: UUID
    service_type: str
    unit: str
    quantity: int
    contract_id: UUID | None
    happened_at: datetime


async def lock_contract(tx: Transaction, contract_id: UUID) -> SocialContract | None:
    """One contract, locked."""
    row = await tx.fetch_one(_LOCK, contract_id=contract_id)
    return None if row is None else _contract(row)


async def read_contract(tx: Transaction, contract_id: UUID) -> SocialContract | None:
    """One contract, not locked."""
    row = await tx.fetch_one(_READ, contract_id=contract_id)
    return None if row is None else _contract(row)


async def lock_paying(
    tx: Transaction, service_type: str, unit: str, at: datetime
) -> list[SocialContract]:
    """The contracts that pay for such a unit then, locked in the order of their ids."""
    rows = await tx.fetch(
        _LOCK_PAYING, service_type=service_type, unit=unit, at=at, page=CONTRACTS_LIMIT
    )
    return [_contract(row) for row in rows]


async def list_contracts(tx: Transaction) -> list[SocialContract]:
    """Every contract, by id."""
    return [_contract(row) for row in await tx.fetch(_LIST, page=CONTRACTS_LIMIT)]


async def save_contract(tx: Transaction, contract: SocialContract) -> None:
    """Remember a contract as it stands."""
    await tx.execute(_SAVE, **{name: getattr(contract, name) for name in _COLUMNS})


async def save_delivery(tx: Transaction, delivered: Delivered) -> None:
    """Remember what was given, once."""
    await tx.execute(_DELIVER, **{name: getattr(delivered, name) for name in _DELIVERED})


async def units_of(tx: Transaction, contract_id: UUID, start: datetime, end: datetime) -> int:
    """Units of a contract that were given from ``start`` to before ``end``."""
    row = await tx.fetch_one(
        _OF_CONTRACT, contract_id=contract_id, period_start=start, period_end=end
    )
    return 0 if row is None else int(row["units"])


async def report(tx: Transaction, start: datetime, end: datetime) -> list[Given]:
    """What was given from ``start`` to before ``end``: one moment, exact."""
    rows = await tx.fetch(_REPORT, period_start=start, period_end=end, page=CONTRACTS_LIMIT)
    return [Given(**dict(row)) for row in rows]


async def funded(tx: Transaction, at: datetime) -> list[Funded]:
    """All contracts of each kind together, as they stand at ``at``."""
    return [Funded(**dict(row)) for row in await tx.fetch(_FUNDED, at=at, page=CONTRACTS_LIMIT)]


def _contract(row: Record) -> SocialContract:
    return SocialContract(**{name: row[name] for name in _COLUMNS})
