"""A new service reads a topic that is there already: all of it, once, also when it dies meanwhile.

Real processes on a real broker and a real database: killed with SIGKILL in the middle, sent back
by an operator, and on a topic of which the first records are gone.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import pytest
import pytest_asyncio

from deploy.local import broker_admin
from deploy.local.kafka import KafkaServer
from deploy.local.layout import REPOSITORY
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.baseline import Given as GivenUp
from services.chassis.messaging.baseline import pass_over
from services.chassis.messaging.broker import BrokerRecord, TopicPartition
from services.chassis.messaging.codec import decode
from services.chassis.messaging.kafka import KafkaBroker
from services.chassis.messaging.parking import Order
from services.chassis.messaging.readers import readers_of
from services.chassis.messaging.seek import order_back
from tests.support.kafka import MakeTopic, kafka_broker
from tests.support.new_service import CONSUMER, Given
from tests.support.postgres import Postgres
from tests.support.receiving import effects, envelope_of, make_effects, sent
from tests.support.waiting import until

SUBJECTS = [f"s{number}" for number in range(8)]
EVENTS = 12
ALL = len(SUBJECTS) * EVENTS
SECONDS = 240.0
ORDER = Order(actor="operator", reason="test")


@dataclass
class Bench:
    """A topic with a past, a topic for consequences, and the new service's empty schema."""

    given: Given
    broker: KafkaBroker
    database: Database

    @contextmanager
    def living(self, failpoint: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """One life of the new service; killed at its end."""
        told = {"NRM_TEST": "1", "NRM_FAILPOINT": failpoint} if failpoint else {}
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.new_service", json.dumps(asdict(self.given))],
            cwd=REPOSITORY,
            env={**os.environ, **told},
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait(SECONDS)

    async def dies_at(self, failpoint: str) -> None:
        """It lives until the failpoint kills it."""
        with self.living(failpoint) as process:
            await until(lambda: process.poll() is not None, seconds=SECONDS)
            assert process.returncode == -signal.SIGKILL

    async def fill(self) -> None:
        """The topic's past: number by number, over all subjects."""
        producer = self.broker.producer()
        await producer.start()
        for sequence in range(1, EVENTS + 1):
            for subject in SUBJECTS:
                record = sent(envelope_of(subject, sequence), topic=self.given.reads)
                await (await producer.send(record))
        await producer.stop()

    def read_so_far(self) -> dict[int, broker_admin.ReadSoFar]:
        group = f"{self.given.settings['node']}.{CONSUMER}"
        reader = (group, self.given.reads)
        return broker_admin.read_so_far(self.given.bootstrap, [reader])[reader]

    async def reads_all(self) -> None:
        """Wait until the group has committed the end of every partition."""

        async def at_end() -> bool:
            told = await asyncio.to_thread(self.read_so_far)
            return all(place.committed == place.end for place in told.values())

        await until(at_end, seconds=SECONDS)

    async def settled(self, many: int) -> dict[str, list[int]]:
        """Wait until so many effects are there; numbers by subject in the order of commits."""

        async def there() -> bool:
            return len(await effects(self.database)) >= many

        await until(there, seconds=SECONDS)
        found = defaultdict(list)
        for subject, sequence in await effects(self.database):
            found[subject].append(sequence)
        return found

    async def said(self, many: int) -> dict[str, list[int]]:
        """What it published, first occurrences only, once nothing is unsent."""

        async def sent_all() -> bool:
            return len({record_id(each) for each in await self.records(self.given.writes)}) >= many

        await until(sent_all, seconds=SECONDS)
        found: dict[str, list[int]] = defaultdict(list)
        seen = set()
        for record in await self.records(self.given.writes):
            envelope, body = decode(record)
            if envelope.id not in seen:
                seen.add(envelope.id)
                found[envelope.subject].append(json.loads(body)["number"])
        return found

    async def records(self, topic: str) -> list[BrokerRecord]:
        """Every record of a topic."""
        records: list[BrokerRecord] = []
        for partition in range(4):
            reader = self.broker.reader(topic, partition)
            await reader.start()
            while (await reader.log_end()) > sum(r.partition == partition for r in records):
                records += await reader.fetch(500, 0.5)
            await reader.stop()
        return records


def record_id(record: BrokerRecord) -> str:
    return decode(record)[0].id


@pytest_asyncio.fixture
async def bench(
    house: Postgres,
    house_settings: ServiceSettings,
    database: Database,
    kafka_server: KafkaServer,
    kafka_topic: MakeTopic,
) -> AsyncIterator[Bench]:
    """Everything but the service."""
    await make_effects(house)
    reads, writes = [await asyncio.to_thread(kafka_topic, 4) for _ in range(2)]
    settings = house_settings.model_dump(mode="json", exclude_none=True)
    settings["database_url"] = house_settings.database_url.get_secret_value()
    broker = kafka_broker(kafka_server)
    bench = Bench(Given(kafka_server.bootstrap, reads, writes, settings), broker, database)
    await bench.fill()
    yield bench
    await broker.close()


@pytest.mark.long
async def test_a_new_service_replays_a_topic_once_though_it_dies_and_is_sent_back(
    bench: Bench,
) -> None:
    """Twice in the middle, and once while it obeys an order to read all of it again."""
    once = {subject: list(range(1, EVENTS + 1)) for subject in SUBJECTS}
    await bench.dies_at(f"{Failpoint.HANDLED_BEFORE_COMMIT}:20")
    await bench.dies_at(f"{Failpoint.SETTLED_BEFORE_FINISH}:30")
    with bench.living():
        assert await bench.settled(ALL) == once
        await bench.reads_all()
        assert await bench.said(ALL) == once
    places = {TopicPartition(bench.given.reads, partition): 0 for partition in range(4)}
    async with bench.database.transaction() as tx:
        await order_back(tx, CONSUMER, places, ORDER)
    await bench.dies_at(Failpoint.REWOUND_BEFORE_MARK)
    assert {place.committed for place in bench.read_so_far().values()} == {0}
    with bench.living():
        await bench.reads_all()
        assert [each.ordered for each in await readers_of(bench.database)] == [{}]
    assert await bench.settled(ALL) == once
    assert await bench.said(ALL) == once


async def test_where_the_log_was_cut_it_goes_on_from_what_is_left(bench: Bench) -> None:
    past = await bench.records(bench.given.reads)
    topic, gone = bench.given.reads, Counter[str]()
    for partition, place in bench.read_so_far().items():
        first = place.end // 2
        await bench.broker.delete_records(TopicPartition(topic, partition), first)
        half = [each for each in past if (each.partition, each.offset < first) == (partition, True)]
        gone.update((each.key or b"").decode() for each in half)
    left = {s: list(range(gone[s] + 1, EVENTS + 1)) for s in SUBJECTS}
    with bench.living():
        await bench.reads_all()
        cut = {subject for subject in SUBJECTS if gone[subject]}
        assert cut
        ends = {number: place.end for number, place in bench.read_so_far().items()}
        given = await pass_over(bench.database, CONSUMER, bench.given.reads, ends, ORDER)
        assert given == GivenUp(len(cut), sum(gone.values()))
        assert await bench.settled(ALL - given.records) == left
        assert await bench.said(ALL - given.records) == left
