"""Facts by case, plans, ledger, contributions. Exact counts stay in these tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from contracts.envelope import Contract
from services.chassis.database import Record, Statement, Transaction
from services.chassis.messaging import outbox
from services.statistics.contributor import domain

_CASES: Final = Statement(
    sa.text("SELECT * FROM case_codes WHERE case_id = ANY (CAST(:cases AS text[]))")
)
_PUT_CASES: Final = Statement(
    sa.text(
        """
        INSERT INTO case_codes
            (case_id, counted_here, oblast, exploitation, happened_at, voided, merged_into, revoked)
        SELECT case_id, counted_here, oblast, exploitation, happened_at, voided, merged_into,
            revoked
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(case_id text, counted_here boolean,
            oblast text, exploitation jsonb, happened_at timestamptz, voided boolean,
            merged_into text, revoked boolean)
        ON CONFLICT (case_id) DO UPDATE SET counted_here = excluded.counted_here,
            oblast = excluded.oblast, exploitation = excluded.exploitation,
            happened_at = excluded.happened_at, voided = excluded.voided,
            merged_into = excluded.merged_into, revoked = excluded.revoked
        """
    )
)
_FORGET: Final = Statement(sa.text("DELETE FROM fact WHERE case_id = ANY (CAST(:cases AS text[]))"))
_PUT = """
        INSERT INTO fact (case_id, indicator, table_name, cell, happened_at)
        SELECT case_id, indicator, table_name, cell, happened_at
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(case_id text, indicator text,
            table_name text, cell text, happened_at timestamptz)
        ON CONFLICT (case_id, table_name) DO
        """
_PUT_FACTS: Final = Statement(
    sa.text(_PUT + "UPDATE SET cell = excluded.cell, happened_at = excluded.happened_at")
)
_PUT_FIRST_FACTS: Final = Statement(sa.text(_PUT + "NOTHING"))
_COUNTED: Final = """
        WITH RECURSIVE goes_on (case_id, person, steps) AS (
            SELECT case_id, merged_into, 1 FROM case_codes WHERE merged_into IS NOT NULL
            UNION ALL
            SELECT g.case_id, c.merged_into, g.steps + 1
            FROM goes_on g JOIN case_codes c ON c.case_id = g.person
            WHERE c.merged_into IS NOT NULL AND g.steps < :longest
        ), last AS (
            SELECT DISTINCT ON (case_id) case_id, person FROM goes_on ORDER BY case_id, steps DESC
        ), told AS (
            SELECT f.*, coalesce(l.person, f.case_id) AS person
            FROM fact f LEFT JOIN last l USING (case_id)
        ), counted AS (
            SELECT DISTINCT ON (t.person, t.table_name)
                t.person, t.table_name, t.cell, t.happened_at
            FROM told t LEFT JOIN case_codes c ON c.case_id = t.person
                LEFT JOIN case_codes own ON own.case_id = t.case_id
            WHERE c.voided IS NOT TRUE
                AND (t.indicator <> 'detected' OR c.counted_here IS NOT FALSE)
                AND (t.indicator <> 'identified'
                    OR NOT coalesce(c.revoked, false) AND NOT coalesce(own.revoked, false))
            ORDER BY t.person, t.table_name, t.happened_at, t.case_id
        )
        """
"""One person, one cell of each table: of a case and all its duplicates the earliest fact counts.

Detected here counts only where the case that goes on is counted here. Identified is nobody whose
status was taken back in the case that goes on; one that was taken back in a duplicate alone is not
that case's.
"""
_COUNTS: Final = Statement(
    sa.text(
        _COUNTED  # noqa: S608 - both halves are constants
        + """
        SELECT table_name, cell, count(*) AS cases FROM counted
        WHERE happened_at >= :period_start AND happened_at < :period_end
        GROUP BY table_name, cell ORDER BY table_name, cell
        """
    )
)
_WHICH: Final = Statement(
    sa.text(
        _COUNTED  # noqa: S608 - both halves are constants
        + """
        SELECT person AS case_id, happened_at FROM counted
        WHERE table_name = :table AND person > :after
            AND happened_at >= :period_start AND happened_at < :period_end
        ORDER BY person LIMIT :many
        """
    )
)
COUNTED_PAGE: Final = 400
_LONGEST_CHAIN: Final = 100
"""Merges that follow each other, at most: no circle can keep a count from ending."""
_PUT_PLAN: Final = Statement(
    sa.text(
        """
        INSERT INTO plan (plan_id, body, refused) VALUES (:plan_id, :body, :refused)
        ON CONFLICT (plan_id) DO NOTHING
        """
    )
)
_PLAN: Final = Statement(sa.text("SELECT body, refused FROM plan WHERE plan_id = :plan_id"))
_REFUSE: Final = Statement(sa.text("UPDATE plan SET refused = :refused WHERE plan_id = :plan_id"))
_LEDGER: Final = Statement(
    sa.text(
        """
        SELECT rho_top, rho_below FROM ledger
        WHERE year = :year ORDER BY plan_id FOR UPDATE
        """
    )
)
_SPEND: Final = Statement(
    sa.text(
        """
        INSERT INTO ledger
            (plan_id, year, rho_top, rho_below, cap_top, cap_below, spent_at)
        VALUES (:plan_id, :year, :rho_top, :rho_below, :cap_top, :cap_below, :now)
        """
    )
)
_CONTRIBUTION: Final = Statement(
    sa.text("SELECT submission_id, tables FROM contribution WHERE plan_id = :plan_id")
)
_CONTRIBUTIONS: Final = Statement(
    sa.text(
        """
        SELECT p.plan_id, p.refused, c.submission_id, c.made_at,
            l.rho_top, l.rho_below
        FROM plan p LEFT JOIN contribution c USING (plan_id)
        LEFT JOIN (SELECT DISTINCT ON (plan_id) * FROM ledger ORDER BY plan_id, year) l
            USING (plan_id)
        ORDER BY c.made_at NULLS LAST, p.plan_id LIMIT :limit
        """
    )
)
_PUT_CONTRIBUTION: Final = Statement(
    sa.text(
        """
        INSERT INTO contribution (plan_id, submission_id, tables, made_at)
        VALUES (:plan_id, :submission_id, :tables, :now)
        """
    )
)


class Store:
    """Everything the contributor remembers, in one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def cases(self, cases: Sequence[str]) -> dict[str, domain.KnownCase]:
        """What is known of those cases that are known."""
        return {row["case_id"]: _case(row) for row in await self._tx.fetch(_CASES, cases=cases)}

    def keep(self, projection: domain.Projection) -> None:
        """Write what changed with the commit, in one round trip; nothing here may be read after.

        In a fixed order of cases and tables, as every lock here is taken.
        """
        if projection.changed:
            rows = [_row(case, projection.cases[case]) for case in sorted(projection.changed)]
            self._tx.write_last(_PUT_CASES, rows=rows)
        if projection.forgotten:
            self._tx.write_last(_FORGET, cases=sorted(projection.forgotten))
        if projection.newest:
            self._tx.write_last(_PUT_FACTS, rows=_facts(projection.newest))
        if projection.first:
            self._tx.write_last(_PUT_FIRST_FACTS, rows=_facts(projection.first))

    async def counts(self, start: datetime, end: datetime) -> dict[str, dict[str, int]]:
        """Exact counts by table and cell, of one moment: one statement, one snapshot."""
        found: dict[str, dict[str, int]] = {}
        for row in await self._tx.fetch(
            _COUNTS, period_start=start, period_end=end, longest=_LONGEST_CHAIN
        ):
            found.setdefault(row["table_name"], {})[row["cell"]] = row["cases"]
        return found

    async def counted(self, table: str, start: datetime, end: datetime, after: str) -> list[Record]:
        """Which cases a table counts, and when it happened: in the order of their ids, a page."""
        period = {"period_start": start, "period_end": end, "longest": _LONGEST_CHAIN}
        return await self._tx.fetch(_WHICH, table=table, after=after, many=COUNTED_PAGE, **period)

    async def put_plan(
        self, plan_id: UUID, body: Mapping[str, Any], refused: Sequence[str]
    ) -> None:
        """A plan as it was published; the first one stands."""
        await self._tx.execute(
            _PUT_PLAN, plan_id=plan_id, body=dict(body), refused=list(refused) or None
        )

    async def plan(self, plan_id: UUID) -> Record | None:
        """The plan's body, and why this node does not contribute, if it does not."""
        return await self._tx.fetch_one(_PLAN, plan_id=plan_id)

    async def refuse(self, plan_id: UUID, reasons: Sequence[str]) -> None:
        """Remember why nothing is contributed."""
        await self._tx.execute(_REFUSE, plan_id=plan_id, refused=list(reasons))

    async def spent(self, year: int) -> Fraction:
        """Privacy loss entered so far for a calendar year, over all datasets."""
        rows = await self._tx.fetch(_LEDGER, year=year)
        return sum((Fraction(row["rho_top"], row["rho_below"]) for row in rows), Fraction(0))

    async def spend(self, entry: Mapping[str, Any], rho: Fraction, cap: Fraction) -> None:
        """Enter the privacy loss; the database refuses an overdraft that slipped through."""
        await self._tx.execute(
            _SPEND,
            **entry,
            rho_top=rho.numerator,
            rho_below=rho.denominator,
            cap_top=cap.numerator,
            cap_below=cap.denominator,
        )

    async def contribution(self, plan_id: UUID) -> Record | None:
        """What was contributed to a plan, noise included."""
        return await self._tx.fetch_one(_CONTRIBUTION, plan_id=plan_id)

    async def contributions(self, limit: int) -> list[Record]:
        """Plans, and what became of them here."""
        return await self._tx.fetch(_CONTRIBUTIONS, limit=limit)

    async def put_contribution(self, plan_id: UUID, row: Mapping[str, Any]) -> None:
        """Keep the noisy vectors: what is sent again is these, never drawn again."""
        await self._tx.execute(_PUT_CONTRIBUTION, plan_id=plan_id, **row)

    def publish(self, event: Contract, *, subject: str, recipient: str) -> None:
        """Ask for the contribution to leave, by the gateway."""
        outbox.publish(
            self._tx, event, subject=subject, recipient=recipient, purpose="contribution"
        )


def _case(row: Record) -> domain.KnownCase:
    return domain.KnownCase(
        codes=domain.CaseCodes(oblast=row["oblast"], exploitation=tuple(row["exploitation"])),
        counted_here=row["counted_here"],
        happened_at=row["happened_at"],
        voided=row["voided"],
        merged_into=row["merged_into"],
        revoked=row["revoked"],
    )


def _row(case_id: str, case: domain.KnownCase) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "counted_here": case.counted_here,
        "oblast": case.codes.oblast,
        "exploitation": case.codes.exploitation,
        "happened_at": case.happened_at,
        "voided": case.voided,
        "merged_into": case.merged_into,
        "revoked": case.revoked,
    }


def _facts(
    facts: Mapping[domain.FactKey, tuple[domain.Indicator, domain.CountedFact]],
) -> list[dict[str, Any]]:
    return [
        {
            "case_id": case_id,
            "indicator": indicator,
            "table_name": table,
            "cell": fact.cell,
            "happened_at": fact.happened_at,
        }
        for (case_id, table), (indicator, fact) in sorted(facts.items(), key=lambda each: each[0])
    ]
