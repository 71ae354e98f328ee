"""The consumer on a real broker: joins, rewinds once, commits, shares, and reads on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest_asyncio

from deploy.local.kafka import KafkaServer
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.consumer import Consumer
from services.chassis.messaging.kafka import KafkaBroker
from tests.support.kafka import MakeTopic, kafka_broker, running_member
from tests.support.postgres import Postgres
from tests.support.receiving import House, context_of, effects, envelope_of, make_effects, sent
from tests.support.waiting import until

SUBJECTS = [f"s{number}" for number in range(8)]


class Bench:
    """Two processes of one consumer may run on it."""

    def __init__(self, server: KafkaServer, topic: str, database: Database) -> None:
        self.server, self.topic, self.database = server, topic, database
        self.house = House()

    async def publish(self, broker: KafkaBroker, first: int, last: int) -> None:
        """Numbers ``first`` to ``last`` of every subject."""
        producer = broker.producer()
        await producer.start()
        for sequence in range(first, last + 1):
            for subject in SUBJECTS:
                record = sent(envelope_of(subject, sequence), topic=self.topic)
                await (await producer.send(record))
        await producer.stop()

    @asynccontextmanager
    async def running(self, settings: ServiceSettings, slot: int) -> AsyncIterator[Consumer]:
        """One process, stopped at the end."""
        subscriptions = replace(
            self.house.subscriptions(), topics=(self.topic,), consumer=self.topic
        )
        context = context_of(
            self.house, self.database, settings, subscriptions=subscriptions, slot=slot
        )
        async with running_member(context, self.server, slot) as consumer:
            yield consumer

    async def handled(self, many: int) -> None:
        """Wait until so many effects are there."""

        async def enough() -> bool:
            return len(await effects(self.database)) >= many

        await until(enough, seconds=60)


@pytest_asyncio.fixture
async def bench(
    house: Postgres, database: Database, kafka_server: KafkaServer, kafka_topic: MakeTopic
) -> Bench:
    """A topic of its own and a fresh schema."""
    await make_effects(house)
    return Bench(kafka_server, await asyncio.to_thread(kafka_topic, 4), database)


async def test_two_processes_handle_each_event_once_and_a_third_reads_on(
    bench: Bench, house_settings: ServiceSettings
) -> None:
    broker = kafka_broker(bench.server)
    await bench.publish(broker, 1, 5)
    async with bench.running(house_settings, 0) as first:
        await bench.handled(40)
        async with bench.running(house_settings, 1):
            await bench.publish(broker, 6, 10)
            await bench.handled(80)
        await until(lambda: first.readiness().ok, seconds=60)
    calls = len(bench.house.calls)
    async with bench.running(house_settings, 0) as again:
        await until(lambda: len(again.offsets.expected()) == 4, seconds=60)
        await bench.publish(broker, 11, 11)
        await bench.handled(88)
    assert len(bench.house.calls) - calls <= len(SUBJECTS), "offsets were committed"
    found = await effects(bench.database)
    assert len(set(found)) == len(found) == 88
    for subject in SUBJECTS:
        assert [n for s, n in found if s == subject] == list(range(1, 12))
    ends = await _ends(broker, bench.topic)
    assert sum(ends.values()) == 88
    await broker.close()


async def _ends(broker: KafkaBroker, topic: str) -> dict[TopicPartition, int]:
    found = {}
    for partition in range(4):
        reader = broker.reader(topic, partition)
        await reader.start()
        found[TopicPartition(topic, partition)] = await reader.log_end()
        await reader.stop()
    return found
