"""One contract for every bus: the same sentences hold in memory and on a real Kafka."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from services.chassis.errors import BrokerUnavailable, RecordTooLarge
from services.chassis.messaging.broker import (
    RECORD_LIMIT_BYTES,
    Broker,
    BrokerRecord,
    CommitRefused,
    Consumer,
    ConsumerOptions,
    OffsetLost,
    OutgoingRecord,
    TopicMissing,
    TopicPartition,
)
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.partitions import partition_of
from tests.support.kafka import MakeTopic, kafka_broker
from tests.support.waiting import until

KEYS = [f"key-{number}".encode() for number in range(12)]


@dataclass
class Bus:
    """A bus under test, and how a topic is made on it."""

    broker: Broker
    topic: MakeTopic


@dataclass
class Ear:
    """A listener that remembers what it was told."""

    told: list[tuple[str, frozenset[TopicPartition]]] = field(default_factory=list)
    fails: bool = False

    async def on_assigned(self, partitions: frozenset[TopicPartition], generation: int) -> None:
        self.told.append((f"assigned in {generation}", partitions))
        if self.fails:
            raise RuntimeError("the listener fails")

    async def on_revoked(self, partitions: frozenset[TopicPartition]) -> None:
        self.told.append(("revoked", partitions))


@pytest_asyncio.fixture(params=["memory", "kafka"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    if request.param == "memory":
        memory = MemoryBroker("local")
        names = iter(range(1000))

        def make(partitions: int) -> str:
            name = f"nrm.local.node-one.t{next(names)}.v1"
            memory.create_topic(name, partitions)
            return name

        yield Bus(memory, make)
        return
    broker = kafka_broker(request.getfixturevalue("kafka_server"))
    yield Bus(broker, request.getfixturevalue("kafka_topic"))
    await broker.close()


async def send(broker: Broker, records: list[OutgoingRecord]) -> list[Any]:
    producer = broker.producer()
    await producer.start()
    answers = [await producer.send(record) for record in records]
    places = [await answer for answer in answers]
    assert await producer.stop()
    return places


def some_records(topic: str, count: int, keys: list[bytes] = KEYS) -> list[OutgoingRecord]:
    return [
        OutgoingRecord(topic, keys[number % len(keys)], b"%d" % number) for number in range(count)
    ]


async def read(consumer: Consumer, count: int) -> list[BrokerRecord]:
    found: list[BrokerRecord] = []

    async def enough() -> bool:
        found.extend(await consumer.fetch(100, 0.2))
        return len(found) >= count

    await until(enough)
    return found


async def joined(
    bus: Bus, group: str, topics: list[str], listener: Ear | None = None, **options: Any
) -> Consumer:
    consumer = bus.broker.consumer(
        group, topics, listener or Ear(), ConsumerOptions(**options) if options else None
    )
    await consumer.start()
    return consumer


async def test_records_of_one_key_stay_in_order_in_the_partition_of_murmur2(bus: Bus) -> None:
    topic = bus.topic(4)
    await send(bus.broker, some_records(topic, 60))
    consumer = await joined(bus, "group", [topic])
    found = await read(consumer, 60)
    await consumer.stop()
    for key in KEYS:
        mine = [record for record in found if record.key == key]
        assert [int(record.value or b"") for record in mine] == sorted(
            int(record.value or b"") for record in mine
        )
        assert {record.partition for record in mine} == {partition_of(key, 4)}


async def test_a_record_is_read_as_it_was_sent_and_acknowledged_where_it_is(bus: Bus) -> None:
    topic = bus.topic(2)
    headers = (("ce_id", b"one"), ("empty", b""), ("none", None))
    sent = OutgoingRecord(topic, b"key", b"value", headers, partition=1)
    places = await send(bus.broker, [sent, OutgoingRecord(topic, None, b"x", partition=1)])
    consumer = await joined(bus, "group", [topic])
    first, second = await read(consumer, 2)
    await consumer.stop()
    assert (first.key, first.value, first.headers) == (b"key", b"value", headers)
    assert (second.key, second.offset) == (None, 1)
    assert first.timestamp > 0
    assert [(place.topic, place.partition, place.offset) for place in places] == [
        (topic, 1, 0),
        (topic, 1, 1),
    ]


async def test_a_record_too_large_is_refused_before_and_the_producer_lives(bus: Bus) -> None:
    topic = bus.topic(1)
    producer = bus.broker.producer()
    await producer.start()
    with pytest.raises(RecordTooLarge):
        await producer.send(OutgoingRecord(topic, b"key", b"x" * RECORD_LIMIT_BYTES))
    fits = OutgoingRecord(topic, b"key", b"x" * (RECORD_LIMIT_BYTES - 100))
    assert (await (await producer.send(fits))).offset == 0
    assert producer.usable
    await producer.stop()


async def test_many_records_at_once_arrive_as_one_by_one(bus: Bus) -> None:
    """More than fit into one batch, so that several of one partition follow each other."""
    topic = bus.topic(2)
    producer = bus.broker.producer()
    await producer.start()
    many = [
        OutgoingRecord(
            topic, KEYS[number % 12], b"%d" % number + b" " * 10_000, ((f"h{number}", b""),)
        )
        for number in range(96)
    ]
    many += [OutgoingRecord(topic, None, b"%d" % number, partition=1) for number in (96, 97)]
    answers = await producer.send_all(many)
    places = [await answer for answer in answers if answer is not None]
    assert len(places) == len(many)
    await producer.stop()
    consumer = await joined(bus, "group", [topic])
    found = await read(consumer, len(many))
    await consumer.stop()
    for partition in (0, 1):
        mine = [
            (int(record.value or b""), record) for record in found if record.partition == partition
        ]
        assert [number for number, _ in mine] == sorted(number for number, _ in mine)
        for number, record in mine:
            assert record.key is None or partition_of(record.key, 2) == partition
            assert number > 95 or record.headers == ((f"h{number}", b""),)
            assert places[number].partition == partition
    assert {int(record.value or b"") for record in found} == set(range(len(many)))


async def test_none_of_many_is_handed_over_when_one_is_too_large(bus: Bus) -> None:
    topic = bus.topic(1)
    producer = bus.broker.producer()
    await producer.start()
    small, large = (OutgoingRecord(topic, b"k", b"x" * many) for many in (1, RECORD_LIMIT_BYTES))
    with pytest.raises(RecordTooLarge):
        await producer.send_all([small, large])
    (answer,) = await producer.send_all([small])
    assert answer is not None
    assert (await answer).offset == 0
    await producer.stop()
    with pytest.raises(BrokerUnavailable):
        await producer.send_all([small])


async def test_a_missing_topic_is_said_in_a_sentence_at_once(bus: Bus) -> None:
    there, missing = bus.topic(1), "nrm.local.node-one.nowhere.v1"
    async with asyncio.timeout(5):
        with pytest.raises(TopicMissing, match="nowhere"):
            await bus.broker.consumer("group", [there, missing], Ear()).start()
        with pytest.raises(TopicMissing, match="nowhere"):
            await bus.broker.reader(missing).start()
    assert (await bus.broker.topics())[there] == 1


async def test_a_new_group_reads_all_and_nothing_is_committed_by_itself(bus: Bus) -> None:
    topic = bus.topic(1)
    await send(bus.broker, some_records(topic, 10))
    for _ in range(2):
        consumer = await joined(bus, "group", [topic])
        assert [record.offset for record in await read(consumer, 10)] == list(range(10))
        assert await consumer.committed(TopicPartition(topic, 0)) is None
        await consumer.stop()


async def test_a_group_goes_on_where_it_committed(bus: Bus) -> None:
    topic = bus.topic(1)
    place = TopicPartition(topic, 0)
    await send(bus.broker, some_records(topic, 10))
    first = await joined(bus, "group", [topic])
    await read(first, 10)
    assert await first.position(place) == 10
    await first.commit({place: 4}, first.generation)
    await first.stop()
    second = await joined(bus, "group", [topic])
    assert [record.offset for record in await read(second, 6)] == list(range(4, 10))
    assert await second.committed(place) == 4
    await second.stop()


async def test_partitions_are_dealt_by_range_so_that_one_subject_stays_in_one_process(
    bus: Bus,
) -> None:
    topics = sorted([bus.topic(4), bus.topic(4)])
    first_ear, second_ear = Ear(), Ear()
    first = await joined(bus, "group", topics, first_ear)
    assert len(first.assignment()) == 8
    old_generation = first.generation
    joining = asyncio.create_task(joined(bus, "group", topics, second_ear))

    async def both() -> bool:
        await first.fetch(10, 0.1)
        return joining.done() and len(first.assignment()) == 4

    await until(both)
    second = await joining
    for consumer in (first, second):
        by_topic = [{p for t, p in consumer.assignment() if t == topic} for topic in topics]
        assert by_topic[0] == by_topic[1]
        assert len(by_topic[0]) == 2
    assert first.assignment() | second.assignment() == {
        TopicPartition(topic, number) for topic in topics for number in range(4)
    }
    assert ("revoked", frozenset(p for _, ps in first_ear.told[:1] for p in ps)) in first_ear.told
    with pytest.raises(CommitRefused):
        await first.commit({next(iter(first.assignment())): 1}, old_generation)
    with pytest.raises(CommitRefused):
        await first.commit({next(iter(second.assignment())): 1}, first.generation)
    await second.stop()
    await first.stop()


async def test_what_a_listener_raises_is_not_swallowed(bus: Bus) -> None:
    topic = bus.topic(1)
    consumer = bus.broker.consumer("group", [topic], Ear(fails=True))
    with pytest.raises(RuntimeError, match="listener"):
        await consumer.start()
    assert isinstance(consumer.failure, RuntimeError)
    await consumer.stop()


async def test_a_paused_partition_gives_nothing_until_it_is_resumed(bus: Bus) -> None:
    topic = bus.topic(2)
    resting, flowing = TopicPartition(topic, 0), TopicPartition(topic, 1)
    consumer = await joined(bus, "group", [topic])
    consumer.pause([resting])
    await send(
        bus.broker, [OutgoingRecord(topic, b"k", b"v", partition=number) for number in (0, 1)]
    )
    assert [record.topic_partition for record in await read(consumer, 1)] == [flowing]
    assert await consumer.fetch(10, 0.2) == []
    consumer.resume([resting])
    assert [record.topic_partition for record in await read(consumer, 1)] == [resting]
    await consumer.stop()


async def test_seeking_reads_again(bus: Bus) -> None:
    topic = bus.topic(1)
    place = TopicPartition(topic, 0)
    await send(bus.broker, some_records(topic, 5))
    consumer = await joined(bus, "group", [topic])
    await read(consumer, 5)
    consumer.seek(place, 3)
    assert [record.offset for record in await read(consumer, 2)] == [3, 4]
    assert await consumer.log_ends([place]) == {place: 5}
    await consumer.stop()


async def test_deleted_records_are_gone_and_deleting_again_changes_nothing(bus: Bus) -> None:
    topic = bus.topic(1)
    place = TopicPartition(topic, 0)
    await send(bus.broker, some_records(topic, 5))
    for _ in range(2):
        await bus.broker.delete_records(place, 3)
    reader = bus.broker.reader(topic)
    await reader.start()
    assert (await reader.log_start(), await reader.log_end()) == (3, 5)
    assert [record.offset for record in await read_one(reader, 2)] == [3, 4]
    await reader.stop()


async def read_one(reader: Any, count: int) -> list[BrokerRecord]:
    found: list[BrokerRecord] = []

    async def enough() -> bool:
        found.extend(await reader.fetch(100, 0.2))
        return len(found) >= count

    await until(enough)
    return found


async def committed_below_the_log(bus: Bus) -> str:
    topic = bus.topic(1)
    place = TopicPartition(topic, 0)
    await send(bus.broker, some_records(topic, 5))
    consumer = await joined(bus, "group", [topic])
    await consumer.commit({place: 1}, consumer.generation)
    await consumer.stop()
    await bus.broker.delete_records(place, 3)
    return topic


async def test_an_offset_outside_the_log_stops_instead_of_jumping(bus: Bus) -> None:
    topic = await committed_below_the_log(bus)
    consumer = await joined(bus, "group", [topic])
    with pytest.raises(OffsetLost, match=topic):
        await read(consumer, 1)
    await consumer.stop()


async def test_where_records_are_deleted_reading_resumes_at_the_log_start(bus: Bus) -> None:
    topic = await committed_below_the_log(bus)
    consumer = await joined(bus, "group", [topic], resume_at_log_start=frozenset({topic}))
    assert [record.offset for record in await read(consumer, 2)] == [3, 4]
    await consumer.stop()


async def test_where_all_was_deleted_reading_goes_on_with_what_comes_next(bus: Bus) -> None:
    topic = await committed_below_the_log(bus)
    await bus.broker.delete_records(TopicPartition(topic, 0), 5)
    consumer = await joined(bus, "group", [topic], resume_at_log_start=frozenset({topic}))
    assert await consumer.fetch(10, 0.2) == []
    await send(bus.broker, some_records(topic, 1))
    assert [record.offset for record in await read(consumer, 1)] == [5]
    await consumer.stop()


async def test_nothing_is_deleted_beyond_the_end_of_a_log(bus: Bus) -> None:
    topic = bus.topic(1)
    await send(bus.broker, some_records(topic, 2))
    with pytest.raises(BrokerUnavailable):
        await bus.broker.delete_records(TopicPartition(topic, 0), 3)
    reader = bus.broker.reader(topic)
    await reader.start()
    assert (await reader.log_start(), await reader.log_end()) == (0, 2)
    await reader.stop()


async def test_a_reader_reads_one_partition_from_where_it_is_told(bus: Bus) -> None:
    topic = bus.topic(2)
    await send(
        bus.broker, [OutgoingRecord(topic, None, b"%d" % n, partition=n % 2) for n in range(10)]
    )
    reader = bus.broker.reader(topic, 1)
    await reader.start(2)
    assert [record.value for record in await read_one(reader, 3)] == [b"5", b"7", b"9"]
    assert await reader.fetch(10, 0.1) == []
    reader.seek(4)
    assert [record.value for record in await read_one(reader, 1)] == [b"9"]
    await bus.broker.delete_records(TopicPartition(topic, 1), 3)
    reader.seek(0)
    with pytest.raises(OffsetLost):
        await read_one(reader, 1)
    assert await reader.stop()


async def test_an_abandoned_producer_is_never_used_again(bus: Bus) -> None:
    topic = bus.topic(1)
    producer = bus.broker.producer()
    await producer.start()
    await (await producer.send(OutgoingRecord(topic, b"k", b"v")))
    producer.abandon()
    assert not producer.usable
    with pytest.raises(BrokerUnavailable):
        await producer.send(OutgoingRecord(topic, b"k", b"v"))
    assert (await send(bus.broker, [OutgoingRecord(topic, b"k", b"v")]))[0].offset == 1
