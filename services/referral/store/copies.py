"""Copies that belong to no case: the newest policy, the status of this node's own pools."""

from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.referral.domain.agreements import Participant, Policy
from services.referral.domain.capacity import Pool
from services.referral.store.tables import POLICY, POOL, columns_of

_READ_POLICY: Final = Statement(select(POLICY))
_NEW_POLICY = insert(POLICY).values(
    one=True, version=bindparam("version"), document=bindparam("document")
)
_WRITE_POLICY: Final = Statement(
    _NEW_POLICY.on_conflict_do_update(
        index_elements=[POLICY.c.one],
        set_={
            "version": _NEW_POLICY.excluded.version,
            "document": _NEW_POLICY.excluded.document,
        },
        where=POLICY.c.version < _NEW_POLICY.excluded.version,
    )
)
_READ_POOLS: Final = Statement(
    select(POOL).where(POOL.c.service_type == bindparam("service_type")).order_by(POOL.c.pool_id)
)
_NEW_POOL = insert(POOL).values({name: bindparam(name) for name in columns_of(POOL)})
_WRITE_POOL: Final = Statement(
    _NEW_POOL.on_conflict_do_update(
        index_elements=[POOL.c.pool_id],
        set_={name: _NEW_POOL.excluded[name] for name in columns_of(POOL, "pool_id")},
    )
)


async def read_policy(tx: Transaction) -> Policy:
    """The newest policy; before the first one, nobody is a participant."""
    row = await tx.fetch_one(_READ_POLICY)
    if row is None:
        return Policy()
    document: dict[str, Any] = row["document"]
    return Policy(
        version=row["version"],
        participants=tuple(
            Participant(
                node=each["node"],
                agency_type=each["agency_type"],
                status=each["status"],
                powers=frozenset(each["powers"]),
                oblasts=frozenset(each["oblasts"]),
            )
            for each in document["participants"]
        ),
        pairs=frozenset((sender, recipient) for sender, recipient in document["pairs"]),
    )


async def write_policy(tx: Transaction, policy: Policy) -> None:
    """Take a newer policy; an older one or the same changes nothing."""
    participants = [
        {
            "node": each.node,
            "agency_type": each.agency_type,
            "status": each.status,
            "powers": sorted(each.powers),
            "oblasts": sorted(each.oblasts),
        }
        for each in policy.participants
    ]
    document = {"participants": participants, "pairs": sorted(policy.pairs)}
    await tx.execute(_WRITE_POLICY, version=policy.version, document=document)


async def read_pools(tx: Transaction, service_type: str) -> tuple[Pool, ...]:
    """The last that was said about each pool for a service."""
    rows = await tx.fetch(_READ_POOLS, service_type=service_type)
    return tuple(
        Pool(
            pool_id=row["pool_id"],
            service_type=row["service_type"],
            audience_class=row["audience_class"],
            status=row["status"],
            reported_at=row["reported_at"],
            suits=frozenset(row["suits"]),
        )
        for row in rows
    )


async def write_pool(tx: Transaction, pool: Pool) -> None:
    """Remember what was said about a pool."""
    await tx.execute(
        _WRITE_POOL,
        pool_id=pool.pool_id,
        service_type=pool.service_type,
        audience_class=pool.audience_class,
        status=pool.status,
        reported_at=pool.reported_at,
        suits=sorted(pool.suits),
    )
