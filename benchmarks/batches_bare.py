"""The limit of the batch jobs: aiokafka and asyncpg by hand, lists of a lane, no framework.

The same statements on the same tables as ours; what is left out is everything that is not a
statement: validation, spans, metrics, derived ids, parking, rebalancing.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from benchmarks import event
from benchmarks.handler_bare import Loop, Way, consuming
from benchmarks.servers import Place
from contracts.envelope import source_of
from services.chassis.clock import SystemClock

BATCH: Final = 50
ENTER: Final = "SELECT inbox_enter_many('house', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
APPEND_AND_AUDIT: Final = """
    WITH audited AS (
        INSERT INTO audit (actor, action, subject, reason)
        SELECT actor, 'settle-thing', subject, '' FROM unnest($10::text[], $2::text[])
            AS acts(actor, subject)
    ), draft AS (
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[],
            $6::jsonb[], $7::smallint[], $8::integer[]) WITH ORDINALITY
            AS drafts(id, subject, type, payload, topic, headers, shard, following, ordinal)
    ), counted AS (
        INSERT INTO outbox_counter AS counter (source, epoch, topic, subject, last)
        SELECT $9, 1, topic, subject, count(*) FROM draft GROUP BY topic, subject
        ORDER BY topic, subject
        ON CONFLICT (source, epoch, topic, subject)
            DO UPDATE SET last = counter.last + excluded.last
        RETURNING topic, subject, last
    )
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, topic, key, headers, shard,
                        sequence, epoch)
    SELECT id, 'outcomes', subject, type, payload, topic, subject, headers, shard,
           counted.last - following, 1
    FROM draft JOIN counted USING (topic, subject) ORDER BY ordinal
"""
PROJECT: Final = """
    UPDATE thing SET number = given.number, changed_at = $3
    FROM unnest($1::uuid[], $2::bigint[]) AS given(id, number) WHERE thing.id = given.id
"""
_CLOCK: Final = SystemClock()
Handled = tuple[dict[str, str], dict[str, Any]]
"""Headers and body of one event."""


async def enter(connection: Any, records: Sequence[Any]) -> list[Handled]:
    """Mark and note them; the events that are to be handled."""
    read = [
        ({name: value.decode() for name, value in record.headers}, json.loads(record.value))
        for record in records
    ]
    told = [headers for headers, _body in read]
    verdicts = await connection.fetchval(
        ENTER,
        [headers["ce_subject"] for headers in told],
        [headers["ce_source"] for headers in told],
        [record.topic for record in records],
        [1] * len(told),
        [int(headers["ce_sequence"]) for headers in told],
        [False] * len(told),
        [headers["ce_id"] for headers in told],
        [hashlib.sha256(record.value).hexdigest() for record in records],
        [hashlib.sha256(headers["ce_subject"].encode()).hexdigest() for headers in told],
        [headers["ce_traceparent"][3:35] for headers in told],
        _CLOCK.wall(),
    )
    return [one for one, verdict in zip(read, verdicts, strict=True) if verdict == "handle"]


async def project(connection: Any, handled: Sequence[Handled]) -> None:
    """Everything in one statement, the newest of each thing."""
    newest = {UUID(body["thing"]): body["number"] for _headers, body in handled}
    await connection.execute(PROJECT, list(newest), list(newest.values()), _CLOCK.wall())


class _Lists(Loop):
    """Lists of a lane, in one transaction each."""

    def __init__(
        self, place: Place, tick: Callable[[], None], settle: Callable[["_Lists", Any, Any], Any]
    ) -> None:
        super().__init__(place, tick, Way())
        self._settle = settle

    async def _lane(self, pool: Any, queue: "asyncio.Queue[Any]") -> None:
        async with pool.acquire() as connection:
            while True:
                taken = [await queue.get()]
                while len(taken) < BATCH and not queue.empty():
                    taken.append(queue.get_nowait())
                async with connection.transaction():
                    records = [record for _place, record in taken]
                    await self._settle(self, connection, await enter(connection, records))
                for place, record in taken:
                    self._prefixes[place].finish(record.offset)
                    self._tick()
                self._held -= len(taken)
                self._room.set()

    async def change(self, connection: Any, handled: Sequence[Handled]) -> None:
        """A statement per event, then outbox and audit of all in one."""
        now = _CLOCK.wall()
        for _headers, body in handled:
            await connection.execute(event.CHANGE_TEXT, body["number"], now, UUID(body["thing"]))
        rows = [self._row(headers["ce_subject"], body, headers) for headers, body in handled]
        left: dict[str, int] = {}
        following = []
        for row in reversed(rows):
            following.append(left.get(row[2], 0))
            left[row[2]] = following[-1] + 1
        await connection.execute(
            APPEND_AND_AUDIT,
            [row[3] for row in rows],
            [row[2] for row in rows],
            [row[4] for row in rows],
            [row[5] for row in rows],
            [row[1] for row in rows],
            [row[6] for row in rows],
            [row[7] for row in rows],
            following[::-1],
            source_of(self._place.node, "house"),
            [headers["ce_source"] for headers, _body in handled],
        )


def changing(place: Place, tick: Callable[[], None]) -> Any:
    """A statement per event, an event and an audit row of each."""
    return consuming(place, _Lists(place, tick, _Lists.change))


def projecting(place: Place, tick: Callable[[], None]) -> Any:
    """One statement for a list."""
    return consuming(place, _Lists(place, tick, lambda _lists, *rest: project(*rest)))
