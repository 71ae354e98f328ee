"""Keeps one usable producer at hand: asks the bus first, replaces what is dead or stuck.

An idempotent producer never gives up by itself. Here it is given up when it is stuck although
the bus answers; what it still delivers late are duplicates, which sequence numbers make harmless.
"""

import contextlib
from typing import Final

from services.chassis.errors import BrokerUnavailable
from services.chassis.messaging.broker import Broker, Producer

ABANDONED_LIMIT: Final = 3


class ProducersStuck(BrokerUnavailable):
    """One producer after the other got stuck: whoever uses them must begin again from scratch."""


class ProducerWatchdog:
    """The producer of one relay."""

    def __init__(self, broker: Broker, abandoned_limit: int = ABANDONED_LIMIT) -> None:
        self._broker = broker
        self._producer: Producer | None = None
        self._abandoned_limit = abandoned_limit
        self._abandoned_in_a_row = 0
        self.abandoned = 0
        """How many were given up, ever."""
        self.topics: frozenset[str] = frozenset()
        """What the bus had when it was last asked."""

    async def producer(self) -> Producer:
        """A usable producer; a new one only after the bus answered metadata.

        Raises BrokerUnavailable while it does not.
        """
        if self._producer is not None and self._producer.usable:
            return self._producer
        await self.let_go()
        await self.look_for_topics()
        producer = self._broker.producer()
        await producer.start()
        self._producer = producer
        return producer

    async def look_for_topics(self) -> None:
        """Ask the bus for its topics; raises BrokerUnavailable."""
        self.topics = frozenset(await self._broker.topics())

    async def bus_answers(self) -> bool:
        """Whether the bus answers metadata now."""
        with contextlib.suppress(BrokerUnavailable):
            await self.look_for_topics()
            return True
        return False

    def acknowledged(self) -> None:
        """Something got through: stuck producers are counted anew."""
        self._abandoned_in_a_row = 0

    def abandon(self) -> None:
        """Give a stuck producer up; raises ProducersStuck when it is one too many in a row."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.abandon()
            self.abandoned += 1
            self._abandoned_in_a_row += 1
        if self._abandoned_in_a_row >= self._abandoned_limit:
            self._abandoned_in_a_row = 0
            raise ProducersStuck("producers get stuck although the bus answers")

    async def let_go(self) -> None:
        """Stop the producer in bounded time, or leave it behind."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        if producer.usable:
            await producer.stop()
        else:
            producer.abandon()
