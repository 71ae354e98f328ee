"""The policy this node holds for true: the newest registry version it ever took.

A row is only ever replaced by a higher version (the statement says so, not only the caller). The
sending half locks it (shared) after the case, in the transaction that checks and numbers.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.gateway.store.tables import POLICY_COPY

_READ: Final = Statement(select(POLICY_COPY))
_PARTICIPANTS: Final = Statement(
    select(
        func.jsonb_path_query_array(
            POLICY_COPY.c.document, literal_column("'$.participants[*].node'::jsonpath")
        ).label("nodes")
    )
)
_LOCK_SHARED: Final = Statement(select(POLICY_COPY).with_for_update(read=True))
_NEW: Final = insert(POLICY_COPY).values(
    one=True,
    version=bindparam("version"),
    digest=bindparam("digest"),
    valid_until=bindparam("valid_until"),
    document=bindparam("document"),
    copied_at=bindparam("copied_at"),
)
_REPLACE: Final = Statement(
    _NEW.on_conflict_do_update(
        index_elements=[POLICY_COPY.c.one],
        set_={
            name: _NEW.excluded[name]
            for name in ("version", "digest", "valid_until", "document", "copied_at")
        },
        where=POLICY_COPY.c.version < _NEW.excluded.version,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """The policy in force here; ``document`` is the body of ``PolicyCopied`` as JSON."""

    version: int
    digest: str
    valid_until: datetime
    document: dict[str, Any]


async def read_policy(tx: Transaction) -> PolicyRow | None:
    """The policy in force, not locked; None before the first one."""
    return _policy(await tx.fetch_one(_READ))


async def read_participants(tx: Transaction) -> frozenset[str] | None:
    """Every node that the policy in force lists, whatever its status; None before the first one."""
    row = await tx.fetch_one(_PARTICIPANTS)
    return None if row is None else frozenset(row["nodes"])


async def lock_policy(tx: Transaction) -> PolicyRow | None:
    """The policy in force, which cannot change before this transaction ends."""
    return _policy(await tx.fetch_one(_LOCK_SHARED))


async def replace_policy(tx: Transaction, policy: PolicyRow, now: datetime) -> bool:
    """Take a newer policy; False when this version or a newer one is in force."""
    return (
        await tx.execute(
            _REPLACE,
            version=policy.version,
            digest=policy.digest,
            valid_until=policy.valid_until,
            document=policy.document,
            copied_at=now,
        )
        > 0
    )


def _policy(row: Record | None) -> PolicyRow | None:
    if row is None:
        return None
    return PolicyRow(
        version=row["version"],
        digest=row["digest"],
        valid_until=row["valid_until"],
        document=row["document"],
    )
