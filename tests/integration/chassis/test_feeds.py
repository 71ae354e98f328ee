"""Feeds: a reader that asks after its last position misses nothing, whoever commits late."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.chassis.clock import SystemClock
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging import feeds as module
from services.chassis.messaging.feeds import Feeds
from services.chassis.telemetry import Telemetry
from tests.support.waiting import until


@pytest_asyncio.fixture
async def feeds(database: Database, house_settings: ServiceSettings) -> AsyncIterator[Feeds]:
    """Feeds of a fresh schema; nothing numbers them yet."""
    yield Feeds(database, SystemClock(), Telemetry(house_settings))


async def put(feeds: Feeds, feed: str, number: int) -> None:
    """One entry, committed."""
    async with feeds._database.transaction() as tx:
        await feeds.append(tx, feed, {"number": number})


async def numbers(feeds: Feeds, feed: str, after: int = 0) -> list[tuple[int, int]]:
    """(position, number) of what is there."""
    return [(each.position, each.body["number"]) for each in await feeds.read(feed, after)]


async def test_an_entry_has_a_position_only_once_it_is_numbered(feeds: Feeds) -> None:
    await put(feeds, "answers", 1)
    assert await numbers(feeds, "answers") == []
    assert await feeds.number() == 1
    assert await numbers(feeds, "answers") == [(1, 1)]


async def test_what_commits_late_gets_a_later_position(feeds: Feeds) -> None:
    async with feeds._database.transaction() as slow:
        await feeds.append(slow, "answers", {"number": 1})
        await put(feeds, "answers", 2)
        await feeds.number()
        assert await numbers(feeds, "answers") == [(1, 2)]
    await feeds.number()
    assert await numbers(feeds, "answers", after=1) == [(2, 1)]


async def test_each_feed_counts_for_itself_without_gaps(feeds: Feeds) -> None:
    for number in range(6):
        await put(feeds, "answers" if number % 2 else "incoming", number)
    assert await feeds.number() == 6
    assert await numbers(feeds, "answers") == [(1, 1), (2, 3), (3, 5)]
    assert await numbers(feeds, "incoming") == [(1, 0), (2, 2), (3, 4)]


async def test_only_one_numbers_at_a_time(feeds: Feeds) -> None:
    await put(feeds, "answers", 1)
    async with feeds._database.transaction() as tx:
        await tx.connection.execute(
            "SELECT pg_advisory_xact_lock("
            "hashtextextended('feed numbering ' || current_schema(), 0))"
        )
        assert await feeds.number() == 0
    assert await feeds.number() == 1


async def test_whoever_waits_is_woken_by_the_first_entry(feeds: Feeds) -> None:
    stop = asyncio.Event()
    numbering = asyncio.create_task(feeds.run(stop))
    waiting = asyncio.create_task(feeds.wait("answers", 0, 20))
    await put(feeds, "answers", 7)
    entries = await waiting
    assert [(each.position, each.body) for each in entries] == [(1, {"number": 7})]
    assert await feeds.wait("answers", 1, 0) == []
    stop.set()
    await numbering
    assert feeds.readiness().ok


async def test_the_numbering_is_woken_by_a_commit_and_not_by_its_clock(
    feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 3_600.0)
    stop = asyncio.Event()
    running = asyncio.create_task(feeds.run(stop))
    try:
        for number in (1, 2):
            await put(feeds, "answers", number)
            entries = await feeds.wait("answers", number - 1, 30)
            assert [entry.body["number"] for entry in entries] == [number]
    finally:
        stop.set()
        await running


async def test_what_commits_while_another_process_numbers_is_tried_again_soon(
    feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 3_600.0)
    stop = asyncio.Event()
    await put(feeds, "answers", 1)
    async with feeds._database.transaction() as other:
        await other.connection.execute(
            "SELECT pg_advisory_xact_lock("
            "hashtextextended('feed numbering ' || current_schema(), 0))"
        )
        running = asyncio.create_task(feeds.run(stop))
        await until(lambda: feeds._crowded)
    try:
        assert len(await feeds.wait("answers", 0, 30)) == 1
    finally:
        stop.set()
        await running


async def test_a_feed_is_read_back_from_its_newest_entry_and_only_what_is_numbered(
    feeds: Feeds,
) -> None:
    for number in range(5):
        await put(feeds, "answers", number)
        await put(feeds, "incoming", number)
    await feeds.number()
    await put(feeds, "answers", 5)
    newest = await feeds.read_back("answers", limit=2)
    assert [entry.body["number"] for entry in newest] == [4, 3]
    rest = await feeds.read_back("answers", before=newest[-1].position)
    assert [entry.body["number"] for entry in rest] == [2, 1, 0]
