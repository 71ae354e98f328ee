"""The way out to the hub: one producer, replaced when it gets stuck.

Everything that passes here was committed before. What fails here is sent again by the pair's
timer, so nothing is ever kept here.
"""

import asyncio
from collections.abc import Sequence

from services.chassis.errors import BrokerUnavailable, ContractBroken
from services.chassis.messaging.broker import (
    Acknowledged,
    Broker,
    OutgoingRecord,
    Producer,
)


class Line:
    """Sends committed bytes on the exchange's topics."""

    def __init__(self, hub: Broker, acknowledge_seconds: float) -> None:
        self._hub = hub
        self._seconds = acknowledge_seconds
        self._producer: Producer | None = None
        self._starting = asyncio.Lock()

    async def send(self, topic: str, records: Sequence[bytes]) -> bool:
        """Send in order; False when not all were acknowledged in time."""
        try:
            producer = await self._ready()
            answers = [
                await producer.send(
                    OutgoingRecord(topic=topic, key=None, value=record, partition=0)
                )
                for record in records
            ]
        except (BrokerUnavailable, ContractBroken):
            return False
        return await self._acknowledged(producer, answers)

    async def _ready(self) -> Producer:
        async with self._starting:
            if self._producer is None or not self._producer.usable:
                self._drop(self._producer)
                fresh = self._hub.producer()
                await fresh.start()
                self._producer = fresh
            return self._producer

    async def _acknowledged(
        self, producer: Producer, answers: Sequence["asyncio.Future[Acknowledged]"]
    ) -> bool:
        if not answers:
            return True
        done, late = await asyncio.wait(answers, timeout=self._seconds)
        failed = [answer for answer in done if answer.cancelled() or answer.exception()]
        if late:
            self._drop(producer)
        return not late and not failed

    def _drop(self, producer: Producer | None) -> None:
        if producer is not None:
            producer.abandon()
        if self._producer is producer:
            self._producer = None

    async def close(self) -> None:
        """Let go of the producer within a bounded time."""
        producer, self._producer = self._producer, None
        if producer is not None and not await producer.stop():
            producer.abandon()
