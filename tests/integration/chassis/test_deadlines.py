"""Deadlines on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.chassis import audit
from services.chassis.clock import FrozenClock
from services.chassis.database import Database, Statement, Transaction
from services.chassis.deadlines import (
    LATE_AFTER,
    RETRY_FIRST_SECONDS,
    Deadline,
    DeadlineContext,
    DeadlinePoller,
    drop_deadlines,
    set_deadline,
)
from services.chassis.errors import Misuse
from services.chassis.telemetry import Telemetry
from tests.support.settings import plain_settings
from tests.support.waiting import until

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEFT = Statement(sa.text("SELECT id, attempts FROM deadline ORDER BY id"))
ACTS = Statement(sa.text("SELECT subject, reason FROM audit ORDER BY id"))
LOCK = Statement(sa.text("SELECT pg_advisory_xact_lock(hashtext(:subject))"))


class TornClock(FrozenClock):
    """A clock whose wall time can be set without monotonic time passing."""

    torn = timedelta(0)

    def wall(self) -> datetime:
        return super().wall() + self.torn


@dataclass
class House:
    """A database, a clock, and what the handler was told."""

    database: Database
    telemetry: Telemetry
    clock: TornClock = field(default_factory=lambda: TornClock(AT))
    fails: int = 0

    async def lock(self, tx: Transaction, subject: str) -> None:
        await tx.fetch(LOCK, subject=subject)

    async def remind(self, deadline: Deadline, work: tuple[Transaction, datetime]) -> None:
        audit.record(
            work[0],
            actor="house",
            action="reminded",
            subject=deadline.subject,
            reason=deadline.detail.get("why", ""),
        )
        if self.fails:
            self.fails -= 1
            raise KeyError
        await asyncio.sleep(0)

    def poller(self) -> DeadlinePoller[tuple[Transaction, datetime]]:
        context: DeadlineContext[tuple[Transaction, datetime]] = DeadlineContext(
            database=self.database,
            clock=self.clock,
            telemetry=self.telemetry,
            lock=self.lock,
            make_work=lambda tx, now, _deadline: (tx, now),
        )
        return DeadlinePoller(context, {"reminder": self.remind}, poll_seconds=0.01)

    async def set(self, subject: str, due_at: datetime, **fields: Any) -> UUID:
        given = {"kind": "reminder", "subject": subject, "due_at": due_at, **fields}
        async with self.database.transaction() as tx:
            return await set_deadline(tx, **given)

    async def left(self) -> list[tuple[UUID, int]]:
        async with self.database.transaction() as tx:
            return [(row["id"], row["attempts"]) for row in await tx.fetch(LEFT)]

    async def reminded(self) -> list[tuple[str, str]]:
        async with self.database.transaction() as tx:
            return [(row["subject"], row["reason"]) for row in await tx.fetch(ACTS)]


@pytest.fixture
async def here(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    telemetry = Telemetry(plain_settings(tmp_path))
    yield House(database, telemetry)
    telemetry.close()


async def test_what_is_due_fires_once_and_what_is_not_waits(here: House) -> None:
    await here.set("one", AT, detail={"why": "because"})
    await here.set("two", AT + HOUR)
    poller = here.poller()
    for _ in range(2):
        await poller.poll()
    assert await here.reminded() == [("one", "because")]
    here.clock.advance(HOUR)
    await poller.poll()
    assert await here.reminded() == [("one", "because"), ("two", "")]
    assert await here.left() == []


async def test_several_pollers_fire_each_deadline_once(here: House) -> None:
    for number in range(10):
        await here.set(f"subject-{number}", AT)
    await asyncio.gather(*(here.poller().poll() for _ in range(4)))
    assert sorted(await here.reminded()) == [(f"subject-{number}", "") for number in range(10)]


async def test_a_deadline_whose_handler_fails_leaves_nothing_and_comes_again(here: House) -> None:
    failing = await here.set("one", AT - HOUR)
    await here.set("two", AT)
    here.fails = 1
    poller = here.poller()
    await poller.poll()
    assert await here.reminded() == [("two", "")]
    assert await here.left() == [(failing, 1)]
    await poller.poll()
    assert await here.left() == [(failing, 1)]
    here.clock.advance(timedelta(seconds=RETRY_FIRST_SECONDS))
    await poller.poll()
    assert await here.left() == []


async def test_a_deadline_of_a_kind_that_nobody_handles_is_kept(here: House) -> None:
    await here.set("one", AT, kind="unknown")
    await here.poller().poll()
    assert [attempts for _, attempts in await here.left()] == [1]


async def test_moved_and_dropped_deadlines_do_not_fire(here: House) -> None:
    moved = await here.set("one", AT)
    await here.set("one", AT + HOUR, id=moved)
    await here.set("two", AT)
    await here.set("two", AT)
    async with here.database.transaction() as tx:
        assert await drop_deadlines(tx, subject="two", kind="other") == 0
        assert await drop_deadlines(tx, subject="one", id=(await here.set("two", AT))) == 0
        assert await drop_deadlines(tx, subject="two", kind="reminder") == 3
    await here.poller().poll()
    assert await here.reminded() == []
    assert await here.left() == [(moved, 0)]


async def test_a_promise_made_anew_is_another_cause_and_the_same_one_after_a_crash() -> None:
    fields: dict[str, Any] = {"id": UUID(int=1), "kind": "remind", "subject": "s", "detail": {}}
    first, again = Deadline(due_at=AT, **fields), Deadline(due_at=AT, **fields)
    assert first.cause == again.cause
    assert first.cause != Deadline(due_at=AT + HOUR, **fields).cause
    assert first.cause != Deadline(**{**fields, "id": UUID(int=2)}, due_at=AT).cause


async def test_nothing_fires_while_the_machines_time_has_jumped(here: House) -> None:
    await here.set("one", AT + HOUR)
    poller = here.poller()
    here.clock.advance(HOUR)
    here.clock.torn = HOUR
    await poller.poll()
    assert await here.reminded() == []
    assert not poller.readiness().ok
    here.clock.torn = timedelta(0)
    await poller.poll()
    assert await here.reminded() == [("one", "")]
    assert poller.readiness().ok


async def test_late_deadlines_are_counted_and_said(here: House) -> None:
    await here.set("one", AT, kind="unknown")
    here.clock.advance(LATE_AFTER)
    poller = here.poller()
    await poller.poll()
    assert b"nrm_deadlines_late 1.0" in here.telemetry.render_metrics()
    assert poller.readiness().detail == "deadlines are late"


async def test_failures_are_told_as_nothing_before_the_first(here: House) -> None:
    poller = here.poller()
    assert b"nrm_deadlines_failed_total 0.0" in here.telemetry.render_metrics()
    await here.set("one", AT, kind="unknown")
    await poller.poll()
    assert b"nrm_deadlines_failed_total 1.0" in here.telemetry.render_metrics()


async def test_the_part_polls_until_it_is_stopped(here: House) -> None:
    await here.set("one", AT)
    stop = asyncio.Event()
    running = asyncio.create_task(here.poller().run(stop))
    fired = here.telemetry.counter("deadlines_fired")
    await until(lambda: fired._value.get() == 1)
    stop.set()
    await running
    assert await here.reminded() == [("one", "")]


async def test_a_deadline_without_a_time_zone_is_misuse(here: House) -> None:
    with pytest.raises(Misuse):
        await here.set("one", AT.replace(tzinfo=None))
