"""A long backlog on a real broker: memory stays flat, and members that come and go lose nothing.

Flat is asserted, how long it takes is only printed. Two members share one database, so what both
handle at once around a rebalance would be seen as an effect that is there twice.
"""

import asyncio
import gc
import os
import resource
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
import pytest_asyncio

from deploy.local.kafka import KafkaServer
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging.consumer import Consumer
from services.chassis.messaging.limits import Limits
from tests.support.kafka import MakeTopic, kafka_broker, running_member
from tests.support.postgres import Postgres
from tests.support.receiving import House, context_of, effects, envelope_of, make_effects, sent
from tests.support.told import Tell
from tests.support.waiting import until

EVENTS = int(os.environ.get("NRM_BACKLOG_EVENTS", "100000"))
EACH_SUBJECT = 20
LOOKS = 20
WARM = 2
"""Of so many looks at the memory, these are not counted: buffers fill at first."""
GROWTH_MEGABYTES = 16.0
"""A kilobyte kept of each event would be three times as much between the halves at 100,000."""
SECONDS = 3600.0
LOOK_SECONDS = 0.5
IN_FLIGHT = 2_000
JOINS = 3

pytestmark = pytest.mark.long


class Forgetting(list[tuple[str, int]]):
    """Keeps nothing of what the house was called with."""

    def append(self, _call: tuple[str, int]) -> None:
        """Forget it."""


class Backlog:
    """A topic full of events, and members that read it."""

    def __init__(self, server: KafkaServer, topic: str, database: Database) -> None:
        self.server, self.topic, self.database = server, topic, database
        self.house = House(calls=Forgetting())

    async def fill(self, numbers: Iterable[tuple[str, int]]) -> None:
        """Send events, many on their way at a time."""
        broker = kafka_broker(self.server)
        producer = broker.producer()
        await producer.start()
        waiting = []
        for subject, sequence in numbers:
            record = sent(envelope_of(subject, sequence), topic=self.topic)
            waiting.append(await producer.send(record))
            if len(waiting) >= IN_FLIGHT:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)
        await producer.stop()
        await broker.close()

    @asynccontextmanager
    async def member(self, settings: ServiceSettings, slot: int) -> AsyncIterator[Consumer]:
        """One process, stopped at the end."""
        reading = replace(self.house.subscriptions(), topics=(self.topic,), consumer=self.topic)
        context = context_of(
            self.house,
            self.database,
            settings,
            subscriptions=reading,
            slot=slot,
            limits=Limits(),
        )
        async with running_member(context, self.server, slot) as consumer:
            yield consumer

    async def count(self) -> int:
        """How many effects there are."""
        async with self.database.transaction() as tx:
            return int(await tx.connection.fetchval("SELECT count(*) FROM effect"))

    async def reaches(self, many: int) -> None:
        """Wait for so many effects."""

        async def enough() -> bool:
            await asyncio.sleep(LOOK_SECONDS)
            return await self.count() >= many

        await until(enough, seconds=SECONDS)


@pytest_asyncio.fixture
async def backlog(
    house: Postgres, database: Database, kafka_server: KafkaServer, kafka_topic: MakeTopic
) -> Backlog:
    """An empty topic of its own and a fresh schema."""
    await make_effects(house)
    return Backlog(kafka_server, await asyncio.to_thread(kafka_topic, 4), database)


def resident_megabytes() -> float:
    """What this process holds of the memory now, without what only waits to be collected.

    The collector runs seldom, and other tests of the worker left it much to do.
    """
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def numbered(events: int) -> Iterable[tuple[str, int]]:
    """Subjects side by side, each in order."""
    for sequence in range(1, EACH_SUBJECT + 1):
        for subject in range(events // EACH_SUBJECT):
            yield f"s{subject}", sequence


async def test_a_long_backlog_is_handled_in_the_memory_of_a_short_one(
    backlog: Backlog, house_settings: ServiceSettings, tell: Tell
) -> None:
    await backlog.fill(numbered(EVENTS))
    held: list[float] = []
    async with backlog.member(house_settings, 0):
        for look in range(1, LOOKS + 1):
            await backlog.reaches(EVENTS * look // LOOKS)
            held.append(resident_megabytes())
    megabytes = ", ".join(f"{each:.0f}" for each in held)
    tell(f"{EVENTS} events, MB after each twentieth: {megabytes}")
    early, late = held[WARM : LOOKS // 2], held[LOOKS // 2 :]
    assert fmean(late) - fmean(early) < GROWTH_MEGABYTES
    assert await backlog.count() == EVENTS


async def test_members_that_come_and_go_under_load_handle_each_event_once_in_order(
    backlog: Backlog, house_settings: ServiceSettings
) -> None:
    events = EVENTS // 10
    await backlog.fill(numbered(events))
    async with backlog.member(house_settings, 0):
        for join in range(1, JOINS + 1):
            async with backlog.member(house_settings, 1) as second:
                await until(lambda: bool(second.offsets.expected()), seconds=SECONDS)
                await backlog.reaches(events * join // (JOINS + 2))
        await backlog.reaches(events)
    found = await effects(backlog.database)
    assert Counter(found).most_common(1)[0][1] == 1
    seen: dict[str, list[int]] = {}
    for subject, sequence in found:
        seen.setdefault(subject, []).append(sequence)
    whole = list(range(1, EACH_SUBJECT + 1))
    assert all(numbers == whole for numbers in seen.values())
    assert len(found) == events
