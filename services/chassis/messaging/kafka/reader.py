"""Reads one partition from an offset that the caller keeps. The only place that may ``assign``.

aiokafka's ``assign`` on a missing or forbidden topic raises nothing and spins: the topic is
looked up first.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import OffsetOutOfRangeError

from services.chassis.errors import BrokerUnavailable
from services.chassis.messaging.broker import BrokerRecord, OffsetLost, TopicPartition
from services.chassis.messaging.kafka.connection import (
    CLIENT_FAILURES,
    KafkaSettings,
    explain,
    explained,
    within,
)
from services.chassis.messaging.kafka.consumer import FETCH_SLACK_SECONDS
from services.chassis.messaging.kafka.fetching import Fetching


class KafkaReader:
    """See ``broker.Reader``."""

    def __init__(self, settings: KafkaSettings, partition: TopicPartition, require: Any) -> None:
        self._settings = settings
        self._partition = partition
        self._raw = KafkaPartition(*partition)
        self._require = require
        self._inner: AIOKafkaConsumer | None = None
        self._fetching = Fetching()

    async def start(self, offset: int | None = None) -> None:
        """Look the topic up, connect, assign, go to the offset."""
        await self._require([self._partition.topic])
        inner = AIOKafkaConsumer(
            **self._settings.client(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=int(self._settings.reader_wait_seconds * 1000),
        )
        self._inner = inner
        try:
            async with asyncio.timeout(self._settings.start_seconds):
                await inner.start()
                inner.assign([self._raw])
                begin = await self.log_start() if offset is None else offset
                inner.seek(self._raw, begin)
                self._fetching.sought(self._raw, begin)
        except CLIENT_FAILURES as error:
            await self.stop()
            raise explain(error) from None

    @property
    def _client(self) -> AIOKafkaConsumer:
        if self._inner is None:
            raise BrokerUnavailable("the reader is not started")
        return self._inner

    async def fetch(self, max_records: int, timeout_seconds: float) -> list[BrokerRecord]:
        """The next records; empty after the timeout."""
        try:
            async with asyncio.timeout(timeout_seconds + FETCH_SLACK_SECONDS):
                return await self._fetching.records(self._client, max_records, timeout_seconds)
        except OffsetOutOfRangeError:
            raise OffsetLost([self._partition]) from None
        except TimeoutError:
            return []
        except CLIENT_FAILURES as error:
            raise explain(error) from None

    def seek(self, offset: int) -> None:
        """The next fetch begins at ``offset``."""
        with explained():
            self._client.seek(self._raw, offset)
        self._fetching.sought(self._raw, offset)

    async def log_start(self) -> int:
        """The first offset that still exists."""
        with explained():
            async with asyncio.timeout(self._settings.answer_seconds):
                found = await self._client.beginning_offsets([self._raw])
        return int(found[self._raw])

    async def log_end(self) -> int:
        """The offset that the next record will get."""
        with explained():
            async with asyncio.timeout(self._settings.answer_seconds):
                found = await self._client.end_offsets([self._raw])
        return int(found[self._raw])

    async def stop(self) -> bool:
        """Stop within the settings' time."""
        inner, self._inner = self._inner, None
        if inner is None:
            return True
        if await within(self._settings.stop_seconds, inner.stop()):
            return True
        await within(self._settings.stop_seconds, inner._client.close())
        return False
