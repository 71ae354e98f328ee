"""Puts the consumer of an inbox together: bus, lanes, handling, sweep, all for one subscription.

The wiring stands here, once; nothing is decided here.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.errors import StatementRefused
from services.chassis.messaging.arrival import Arrival
from services.chassis.messaging.attempts import Attempts
from services.chassis.messaging.batching import Batching
from services.chassis.messaging.broker import Broker, BrokerRecord
from services.chassis.messaging.consumer import Consumer, Piece
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.handling import Handling
from services.chassis.messaging.limits import ParkingLimit
from services.chassis.messaging.offsets import Offsets
from services.chassis.messaging.rows import Result
from services.chassis.messaging.sweep import Sweep
from services.chassis.messaging.trials import Trials


@dataclass(frozen=True, slots=True)
class ArrivedPiece:
    """An arrival, dealt by its subject."""

    arrival: Arrival

    @property
    def record(self) -> BrokerRecord:
        """The record."""
        return self.arrival.record

    @property
    def about(self) -> str:
        """Its subject."""
        return self.arrival.stream.subject


class InboxSettler:
    """See ``consumer.Settler``: marks and rows."""

    def __init__(self, context: ConsumerContext) -> None:
        limits = context.limits
        self.trials = Trials(context.database, limits)
        self.attempts = Attempts(
            context.database,
            context.subscriptions.consumer,
            context.slot,
            limits.in_flight_each_partition,
        )
        self.parking = ParkingLimit(limits)
        self.handling = Handling(context, self.parking)
        self.sweep = Sweep(context, self.handling, self.trials, self.attempts)
        self.batching = Batching(context, self.handling, self.trials)
        self.at_once = context.subscriptions.at_once
        reading = context.subscriptions
        over = context.telemetry.gauge("senders_over_limit")
        over.labels(reading.bus, reading.consumer).set_function(self.parking.senders_over)

    def prepare(self, record: BrokerRecord) -> ArrivedPiece:
        """Read the envelope."""
        return ArrivedPiece(self.handling.arriving.of(record))

    async def settle_together(self, pieces: Sequence[Piece]) -> Sequence[bool]:
        """Handle or store what may go together in one transaction, the rest one by one."""
        follow: list[bool] = []
        rest = deque(pieces)
        for run in self.batching.runs([_arrival(piece) for piece in pieces]):
            for result in await self.batching.settle(run):
                piece = rest.popleft()
                follow.append(await self.settle(piece) if result is None else result.stored)
        return follow

    async def settle(self, piece: Piece) -> bool:
        """Handle it, or store it."""
        arrival = _arrival(piece)
        result = await self.trials.settle(
            lambda: self.handling.receive(arrival),
            lambda error: self._put_aside(arrival, error),
        )
        return result.stored

    async def park(self, piece: Piece, error: str) -> bool:
        """Put it aside."""
        result: Result = await self.trials.persist(lambda: self._put_aside(_arrival(piece), error))
        return result.stored

    async def _put_aside(self, arrival: Arrival, error: str) -> Result:
        """By its stream; by its place alone when the database refuses its names."""
        try:
            return await self.handling.park(arrival, error)
        except StatementRefused as refused:
            if not refused.does_not_fit:
                raise
            unreadable = self.handling.arriving.unreadable(arrival.record)
            return await self.handling.park(unreadable, error)

    async def follow(self, piece: Piece) -> None:
        """Advance the streams of its subject."""
        await self.trials.persist(lambda: self.sweep.follow(piece.about))

    def committed(self, offsets: Offsets) -> None:
        """Nothing follows from a commit."""

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep."""
        await self.sweep.run(stop)


def _arrival(piece: Piece) -> Arrival:
    if not isinstance(piece, ArrivedPiece):
        raise TypeError("not a piece of this consumer")
    return piece.arrival


def inbox_consumer(context: ConsumerContext, broker: Broker) -> Consumer:
    """The consumer of ``context.subscriptions`` on its bus: a part of the process."""
    return Consumer(context, broker, InboxSettler(context))
