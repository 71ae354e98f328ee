"""A real Kafka for the tests: the embedded one, or a container of the deployed image.

One broker for a session, topics with fresh names for each test. A broker that cannot start is a
failure that says so: these tests may never be skipped in silence.
"""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.local import broker_admin
from deploy.local.kafka import KafkaServer
from deploy.local.shapes import TopicShape
from services.chassis.messaging.consumer import Consumer
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.inboxes import inbox_consumer
from services.chassis.messaging.kafka import KafkaBroker, KafkaSettings
from tests.support.containers import ContainedBroker, in_containers, kafka_container

SESSION_SECONDS = 6.0
"""The shortest that a broker allows."""
MakeTopic = Callable[[int], str]
TestBroker = KafkaServer | ContainedBroker


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[TestBroker]:
    """The broker of this session."""
    if in_containers():
        with kafka_container() as broker:
            yield broker
        return
    folder = Path(tempfile.mkdtemp(prefix="nrm-test-kafka-"))
    server = KafkaServer(folder)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def kafka_topic(kafka_server: TestBroker) -> MakeTopic:
    """Makes a topic of its own with so many partitions."""

    def make(partitions: int) -> str:
        name = f"nrm.local.node-one.t{secrets.token_hex(6)}.v1"
        broker_admin.create(kafka_server.bootstrap, [TopicShape(name, partitions, {})])
        return name

    return make


def kafka_settings(server: TestBroker, **changes: Any) -> KafkaSettings:
    """Settings of a client that waits as briefly as is allowed."""
    given = KafkaSettings(
        name="local",
        bootstrap=server.bootstrap,
        client_id="nrm-test",
        session_seconds=SESSION_SECONDS,
    )
    return replace(given, **changes)


def kafka_broker(server: TestBroker, **changes: object) -> KafkaBroker:
    """A bus on the session's broker; the caller closes it."""
    return KafkaBroker(kafka_settings(server, **changes))


@asynccontextmanager
async def running_member(
    context: ConsumerContext, server: TestBroker, slot: int
) -> AsyncIterator[Consumer]:
    """One member of the group, as a process would be: stopped in order at the end."""
    broker = kafka_broker(server, slot=slot)
    consumer, stop = inbox_consumer(context, broker), asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))
    try:
        yield consumer
    finally:
        stop.set()
        async with asyncio.timeout(60):
            await task
        await broker.close()
