"""Fetches records; one that the client cannot read comes as a record of its place, and empty.

The client reads the names of headers as UTF-8. A name that is none fails the whole fetch, also of
other partitions, and would fail it again after every restart: anybody who may write one record
could stop its reader for ever. What the same sender put behind it into the same batch cannot be
read either, and comes likewise. What it held stays on the bus and is never guessed here.
"""

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

from services.chassis.logs import logger
from services.chassis.messaging.broker import BrokerRecord

ALONE_PAUSE_SECONDS: Final = 0.02

log = logger(__name__)


class Fetching:
    """The fetches of one client, and where each of its partitions goes on."""

    def __init__(self) -> None:
        self._next: dict[Any, int] = {}
        self._alone = False

    def assigned_anew(self) -> None:
        """Other partitions are ours, each at its committed offset."""
        self._next.clear()
        self._alone = False

    def sought(self, partition: Any, offset: int) -> None:
        """The partition goes on at ``offset``."""
        self._next[partition] = offset

    async def records(
        self, client: AIOKafkaConsumer, max_records: int, timeout_seconds: float
    ) -> list[BrokerRecord]:
        """The next records of all partitions; none after the timeout."""
        if self._alone:
            return await self._one(client)
        try:
            batches = await client.getmany(
                timeout_ms=int(timeout_seconds * 1000), max_records=max_records
            )
        except UnicodeDecodeError:
            await self._begin_again(client)
            return []
        for partition, batch in batches.items():
            self._next[partition] = batch[-1].offset + 1
        return [as_record(raw) for batch in batches.values() for raw in batch]

    async def _begin_again(self, client: AIOKafkaConsumer) -> None:
        """Back to what nobody was given: the client forgets what it read before it failed."""
        for partition in client.assignment():
            offset = self._next.get(partition)
            if offset is None:
                offset = await client.committed(partition)
            if offset is not None:
                client.seek(partition, offset)
        self._alone = True

    async def _one(self, client: AIOKafkaConsumer) -> list[BrokerRecord]:
        """One record of one partition, until the one is met that cannot be read."""
        for partition in client.assignment():
            try:
                batches = await client.getmany(partition, timeout_ms=0, max_records=1)
            except UnicodeDecodeError:
                return [await self._passed_over(client, partition)]
            for raw in batches.get(partition, ()):
                self._next[partition] = raw.offset + 1
                return [as_record(raw)]
        await asyncio.sleep(ALONE_PAUSE_SECONDS)
        return []

    async def _passed_over(self, client: AIOKafkaConsumer, partition: Any) -> BrokerRecord:
        offset = int(await client.position(partition))
        log.error(
            "a record cannot be read",
            topic=partition.topic,
            partition=partition.partition,
            offset=offset,
        )
        client.seek(partition, offset + 1)
        self._next[partition] = offset + 1
        self._alone = False
        return BrokerRecord(partition.topic, partition.partition, offset, None, None)


def as_record(raw: Any) -> BrokerRecord:
    """One record of aiokafka in our words."""
    return BrokerRecord(
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key,
        value=raw.value,
        headers=tuple(raw.headers),
        timestamp=raw.timestamp,
    )
