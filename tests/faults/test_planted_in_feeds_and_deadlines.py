"""Faults planted in the numbering of feeds and in the firing of deadlines; each is found.

Two transactions that commit out of order, two that number at once, two pollers at one deadline: the
order of every step is held by hand, none is left to chance.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.chassis import deadlines
from services.chassis.clock import SystemClock
from services.chassis.database import Database, Record, Statement, Transaction
from services.chassis.deadlines import Deadline, DeadlinePoller
from services.chassis.environment import ServiceSettings
from services.chassis.messaging import feeds as feeds_module
from services.chassis.messaging.feeds import Feeds
from services.chassis.telemetry import Telemetry
from tests.integration.chassis.test_deadlines import AT, House
from tests.support.settings import plain_settings
from tests.support.waiting import until


async def somebody_waits(database: Database) -> bool:
    """A transaction stands at a lock of another one."""
    async with database.transaction() as tx:
        count = await tx.connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted")
    return bool(count)


# ---------------------------------------------------------------- feeds


@dataclass
class Reader:
    """A poor line: asks after the last position that it saw."""

    feeds: Feeds
    seen: list[tuple[int, int]] = field(default_factory=list)
    committed: set[int] = field(default_factory=set)

    async def put(self, tx: Transaction, number: int) -> None:
        """Append in a transaction that will be committed."""
        await self.feeds.append(tx, "answers", {"number": number})
        self.committed.add(number)

    async def poll(self) -> None:
        """Ask once."""
        after = self.seen[-1][0] if self.seen else 0
        found = await self.feeds.read("answers", after)
        self.seen += [(each.position, each.body["number"]) for each in found]

    def check(self) -> None:
        """Every committed entry was seen once, and the positions have no gap."""
        numbers = [number for _, number in self.seen]
        assert set(numbers) == self.committed, "an entry was never seen"
        assert len(numbers) == len(self.committed), "an entry was seen twice"
        positions = [position for position, _ in self.seen]
        assert positions == list(range(1, len(positions) + 1)), "the positions have a gap"


@pytest_asyncio.fixture
async def reader(database: Database, house_settings: ServiceSettings) -> AsyncIterator[Reader]:
    """A reader of a fresh feed; nothing numbers it yet."""
    yield Reader(Feeds(database, SystemClock(), Telemetry(house_settings)))


async def two_commit_out_of_order(reader: Reader) -> None:
    """The first is slow; the reader has asked before it is committed."""
    feeds = reader.feeds
    async with feeds._database.transaction() as slow:
        await reader.put(slow, 1)
        async with feeds._database.transaction() as quick:
            await reader.put(quick, 2)
        await feeds.number()
        await reader.poll()
    await feeds.number()
    await reader.poll()
    reader.check()


async def append_and_fail(feeds: Feeds, number: int) -> None:
    """An entry that was never committed."""
    async with feeds._database.transaction() as tx:
        await feeds.append(tx, "answers", {"number": number})
        raise LookupError


async def one_is_rolled_back(reader: Reader) -> None:
    """Between two that are committed."""
    feeds = reader.feeds
    for number in (1, 3):
        async with feeds._database.transaction() as tx:
            await reader.put(tx, number)
        with pytest.raises(LookupError):
            await append_and_fail(feeds, number + 1)
    await feeds.number()
    await reader.poll()
    reader.check()


async def two_number_at_once(reader: Reader) -> None:
    """The second begins before the first has committed."""
    feeds = reader.feeds
    async with feeds._database.transaction() as tx:
        await reader.put(tx, 1)
    async with feeds._database.transaction() as first:
        await first.fetch_one(feeds_module._ALONE)
        await first.execute(feeds_module._NUMBER, many=10)
        second = asyncio.create_task(feeds.number())

        async def over_or_waiting() -> bool:
            return second.done() or await somebody_waits(feeds._database)

        await until(over_or_waiting)
    await second
    await reader.poll()
    reader.check()


BY_ID = Statement(
    text(
        "UPDATE feed_entry SET position = id WHERE position IS NULL"
        " AND id IN (SELECT id FROM feed_entry ORDER BY id LIMIT :many)"
    )
)
NOBODY_ASKED = Statement(text("SELECT true AS alone"))
FeedStory = Callable[[Reader], Awaitable[None]]
FEEDS: dict[str, tuple[FeedStory, str, Statement, str]] = {
    "numbered by id": (two_commit_out_of_order, "_NUMBER", BY_ID, "never seen"),
    "a rolled back one has a number": (one_is_rolled_back, "_NUMBER", BY_ID, "a gap"),
    "two number at once": (two_number_at_once, "_ALONE", NOBODY_ASKED, "a gap"),
}


@pytest.mark.parametrize("fault", sorted(FEEDS))
async def test_a_fault_in_the_numbering_is_found(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    story, name, planted, sentence = FEEDS[fault]
    monkeypatch.setattr(feeds_module, name, planted)
    with pytest.raises(AssertionError, match=sentence):
        await story(reader)


@pytest.mark.parametrize("name", sorted({each[0].__name__ for each in FEEDS.values()}))
async def test_the_reader_sees_everything_once_without_the_fault(reader: Reader, name: str) -> None:
    story = next(each[0] for each in FEEDS.values() if each[0].__name__ == name)
    await story(reader)


# ---------------------------------------------------------------- deadlines


class Died(BaseException):
    """Stands for SIGKILL."""


@dataclass
class Guarded(House):
    """A house whose handler stands still, or dies, in the middle of its transaction."""

    gate: asyncio.Event | None = None
    inside: int = 0
    dies: bool = False

    async def remind(self, deadline: Deadline, work: tuple[Transaction, datetime]) -> None:
        self.inside += 1
        await super().remind(deadline, work)
        if self.gate is not None:
            await self.gate.wait()
        if self.dies:
            self.dies = False
            raise Died

    async def check(self) -> None:
        """It fired, once."""
        many = len(await self.reminded())
        assert many > 0, "the deadline never fired"
        assert many == 1, "the deadline fired twice"
        assert await self.left() == [], "the deadline is still there"


@pytest.fixture
async def guarded(database: Database, tmp_path: Path) -> AsyncIterator[Guarded]:
    telemetry = Telemetry(plain_settings(tmp_path))
    yield Guarded(database, telemetry)
    telemetry.close()


async def two_pollers_at_once(house: Guarded) -> None:
    """The second poller comes while the first one's handler is at work."""
    house.gate = asyncio.Event()
    await house.set("one", AT)
    first = asyncio.create_task(house.poller().poll())
    await until(lambda: house.inside == 1)
    second = asyncio.create_task(house.poller().poll())

    async def inside_or_waiting() -> bool:
        return house.inside == 2 or await somebody_waits(house.database)

    await until(inside_or_waiting)
    house.gate.set()
    await asyncio.gather(first, second)
    await house.check()


async def polled_again(house: Guarded) -> None:
    """One poller looks a second time."""
    await house.set("one", AT)
    poller = house.poller()
    for _ in range(2):
        await poller.poll()
    await house.check()


async def killed_in_the_handler(house: Guarded) -> None:
    """The process dies before the commit; the next one polls."""
    await house.set("one", AT)
    house.dies = True
    with pytest.raises(Died):
        await house.poller().poll()
    await house.poller().poll()
    await house.check()


UNSEEN = Statement(
    text(
        "SELECT CAST(:id AS uuid) AS id, 'reminder' AS kind, CAST(:subject AS text) AS subject,"
        " CAST(:now AS timestamptz) AS due_at, CAST('{}' AS jsonb) AS detail"
    )
)
"""Taken as it was found, without looking whether it is still there."""
UNLOCKED = Statement(
    text(
        "SELECT id, kind, subject, due_at, detail FROM deadline"
        " WHERE id = :id AND subject = :subject AND due_at <= :now"
    )
)
KEPT = Statement(
    text("DELETE FROM deadline WHERE id = :id AND due_at = :due_at AND kind = :kind AND false")
)


def takes_unseen(patch: pytest.MonkeyPatch) -> None:
    """The row is not read again under the lock."""
    patch.setattr(deadlines, "_TAKE", UNSEEN)


def takes_without_locks(patch: pytest.MonkeyPatch) -> None:
    """Neither the subject nor the row is locked."""

    async def nothing(*_: object) -> None:
        """No lock."""

    patch.setattr(deadlines, "_TAKE", UNLOCKED)
    patch.setattr(House, "lock", nothing)


def keeps_the_row(patch: pytest.MonkeyPatch) -> None:
    """What fired is not forgotten."""
    patch.setattr(deadlines, "_FINISH", KEPT)


def forgets_first(patch: pytest.MonkeyPatch) -> None:
    """The row goes in a transaction of its own, before the handler."""
    fire = DeadlinePoller._fire

    async def planted(self: DeadlinePoller[object], tx: Transaction, row: Record) -> int:
        async with self._context.database.transaction() as other:
            await other.connection.execute("DELETE FROM deadline WHERE id = $1", row["id"])
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(deadlines, "_TAKE", UNSEEN)
            return await fire(self, tx, row)

    patch.setattr(DeadlinePoller, "_fire", planted)


DeadlineStory = Callable[[Guarded], Awaitable[None]]
DEADLINES: dict[str, tuple[DeadlineStory, Callable[[pytest.MonkeyPatch], None], str]] = {
    "taken without looking again": (two_pollers_at_once, takes_unseen, "twice"),
    "taken without a lock": (two_pollers_at_once, takes_without_locks, "twice"),
    "not forgotten when it fired": (polled_again, keeps_the_row, "twice"),
    "forgotten before it fired": (killed_in_the_handler, forgets_first, "never fired"),
}


@pytest.mark.parametrize("fault", sorted(DEADLINES))
async def test_a_fault_in_the_firing_is_found(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    story, plant, sentence = DEADLINES[fault]
    plant(monkeypatch)
    with pytest.raises(AssertionError, match=sentence):
        await story(guarded)


@pytest.mark.parametrize("name", sorted({each[0].__name__ for each in DEADLINES.values()}))
async def test_a_deadline_fires_once_without_the_fault(guarded: Guarded, name: str) -> None:
    story = next(each[0] for each in DEADLINES.values() if each[0].__name__ == name)
    await story(guarded)
