"""Broker and database from a folder: their settings, their ports, their ends."""

import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from deploy.local import broker_admin, topics
from deploy.local.failures import StackFailure
from deploy.local.kafka import KafkaServer
from deploy.local.postgres import PostgresServer
from deploy.local.shapes import TopicShape


@pytest.fixture
def broker(own_folder: Path) -> Iterator[KafkaServer]:
    """A broker of its own."""
    with KafkaServer(own_folder / "kafka") as server:
        yield server


@pytest.fixture
def database(own_folder: Path) -> Iterator[PostgresServer]:
    """A database of its own."""
    with PostgresServer(own_folder / "postgres") as server:
        yield server


def test_acknowledged_means_on_the_disk_also_for_offsets(kafka_server: KafkaServer) -> None:
    name = "nrm.local.flushed.v1"
    broker_admin.create(kafka_server.bootstrap, [TopicShape(name, 1, {})])
    consumer = KafkaConsumer(bootstrap_servers=kafka_server.bootstrap, group_id="nrm-test")
    consumer.assign([TopicPartition(name, 0)])
    consumer.commit({TopicPartition(name, 0): OffsetAndMetadata(0, "", -1)})
    consumer.close()
    found = broker_admin.describe(kafka_server.bootstrap, [name, "__consumer_offsets"])
    assert {topic.settings["flush.messages"] for topic in found.values()} == {"1"}
    assert len(found) == 2


def test_records_that_another_partitioner_placed_are_counted(kafka_server: KafkaServer) -> None:
    name, bootstrap = "nrm.local.placed.v1", kafka_server.bootstrap
    broker_admin.create(bootstrap, [TopicShape(name, 4, {})])
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for number in range(8):
        producer.send(name, key=f"case-{number}".encode(), value=b"")
    producer.flush()
    assert broker_admin.misplaced_keys(bootstrap, name, limit=10) == (8, 0)
    key = b"case-0"
    wrong = (broker_admin.partition_of(key, 4) + 1) % 4
    producer.send(name, key=key, value=b"", partition=wrong)
    producer.close()
    assert broker_admin.misplaced_keys(bootstrap, name, limit=10) == (9, 1)


def test_nobody_may_hold_a_topic_back_for_longer_than_a_minute(kafka_server: KafkaServer) -> None:
    """What stands behind an open transaction is not read, whoever began it."""
    producer = KafkaProducer(
        bootstrap_servers=kafka_server.bootstrap,
        transactional_id="nrm-test",
        transaction_timeout_ms=60_001,
    )
    with pytest.raises(KafkaError, match="InvalidTransactionTimeout"):
        producer.init_transactions()
    producer.close(1)


def test_topics_are_made_changed_and_read_back(kafka_server: KafkaServer) -> None:
    name, bootstrap = "nrm.local.shaped.v1", kafka_server.bootstrap
    wanted = (TopicShape(name, 2, {"retention.ms": "1000"}),)
    assert topics.differences(bootstrap, wanted) == [f"The topic {name} does not exist"]
    topics.make_topics(bootstrap, wanted)
    other = (TopicShape(name, 2, {"retention.ms": "-1", "segment.ms": "600000"}),)
    assert "retention.ms" in topics.differences(bootstrap, other)[0]
    topics.make_topics(bootstrap, other)
    assert topics.differences(bootstrap, other) == []
    with pytest.raises(StackFailure, match="has 2 partitions"):
        topics.make_topics(bootstrap, (TopicShape(name, 3, {}),))


def test_a_killed_broker_keeps_its_address_and_topics(broker: KafkaServer) -> None:
    address = broker.bootstrap
    broker_admin.create(address, [TopicShape("nrm.local.kept.v1", 1, {})])
    broker.kill()
    assert not broker.running()
    assert not broker_admin.answers(address, seconds=0.5)
    broker.start()
    assert broker.bootstrap == address
    assert "nrm.local.kept.v1" in broker_admin.topic_names(address)


def test_a_broker_whose_port_was_taken_moves_and_says_so(broker: KafkaServer) -> None:
    broker.stop()
    port = int(broker.bootstrap.rpartition(":")[2])
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", port))
        thief.listen()
        broker.start()
    assert broker.moved_from == port


async def test_the_database_asks_for_passwords_and_writes_to_the_disk(
    database: PostgresServer,
) -> None:
    connection = await asyncpg.connect(database.superuser_url())
    shown = {name: await connection.fetchval(f"SHOW {name}") for name in ("fsync", "port")}
    assert shown == {"fsync": "on", "port": str(database.port)}
    assert await connection.fetchval("SHOW max_connections") == "300"
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute("SELECT 'Olga Canary'::int")
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(database.url("postgres", "wrong", "postgres"))
    assert "Canary" not in (database.folder / "server.log").read_text()


async def test_a_killed_database_keeps_what_was_committed(database: PostgresServer) -> None:
    connection = await asyncpg.connect(database.superuser_url())
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    database.kill()
    assert not database.running()
    database.start()
    connection = await asyncpg.connect(database.superuser_url())
    assert await connection.fetchval("SELECT number FROM kept") == 7
    await connection.close()
