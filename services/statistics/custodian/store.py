"""Plans, submissions and manifests of a custodian: noisy vectors only, never a true count."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from contracts.envelope import Contract
from services.chassis.database import Record, Statement, Transaction
from services.chassis.messaging import outbox

_PUT_PLAN: Final = Statement(
    sa.text(
        "INSERT INTO plan (plan_id, body) VALUES (:plan_id, :body) ON CONFLICT (plan_id) DO NOTHING"
    )
)
_PLAN: Final = Statement(sa.text("SELECT body FROM plan WHERE plan_id = :plan_id"))
_PUT_SUBMISSION: Final = Statement(
    sa.text(
        """
        INSERT INTO submission (plan_id, node, submission_id, tables, received_at)
        VALUES (:plan_id, :node, :submission_id, :tables, :now)
        ON CONFLICT (plan_id, node) DO NOTHING
        """
    )
)
_SUBMISSIONS: Final = Statement(
    sa.text(
        """
        SELECT node, submission_id, tables FROM submission
        WHERE plan_id = :plan_id ORDER BY node
        """
    )
)
_CLOSED: Final = Statement(sa.text("SELECT 1 FROM manifest WHERE plan_id = :plan_id"))
_CLOSE: Final = Statement(
    sa.text(
        """
        INSERT INTO manifest (plan_id, submissions, missing, closed_at)
        VALUES (:plan_id, :submissions, :missing, :now)
        """
    )
)
_MANIFESTS: Final = Statement(
    sa.text(
        """
        SELECT plan_id, jsonb_array_length(submissions) AS counted, missing, closed_at
        FROM manifest ORDER BY closed_at DESC LIMIT :limit
        """
    )
)
_PLANS: Final = Statement(
    sa.text(
        """
        SELECT p.plan_id, count(s.node) AS received, m.closed_at
        FROM plan p LEFT JOIN submission s USING (plan_id) LEFT JOIN manifest m USING (plan_id)
        GROUP BY p.plan_id, m.closed_at ORDER BY m.closed_at DESC NULLS FIRST, p.plan_id
        LIMIT :limit
        """
    )
)


class Store:
    """Everything a custodian remembers, in one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def put_plan(self, plan_id: UUID, body: Mapping[str, Any]) -> None:
        """A plan as it was published; the first one stands."""
        await self._tx.execute(_PUT_PLAN, plan_id=plan_id, body=dict(body))

    async def plan(self, plan_id: UUID) -> dict[str, Any] | None:
        """The plan's body."""
        row = await self._tx.fetch_one(_PLAN, plan_id=plan_id)
        return None if row is None else dict(row["body"])

    async def put_submission(self, plan_id: UUID, row: Mapping[str, Any]) -> bool:
        """Keep a node's submission; False when it has one already (the first wins)."""
        return await self._tx.execute(_PUT_SUBMISSION, plan_id=plan_id, **row) == 1

    async def submissions(self, plan_id: UUID) -> list[Record]:
        """What was submitted, by node."""
        return await self._tx.fetch(_SUBMISSIONS, plan_id=plan_id)

    async def closed(self, plan_id: UUID) -> bool:
        """Whether the manifest is closed."""
        return await self._tx.fetch_one(_CLOSED, plan_id=plan_id) is not None

    async def close(
        self, plan_id: UUID, submissions: Sequence[UUID], missing: int, now: datetime
    ) -> None:
        """Close the manifest: immutable from now on."""
        await self._tx.execute(
            _CLOSE,
            plan_id=plan_id,
            submissions=[str(each) for each in submissions],
            missing=missing,
            now=now,
        )

    async def manifests(self, limit: int) -> list[Record]:
        """How many reported and how many did not, by plan."""
        return await self._tx.fetch(_MANIFESTS, limit=limit)

    async def plans(self, limit: int) -> list[Record]:
        """How many nodes have reported so far, by plan."""
        return await self._tx.fetch(_PLANS, limit=limit)

    def publish(self, event: Contract, *, subject: str) -> None:
        """Put an event of this custodian on the hub's bus."""
        outbox.publish(self._tx, event, subject=subject)
