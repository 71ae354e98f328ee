"""What the gateway forgets by age. Consents, references and the ledger are never among it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from services.chassis.database import Statement
from services.chassis.messaging.feeds import forgotten_after
from services.chassis.retention import Keep, older_than

_ANSWERS: Final = older_than("answer", "answered_at")
_CODES: Final = older_than("original_code", "recorded_at")
_INNER: Final = older_than("exchange_inner", "handled_at")
_SEEN: Final = Statement(
    text(
        "DELETE FROM exchange_seen WHERE ctid = ANY (ARRAY("
        "SELECT s.ctid FROM exchange_seen s JOIN exchange_pair_in p USING (agency)"
        " WHERE s.seen_at < :before AND (s.epoch, s.seq) <= (p.epoch, p.upto) LIMIT :many))"
    )
)
"""Only what was handled: what is still to come of a pair is known by its digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How long each is kept."""

    feeds: timedelta
    answers: timedelta
    original_codes: timedelta
    exchange: timedelta


def keeps(kept: Kept) -> tuple[Keep, ...]:
    """Feeds, answers, words that were no codes, and repeats of the exchange."""
    return (
        forgotten_after(kept.feeds),
        Keep(name="answer", kept=kept.answers, statement=_ANSWERS),
        Keep(name="original_code", kept=kept.original_codes, statement=_CODES),
        Keep(name="exchange_inner", kept=kept.exchange, statement=_INNER),
        Keep(name="exchange_seen", kept=kept.exchange, statement=_SEEN),
    )
