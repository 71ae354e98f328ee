"""Consumer groups of the broker in memory: eager rebalancing by range, offsets, generations.

The same rules as Kafka with our consumer: no commit by itself, a new group reads from the log
start, an offset outside the log stops. Only ``memory.py`` may use it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from services.chassis.errors import BrokerUnavailable
from services.chassis.messaging.broker import (
    BrokerRecord,
    CommitRefused,
    ConsumerOptions,
    Listener,
    OffsetLost,
    TopicPartition,
)


@dataclass(slots=True)
class Log:
    """The records of one partition; ``start`` is the offset of the first that still exists."""

    start: int = 0
    records: list[BrokerRecord] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The offset that the next record will get."""
        return self.start + len(self.records)

    def read(self, offset: int, limit: int) -> list[BrokerRecord]:
        """Up to ``limit`` records from ``offset``."""
        return self.records[offset - self.start : offset - self.start + limit]

    def delete_before(self, offset: int) -> None:
        """Forget what is below ``offset``."""
        keep = min(max(offset, self.start), self.end)
        del self.records[: keep - self.start]
        self.start = keep


class Bus(Protocol):
    """What a group needs of the broker."""

    def log(self, partition: TopicPartition) -> Log: ...
    def check_up(self) -> None: ...
    def check_answers(self) -> None: ...
    def check_commit(self) -> None: ...
    @property
    def silent(self) -> bool: ...
    def wake(self) -> None: ...
    async def topics(self) -> Mapping[str, int]: ...
    async def require_topics(self, topics: Iterable[str]) -> None: ...
    async def wait_for_news(self, seconds: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class Membership:
    """Which topics, who is told, how it reads."""

    topics: frozenset[str]
    listener: Listener
    options: ConsumerOptions


class Group:
    """The members of one group and its committed offsets."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._rebalancing = asyncio.Lock()
        self.members: list[Member] = []
        self.committed: dict[TopicPartition, int] = {}

    async def join(self, member: "Member") -> None:
        """A member comes; everyone's partitions are dealt anew."""
        await self._change(lambda: self.members.append(member))

    async def leave(self, member: "Member") -> None:
        """A member goes in order, after its listener was told."""
        await self._change(lambda: self._drop(member))

    async def lose(self, member: "Member") -> None:
        """A member crashed: its listener is told nothing."""
        self._drop(member)
        await self._change(lambda: None)

    def _drop(self, member: "Member") -> None:
        if member in self.members:
            self.members.remove(member)

    async def _change(self, change: "Change") -> None:
        async with self._rebalancing:
            for member in list(self.members):
                await member.revoke()
            change()
            shares = self._deal(await self._bus.topics())
            for member in list(self.members):
                await member.assign(shares[member])

    def _deal(self, topics: Mapping[str, int]) -> dict["Member", list[TopicPartition]]:
        shares: dict[Member, list[TopicPartition]] = {member: [] for member in self.members}
        for topic in sorted({name for member in self.members for name in member.topics}):
            readers = [member for member in self.members if topic in member.topics]
            partitions = list(range(topics.get(topic, 0)))
            each, left = divmod(len(partitions), len(readers))
            at = 0
            for number, member in enumerate(readers):
                share = each + (1 if number < left else 0)
                shares[member] += [TopicPartition(topic, p) for p in partitions[at : at + share]]
                at += share
        return shares


class Change(Protocol):
    """What a rebalance does between taking the partitions away and dealing them."""

    def __call__(self) -> None: ...


class Member:
    """See ``broker.Consumer``."""

    def __init__(self, bus: Bus, group: Group, membership: Membership) -> None:
        self._bus = bus
        self._group = group
        self._membership = membership
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._joined = False
        self._next = 0
        self.generation = 0
        self.failure: BaseException | None = None

    @property
    def topics(self) -> frozenset[str]:
        """What it subscribed to."""
        return self._membership.topics

    async def start(self) -> None:
        """Check the topics, then join."""
        await self._bus.require_topics(self.topics)
        self._joined = True
        await self._group.join(self)
        self._raise_failure()

    async def revoke(self) -> None:
        """The group takes everything away."""
        taken = frozenset(self._positions)
        if taken:
            try:
                await self._membership.listener.on_revoked(taken)
            except Exception as error:  # noqa: BLE001 - kept, raised by the next fetch
                self.failure = error
        self._positions.clear()
        self._paused.clear()

    async def assign(self, partitions: list[TopicPartition]) -> None:
        """The group gives these."""
        self.generation += 1
        for partition in partitions:
            start = self._bus.log(partition).start
            self._positions[partition] = self._group.committed.get(partition, start)
        try:
            await self._membership.listener.on_assigned(frozenset(partitions), self.generation)
        except Exception as error:  # noqa: BLE001 - kept, raised by the next fetch
            self.failure = error
        self._bus.wake()

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def fetch(self, max_records: int, timeout_seconds: float) -> list[BrokerRecord]:
        """The next records of the partitions that are not paused."""
        self._raise_failure()
        self._bus.check_up()
        if not self._joined:
            raise BrokerUnavailable("the consumer is not started")
        if self._bus.silent:
            await asyncio.sleep(timeout_seconds)
            return []
        records = self._take(max_records)
        if not records and await self._bus.wait_for_news(timeout_seconds):
            self._raise_failure()
            records = self._take(max_records)
        return records

    def _take(self, max_records: int) -> list[BrokerRecord]:
        limit = min(max_records, self._membership.options.max_poll_records)
        records: list[BrokerRecord] = []
        open_ones = sorted(set(self._positions) - self._paused)
        self._next += 1
        for number in range(len(open_ones)):
            partition = open_ones[(number + self._next) % len(open_ones)]
            position = self._inside(partition, self._positions[partition])
            found = self._bus.log(partition).read(position, limit - len(records))
            self._positions[partition] = position + len(found)
            records += found
        return records

    def _inside(self, partition: TopicPartition, position: int) -> int:
        log = self._bus.log(partition)
        if log.start <= position <= log.end:
            return position
        resumes = partition.topic in self._membership.options.resume_at_log_start
        if resumes and position < log.start:
            return log.start
        raise OffsetLost([partition])

    async def commit(self, offsets: Mapping[TopicPartition, int], generation: int) -> None:
        """Commit; refused for another generation."""
        self._bus.check_commit()
        if generation != self.generation or not self.assignment().issuperset(offsets):
            raise CommitRefused("the assignment is no longer ours")
        self._group.committed.update(offsets)

    def assignment(self) -> frozenset[TopicPartition]:
        """What is ours now."""
        return frozenset(self._positions)

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Fetch nothing from these until resumed."""
        self._paused |= set(partitions) & set(self._positions)

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Fetch from these again."""
        self._paused -= set(partitions)
        self._bus.wake()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """The next fetch of the partition begins at ``offset``."""
        if partition not in self._positions:
            raise CommitRefused("the assignment is no longer ours")
        self._positions[partition] = offset
        self._bus.wake()

    async def position(self, partition: TopicPartition) -> int:
        """The offset that will be fetched next."""
        if partition not in self._positions:
            raise CommitRefused("the assignment is no longer ours")
        return self._positions[partition]

    async def committed(self, partition: TopicPartition) -> int | None:
        """The group's committed offset."""
        self._bus.check_answers()
        return self._group.committed.get(partition)

    async def log_starts(
        self, partitions: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """The first offset that still exists."""
        self._bus.check_answers()
        return {partition: self._bus.log(partition).start for partition in partitions}

    async def log_ends(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The offset that the next record will get."""
        self._bus.check_answers()
        return {partition: self._bus.log(partition).end for partition in partitions}

    async def stop(self) -> bool:
        """Leave in order."""
        if self._joined:
            self._joined = False
            await self._group.leave(self)
            self._positions.clear()
        return True

    async def crash(self) -> None:
        """End as SIGKILL would: nothing is drained, nothing committed, nobody told here."""
        self._joined = False
        self._positions.clear()
        self.generation += 1
        await self._group.lose(self)
