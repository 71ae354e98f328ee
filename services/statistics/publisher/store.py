"""Plans, sums and releases. Nothing here was ever a true count."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from contracts.envelope import Contract
from services.chassis.database import Record, Statement, Transaction
from services.chassis.messaging import outbox

_LEDGER: Final = Statement(
    sa.text(
        """
        SELECT rho_top, rho_below FROM plan
        WHERE date_part('year', period_start) = :year
        ORDER BY plan_id FOR UPDATE
        """
    )
)
_SAME: Final = Statement(
    sa.text(
        """
        SELECT plan_id FROM plan
        WHERE plan_id = :plan_id
           OR dataset = :dataset AND period_start = :period_start AND vintage = :vintage
        """
    )
)
_PUT_PLAN: Final = Statement(
    sa.text(
        """
        INSERT INTO plan (plan_id, dataset, period_start, vintage, body, rho_top, rho_below,
                          cap_top, cap_below, published_at)
        VALUES (:plan_id, :dataset, :period_start, :vintage, :body, :rho_top, :rho_below,
                :cap_top, :cap_below, :now)
        """
    )
)
_PLAN: Final = Statement(sa.text("SELECT body FROM plan WHERE plan_id = :plan_id"))
_PUT_MANIFEST: Final = Statement(
    sa.text(
        """
        INSERT INTO manifest (plan_id, custodian, nodes_counted, nodes_missing)
        VALUES (:plan_id, :custodian, :nodes_counted, :nodes_missing)
        ON CONFLICT (plan_id, custodian) DO NOTHING
        """
    )
)
_MANIFEST: Final = Statement(
    sa.text(
        """
        SELECT nodes_counted, nodes_missing FROM manifest
        WHERE plan_id = :plan_id AND custodian = :custodian
        """
    )
)
_PUT_PARTIAL: Final = Statement(
    sa.text(
        """
        INSERT INTO partial (plan_id, custodian, tables)
        VALUES (:plan_id, :custodian, :tables)
        ON CONFLICT (plan_id, custodian) DO NOTHING
        """
    )
)
_PARTIAL: Final = Statement(
    sa.text("SELECT tables FROM partial WHERE plan_id = :plan_id AND custodian = :custodian")
)
_RELEASED: Final = Statement(sa.text("SELECT 1 FROM release WHERE plan_id = :plan_id"))
_LATEST: Final = Statement(
    sa.text(
        """
        SELECT r.release_id FROM release r JOIN plan p USING (plan_id)
        WHERE p.dataset = :dataset AND p.period_start = :period_start AND r.held IS NULL
        ORDER BY r.published_at DESC LIMIT 1
        """
    )
)
_PUT_RELEASE: Final = Statement(
    sa.text(
        """
        INSERT INTO release (release_id, plan_id, held, body, published_at)
        VALUES (:release_id, :plan_id, :held, :body, :now)
        """
    )
)
_RELEASES: Final = Statement(
    sa.text(
        """
        SELECT body FROM release WHERE held IS NULL ORDER BY published_at DESC, release_id
        LIMIT :limit
        """
    )
)
_RELEASE: Final = Statement(
    sa.text("SELECT body FROM release WHERE release_id = :release_id AND held IS NULL")
)


class Store:
    """Everything the publisher remembers, in one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def spent(self, year: int) -> Fraction:
        """Privacy loss that the plans of a year ask so far, over all datasets."""
        rows = await self._tx.fetch(_LEDGER, year=year)
        return sum((Fraction(row["rho_top"], row["rho_below"]) for row in rows), Fraction(0))

    async def has_plan(self, row: Mapping[str, Any]) -> bool:
        """Whether a plan stands under this id, or for this dataset, period and vintage."""
        named = ("plan_id", "dataset", "period_start", "vintage")
        same = await self._tx.fetch_one(_SAME, **{name: row[name] for name in named})
        return same is not None

    async def put_plan(self, row: Mapping[str, Any], rho: Fraction, cap: Fraction) -> None:
        """Enter a plan and its cost; the database refuses an overdraft that slipped through."""
        await self._tx.execute(
            _PUT_PLAN,
            **row,
            rho_top=rho.numerator,
            rho_below=rho.denominator,
            cap_top=cap.numerator,
            cap_below=cap.denominator,
        )

    async def plan(self, plan_id: UUID) -> dict[str, Any] | None:
        """The plan's body."""
        row = await self._tx.fetch_one(_PLAN, plan_id=plan_id)
        return None if row is None else dict(row["body"])

    async def put_manifest(self, row: Mapping[str, Any]) -> None:
        """A custodian's closed manifest; the first stands."""
        await self._tx.execute(_PUT_MANIFEST, **row)

    async def manifest(self, plan_id: UUID, custodian: str) -> Record | None:
        """How many nodes a custodian counted, and how many were missing."""
        return await self._tx.fetch_one(_MANIFEST, plan_id=plan_id, custodian=custodian)

    async def put_partial(self, plan_id: UUID, custodian: str, tables: list[Any]) -> None:
        """A custodian's sums; the first stand."""
        await self._tx.execute(_PUT_PARTIAL, plan_id=plan_id, custodian=custodian, tables=tables)

    async def partial(self, plan_id: UUID, custodian: str) -> dict[str, tuple[int, ...]] | None:
        """A custodian's sums by table."""
        row = await self._tx.fetch_one(_PARTIAL, plan_id=plan_id, custodian=custodian)
        if row is None:
            return None
        return {table["table"]: tuple(table["values"]) for table in row["tables"]}

    async def released(self, plan_id: UUID) -> bool:
        """Whether the plan's release is out or held."""
        return await self._tx.fetch_one(_RELEASED, plan_id=plan_id) is not None

    async def latest(self, dataset: str, period_start: datetime) -> UUID | None:
        """The release that a new one of the same dataset and period supersedes."""
        row = await self._tx.fetch_one(_LATEST, dataset=dataset, period_start=period_start)
        return None if row is None else UUID(str(row["release_id"]))

    async def put_release(self, row: Mapping[str, Any]) -> None:
        """Keep a release, or that it is held."""
        await self._tx.execute(_PUT_RELEASE, **row)

    async def releases(self, limit: int) -> list[dict[str, Any]]:
        """Releases, newest first."""
        return [dict(row["body"]) for row in await self._tx.fetch(_RELEASES, limit=limit)]

    async def release(self, release_id: UUID) -> dict[str, Any] | None:
        """One release."""
        row = await self._tx.fetch_one(_RELEASE, release_id=release_id)
        return None if row is None else dict(row["body"])

    def publish(self, event: Contract, *, subject: str) -> None:
        """Put an event of the publisher on the hub's bus."""
        outbox.publish(self._tx, event, subject=subject)
