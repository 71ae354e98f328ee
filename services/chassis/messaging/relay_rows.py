"""The outbox as the relay sees it: what comes next, what is gone, what is put aside.

Only the relay empties the outbox, always on the connection that holds its lock: a lost connection
is a lost lock, and then nothing more is deleted. No row may be changed here but to park it.
"""

import zlib
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa

from services.chassis.database import (
    DRIVER_ERRORS,
    Connection,
    Record,
    Statement,
    Transaction,
    translated,
)
from services.chassis.messaging.broker import OutgoingRecord
from services.chassis.messaging.codec import CONTENT_TYPE, KAFKA_PREFIX

DEPTH_LIMIT: Final = 100_000
REPEATED_LIMIT: Final = 512
_REPEATED: Final = frozenset(
    ("specversion", "source", "type", "dataschema", "dataclassification", "time")
)
"""Attributes whose values come again; ids and subjects are not kept."""
COUNT_PARKED: Final = "SELECT count(*) FROM outbox WHERE parked IS NOT NULL"
Lane = tuple[str, str]
"""Topic and key: what stays in order."""

_NEXT: Final = """
    SELECT position, topic, key, payload, headers, sequence, epoch FROM outbox AS event
    WHERE bus = $1 AND parked IS NULL AND position > $6
      AND topic <> ALL ($3::text[])
      AND NOT EXISTS (
          SELECT 1 FROM unnest($4::text[], $5::text[]) AS held(topic, key)
          WHERE held.topic = event.topic AND held.key = coalesce(event.key, ''))
      AND NOT EXISTS (
          SELECT 1 FROM outbox AS stuck
          WHERE stuck.parked IS NOT NULL AND stuck.topic = event.topic
            AND coalesce(stuck.key, '') = coalesce(event.key, ''))
    ORDER BY position LIMIT $2
"""
_DELETE: Final = "DELETE FROM outbox WHERE position = ANY ($1::bigint[])"
_PARK: Final = "UPDATE outbox SET parked = $2 WHERE position = $1"
_MEASURE: Final = """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - (
               SELECT created_at FROM outbox WHERE bus = $1 AND parked IS NULL
               ORDER BY position LIMIT 1)), 0)::float8 AS age_seconds,
           (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE bus = $1 LIMIT $2)
               AS written) AS depth,
           (SELECT count(*) FROM outbox WHERE bus = $1 AND parked IS NOT NULL) AS parked
"""
_PARKED: Final = Statement(
    sa.text(
        """
        SELECT position, id, type, topic, sequence, epoch, parked, created_at FROM outbox
        WHERE parked IS NOT NULL ORDER BY position LIMIT :limit
        """
    )
)
_REDRIVE: Final = Statement(
    sa.text("UPDATE outbox SET parked = NULL WHERE id = :id AND parked IS NOT NULL")
)
_DISCARD: Final = Statement(sa.text("DELETE FROM outbox WHERE id = :id AND parked IS NOT NULL"))
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One row, ready to be sent."""

    position: int
    lane: Lane
    record: OutgoingRecord
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far behind the relay is."""

    age_seconds: float = 0.0
    depth: int = 0
    parked: int = 0


class OutboxRows:
    """The rows of one bus over the relay's own connection."""

    def __init__(self, connection: Connection, bus: str, schema: str) -> None:
        self._connection = connection
        self._bus = bus
        self._lock_key = zlib.crc32(f"relay {schema} {bus}".encode())
        self._channel = channel_of(schema, bus)

    async def lead(self) -> bool:
        """Whether this relay has the lock now; it holds until the connection ends."""
        return bool(
            await ask(self._connection.fetchval("SELECT pg_try_advisory_lock($1)", self._lock_key))
        )

    async def notify(self) -> None:
        """Tell the relay that leads, in another process, that rows were written."""
        await ask(self._connection.execute("SELECT pg_notify($1, '')", self._channel))

    async def next(
        self, limit: int, topics: Sequence[str], lanes: Sequence[Lane], after: int = 0
    ) -> list[OutboxRow]:
        """The oldest rows in order, without the topics and lanes that are held back.

        ``after`` a position: only where all rows up to it have arrived, or order is lost.
        """
        names, keys = [lane[0] for lane in lanes], [lane[1] for lane in lanes]
        found = await ask(
            self._connection.fetch(_NEXT, self._bus, limit, list(topics), names, keys, after)
        )
        return [_row(one) for one in found]

    async def delete(self, positions: Sequence[int]) -> None:
        """Forget rows that the bus has acknowledged."""
        await ask(self._connection.execute(_DELETE, list(positions)))

    async def park(self, position: int, why: str) -> None:
        """Put a row aside that can never be sent; its key waits behind it for an operator."""
        await ask(self._connection.execute(_PARK, position, why))

    async def measure(self) -> Backlog:
        """How far behind the relay is."""
        found = await ask(self._connection.fetchrow(_MEASURE, self._bus, DEPTH_LIMIT))
        return Backlog(found["age_seconds"], found["depth"], found["parked"])


def channel_of(schema: str, bus: str) -> str:
    """The name under which relays of one service and bus notify each other."""
    return f"outbox_{schema}_{bus}"


async def parked_rows(tx: Transaction, limit: int = 100) -> list[Record]:
    """The rows put aside, without their bodies."""
    return await tx.fetch(_PARKED, limit=min(limit, 1000))


async def redrive_row(tx: Transaction, event_id: UUID) -> bool:
    """Let a parked row be sent again, and its key after it."""
    return await tx.execute(_REDRIVE, id=event_id) > 0


async def discard_row(tx: Transaction, event_id: UUID) -> bool:
    """Drop a parked row: its readers will see a gap in the numbers and say so."""
    return await tx.execute(_DISCARD, id=event_id) > 0


async def ask(answer: Awaitable[Answer]) -> Answer:
    """Wait for PostgreSQL; its errors become ours, without its words."""
    try:
        return await answer
    except DRIVER_ERRORS as error:
        failure = translated(error)
    raise failure


def _row(found: Any) -> OutboxRow:
    stored: dict[str, str] = found["headers"]
    key: str | None = found["key"]
    content_type = stored.pop("datacontenttype")
    headers: list[tuple[str, bytes | None]] = [
        _repeated(name, text) if name in _REPEATED else (KAFKA_PREFIX + name, text.encode())
        for name, text in stored.items()
    ]
    headers.append((KAFKA_PREFIX + "sequence", b"%d" % found["sequence"]))
    headers.append((KAFKA_PREFIX + "epoch", b"%d" % found["epoch"]))
    headers.append((CONTENT_TYPE, content_type.encode()))
    topic: str = found["topic"]
    record = OutgoingRecord(
        topic, key.encode() if key is not None else None, found["payload"], tuple(headers)
    )
    return OutboxRow(found["position"], (topic, key or ""), record, stored.get("traceparent"))


@lru_cache(maxsize=REPEATED_LIMIT)
def _repeated(name: str, text: str) -> tuple[str, bytes]:
    """A header that many rows have in common: made once, and no work for the memory's cleaner."""
    return KAFKA_PREFIX + name, text.encode()
