"""Feeds: what a poor line polls. Every entry has a position, and no reader can miss one.

Lanes commit out of the order of ids, so ``id > after`` would lose entries. One numbering task gives
positions to committed rows only: what gets a position later was committed later. In a restored
database (its epoch is raised) a feed that the backup did not know begins far ahead, as
``restore.py`` pushes those that it knew.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from services.chassis.clock import Clock
from services.chassis.database import Database, Statement, Transaction
from services.chassis.errors import InfrastructureFailure, NoLongerKept, backoff_seconds
from services.chassis.failpoints import Failpoint
from services.chassis.retention import Keep
from services.chassis.runnable import Readiness
from services.chassis.telemetry import Telemetry

LOOK_SECONDS: Final = 1.0
"""How often entries are looked for that another process left; one's own ring a bell."""
AGAIN_SECONDS: Final = 0.1
"""How soon it is tried again when another process is just numbering."""
NUMBERING_BATCH: Final = 1_000
READ_LIMIT: Final = 500
WAIT_LIMIT_SECONDS: Final = 60.0
FAILURES_UNREADY: Final = 3

_APPEND: Final = Statement(
    text("INSERT INTO feed_entry (feed, body, appended_at) VALUES (:feed, :body, :at)")
)
_ALONE: Final = Statement(
    text(
        "SELECT pg_try_advisory_xact_lock("
        "hashtextextended('feed numbering ' || current_schema(), 0)) AS alone"
    )
)
_NUMBER: Final = Statement(
    text(
        """
        WITH fresh AS (
            SELECT id, feed, row_number() OVER (PARTITION BY feed ORDER BY id) AS place
            FROM (SELECT id, feed FROM feed_entry WHERE position IS NULL ORDER BY id LIMIT :many)
                AS oldest
        ), counted AS (SELECT feed, count(*) AS many FROM fresh GROUP BY feed
        ), restored AS (
            SELECT CASE WHEN epoch = 1 THEN 0 ELSE epoch::bigint * 1000 + 1000000 END AS ahead
            FROM instance
        ), last AS (
            INSERT INTO feed_position AS p (feed, last)
            SELECT feed, many + ahead FROM counted, restored
            ON CONFLICT (feed) DO UPDATE SET last = p.last + excluded.last
                - (SELECT ahead FROM restored)
            RETURNING feed, last
        )
        UPDATE feed_entry e SET position = last.last - counted.many + fresh.place
        FROM fresh JOIN last USING (feed) JOIN counted USING (feed) WHERE e.id = fresh.id
        """
    )
)
_FORGET: Final = Statement(
    text(
        """
        WITH young AS (
            SELECT p.feed, coalesce(min(e.position), p.last + 1) AS first
            FROM feed_position p LEFT JOIN feed_entry e
                ON e.feed = p.feed AND e.position IS NOT NULL AND e.appended_at >= :before
            GROUP BY p.feed, p.last
        ), old AS (
            SELECT e.id FROM feed_entry e JOIN young USING (feed) WHERE e.position < young.first
            ORDER BY e.feed, e.position LIMIT :many
        ), gone AS (
            DELETE FROM feed_entry e USING old WHERE e.id = old.id RETURNING e.feed, e.position
        ), upto AS (SELECT feed, max(position) AS position FROM gone GROUP BY feed
        ), marked AS (
            UPDATE feed_position p SET forgotten = upto.position FROM upto WHERE p.feed = upto.feed
        )
        SELECT 1 FROM gone
        """
    )
)
"""The oldest positions first and none left out, so that one number tells what is no longer here."""
_FORGOTTEN: Final = Statement(text("SELECT forgotten FROM feed_position WHERE feed = :feed"))
_READ: Final = Statement(
    text(
        "SELECT position, body, appended_at FROM feed_entry WHERE feed = :feed"
        " AND position > :after ORDER BY position LIMIT :many"
    )
)
_READ_BACK: Final = Statement(
    text(
        "SELECT position, body, appended_at FROM feed_entry WHERE feed = :feed"
        " AND position < :before ORDER BY position DESC LIMIT :many"
    )
)
LAST: Final = 2**53
"""Further than any feed goes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed; ``position`` is what to ask ``after`` next."""

    position: int
    body: Mapping[str, Any]
    appended_at: datetime


async def append(tx: Transaction, feed: str, body: Mapping[str, Any], at: datetime) -> None:
    """Append to a feed; readers see it once it is committed and numbered."""
    await tx.execute(_APPEND, feed=feed, body=dict(body), at=at)


def forgotten_after(kept: timedelta) -> Keep:
    """Entries of every feed go away after this time; the feed remembers up to where."""
    return Keep(name="feed_entry", kept=kept, statement=_FORGET)


class Feeds:
    """The feeds of one schema; numbering them is a part of the process."""

    def __init__(self, database: Database, clock: Clock, telemetry: Telemetry) -> None:
        self.name = "feeds"
        self._database = database
        self._clock = clock
        self._depth = telemetry.gauge("feed_depth")
        self._numbered = asyncio.Event()
        self._appended = asyncio.Event()
        self._crowded = False
        self._failures = 0

    def readiness(self) -> Readiness:
        """Whether numbering works."""
        failing = self._failures >= FAILURES_UNREADY
        return Readiness(not failing, "numbering fails" if failing else "")

    async def append(self, tx: Transaction, feed: str, body: Mapping[str, Any]) -> None:
        """Append to a feed."""
        await append(tx, feed, body, self._clock.wall())
        tx.after_commit("feeds", self._appended.set)

    async def read(self, feed: str, after: int = 0, limit: int = READ_LIMIT) -> list[Entry]:
        """Entries after a position, in order; NoLongerKept when some of them were forgotten.

        What was forgotten is asked for last: an entry deleted in between is never left out.
        """
        async with self._database.transaction() as tx:
            rows = await tx.fetch(_READ, feed=feed, after=after, many=min(limit, READ_LIMIT))
            known = await tx.fetch_one(_FORGOTTEN, feed=feed)
        if known is not None and after < known["forgotten"]:
            raise NoLongerKept(known["forgotten"])
        return [Entry(row["position"], row["body"], row["appended_at"]) for row in rows]

    async def read_back(
        self, feed: str, before: int = LAST, limit: int = READ_LIMIT
    ) -> list[Entry]:
        """Entries before a position, the newest first; what was forgotten is not missed."""
        async with self._database.transaction() as tx:
            rows = await tx.fetch(_READ_BACK, feed=feed, before=before, many=min(limit, READ_LIMIT))
        return [Entry(row["position"], row["body"], row["appended_at"]) for row in rows]

    async def wait(self, feed: str, after: int, seconds: float) -> list[Entry]:
        """Entries after a position; waits a bounded time for the first."""
        until = self._clock.monotonic() + min(seconds, WAIT_LIMIT_SECONDS)
        while True:
            numbered = self._numbered
            entries = await self.read(feed, after)
            left = until - self._clock.monotonic()
            if entries or left <= 0:
                return entries
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, 1.0)):
                    await numbered.wait()

    async def run(self, stop: asyncio.Event) -> None:
        """Number committed entries until told to stop."""
        while not stop.is_set():
            self._appended.clear()
            try:
                many = await self.number()
                self._failures = 0
            except InfrastructureFailure:
                self._failures += 1
                many = 0
            if self._failures or self._crowded:
                await _any_of([stop], AGAIN_SECONDS + backoff_seconds(self._failures))
            elif many < NUMBERING_BATCH:
                await _any_of([stop, self._appended], LOOK_SECONDS)

    async def number(self) -> int:
        """Give positions to committed entries; only one process at a time does it."""
        async with self._database.transaction() as tx:
            alone = await tx.fetch_one(_ALONE)
            self._crowded = alone is None or not alone["alone"]
            if self._crowded:
                return 0
            many = await tx.execute(_NUMBER, many=NUMBERING_BATCH)
            if many:
                tx.failpoints.reach(Failpoint.FEED_BEFORE_COMMIT)
        self._depth.set(many)
        if many:
            self._database.failpoints.reach(Failpoint.FEED_AFTER_COMMIT)
            numbered, self._numbered = self._numbered, asyncio.Event()
            numbered.set()
        return many


async def _any_of(events: Sequence[asyncio.Event], seconds: float) -> None:
    """Until one of them is set, for a bounded time."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
