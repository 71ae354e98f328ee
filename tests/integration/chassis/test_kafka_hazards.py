"""What aiokafka does silently on a real broker, and that our bus does not let it."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from deploy.local import broker_admin
from deploy.local.kafka import KafkaServer
from deploy.local.shapes import TopicShape
from services.chassis.database import Database
from services.chassis.errors import BrokerUnavailable
from services.chassis.messaging.broker import CommitRefused, OutgoingRecord, TopicPartition
from services.chassis.messaging.kafka import KafkaBroker
from services.chassis.messaging.kafka.log_limit import LineLimit, calm_client_logs
from services.chassis.messaging.outbox import Outbox
from services.chassis.messaging.relay import Relay, RelayContext
from tests.integration.chassis.test_outbox_relay import (
    CLOCK,
    QUICK,
    THINGS,
    is_empty,
    spec_for,
    write,
)
from tests.support.kafka import MakeTopic, kafka_broker
from tests.support.waiting import until


@dataclass
class Ear:
    """Counts what it was told."""

    assigned: list[frozenset[TopicPartition]] = field(default_factory=list)

    async def on_assigned(self, partitions: frozenset[TopicPartition], generation: int) -> None:
        self.assigned.append(partitions)

    async def on_revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """Nothing to drain."""


@asynccontextmanager
async def a_bus(server: KafkaServer, **changes: object) -> AsyncIterator[KafkaBroker]:
    broker = kafka_broker(server, **changes)
    try:
        yield broker
    finally:
        await broker.close()


@asynccontextmanager
async def stopped_like_a_dead_machine(server: KafkaServer) -> AsyncIterator[None]:
    identity = server.identity
    assert identity is not None
    assert identity.send(signal.SIGSTOP)
    try:
        yield
    finally:
        assert identity.send(signal.SIGCONT)
        await asyncio.to_thread(broker_admin.wait_until_answers, server.bootstrap, seconds=30.0)


async def test_every_wait_for_a_silent_broker_ends(
    kafka_server: KafkaServer, kafka_topic: MakeTopic
) -> None:
    topic = kafka_topic(1)
    limits = {"answer_seconds": 0.5, "hand_over_seconds": 0.5, "stop_seconds": 0.5}
    async with a_bus(kafka_server, start_seconds=1.0, **limits) as bus:
        producer = bus.producer()
        await producer.start()
        await (await producer.send(OutgoingRecord(topic, b"k", b"first")))
        async with stopped_like_a_dead_machine(kafka_server), asyncio.timeout(8):
            answer = await producer.send(OutgoingRecord(topic, b"k", b"second"))
            assert not (await asyncio.wait({answer}, timeout=0.7))[0]
            with pytest.raises(BrokerUnavailable):
                await bus.topics()
            assert not await producer.stop()
            with pytest.raises(BrokerUnavailable):
                await answer
            with pytest.raises(BrokerUnavailable):
                await bus.producer().start()
        again = bus.producer()
        await again.start()
        await (await again.send(OutgoingRecord(topic, b"k", b"second")))
        await again.stop()


async def test_a_slot_that_comes_back_gets_its_partitions_and_disturbs_nobody(
    kafka_server: KafkaServer, kafka_topic: MakeTopic
) -> None:
    topic = kafka_topic(4)
    first_ear, second_ear = Ear(), Ear()
    async with a_bus(kafka_server, slot=0) as bus, a_bus(kafka_server, slot=1) as other:
        first = bus.consumer("slots", [topic], first_ear)
        await first.start()
        second = other.consumer("slots", [topic], second_ear)
        await second.start()
        await until(lambda: [len(given) for given in first_ear.assigned] == [4, 2])
        mine, told = second.assignment(), len(first_ear.assigned)
        await second.stop()
        back = other.consumer("slots", [topic], Ear())
        await back.start()
        assert back.assignment() == mine
        assert len(first_ear.assigned) == told
        await back.stop()
        await first.stop()


async def test_the_same_slot_twice_shows_in_refused_commits(
    kafka_server: KafkaServer, kafka_topic: MakeTopic
) -> None:
    topic = kafka_topic(1)
    place = TopicPartition(topic, 0)
    async with a_bus(kafka_server, slot=0) as bus, a_bus(kafka_server, slot=0) as double:
        first = bus.consumer("double", [topic], Ear())
        await first.start()
        second = double.consumer("double", [topic], Ear())
        await second.start()
        refused: list[Exception] = []

        async def commits_are_refused() -> bool:
            for consumer in (first, second):
                try:
                    await consumer.commit({place: 0}, consumer.generation)
                except (CommitRefused, BrokerUnavailable) as error:
                    refused.append(error)
            return any(isinstance(error, CommitRefused) for error in refused)

        await until(commits_are_refused, seconds=20)
        await second.stop()
        await first.stop()


async def test_the_relay_empties_the_outbox_into_kafka(
    kafka_server: KafkaServer, database: Database
) -> None:
    if THINGS not in broker_admin.topic_names(kafka_server.bootstrap):
        broker_admin.create(kafka_server.bootstrap, [TopicShape(THINGS, 4, {})])
    outbox = Outbox(spec_for=spec_for)
    outbox.install(database)
    stop = asyncio.Event()
    async with a_bus(kafka_server) as bus:
        relay = Relay(RelayContext(database=database, broker=bus, clock=CLOCK, limits=QUICK))
        outbox.wake["local"] = relay.wake
        running = asyncio.create_task(relay.run(stop))
        for number in range(10):
            await write(database, f"subject-{number}", range(10))
        await until(lambda: is_empty(database))
        stop.set()
        await running
        reader = bus.reader(THINGS, 0)
        await reader.start()
        ends = await reader.log_end()
        assert ends > 0
        await reader.stop()


def test_the_client_may_not_flood_the_log_nor_write_what_it_sends() -> None:
    calm_client_logs()
    producer = logging.getLogger("aiokafka.producer.producer")
    assert not producer.isEnabledFor(logging.DEBUG)
    limit = LineLimit()
    lines = [
        logging.LogRecord("aiokafka.conn", logging.WARNING, "x", 1, "broken %s", (n,), None)
        for n in range(50)
    ]
    assert sum(bool(limit.filter(line)) for line in lines) == 3
