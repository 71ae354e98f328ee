"""How many records of a subject are not finished here: for whoever works on it, as counts.

Parked, waiting, behind, beyond a gap, or put aside unsent: whatever holds a subject's events back
is seen where the subject is read. No type, no place and no content of a record may be here; those
are for an operator (``parking``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ARRAY, Text, bindparam, text

from services.chassis.database import Statement, Transaction

STUCK_AFTER_SECONDS: Final = 60.0
"""Waiting, standing behind or beyond a gap is usual for a moment; for longer it is not."""
_COUNT: Final = Statement(
    text(
        """
        WITH standing AS (
            SELECT subject, stored_at,
                CASE WHEN state = 'gap' AND error <> '' THEN 'parked' ELSE state END AS state
            FROM inbox_row WHERE NOT done AND subject = ANY (:subjects)
            UNION ALL
            SELECT aggregateid, created_at, 'unsent'
            FROM outbox WHERE parked IS NOT NULL AND aggregateid = ANY (:subjects)
        )
        SELECT subject,
            bool_or(state IN ('parked', 'unsent')
                OR stored_at < clock_timestamp() - make_interval(secs => :seconds)) AS stuck,
            count(*) FILTER (WHERE state = 'parked') AS parked,
            count(*) FILTER (WHERE state = 'waiting') AS waiting,
            count(*) FILTER (WHERE state = 'behind') AS behind,
            count(*) FILTER (WHERE state = 'gap') AS gap,
            count(*) FILTER (WHERE state = 'unsent') AS unsent
        FROM standing GROUP BY subject
        """
    ).bindparams(bindparam("subjects", type_=ARRAY(Text())))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """Records of one subject that are not finished here, by what holds them."""

    stuck: bool = False
    """One failed, or stands for too long: an operator has to look."""
    parked: int = 0
    waiting: int = 0
    behind: int = 0
    gap: int = 0
    unsent: int = 0


NOTHING: Final = Unfinished()


async def unfinished_of(tx: Transaction, subjects: Iterable[object]) -> Mapping[str, Unfinished]:
    """What is not finished, of those subjects that have anything."""
    named = sorted({str(subject) for subject in subjects})
    if not named:
        return {}
    rows = await tx.fetch(_COUNT, subjects=named, seconds=STUCK_AFTER_SECONDS)
    return {
        row["subject"]: Unfinished(**{name: row[name] for name in Unfinished.__dataclass_fields__})
        for row in rows
    }
