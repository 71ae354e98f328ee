"""Who was at the door before: (source, id) with a keyed digest of the body, kept for a long time.

The same for Kafka and HTTP, binary and structured: the digest is of type, subject and JSON value,
whatever its spacing and order. A known id with the same of these is a repeat; with others it is
refused. Only digests are kept, of source and id too: both are the sender's words, and a sender
that does everything wrong may have put a name there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import orjson
from sqlalchemy import text

from services.chassis.database import Statement, Transaction
from services.chassis.errors import Misuse

SEEN_FOR: Final = timedelta(days=400)

_CHECK_IN: Final = Statement(
    text("SELECT seen, again, refused FROM door_check_in(:source, :event_id, :body_digest, :at)")
)
_REFUSED: Final = Statement(
    text(
        "UPDATE door_seen SET refused = true WHERE source = :source AND event_id = :event_id"
        " AND body_digest = :body_digest"
    )
)
_PURGE: Final = Statement(
    text(
        "DELETE FROM door_seen WHERE ctid = ANY (ARRAY("
        "SELECT ctid FROM door_seen WHERE seen_at < :before LIMIT :many))"
    )
)


class Seen(StrEnum):
    """What is known of an id at the door."""

    NEW = "new"
    REPEAT = "repeat"
    """The same id and body were here: nothing happens twice."""
    REUSED = "reused"
    """The id was here with another body: refused as ``id-reused``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """An event at the door, by its name and the digest of its body."""

    source: str
    event_id: str
    body_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an event says: the same body of another type, or about something else, is another."""

    content: bytes
    type: str = ""
    subject: str = ""


def visitor_named(
    digest: Callable[[bytes], str], *, source: str, event_id: str, said: Said
) -> Visitor:
    """The visitor that an event is, however it came."""
    about = b"\0".join([said.type.encode(), said.subject.encode(), canonical(said.content)])
    return Visitor(
        source=digest(source.encode()),
        event_id=digest(event_id.encode()),
        body_digest=digest(about),
    )


def canonical(content: bytes) -> bytes:
    """The same bytes for the same JSON value; what is no JSON stays as it is."""
    try:
        return orjson.dumps(orjson.loads(content), option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONDecodeError, TypeError):
        return content


@dataclass(frozen=True, slots=True)
class CheckIn:
    """The answer: ``again`` when this very id and body were here; ``refused`` how it ended."""

    seen: Seen
    again: bool
    refused: bool


async def check_in(tx: Transaction, visitor: Visitor, at: datetime) -> CheckIn:
    """Note the visitor in this transaction; two with the same id go one after another."""
    found = await tx.fetch_one(
        _CHECK_IN,
        source=visitor.source,
        event_id=visitor.event_id,
        body_digest=visitor.body_digest,
        at=at,
    )
    if found is None:
        raise Misuse("the door answers one row")
    return CheckIn(Seen(found["seen"]), found["again"], found["refused"])


async def note_refusal(tx: Transaction, visitor: Visitor) -> None:
    """The visitor was refused: a repeat of it is deleted too."""
    await tx.execute(
        _REFUSED,
        source=visitor.source,
        event_id=visitor.event_id,
        body_digest=visitor.body_digest,
    )


async def forget(tx: Transaction, before: datetime, many: int) -> int:
    """Forget visitors that were here before; answers how many."""
    return await tx.execute(_PURGE, before=before, many=many)
