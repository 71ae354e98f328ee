"""Which traces a subject had: a subject lives for months over many traces, and no span names it.

The link between the two is kept in the service's own database and may never leave it.
"""

from typing import Final

import sqlalchemy as sa

from services.chassis.database import Statement, Transaction
from services.chassis.telemetry import trace_id_of

TRACES_LIMIT: Final = 1000
_NOTE: Final = "subject_traces"

_ADD: Final = Statement(
    sa.text(
        """
        INSERT INTO subject_trace (subject, trace_id)
        SELECT DISTINCT * FROM unnest(CAST(:subjects AS text[]), CAST(:traces AS text[]))
        ON CONFLICT DO NOTHING
        """
    )
)
_READ: Final = Statement(
    sa.text(
        """
        SELECT trace_id FROM subject_trace WHERE subject = :subject
        ORDER BY seen_at, trace_id LIMIT :limit
        """
    )
)


def remember(tx: Transaction, *, subject: str, traceparent: str | None) -> None:
    """Note that ``subject`` was worked on in this trace; written before the commit."""
    trace_id = trace_id_of(traceparent)
    if trace_id is None:
        return
    tx.notes.setdefault(_NOTE, set()).add((subject, trace_id))
    tx.before_commit(_NOTE, _flush)


async def _flush(tx: Transaction) -> None:
    pairs = sorted(tx.notes[_NOTE])
    tx.write_last(_ADD, subjects=[pair[0] for pair in pairs], traces=[pair[1] for pair in pairs])


async def traces_of(tx: Transaction, *, subject: str) -> list[str]:
    """The trace ids of ``subject``, oldest first."""
    return [row["trace_id"] for row in await tx.fetch(_READ, subject=subject, limit=TRACES_LIMIT)]
