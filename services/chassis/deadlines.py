"""Deadlines: what a service promised to look at by a time, kept in its own database.

A deadline fires in one transaction — the subject's lock, the row, the handler, the row's end —, so
it never fires twice and a crash loses nothing. While wall and monotonic time disagree none fires.
How long anything lasts is the domain's matter and may never be computed here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, NotRequired, Required, TypedDict, TypeVar, Unpack
from uuid import UUID

import sqlalchemy as sa

from services.chassis.clock import JUMPED, Clock, JumpWatch, derived_id, new_id
from services.chassis.database import Database, Record, Statement, Transaction
from services.chassis.errors import InfrastructureFailure, Misuse, backoff_seconds
from services.chassis.failpoints import Failpoint
from services.chassis.logs import logger
from services.chassis.runnable import Readiness, sleep_until
from services.chassis.telemetry import Telemetry

POLL_SECONDS: Final = 1.0
BATCH_LIMIT: Final = 100
HANDLER_SECONDS: Final = 30.0
RETRY_FIRST_SECONDS: Final = 1.0
RETRY_LONGEST_SECONDS: Final = 3600.0
LATE_AFTER: Final = timedelta(minutes=5)

log = logger(__name__)

_SET: Final = Statement(
    sa.text(
        """
        INSERT INTO deadline (id, kind, subject, due_at, detail)
        VALUES (:id, :kind, :subject, :due_at, :detail)
        ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, subject = excluded.subject,
            due_at = excluded.due_at, detail = excluded.detail, attempts = 0,
            retry_at = '-infinity'
        """
    )
)
_DROP: Final = Statement(
    sa.text(
        """
        DELETE FROM deadline WHERE subject = :subject
            AND (CAST(:kind AS text) IS NULL OR kind = CAST(:kind AS text))
            AND (CAST(:id AS uuid) IS NULL OR id = CAST(:id AS uuid))
        """
    )
)
_DUE: Final = Statement(
    sa.text(
        """
        SELECT id, subject FROM deadline WHERE due_at <= :now AND retry_at <= :wall
        ORDER BY due_at, id LIMIT :limit
        """
    )
)
_TAKE: Final = Statement(
    sa.text(
        """
        SELECT id, kind, subject, due_at, detail FROM deadline
        WHERE id = :id AND subject = :subject AND due_at <= :now FOR UPDATE
        """
    )
)
_FINISH: Final = Statement(
    sa.text("DELETE FROM deadline WHERE id = :id AND due_at = :due_at AND kind = :kind")
)
_FAILED: Final = Statement(
    sa.text(
        """
        UPDATE deadline SET attempts = attempts + 1, retry_at = CAST(:wall AS timestamptz)
            + make_interval(secs => least(CAST(:longest AS float8),
                            CAST(:first AS float8) * 2.0 ^ least(attempts, 30)))
        WHERE id = :id
        """
    )
)
_LATE: Final = Statement(sa.text("SELECT count(*) AS late FROM deadline WHERE due_at <= :before"))


class DeadlineFields(TypedDict):
    """What a deadline is set with; the same ``id`` again moves it."""

    kind: Required[str]
    subject: Required[str]
    due_at: Required[datetime]
    detail: NotRequired[Mapping[str, Any]]
    id: NotRequired[UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One deadline that is due."""

    id: UUID
    kind: str
    subject: str
    due_at: datetime
    detail: Mapping[str, Any]

    @property
    def cause(self) -> UUID:
        """What comes of it comes because of this: the same when it fires again after a crash,
        another one when the promise was made anew for another time, under the same id.
        """
        return derived_id("deadline", str(self.id), self.due_at.isoformat(), 0)


async def set_deadline(tx: Transaction, **fields: Unpack[DeadlineFields]) -> UUID:
    """Remember ``kind`` of ``subject`` until ``due_at``; returns its id."""
    if fields["due_at"].tzinfo is None:
        raise Misuse("a deadline is set without a time zone")
    deadline_id = fields.get("id") or new_id()
    await tx.execute(
        _SET,
        id=deadline_id,
        kind=fields["kind"],
        subject=fields["subject"],
        due_at=fields["due_at"],
        detail=dict(fields.get("detail") or {}),
    )
    return deadline_id


async def drop_deadlines(
    tx: Transaction,
    *,
    subject: str,
    kind: str | None = None,
    id: UUID | None = None,  # noqa: A002 - the column's name
) -> int:
    """Forget deadlines of ``subject``: all, those of a kind, or one; how many there were."""
    return await tx.execute(_DROP, subject=subject, kind=kind, id=id)


W = TypeVar("W")
DeadlineHandler = Callable[[Deadline, W], Awaitable[None]]
LockSubject = Callable[[Transaction, str], Awaitable[Any]]
MakeWork = Callable[[Transaction, datetime, Deadline], W]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineContext(Generic[W]):
    """What the poller is given: ``lock`` takes the subject's row first, ``make_work`` the work."""

    database: Database
    clock: Clock
    telemetry: Telemetry
    lock: LockSubject
    make_work: MakeWork[W]


class DeadlinePoller(Generic[W]):
    """Fires what is due, oldest first; a part of the process."""

    name = "deadlines"

    def __init__(
        self,
        context: DeadlineContext[W],
        handlers: Mapping[str, DeadlineHandler[W]],
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._context = context
        self._handlers = dict(handlers)
        self._poll_seconds = poll_seconds
        self._fired = context.telemetry.counter("deadlines_fired")
        self._failed = context.telemetry.counter("deadlines_failed")
        """Told as nothing from the beginning: of a number that comes with its first failure, nobody
        who collects it sees a growth."""
        self._jump = JumpWatch(context.clock)
        self._late = 0
        self._state = Readiness(True)

    def readiness(self) -> Readiness:
        """Not ready while the clock jumped, the database is away or deadlines are late."""
        if self._state.ok and self._late:
            return Readiness(False, "deadlines are late")
        return self._state

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until ``stop``."""
        failures = 0
        while not stop.is_set():
            more = False
            try:
                more = await self.poll()
                failures = 0
            except InfrastructureFailure as error:
                failures += 1
                self._state = Readiness(False, "the database is not available")
                log.warning("deadlines wait for the database", error=error)
            pause = backoff_seconds(failures) or (0 if more else self._poll_seconds)
            if pause:
                await sleep_until(stop, pause)

    async def poll(self) -> bool:
        """Fire what is due now; whether a full batch was found, so that there may be more."""
        telemetry, clock = self._context.telemetry, self._context.clock
        jumped = self._jump.jumped()
        telemetry.gauge("clock_jumped").set(jumped)
        if jumped:
            self._state = Readiness(False, JUMPED)
            log.error("no deadline fires: wall and monotonic time disagree")
            return False
        now = clock.now()
        async with self._context.database.transaction() as tx:
            due = await tx.fetch(_DUE, now=now, wall=clock.wall(), limit=BATCH_LIMIT)
            late = await tx.fetch_one(_LATE, before=now - LATE_AFTER)
        self._late = int(late["late"]) if late is not None else 0
        telemetry.gauge("deadlines_late").set(self._late)
        for row in due:
            await self._attempt(row)
        self._state = Readiness(True)
        return len(due) == BATCH_LIMIT

    async def _attempt(self, row: Record) -> None:
        context = self._context
        try:
            fired = await context.database.run(lambda tx: self._fire(tx, row))
        except InfrastructureFailure:
            raise
        except Exception as error:  # noqa: BLE001 - it fails by itself: tried again, never lost
            log.warning("a deadline failed", error=error)
            self._failed.inc()
            async with context.database.transaction() as tx:
                await tx.execute(
                    _FAILED,
                    id=row["id"],
                    wall=context.clock.wall(),
                    first=RETRY_FIRST_SECONDS,
                    longest=RETRY_LONGEST_SECONDS,
                )
        else:
            if fired:
                context.database.failpoints.reach(Failpoint.DEADLINE_AFTER_COMMIT)
            self._fired.inc(fired)

    async def _fire(self, tx: Transaction, row: Record) -> int:
        context = self._context
        now = context.clock.now()
        await context.lock(tx, row["subject"])
        found = await tx.fetch_one(_TAKE, id=row["id"], subject=row["subject"], now=now)
        if found is None:
            return 0
        deadline = Deadline(**dict(found))
        handler = self._handlers.get(deadline.kind)
        if handler is None:
            raise Misuse(f"nobody handles deadlines of kind {deadline.kind}")
        with context.telemetry.span(f"deadline {deadline.kind}"):
            async with asyncio.timeout(HANDLER_SECONDS):
                await handler(deadline, context.make_work(tx, now, deadline))
        await tx.execute(_FINISH, id=deadline.id, due_at=deadline.due_at, kind=deadline.kind)
        tx.failpoints.reach(Failpoint.DEADLINE_BEFORE_COMMIT)
        return 1
