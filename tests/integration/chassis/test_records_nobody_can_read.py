"""A record that the client cannot read stops nobody: it comes by its place, the others as they are.

Any system that may write to a topic can send one; the broker does not look into names of headers.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from kafka import KafkaProducer

from deploy.local.kafka import KafkaServer
from services.chassis.messaging.broker import BrokerRecord, TopicPartition
from services.chassis.messaging.door import knock_of
from services.chassis.messaging.kafka import KafkaBroker
from tests.support.kafka import MakeTopic, kafka_broker
from tests.support.waiting import until

PARTITIONS = 2
EACH = 40
UNREADABLE = {(0, 0), (0, 17), (0, 18), (1, 39)}


class NotUtf8(str):
    """A header's name that is no UTF-8, as another client may send it."""

    __slots__ = ()

    def encode(self, *_given: Any, **_named: Any) -> bytes:
        return b"\xff\xfe"


class Ear:
    """Hears nothing."""

    async def on_assigned(self, partitions: frozenset[TopicPartition], generation: int) -> None:
        """Nothing to begin."""

    async def on_revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """Nothing to drain."""


@pytest_asyncio.fixture
async def bus(kafka_server: KafkaServer) -> AsyncIterator[KafkaBroker]:
    broker = kafka_broker(kafka_server)
    yield broker
    await broker.close()


def post(server: KafkaServer, topic: str) -> None:
    """Each record in a batch of its own, as different systems send them."""
    producer = KafkaProducer(bootstrap_servers=server.bootstrap, api_version=(3, 0))
    for offset in range(EACH):
        for partition in range(PARTITIONS):
            name = NotUtf8("x") if (partition, offset) in UNREADABLE else "x"
            value = b"%d/%d" % (partition, offset)
            producer.send(topic, value=value, headers=[(name, b"")], partition=partition).get(10)
    producer.close(10)


def right(records: list[BrokerRecord], partition: int) -> bool:
    """Whether each record of a partition came once, in order, and whole if it can be."""
    mine = [record for record in records if record.partition == partition]
    return [(record.offset, record.value) for record in mine] == [
        (at, None if (partition, at) in UNREADABLE else b"%d/%d" % (partition, at))
        for at in range(EACH)
    ]


async def test_a_consumer_reads_on_and_is_told_where_it_could_not(
    kafka_server: KafkaServer, kafka_topic: MakeTopic, bus: KafkaBroker
) -> None:
    topic = kafka_topic(PARTITIONS)
    await asyncio.to_thread(post, kafka_server, topic)
    group = f"group-{zlib.crc32(topic.encode())}"
    consumer = bus.consumer(group, [topic], Ear())
    await consumer.start()
    found: list[BrokerRecord] = []

    async def all_came() -> bool:
        found.extend(await consumer.fetch(7, 0.2))
        return len(found) >= PARTITIONS * EACH

    await until(all_came)
    assert await consumer.fetch(7, 0.2) == []
    await consumer.stop()
    assert all(right(found, partition) for partition in range(PARTITIONS))


async def test_a_reader_reads_on_from_wherever_it_begins(
    kafka_server: KafkaServer, kafka_topic: MakeTopic, bus: KafkaBroker
) -> None:
    topic = kafka_topic(PARTITIONS)
    await asyncio.to_thread(post, kafka_server, topic)
    for begin in (0, 17, 20):
        reader = bus.reader(topic)
        await reader.start(begin)
        found: list[int] = []

        async def all_came(
            reader: Any = reader, found: list[int] = found, begin: int = begin
        ) -> bool:
            found.extend(record.offset for record in await reader.fetch(100, 0.2))
            return len(found) >= EACH - begin

        await until(all_came)
        await reader.stop()
        assert found == list(range(begin, EACH))


def test_at_the_door_it_is_answered_by_its_place() -> None:
    knock = knock_of(BrokerRecord("nrm.local.node-one.intake.v1", 0, 17, None, None))
    assert (knock.event_id, knock.place, knock.envelope) == (None, "0/17", None)
