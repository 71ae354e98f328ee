"""One idempotent producer with deadlines of its own, because aiokafka's has none.

An idempotent send of aiokafka never times out, ``flush`` and ``stop`` may hang, and one refused
batch ends the producer for good. So: sizes are checked before, waits are bounded, a stuck or
refused producer is abandoned and its owner makes a new one.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from services.chassis.errors import BrokerUnavailable
from services.chassis.messaging.broker import (
    Acknowledged,
    OutgoingRecord,
    already_failed,
    check_size,
)
from services.chassis.messaging.kafka.connection import (
    CLIENT_FAILURES,
    KafkaSettings,
    explain,
    within,
)
from services.chassis.messaging.kafka.load import Load, loads_of

KEYS_REMEMBERED: Final = 4096


class KafkaProducer:
    """See ``broker.Producer``."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._inner: AIOKafkaProducer | None = None
        self._usable = False
        self._answers: set[asyncio.Future[Acknowledged]] = set()
        self._letting_go: asyncio.Task[None] | None = None

    @property
    def usable(self) -> bool:
        """False once a batch was refused or the producer was abandoned."""
        return self._usable

    async def start(self) -> None:
        """Connect within the settings' time."""
        inner = AIOKafkaProducer(
            **self._settings.client(),
            enable_idempotence=True,
            acks="all",
            max_batch_size=self._settings.batch_bytes,
            linger_ms=self._settings.linger_milliseconds,
        )
        try:
            async with asyncio.timeout(self._settings.start_seconds):
                await inner.start()
        except CLIENT_FAILURES as error:
            await _let_go(inner, self._settings.stop_seconds)
            raise explain(error) from None
        self._inner, self._usable = inner, True

    async def send(self, record: OutgoingRecord) -> "asyncio.Future[Acknowledged]":
        """Hand over; the future is the acknowledgement."""
        inner = self._in_use()
        check_size(record)
        try:
            pending = await self._hand_over(inner, record)
        except CLIENT_FAILURES as error:
            raise explain(error) from None
        return self._answer_to(pending)

    async def send_all(
        self, records: Sequence[OutgoingRecord]
    ) -> "Sequence[asyncio.Future[Acknowledged] | None]":
        """Fill the client's batches and hand those over."""
        inner = self._in_use()
        for record in records:
            check_size(record)
        try:
            numbers = await self._partitions(inner, records)
        except CLIENT_FAILURES as error:
            raise explain(error) from None
        loads = loads_of(inner, zip(records, numbers, strict=True))
        answers: dict[Load, asyncio.Future[Acknowledged]] = {}
        for load in dict.fromkeys(loads):
            load.batch.close()
            try:
                pending = await inner.send_batch(load.batch, load.topic, partition=load.partition)
            except CLIENT_FAILURES as error:
                answers[load] = already_failed(explain(error))
                break
            answers[load] = self._answer_to(pending)
        return [answers.get(load) for load in loads]

    async def _partitions(
        self, inner: AIOKafkaProducer, records: Sequence[OutgoingRecord]
    ) -> list[int]:
        """Where each record goes; what has no key goes where the empty key goes, in order."""
        counts: dict[str, int] = {}
        async with asyncio.timeout(self._settings.hand_over_seconds):
            for topic in {record.topic for record in records}:
                counts[topic] = len(await inner.partitions_for(topic))
        return [
            _partition(record.partition, record.key or b"", counts[record.topic])
            for record in records
        ]

    def _in_use(self) -> AIOKafkaProducer:
        if self._inner is None or not self._usable:
            raise BrokerUnavailable("this producer is no longer used")
        return self._inner

    def _answer_to(self, pending: "asyncio.Future[Any]") -> "asyncio.Future[Acknowledged]":
        answer: asyncio.Future[Acknowledged] = asyncio.get_running_loop().create_future()
        self._answers.add(answer)
        pending.add_done_callback(partial(self._settle, answer))
        return answer

    async def _hand_over(
        self, inner: AIOKafkaProducer, record: OutgoingRecord
    ) -> "asyncio.Future[Any]":
        """Without a deadline of our own where the client keeps one: a timer costs a third of it.

        With the topic known, the client waits for room in a batch alone, for as long as a request
        may take.
        """
        partitions = inner.client.cluster.partitions_for_topic(record.topic)
        if partitions and not (record.key is None and record.partition is None):
            number = _partition(record.partition, record.key or b"", len(partitions))
            return await _given(inner, record, number)
        async with asyncio.timeout(self._settings.hand_over_seconds):
            return await _given(inner, record, record.partition)

    def _settle(
        self, answer: "asyncio.Future[Acknowledged]", pending: "asyncio.Future[Any]"
    ) -> None:
        self._answers.discard(answer)
        failure = None if pending.cancelled() else pending.exception()
        if failure is not None or pending.cancelled():
            self._usable = False
        if answer.done():
            return
        if pending.cancelled():
            answer.set_exception(BrokerUnavailable("the send was given up"))
        elif failure is not None:
            answer.set_exception(explain(failure))
        else:
            place = pending.result()
            answer.set_result(Acknowledged(place.topic, place.partition, place.offset))

    async def stop(self) -> bool:
        """Flush and stop within the settings' time, or abandon."""
        inner, self._usable = self._inner, False
        if inner is None:
            return True
        if await within(self._settings.stop_seconds, inner.stop()):
            self._inner = None
            return True
        self.abandon()
        return False

    def abandon(self) -> None:
        """Let go at once; who waits for an acknowledgement is told that there is none."""
        inner, self._inner, self._usable = self._inner, None, False
        for answer in list(self._answers):
            if not answer.done():
                answer.set_exception(BrokerUnavailable("the producer was abandoned"))
                answer.exception()
        self._answers.clear()
        if inner is not None:
            self._letting_go = asyncio.get_running_loop().create_task(
                _let_go(inner, self._settings.stop_seconds)
            )


_hash: Final = lru_cache(maxsize=KEYS_REMEMBERED)(murmur2)


def _partition(asked: int | None, key: bytes, partitions: int) -> int:
    """As the client's own partitioner; the hash of a key is remembered, as keys come again."""
    return asked if asked is not None else int((_hash(key) & 0x7FFFFFFF) % partitions)


async def _given(
    inner: AIOKafkaProducer, record: OutgoingRecord, partition: int | None
) -> "asyncio.Future[Any]":
    pending: asyncio.Future[Any] = await inner.send(
        record.topic,
        value=record.value,
        key=record.key,
        partition=partition,
        headers=list(record.headers),
    )
    return pending


async def _let_go(inner: AIOKafkaProducer, seconds: float) -> None:
    """End the tasks and connections of a producer that does not stop by itself.

    aiokafka has no public call for it: its sender's ``close`` cancels without flushing.
    """
    inner._closed = True
    sender = inner._sender
    if sender is not None:
        await within(seconds, sender.close())
    await within(seconds, inner.client.close())
