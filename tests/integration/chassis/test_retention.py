"""What is forgotten by age: the old and nothing else, in batches, and never by a clock in doubt."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis import retention
from services.chassis.clock import FrozenClock
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.errors import DatabaseUnavailable, NoLongerKept
from services.chassis.messaging.feeds import Feeds, forgotten_after
from services.chassis.problems import problem_of
from services.chassis.retention import TRACES, Keep, Retention, older_than
from services.chassis.telemetry import Telemetry
from tests.support.waiting import until

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEPT = timedelta(days=30)
TRACE = Keep(name="subject_trace", kept=KEPT, statement=TRACES)


async def trace(database: Database, name: str, days: float) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(
            "INSERT INTO subject_trace (subject, trace_id, seen_at) VALUES ($1, $1, $2)",
            name,
            NOW - timedelta(days=days),
        )


async def traces(database: Database) -> set[str]:
    async with database.transaction() as tx:
        rows = await tx.connection.fetch("SELECT subject FROM subject_trace")
    return {row["subject"] for row in rows}


async def test_only_what_is_older_goes_away(database: Database) -> None:
    for name, days in {"old": 31, "just": 30, "young": 1}.items():
        await trace(database, name, days)
    assert await Retention(database, FrozenClock(NOW), [TRACE]).forget() == {"subject_trace": 1}
    assert await traces(database) == {"just", "young"}


async def test_a_look_deletes_a_bounded_number(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "BATCHES_EACH_LOOK", 2)
    for number in range(7):
        await trace(database, f"old-{number}", 40)
    part = Retention(database, FrozenClock(NOW), [TRACE])
    assert [(await part.forget())["subject_trace"] for _ in range(3)] == [4, 3, 0]


class Drifting(FrozenClock):
    """Its wall time can leave its monotonic time."""

    ahead = timedelta()

    def wall(self) -> datetime:
        return super().wall() + self.ahead


async def test_nothing_is_forgotten_by_a_clock_that_jumped(database: Database) -> None:
    await trace(database, "young", 1)
    clock = Drifting(NOW)
    part = Retention(database, clock, [TRACE])
    clock.ahead = timedelta(days=400)
    assert await part.forget() == {}
    assert await traces(database) == {"young"}
    clock.ahead = timedelta()
    clock.advance(timedelta(days=400))
    assert await part.forget() == {"subject_trace": 1}


async def test_the_part_forgets_at_once_and_says_when_it_cannot(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trace(database, "old", 31)
    part = Retention(database, FrozenClock(NOW), [TRACE])
    stop = asyncio.Event()
    running = asyncio.create_task(part.run(stop))

    async def gone() -> bool:
        return await traces(database) == set()

    await until(gone)
    stop.set()
    await running
    assert part.readiness().ok

    async def away() -> dict[str, int]:
        raise DatabaseUnavailable

    monkeypatch.setattr(part, "forget", away)
    monkeypatch.setattr(retention, "backoff_seconds", lambda _failures: 0.01)
    stop.clear()
    running = asyncio.create_task(part.run(stop))
    await until(lambda: not part.readiness().ok)
    stop.set()
    await running


async def test_what_the_database_refuses_to_delete_ends_no_process_and_keeps_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "backoff_seconds", lambda _failures: 0.01)
    await trace(database, "old", 31)
    refused = Keep(name="audit", kept=KEPT, statement=older_than("audit", "recorded_at"))
    part = Retention(database, FrozenClock(NOW), [refused, TRACE])
    stop = asyncio.Event()
    running = asyncio.create_task(part.run(stop))
    await until(lambda: running.done() or not part.readiness().ok)
    stop.set()
    await running
    assert await traces(database) == set()


def feeds_of(database: Database, settings: ServiceSettings, clock: FrozenClock) -> Feeds:
    return Feeds(database, clock, Telemetry(settings))


async def put(feeds: Feeds, database: Database, feed: str, number: int) -> None:
    async with database.transaction() as tx:
        await feeds.append(tx, feed, {"number": number})
    await feeds.number()


async def test_who_asks_for_forgotten_entries_is_told_and_never_gets_a_gap(
    database: Database, house_settings: ServiceSettings
) -> None:
    clock = FrozenClock(NOW)
    feeds = feeds_of(database, house_settings, clock)
    keep = Retention(database, clock, [forgotten_after(KEPT)])
    for number in range(1, 7):
        await put(feeds, database, "answers", number)
        clock.advance(timedelta(days=10))
    await put(feeds, database, "incoming", 1)
    assert await keep.forget() == {"feed_entry": 3}
    for after in (0, 1, 2):
        with pytest.raises(NoLongerKept) as told:
            await feeds.read("answers", after)
        assert told.value.upto == 3
    assert [each.position for each in await feeds.read("answers", 3)] == [4, 5, 6]
    assert [each.position for each in await feeds.read("incoming", 0)] == [1]
    answer = problem_of(told.value)
    assert (answer.status_code, answer.headers["Ask-After"]) == (410, "3")


async def test_a_feed_whose_entries_are_all_old_goes_on_counting(
    database: Database, house_settings: ServiceSettings
) -> None:
    clock = FrozenClock(NOW)
    feeds = feeds_of(database, house_settings, clock)
    for number in (1, 2):
        await put(feeds, database, "answers", number)
    clock.advance(timedelta(days=40))
    assert await Retention(database, clock, [forgotten_after(KEPT)]).forget() == {"feed_entry": 2}
    await put(feeds, database, "answers", 3)
    with pytest.raises(NoLongerKept):
        await feeds.read("answers", 1)
    assert [each.position for each in await feeds.read("answers", 2)] == [3]


async def test_an_old_entry_behind_a_young_one_stays_so_that_one_number_tells(
    database: Database, house_settings: ServiceSettings
) -> None:
    clock = FrozenClock(NOW)
    feeds = feeds_of(database, house_settings, clock)
    for number in (1, 2, 3):
        await put(feeds, database, "answers", number)
    async with database.transaction() as tx:
        await tx.connection.execute(
            "UPDATE feed_entry SET appended_at = appended_at - interval '40 days'"
            " WHERE position IN (1, 3)"
        )
    assert await Retention(database, clock, [forgotten_after(KEPT)]).forget() == {"feed_entry": 1}
    assert [each.position for each in await feeds.read("answers", 1)] == [2, 3]


async def test_what_has_no_position_yet_is_never_forgotten(
    database: Database, house_settings: ServiceSettings
) -> None:
    clock = FrozenClock(NOW)
    feeds = feeds_of(database, house_settings, clock)
    await put(feeds, database, "answers", 1)
    async with database.transaction() as tx:
        await feeds.append(tx, "answers", {"number": 2})
    clock.advance(timedelta(days=40))
    assert await Retention(database, clock, [forgotten_after(KEPT)]).forget() == {"feed_entry": 1}
    await feeds.number()
    assert [each.position for each in await feeds.read("answers", 1)] == [2]
