"""A consumer is ready only while its bus answers, gives it partitions and takes its commits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from services.chassis.clock import FrozenClock
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.consumer import Consumer
from services.chassis.messaging.inboxes import inbox_consumer
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.memory_group import Member
from services.chassis.messaging.progress import Progress
from tests.support.postgres import Postgres
from tests.support.receiving import (
    AT,
    OTHERS,
    QUICK,
    THINGS,
    House,
    context_of,
    envelope_of,
    make_effects,
    sent,
)
from tests.support.waiting import until

HASTY = replace(
    QUICK,
    watch_seconds=0.02,
    answer_stale_seconds=0.5,
    unassigned_seconds=0.5,
    commit_failures=3,
)


@pytest.fixture
def broker() -> MemoryBroker:
    """A fresh bus."""
    return MemoryBroker("local", {THINGS: 1, OTHERS: 1})


@pytest_asyncio.fixture
async def consumer(
    house: Postgres, database: Database, house_settings: ServiceSettings, broker: MemoryBroker
) -> Consumer:
    """A consumer, not started."""
    await make_effects(house)
    return inbox_consumer(context_of(House(), database, house_settings, limits=HASTY), broker)


@asynccontextmanager
async def running(consumer: Consumer) -> AsyncIterator[None]:
    """While it runs."""
    stop = asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))
    try:
        await until(lambda: consumer.readiness().ok)
        yield
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await task


async def test_a_bus_that_falls_silent_makes_it_unready(
    consumer: Consumer, broker: MemoryBroker
) -> None:
    async with running(consumer):
        broker.faults.silent = True
        await until(lambda: consumer.readiness().detail == "the bus does not answer")
        broker.faults.silent = False
        await until(lambda: consumer.readiness().ok)


async def test_without_a_partition_it_is_not_ready(
    consumer: Consumer, broker: MemoryBroker
) -> None:
    async with running(consumer):
        await consumer.on_assigned(frozenset(), consumer.offsets.generation)
        await until(lambda: consumer.readiness().detail == "no partition is assigned")


async def test_commits_that_fail_in_a_row_make_it_unready_until_one_arrives(
    consumer: Consumer, broker: MemoryBroker
) -> None:
    async with running(consumer):
        broker.faults.refused_commits = 10_000
        broker.append(sent(envelope_of("a", 1)))
        await until(lambda: consumer.readiness().detail == "commits fail")
        broker.faults.refused_commits = 0
        await until(lambda: consumer.readiness().ok)
        assert broker._groups["node-one.house"].committed[TopicPartition(THINGS, 0)] == 1


async def test_a_commit_task_that_ends_ends_the_consumer(
    consumer: Consumer, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_given: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Member, "commit", fail)
    broker.append(sent(envelope_of("a", 1)))
    async with asyncio.timeout(10):
        with pytest.raises(RuntimeError):
            await consumer.run(asyncio.Event())
    assert consumer._member is None, "it left its group"


@dataclass(frozen=True)
class InHand:
    """Lanes that say what they are told."""

    held: int = 0
    seconds: float = 0.0

    def longest(self) -> float:
        return self.seconds


@pytest.mark.parametrize("stamp", ["polled", "answered", "assigned"])
def test_each_stamp_grows_old_by_itself(stamp: str) -> None:
    limits = Limits()
    ages = {
        "polled": (limits.poll_stale_seconds, "has not read for too long"),
        "answered": (limits.answer_stale_seconds, "the bus does not answer"),
        "assigned": (limits.unassigned_seconds, "no partition is assigned"),
    }
    clock = FrozenClock(AT)
    progress = Progress(clock, limits)
    progress.polled()
    seconds, sentence = ages[stamp]
    setattr(progress, f"_{stamp}_at", clock.monotonic() - seconds - 1)
    assert progress.readiness(InHand(), 0).detail == sentence
    getattr(progress, stamp)()
    assert progress.readiness(InHand(), 0).ok


def test_one_lane_that_does_not_move_is_seen_while_the_others_do() -> None:
    limits = Limits()
    progress = Progress(FrozenClock(AT), limits)
    progress.polled()
    progress.moved()
    assert progress.readiness(InHand(1, limits.stuck_seconds), 0).ok
    late = progress.readiness(InHand(1, limits.stuck_seconds + 1), 0)
    assert late.detail == "a lane does not move"
