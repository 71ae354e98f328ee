"""Consents that expire before long and of which nobody has heard yet."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.chassis.database import Statement, Transaction
from services.gateway.domain.consent import ExpiringConsent

BATCH: Final = 100
_DUE: Final = Statement(
    text(
        """
        SELECT consent_id, case_id FROM consent JOIN case_row USING (case_id)
        WHERE ended_at IS NULL AND expiry_told_at IS NULL
            AND frozen_at IS NULL AND over_at IS NULL
            AND expires_at > CAST(:now AS timestamptz)
            AND expires_at <= CAST(:now AS timestamptz) + CAST(:notice AS interval)
            AND expires_at - least(CAST(:notice AS interval), (expires_at - granted_at) / 2)
                <= CAST(:now AS timestamptz)
        ORDER BY expires_at, consent_id LIMIT :many
        """
    )
)
"""As ``domain.consent.notice_at`` has it; what has expired is not near any more."""
_TELL: Final = Statement(
    text(
        "UPDATE consent SET expiry_told_at = :now WHERE consent_id = :consent_id"
        " AND ended_at IS NULL AND expiry_told_at IS NULL"
        " RETURNING consent_id, purposes, expires_at"
    )
)
_GOES_ON: Final = Statement(
    text(
        """
        WITH RECURSIVE goes_on (case_id, steps) AS (
            SELECT CAST(:case_id AS uuid), 0
            UNION ALL
            SELECT later.into_case, g.steps + 1 FROM goes_on g, LATERAL (
                SELECT m.into_case FROM merged_case m WHERE m.case_id = g.case_id AND m.merged
                ORDER BY m.merged_at, m.into_case LIMIT 1
            ) later
            WHERE g.steps < 100
        )
        SELECT g.case_id, r.frozen_at FROM goes_on g LEFT JOIN case_row r USING (case_id)
        ORDER BY g.steps DESC LIMIT 1
        """
    )
)
"""Of a link that says *the same* nothing goes on: only a merge says where."""


async def due(tx: Transaction, now: datetime, notice: timedelta) -> list[tuple[UUID, UUID]]:
    """(consent, its case) of those of which somebody has to hear now; a batch at most."""
    rows = await tx.fetch(_DUE, now=now, notice=notice, many=BATCH)
    return [(row["consent_id"], row["case_id"]) for row in rows]


async def tell_once(tx: Transaction, consent_id: UUID, now: datetime) -> ExpiringConsent | None:
    """Note that it is told; None when it was, or when the consent was withdrawn meanwhile."""
    row = await tx.fetch_one(_TELL, consent_id=consent_id, now=now)
    if row is None:
        return None
    return ExpiringConsent(
        consent_id=row["consent_id"],
        purposes=tuple(sorted(row["purposes"])),
        expires_at=row["expires_at"],
    )


async def goes_on_as(tx: Transaction, case_id: UUID) -> UUID:
    """The case under which people work on; itself when it was never merged, or when that one is
    frozen: of a frozen case nobody reads a word.
    """
    row = await tx.fetch_one(_GOES_ON, case_id=case_id)
    found: UUID = case_id if row is None or row["frozen_at"] is not None else row["case_id"]
    return found
