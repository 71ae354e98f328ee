"""Unknown codes of agencies: an operator lists them, and marks one as mapped to a known code.

An original may be anybody's word, a name too. So a list tells places and times; the word itself is
shown only by ``shown``, which is audited, and after a mapping nothing of it is kept. Events of
another agency are kept the same way; of one that sends too many, no more until some are mapped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.chassis import audit
from services.chassis.database import Transaction
from services.chassis.logs import logger
from services.chassis.messaging.context import Keys
from services.chassis.plain import Word
from services.gateway.store.originals import (
    SealedOriginals,
    change_original,
    keep_originals,
    kept_of,
    lock_original,
    read_originals,
)

ROWS: Final = 1_000
EVENTS_OF_ANOTHER: Final = 200
"""Of so many events of one other agency unknown codes are kept; its codes are still taken."""
log = logger(__name__)
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """One unknown code: where in the event it stood, and of which case; the word is hidden."""

    cause_id: str
    subject: UUID
    place: str
    recorded_at: datetime
    event_type: str = ""
    """Not known of what came in before this was kept."""
    topic: str = ""
    """Empty for what came in by the node's own door."""
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An event with unknown codes: what is kept of it, and the words by their places."""

    cause_id: str
    subject: UUID
    event_type: str
    unmapped: Mapping[str, str] = field(repr=False)
    topic: str = ""


def original_codes_context(cause_id: str) -> bytes:
    """What binds sealed originals to the event they came with."""
    return b"original-code:" + cause_id.encode()


async def keep(tx: Transaction, keys: Keys, found: Found, now: datetime) -> None:
    """Seal the words of an event; nothing waits for it, and nothing is refused by it."""
    if found.topic and await kept_of(tx, found.topic) >= EVENTS_OF_ANOTHER:
        log.warning("too many unknown codes of an agency to keep", kind=Word("original-code"))
        return
    plain = orjson.dumps(dict(found.unmapped))
    await keep_originals(
        tx,
        SealedOriginals(
            cause_id=found.cause_id,
            subject=found.subject,
            sealed=keys.seal(plain, original_codes_context(found.cause_id)),
            recorded_at=now,
            event_type=found.event_type,
            topic=found.topic,
        ),
    )


async def originals(tx: Transaction, keys: Keys) -> list[Original]:
    """Every unknown code that was not mapped, the oldest first."""
    rows = await read_originals(tx, _EVER, ROWS)
    return [
        Original(
            cause_id=row["cause_id"],
            subject=row["subject"],
            place=place,
            recorded_at=row["recorded_at"],
            event_type=row["event_type"],
            topic=row["topic"],
            code=code,
        )
        for row in rows
        for place, code in sorted(_opened(row, keys).items())
    ]


def shown(tx: Transaction, original: Original, *, actor: str, reason: str) -> str:
    """The word itself; audited."""
    subject = str(original.subject)
    audit.record(tx, actor=actor, action="original-code-shown", subject=subject, reason=reason)
    return original.code


async def mapped(tx: Transaction, keys: Keys, original: Original, *, by: str, code: str) -> bool:
    """Note to which code it was mapped, and keep the word no longer; False: somebody did before."""
    row = await lock_original(tx, original.cause_id)
    left = {} if row is None else _opened(row, keys)
    if original.place not in left:
        return False
    del left[original.place]
    context = original_codes_context(original.cause_id)
    sealed = keys.seal(orjson.dumps(left), context) if left else None
    await change_original(tx, original.cause_id, sealed)
    audit.record(
        tx,
        actor=by,
        action="original-code-mapped",
        subject=str(original.subject),
        reason=f"{original.place}:{code}",
    )
    return True


def _opened(row: Mapping[str, Any], keys: Keys) -> dict[str, str]:
    plain = keys.open(row["sealed"], original_codes_context(row["cause_id"]))
    told: dict[str, str] = orjson.loads(plain)
    return told
