"""One consumer: fetches, deals records to lanes, and commits the contiguous finished prefix.

It knows no inbox and no door: a ``Settler`` says what a record is about and settles it. A record is
finished only after its transaction committed, so that a crash anywhere repeats and never loses.
Nothing here may hold a lock while it waits for the bus.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, Protocol

from services.chassis.errors import BrokerUnavailable, InfrastructureFailure, backoff_seconds
from services.chassis.failpoints import Failpoint
from services.chassis.logs import logger
from services.chassis.messaging.attempts import Attempts
from services.chassis.messaging.broker import (
    Broker,
    BrokerRecord,
    CommitRefused,
    ConsumerOptions,
    OffsetLost,
    TopicPartition,
)
from services.chassis.messaging.broker import Consumer as BrokerConsumer
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.lanes import Lanes
from services.chassis.messaging.limits import ParkingStopped
from services.chassis.messaging.offsets import Offsets
from services.chassis.messaging.progress import Progress
from services.chassis.messaging.rewind import Rewind
from services.chassis.messaging.seek import Sought
from services.chassis.messaging.trials import Trials
from services.chassis.plain import Word
from services.chassis.runnable import Readiness

FETCH_LIMIT: Final = 500
PAUSED_FETCH_SECONDS: Final = 0.02
log = logger(__name__)


class Piece(Protocol):
    """One record, read as far as is needed to deal it to a lane."""

    @property
    def record(self) -> BrokerRecord:
        """The record."""

    @property
    def about(self) -> str:
        """What it is about: equal ones run one after another."""


class Settler(Protocol):
    """What is done with records; every method may be called again after a crash."""

    @property
    def trials(self) -> Trials:
        """How often things are tried."""

    @property
    def attempts(self) -> Attempts:
        """What is remembered over crashes."""

    def prepare(self, record: BrokerRecord) -> Piece:
        """Read the record; never raises for what came from outside."""

    @property
    def at_once(self) -> int:
        """How many pieces of a lane may be settled together."""

    async def settle(self, piece: Piece) -> bool:
        """Finish or store it; True when something else may be able to move now."""

    async def settle_together(self, pieces: Sequence[Piece]) -> Sequence[bool]:
        """The same for several of one lane, in their order."""

    async def park(self, piece: Piece, error: str) -> bool:
        """Put it aside."""

    async def follow(self, piece: Piece) -> None:
        """Move what may be able to move now."""

    def committed(self, offsets: Offsets) -> None:
        """Offsets were committed, or an assignment began at committed ones."""

    async def run(self, stop: asyncio.Event) -> None:
        """What goes on beside the lanes, until told to stop."""


class Consumer:
    """A part of a process: see ``runnable.Part``; and the listener of its own membership."""

    def __init__(
        self,
        context: ConsumerContext,
        broker: Broker,
        settler: Settler,
        options: ConsumerOptions | None = None,
    ) -> None:
        limits, subscriptions = context.limits, context.subscriptions
        self.name = f"consumer {subscriptions.consumer} {subscriptions.bus}"
        self.offsets = Offsets()
        self._context = context
        self._broker = broker
        self._settler = settler
        self._options = options
        self._member: BrokerConsumer | None = None
        self._lanes: Lanes[tuple[Piece, int]] = Lanes(
            limits.lanes, limits.in_flight, self._work, settler.at_once
        )
        self._rewind = Rewind(context.database, subscriptions.consumer)
        self._progress = Progress(context.clock, limits)
        self._paused: set[TopicPartition] = set()
        self._crowded = False
        self._changing = False
        self._failures = 0

    def readiness(self) -> Readiness:
        """Whether it makes progress."""
        return self._progress.readiness(self._lanes, self._settler.trials.held_back)

    async def run(self, stop: asyncio.Event) -> None:
        """Read until told to stop; ends the process part on what only a restart can mend."""
        trials, attempts = self._settler.trials, self._settler.attempts
        await trials.persist(lambda: attempts.begin(self._context.clock.wall()))
        try:
            async with asyncio.TaskGroup() as group:
                beside = group.create_task(self._settler.run(stop))
                await self._serve(stop)
                await asyncio.wait({beside}, timeout=self._context.limits.sweep_end_seconds)
                beside.cancel()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        self._reach(Failpoint.STOP_BEFORE_CLEAN)
        with contextlib.suppress(InfrastructureFailure):
            await attempts.end(self._context.clock.wall())

    async def _serve(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._belong(stop)
            except OffsetLost:
                await self._stand(stop, "the committed offset is outside the log")
            except ParkingStopped:
                await self._stand(stop, "too many events fail by themselves")
            except Sought:
                log.warning("an operator wants events to be read again")
            except InfrastructureFailure as error:
                self._failures += 1
                log.warning("the consumer starts anew", error=error, attempt=self._failures)
                await _pause(stop, backoff_seconds(self._failures))

    async def _stand(self, stop: asyncio.Event, sentence: str) -> None:
        """Take nothing more: an operator has to look, and may order it to go back."""
        self._progress.stopped = sentence
        log.error("the consumer stopped", reason=Word(sentence))
        while not stop.is_set():
            await _pause(stop, self._context.limits.watch_seconds)
            if not stop.is_set() and await self._sought():
                self._progress.stopped = ""
                return

    async def _sought(self) -> bool:
        """Whether something is to be read again; not now, when the database is away."""
        with contextlib.suppress(InfrastructureFailure):
            return bool(await self._rewind.orders())
        return False

    async def _belong(self, stop: asyncio.Event) -> None:
        """One membership of the group, from its start to its end."""
        context, topics = self._context, self._context.subscriptions.topic_names(self._context.node)
        member = self._broker.consumer(context.group, topics, self, self._options)
        self._member = member
        self._lanes.failure = None
        self._lanes.start()
        beside: list[asyncio.Task[None]] = []
        try:
            await member.start()
            beside = [asyncio.create_task(self._commit_always(member))]
            beside.append(asyncio.create_task(self._watch_always(member)))
            while not stop.is_set():
                await self._poll(member)
                for task in beside:
                    if task.done():
                        task.result()
        finally:
            await self._leave(member, beside)

    async def _leave(self, member: BrokerConsumer, beside: list[asyncio.Task[None]]) -> None:
        limits = self._context.limits
        self._changing = True
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        try:
            await self._lanes.drained(min(limits.drain_seconds, limits.drain_at_stop_seconds))
            self._reach(Failpoint.STOP_BEFORE_OFFSETS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limits.last_commit_seconds):
                    await self._commit(member)
        finally:
            self.offsets.forget()
            self._member = None
            await self._lanes.stop()
            await member.stop()

    # ------------------------------------------------------------ records

    async def _poll(self, member: BrokerConsumer) -> None:
        held = self._flow(member)
        if self._crowded:
            await self._lanes.half_empty(self._context.limits.fetch_seconds)
            held = self._flow(member)
        generation = self.offsets.generation
        records = await member.fetch(
            max(1, min(FETCH_LIMIT, self._lanes.room)),
            PAUSED_FETCH_SECONDS if held else self._context.limits.fetch_seconds,
        )
        self._failures = 0
        self._progress.polled()
        if self._lanes.failure is not None:
            raise self._lanes.failure
        if self._changing or generation != self.offsets.generation:
            self._again(member)
            return
        if records:
            self._reach(Failpoint.CONSUMER_AFTER_FETCH)
        for record in records:
            if self.offsets.take(record.topic_partition, record.offset):
                piece = self._settler.prepare(record)
                self._lanes.put(piece.about, (piece, generation))

    def _again(self, member: BrokerConsumer) -> None:
        """What was fetched over a change of the assignment is fetched again."""
        for place, offset in self.offsets.expected().items():
            with contextlib.suppress(BrokerUnavailable):
                member.seek(place, offset)

    def _flow(self, member: BrokerConsumer) -> bool:
        """Pause what has enough in flight, resume what has room; True while anything is held.

        A partition that was full is resumed when a quarter of it is done, so that lanes find long
        lists; all of them when half is done: one record a fetch would cost too much.
        """
        limits, in_flight = self._context.limits, self.offsets.in_flight()
        least = max(1, limits.in_flight // 2) if self._crowded else 1
        self._crowded = self._lanes.room < least
        if self._settler.trials.held_back or self._crowded:
            full = set(in_flight)
        else:
            full = {p for p, many in in_flight.items() if many >= limits.in_flight_each_partition}
            most = limits.in_flight_each_partition * 3 // 4
            full |= {p for p in self._paused if in_flight.get(p, 0) > most}
        if full - self._paused:
            member.pause(full - self._paused)
        if self._paused - full:
            member.resume(self._paused - full)
        self._paused = full
        return bool(full)

    async def _work(self, given: Sequence[tuple[Piece, int]]) -> None:
        """What a lane took, in order."""
        for pieces in self._side_by_side([piece for piece, _generation in given]):
            self._reach(Failpoint.CONSUMER_BEFORE_SETTLE)
            follow = await self._settled(pieces)
            generations = given[: len(pieces)]
            given = given[len(pieces) :]
            for piece, generation in generations:
                self._reach(Failpoint.SETTLED_BEFORE_FINISH)
                record = piece.record
                self.offsets.finish(record.topic_partition, record.offset, generation)
            self._progress.moved()
            for piece, moves in zip(pieces, follow, strict=True):
                if moves:
                    await self._settler.follow(piece)

    def _side_by_side(self, pieces: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
        """Those that may go together; what may have ended a process goes alone."""
        attempts = self._settler.attempts
        for careful, some in groupby(pieces, lambda piece: attempts.careful(piece.record)):
            if careful:
                yield from ([piece] for piece in some)
            else:
                yield list(some)

    async def _settled(self, pieces: Sequence[Piece]) -> Sequence[bool]:
        if len(pieces) > 1:
            return await self._settler.settle_together(pieces)
        (piece,) = pieces
        if self._settler.attempts.careful(piece.record):
            return [await self._carefully(piece)]
        return [await self._settler.settle(piece)]

    async def _carefully(self, piece: Piece) -> bool:
        """One at a time, with an attempt committed before; too many attempts: put aside."""
        attempts, trials = self._settler.attempts, self._settler.trials
        async with attempts.one_at_a_time:
            count = await trials.persist(lambda: attempts.count(piece.record))
            self._reach(Failpoint.ATTEMPT_COUNTED)
            if count > self._context.limits.attempts:
                follow = await self._settler.park(piece, "crash")
            else:
                follow = await self._settler.settle(piece)
            self._reach(Failpoint.ATTEMPT_BEFORE_OVER)
            await trials.persist(lambda: attempts.over(piece.record))
        return follow

    def _reach(self, place: Failpoint) -> None:
        self._context.database.failpoints.reach(place)

    # ------------------------------------------------------------ offsets and partitions

    async def _commit_always(self, member: BrokerConsumer) -> None:
        while True:
            await asyncio.sleep(self._context.limits.commit_seconds)
            await self._commit(member)

    async def _commit(self, member: BrokerConsumer) -> None:
        due, generation = self.offsets.due(), self.offsets.generation
        if not due:
            return
        self._reach(Failpoint.OFFSETS_BEFORE_COMMIT)
        try:
            await member.commit(due, generation)
        except CommitRefused:
            self._progress.committed(well=False)
            log.warning("a commit was refused", generation=generation)
        except InfrastructureFailure as error:
            self._progress.committed(well=False)
            log.warning("a commit failed", error=error)
        else:
            self._reach(Failpoint.OFFSETS_AFTER_COMMIT)
            self._progress.committed(well=True)
            self.offsets.committed(due, generation)
            self._settler.committed(self.offsets)

    async def _watch_always(self, member: BrokerConsumer) -> None:
        telemetry, bus = self._context.telemetry, self._context.subscriptions.bus
        consumer = self._context.subscriptions.consumer
        lag, paused = telemetry.gauge("consumer_lag"), telemetry.gauge("consumer_paused")
        while True:
            for lane, length in enumerate(self._lanes.lengths()):
                lag.labels(bus, f"{consumer}/{lane}").set(length)
            paused.labels(bus).set(bool(self._paused))
            expected = self.offsets.expected()
            if expected or self._changing:
                self._progress.assigned()
            with contextlib.suppress(InfrastructureFailure):
                ends = await member.log_ends(expected) if expected else {}
                if expected:
                    self._progress.answered()
                lag.labels(bus, f"{consumer}/unfetched").set(
                    sum(max(0, ends[place] - offset) for place, offset in expected.items())
                )
                if not self._lanes.held and self._progress.stands_still(expected, ends):
                    break
            await self._obey(expected)
            await asyncio.sleep(self._context.limits.watch_seconds)
        raise BrokerUnavailable("records are there and none is fetched")

    async def _obey(self, ours: Iterable[TopicPartition]) -> None:
        """Begin anew when a partition of ours is to be read again."""
        with contextlib.suppress(InfrastructureFailure):
            if not (await self._rewind.orders()).keys().isdisjoint(ours):
                raise Sought

    async def on_assigned(self, partitions: frozenset[TopicPartition], generation: int) -> None:
        """Find where to read from (after a restore: from the log start), then begin."""
        member = self._member
        if member is None:
            return
        starts = await self._rewind.starts(member, partitions, generation)
        self._settler.attempts.assigned(starts)
        self.offsets.begin(starts, generation)
        self._settler.committed(self.offsets)
        self._progress.commit_failures = 0
        self._paused = set()
        self._progress.moved()
        self._changing = False

    async def on_revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """Stop intake, drain within the deadline, commit, cancel the rest."""
        member = self._member
        if member is None:
            return
        self._changing = True
        drained = await self._lanes.drained(self._context.limits.drain_seconds)
        await self._commit(member)
        self.offsets.forget()
        if not drained:
            await self._lanes.restart()
        log.info("partitions were taken away", count=len(partitions))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
