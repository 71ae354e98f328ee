"""The limit of job 2: aiokafka and asyncpg by hand, eight lanes, no framework.

The same statements on the same tables as ours; what is left out is everything that is not a
statement: validation, spans, metrics, derived ids, parking, rebalancing.
"""

import asyncio
import hashlib
import json
import zlib
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer

from benchmarks import event
from benchmarks.servers import Place
from contracts.envelope import source_of
from services.chassis.clock import SystemClock, new_id
from services.chassis.collector import collected_rarely

LANES: Final = 8
IN_FLIGHT: Final = 1_000
COMMIT_SECONDS: Final = 0.1

ENTER: Final = (
    "SELECT verdict, older_epoch, stored FROM inbox_enter('house', $1, $2, $3, 1, $4, 'plain',"
    " $5, $6, $7, $8, $9, $10, $11, $12)"
)
PLAIN: Final = (
    "INSERT INTO inbox_known (consumer, source, event_id, body_digest, handled_at)"
    " VALUES ('house', $1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1"
)
APPEND: Final = """
    WITH counted AS (
        INSERT INTO outbox_counter AS counter (source, epoch, topic, subject, last)
        VALUES ($1, 1, $2, $3, 1)
        ON CONFLICT (source, epoch, topic, subject) DO UPDATE SET last = counter.last + 1
        RETURNING last
    )
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, topic, key, headers, shard,
                        sequence, epoch)
    SELECT $4, 'outcomes', $3, $5, $6, $2, $3, $7, $8, last, 1 FROM counted
"""
AUDITED: Final = (
    "WITH audited AS (INSERT INTO audit (actor, action, subject, reason)"
    " VALUES ($9, 'settle-thing', $3, '')), counted AS ("
)
APPEND_AND_AUDIT: Final = APPEND.replace("WITH counted AS (", AUDITED)
AUDIT: Final = "INSERT INTO audit (actor, action, subject, reason) VALUES ($1, $2, $3, '')"


@dataclass(slots=True)
class _Prefix:
    """The contiguous finished prefix of one partition."""

    taken: deque[int] = field(default_factory=deque)
    done: set[int] = field(default_factory=set)
    finished: int = 0

    def finish(self, offset: int) -> None:
        self.done.add(offset)
        while self.taken and self.taken[0] in self.done:
            self.finished = self.taken.popleft() + 1
            self.done.discard(self.finished - 1)


@dataclass(frozen=True, slots=True)
class Way:
    """How it is written by hand."""

    plain: bool = False
    """With the simplest inbox."""
    joined: bool = False
    """With outbox row and audit row in one statement."""


class Loop:
    """Fetches, deals to lanes, commits offsets."""

    def __init__(self, place: Place, tick: Callable[[], None], way: Way) -> None:
        self._place = place
        self._tick = tick
        self._way = way
        self._clock = SystemClock()
        self._queues: list[asyncio.Queue[Any]] = [asyncio.Queue() for _ in range(LANES)]
        self._prefixes: dict[Any, _Prefix] = defaultdict(_Prefix)
        self._held = 0
        self._room = asyncio.Event()

    async def run(self, pool: Any, consumer: AIOKafkaConsumer) -> None:
        async with asyncio.TaskGroup() as group:
            for queue in self._queues:
                group.create_task(self._lane(pool, queue))
            group.create_task(self._commits(consumer))
            while True:
                batches = await consumer.getmany(timeout_ms=500, max_records=500)
                for place, records in batches.items():
                    self._deal(place, records)
                while self._held > IN_FLIGHT:
                    self._room.clear()
                    await self._room.wait()

    def _deal(self, place: Any, records: Any) -> None:
        for record in records:
            self._prefixes[place].taken.append(record.offset)
            self._held += 1
            self._queues[zlib.crc32(record.key) % LANES].put_nowait((place, record))

    async def _lane(self, pool: Any, queue: "asyncio.Queue[Any]") -> None:
        async with pool.acquire() as connection:
            while True:
                place, record = await queue.get()
                async with connection.transaction():
                    await self._handle(connection, record)
                self._prefixes[place].finish(record.offset)
                self._held -= 1
                self._room.set()
                self._tick()

    async def _handle(self, connection: Any, record: Any) -> None:
        headers = {name: value.decode() for name, value in record.headers}
        body = json.loads(record.value)
        subject, now = headers["ce_subject"], self._clock.wall()
        if not await self._enter(connection, record, headers, now):
            return
        await connection.execute(event.CHANGE_TEXT, body["number"], now, UUID(body["thing"]))
        row = self._row(subject, body, headers)
        if self._way.joined:
            await connection.execute(APPEND_AND_AUDIT, *row, headers["ce_source"])
            return
        await connection.execute(APPEND, *row)
        await connection.execute(AUDIT, headers["ce_source"], "settle-thing", subject)

    async def _enter(
        self, connection: Any, record: Any, headers: dict[str, str], now: datetime
    ) -> bool:
        digest = hashlib.sha256(record.value).hexdigest()
        source, event_id = headers["ce_source"], headers["ce_id"]
        if self._way.plain:
            arguments = (source, event_id, digest, now)
            return await connection.fetchval(PLAIN, *arguments) is not None
        subject = headers["ce_subject"]
        found = await connection.fetchrow(
            ENTER,
            subject,
            source,
            record.topic,
            int(headers["ce_sequence"]),
            event_id,
            headers["ce_type"],
            digest,
            hashlib.sha256(subject.encode()).hexdigest(),
            record.partition,
            record.offset,
            headers["ce_traceparent"][3:35],
            now,
        )
        return bool(found["verdict"] == "handle")

    def _row(self, subject: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[Any, ...]:
        source, fresh = source_of(self._place.node, "house"), new_id()
        attributes = {
            "specversion": "1.0",
            "time": datetime.now(UTC).isoformat(),  # noqa: TID251 - by hand, as anybody would
            "id": str(fresh),
            "source": source,
            "type": event.OUTCOME.type,
            "subject": subject,
            "dataschema": event.OUTCOME.dataschema,
            "correlationid": headers["ce_correlationid"],
            "causationid": headers["ce_id"],
            "traceparent": headers["ce_traceparent"],
            "dataclassification": str(event.OUTCOME.classification),
            "datacontenttype": "application/json",
        }
        return (
            source,
            self._place.topic(event.OUTCOMES),
            subject,
            fresh,
            event.OUTCOME.type,
            json.dumps({**body, "kind": "settled"}).encode(),
            json.dumps(attributes),
            zlib.crc32(subject.encode()) % 16,
        )

    async def _commits(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            offsets = {at: one.finished for at, one in self._prefixes.items() if one.finished}
            if offsets:
                await consumer.commit(offsets)


@asynccontextmanager
async def consuming(place: Place, loop: Loop) -> AsyncIterator[None]:
    """Run a loop of hand-written statements with a pool and a consumer of its own."""
    pool = await asyncpg.create_pool(
        place.url,
        min_size=LANES,
        max_size=LANES,
        server_settings={"search_path": "house", "timezone": "UTC"},
    )
    consumer = AIOKafkaConsumer(
        place.topic(event.THINGS),
        bootstrap_servers=place.bootstrap,
        group_id=f"{place.node}.bare",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    with collected_rarely():  # as ours: what is left out is no setting of the interpreter
        task = asyncio.create_task(loop.run(pool, consumer))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await consumer.stop()
            await pool.close()


def same_statements(place: Place, tick: Callable[[], None]) -> Any:
    """The statements of ours, by hand."""
    return consuming(place, Loop(place, tick, Way()))


def plain_inbox(place: Place, tick: Callable[[], None]) -> Any:
    """The same but for the inbox: one row per event, no marks."""
    return consuming(place, Loop(place, tick, Way(plain=True)))


def joined_writes(place: Place, tick: Callable[[], None]) -> Any:
    """The statements of ours, the last two as one."""
    return consuming(place, Loop(place, tick, Way(joined=True)))
