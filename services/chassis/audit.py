"""Who did what to which subject and why, written in the transaction of the act itself.

Codes and opaque ids only: a text that is not of that form is a bug and stops the act. Rows are
collected and written in one statement at the commit; no audit row, no act.
"""

import re
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from services.chassis.database import Record, Statement, Transaction
from services.chassis.errors import Misuse

ROWS_LIMIT: Final = 1000
SUBJECTS_LIMIT: Final = 500
"""So many things that belong to a subject are looked for at once, at most."""
_NOTE: Final = "audit"
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,119}")

_ADD: Final = Statement(
    sa.text(
        """
        INSERT INTO audit (actor, action, subject, reason)
        SELECT * FROM unnest(CAST(:actors AS text[]), CAST(:actions AS text[]),
                             CAST(:subjects AS text[]), CAST(:reasons AS text[]))
        """
    )
)
_ADD_ONE: Final = Statement(
    sa.text(
        "INSERT INTO audit (actor, action, subject, reason)"
        " VALUES (:actor, :action, :subject, :reason)"
    )
)
"""For the one row that most acts leave: arrays cost twice as much to send."""
_READ: Final = Statement(
    sa.text(
        """
        SELECT id, recorded_at, actor, action, subject, reason FROM audit
        WHERE subject = :subject AND id > :after ORDER BY id LIMIT :limit
        """
    )
)
_READ_BACK: Final = Statement(
    sa.text(
        """
        SELECT id, recorded_at, actor, action, subject, reason FROM audit
        WHERE subject = ANY (CAST(:subjects AS text[])) AND id < :before
        ORDER BY id DESC LIMIT :limit
        """
    )
)


def record(tx: Transaction, *, actor: str, action: str, subject: str, reason: str = "") -> None:
    """Note the act; the row is written when ``tx`` commits, or the act does not happen."""
    row = (actor, action, subject, reason)
    if not all(_CODE.fullmatch(text) for text in row[:3]) or not (
        reason == "" or _CODE.fullmatch(reason)
    ):
        raise Misuse("an audit row holds codes and opaque ids only")
    rows: list[tuple[str, str, str, str]] | None = tx.notes.setdefault(_NOTE, [])
    if rows is None:
        raise Misuse("the audit rows of this transaction are already written")
    if len(rows) >= ROWS_LIMIT:
        raise Misuse("too many audit rows in one transaction")
    rows.append(row)
    tx.before_commit(_NOTE, _flush)


async def _flush(tx: Transaction) -> None:
    rows, tx.notes[_NOTE] = tx.notes[_NOTE], None
    if len(rows) == 1:
        actor, action, subject, reason = rows[0]
        tx.write_last(_ADD_ONE, actor=actor, action=action, subject=subject, reason=reason)
        return
    actors, actions, subjects, reasons = (list(column) for column in zip(*rows, strict=True))
    tx.write_last(_ADD, actors=actors, actions=actions, subjects=subjects, reasons=reasons)


async def read(tx: Transaction, *, subject: str, after: int = 0, limit: int = 100) -> list[Record]:
    """The rows about ``subject`` in order, a page at a time."""
    return await tx.fetch(_READ, subject=subject, after=after, limit=min(limit, ROWS_LIMIT))


async def read_back(
    tx: Transaction, *, subjects: Sequence[str], before: int, limit: int
) -> list[Record]:
    """The rows about any of these, the newest first, those ``before`` a row."""
    return await tx.fetch(
        _READ_BACK, subjects=list(subjects), before=before, limit=min(limit, ROWS_LIMIT)
    )
