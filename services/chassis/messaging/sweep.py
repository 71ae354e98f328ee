"""The guarantee that no stored record is forgotten: every stream with rows is advanced, always.

At start and each second, oldest row first, one row in one transaction, until nothing moves. A call
right after a commit (``follow``) is for latency only. Rows that nobody may move (parked, or beyond
a gap) are counted, and ring when they stand too long.
"""

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import text

from services.chassis.clock import JumpWatch
from services.chassis.database import Statement
from services.chassis.logs import logger
from services.chassis.messaging.arrival import Stream
from services.chassis.messaging.attempts import Attempts
from services.chassis.messaging.broker import LOCAL, LOCAL_PREFIX
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.inbox import Row, State
from services.chassis.messaging.rows import CRASH, Result, Rows
from services.chassis.messaging.trials import Trials

FOLLOW_LIMIT: Final = 50
PASSES_LIMIT: Final = 5
PURGE_EVERY: Final = timedelta(hours=1)

_OLDEST: Final = """
    SELECT DISTINCT r.subject, r.source, r.topic, r.epoch FROM inbox_row r
    WHERE r.consumer = :consumer AND {which} AND (
        r.state IN ('waiting', 'behind') AND NOT EXISTS (
            SELECT 1 FROM inbox_row o WHERE o.consumer = r.consumer AND o.subject = r.subject
            AND o.source = r.source AND o.topic = r.topic AND o.state <> 'gap'
            AND (o.epoch, o.sequence) < (r.epoch, r.sequence))
        OR r.state = 'gap' AND r.sequence = 1 + coalesce((
            SELECT m.read FROM inbox_mark m WHERE m.consumer = r.consumer
            AND m.subject = r.subject AND m.source = r.source AND m.topic = r.topic
            AND m.epoch = r.epoch), 0)
        OR r.never_waits AND (r.state = 'behind' OR r.movable AND NOT r.done))
    ORDER BY r.subject, r.source, r.topic, r.epoch LIMIT :many
"""
_PAGE: Final = Statement(
    text(
        _OLDEST.format(
            which="(r.subject, r.source, r.topic, r.epoch)"
            " > (:subject, :source, :topic, CAST(:epoch AS bigint))"
        )
    )
)
_OF_SUBJECT: Final = Statement(text(_OLDEST.format(which="r.subject = :subject")))
_CENSUS: Final = Statement(
    text(
        "SELECT state, count(*) AS many, min(stored_at) AS first,"
        " min(stored_at) FILTER (WHERE consumer = :consumer) AS oldest FROM inbox_row"
        " WHERE NOT done AND starts_with(topic, :prefix) = :local GROUP BY state"
    )
)

log = logger(__name__)


class Settling(Protocol):
    """Who settles rows."""

    @property
    def rows(self) -> Rows:
        """The rows."""

    async def advance(self, stream: Stream, trying: list[Row] | None = None) -> Result:
        """Settle the oldest row of a stream if it may move; notes in ``trying`` which it is."""


class Sweep:
    """Advances the streams of one consumer."""

    def __init__(
        self, context: ConsumerContext, settling: Settling, trials: Trials, attempts: Attempts
    ) -> None:
        self._context = context
        self._settling = settling
        self._rows = settling.rows
        self._trials = trials
        self._attempts = attempts
        self._purge_due = context.clock.wall()
        self._jump = JumpWatch(context.clock)
        self.alarms: frozenset[State] = frozenset()
        """States in which a row stands for longer than it should."""

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep now and each second, until told to stop."""
        while not stop.is_set():
            await self._trials.persist(self.once)
            await self._trials.persist(self._census)
            await self._trials.persist(self._purge)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._context.limits.sweep_seconds):
                    await stop.wait()

    async def once(self) -> int:
        """Advance every stream that may move, and what that frees; answers how many steps."""
        steps = 0
        for _ in range(PASSES_LIMIT):
            made = await self._pass()
            steps += made
            if not made:
                break
        return steps

    async def _pass(self) -> int:
        last = Stream("", "", "", -1)
        steps = 0
        while page := await self._page(last):
            for stream in page:
                steps += await self.advance(stream, self._context.limits.sweep_steps_each_stream)
            last = page[-1]
            if len(page) < self._context.limits.sweep_page:
                break
        return steps

    async def follow(self, subject: str) -> None:
        """Advance the streams of one subject: what was just committed may have freed them."""
        async with self._context.database.transaction() as tx:
            rows = await tx.fetch(
                _OF_SUBJECT, consumer=self._rows.inbox.consumer, subject=subject, many=10
            )
        for row in rows:
            await self.advance(Stream(**row), FOLLOW_LIMIT)

    async def advance(self, stream: Stream, limit: int) -> int:
        """One row in one transaction, until nothing moves or ``limit`` steps were made."""
        for step in range(limit):
            if not (await self._step(stream)).stored:
                return step
        return limit

    async def _step(self, stream: Stream) -> Result:
        """One row, tried as often as a record is; then it is parked."""
        if not self._attempts.unclean:
            return await self._try(stream)
        async with self._attempts.one_at_a_time:
            attempts = await self._trials.persist(lambda: self._rows.attempt(stream))
            if attempts > self._context.limits.attempts:
                return await self._trials.persist(lambda: self._rows.park(stream, CRASH))
            return await self._try(stream)

    async def _try(self, stream: Stream) -> Result:
        trying: list[Row] = []
        return await self._trials.settle(
            lambda: self._settling.advance(stream, trying),
            lambda error: self._rows.park(stream, error, trying[0] if trying else None),
        )

    async def _page(self, last: Stream) -> list[Stream]:
        async with self._context.database.transaction() as tx:
            rows = await tx.fetch(
                _PAGE,
                consumer=self._rows.inbox.consumer,
                **last._asdict(),
                many=self._context.limits.sweep_page,
            )
        return [Stream(**row) for row in rows]

    async def _census(self) -> None:
        async with self._context.database.transaction() as tx:
            rows = await tx.fetch(
                _CENSUS,
                consumer=self._rows.inbox.consumer,
                prefix=LOCAL_PREFIX,
                local=self._context.subscriptions.bus == LOCAL,
            )
        found = {State(row["state"]): row for row in rows}
        for state in State:
            gauge = self._context.telemetry.gauge(f"events_{state}")
            many = found[state]["many"] if state in found else 0
            gauge.labels(self._context.subscriptions.bus).set(many)
        now = self._context.clock.wall()
        age = self._context.telemetry.gauge("events_parked_age_seconds")
        parked = found.get(State.PARKED)
        seconds = (now - parked["first"]).total_seconds() if parked else 0.0
        age.labels(self._context.subscriptions.bus).set(max(0.0, seconds))
        late = frozenset(state for state, row in found.items() if self._late(row["oldest"], now))
        for state in late - self.alarms:
            log.warning("stored records stand too long", state=state)
        self.alarms = late

    def _late(self, oldest: datetime | None, now: datetime) -> bool:
        return oldest is not None and now - oldest >= self._context.limits.alarm_after

    async def _purge(self) -> None:
        """Forget handled ids that are old enough; never by a clock that jumped."""
        now = self._context.clock.wall()
        if now < self._purge_due or self._jump.jumped():
            return
        limits = self._context.limits
        async with self._context.database.transaction() as tx:
            gone = await self._rows.inbox.purge(tx, now - limits.known_for, limits.purge_batch)
        if gone < limits.purge_batch:
            self._purge_due = now + PURGE_EVERY
