"""A member of a consumer group on Kafka, without any of aiokafka's silent helpfulness.

No auto-commit; a new group starts at the log start; an offset outside the log stops; what a
listener raises is kept and raised again where it is seen. Nothing here may hold a lock around a
fetch: the listener would wait for it for ever.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

from services.chassis.errors import BrokerUnavailable, Misuse
from services.chassis.messaging.broker import (
    BrokerRecord,
    CommitRefused,
    ConsumerOptions,
    Listener,
    OffsetLost,
    TopicPartition,
)
from services.chassis.messaging.kafka.connection import (
    CLIENT_FAILURES,
    KafkaSettings,
    explain,
    explained,
    within,
)
from services.chassis.messaging.kafka.fetching import Fetching

REFUSED_COMMITS_LIMIT: Final = 20
FETCH_SLACK_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Membership:
    """Which group, which topics, who is told, how it reads."""

    group: str
    topics: frozenset[str]
    listener: Listener
    options: ConsumerOptions


class KafkaConsumer:
    """See ``broker.Consumer``."""

    def __init__(self, settings: KafkaSettings, membership: Membership, require: Any) -> None:
        self._settings = settings
        self._membership = membership
        self._require = require
        self._inner: AIOKafkaConsumer | None = None
        self._held: list[BrokerRecord] = []
        self._fetching = Fetching()
        self._refused_commits = 0
        self.generation = 0
        self.failure: BaseException | None = None
        self.settled = asyncio.Event()

    async def start(self) -> None:
        """Check the topics, then join."""
        await self._require(self._membership.topics)
        inner = AIOKafkaConsumer(**self._options())
        inner.subscribe(
            topics=sorted(self._membership.topics), listener=_Bell(self, self._membership.listener)
        )
        self._inner = inner
        try:
            async with asyncio.timeout(self._settings.start_seconds):
                await inner.start()
                await self.settled.wait()
        except CLIENT_FAILURES as error:
            await self.stop()
            raise explain(error) from None
        if self.failure is not None:
            await self.stop()
            raise self.failure

    def _options(self) -> dict[str, Any]:
        options = {
            **self._settings.client(),
            "group_id": self._membership.group,
            "group_instance_id": self._settings.static_member(self._membership.group),
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "partition_assignment_strategy": (RangePartitionAssignor,),
            "session_timeout_ms": int(self._settings.session_seconds * 1000),
            "heartbeat_interval_ms": int(self._settings.session_seconds * 300),
            "rebalance_timeout_ms": int(self._settings.rebalance_seconds * 1000),
            "max_poll_records": self._membership.options.max_poll_records,
            "isolation_level": "read_committed",
        }
        if options["enable_auto_commit"] or options["auto_offset_reset"] != "none":
            raise Misuse("a consumer may neither commit nor jump by itself")
        return options

    @property
    def _client(self) -> AIOKafkaConsumer:
        if self._inner is None:
            raise BrokerUnavailable("the consumer is not started")
        return self._inner

    async def fetch(self, max_records: int, timeout_seconds: float) -> list[BrokerRecord]:
        """The next records; none while partitions are changing hands."""
        if self.failure is not None:
            raise self.failure
        records = self._take_held() or await self._poll(max_records, timeout_seconds)
        if self.settled.is_set():
            return records
        self._held = records
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self.settled.wait()
        return self._take_held() if self.settled.is_set() else []

    def _take_held(self) -> list[BrokerRecord]:
        ours = self.assignment()
        held, self._held = self._held, []
        return [record for record in held if record.topic_partition in ours]

    async def _poll(self, max_records: int, timeout_seconds: float) -> list[BrokerRecord]:
        try:
            async with asyncio.timeout(timeout_seconds + FETCH_SLACK_SECONDS):
                return await self._fetching.records(self._client, max_records, timeout_seconds)
        except NoOffsetForPartitionError as error:
            await self._begin_at_log_start(_partition(error.args[0]))
            return []
        except OffsetOutOfRangeError as error:
            for partition, offset in dict(error.args[0]).items():
                await self._outside_the_log(_partition(partition), offset)
            return []
        except TimeoutError:
            return []
        except CLIENT_FAILURES as error:
            raise explain(error) from None

    async def _begin_at_log_start(self, partition: TopicPartition) -> None:
        starts = await self.log_starts([partition])
        if partition in self.assignment():
            self.seek(partition, starts[partition])

    async def _outside_the_log(self, partition: TopicPartition, offset: int) -> None:
        start = (await self.log_starts([partition]))[partition]
        resumes = partition.topic in self._membership.options.resume_at_log_start
        if not resumes or offset > start:
            raise OffsetLost([partition])
        if partition in self.assignment():
            self.seek(partition, start)

    async def commit(self, offsets: Mapping[TopicPartition, int], generation: int) -> None:
        """Commit; refused for another generation or when the group no longer knows us."""
        if generation != self.generation or not self.assignment().issuperset(offsets):
            raise CommitRefused("the assignment is no longer ours")
        places = {KafkaPartition(*partition): offset for partition, offset in offsets.items()}
        try:
            async with asyncio.timeout(self._settings.answer_seconds):
                await self._client.commit(places)
        except CLIENT_FAILURES as error:
            raise self._count(explain(error)) from None
        self._refused_commits = 0

    def _count(self, error: Exception) -> Exception:
        self._refused_commits += isinstance(error, CommitRefused)
        if self._refused_commits >= REFUSED_COMMITS_LIMIT:
            self.failure = BrokerUnavailable(
                "every commit is refused: is this process slot running twice?"
            )
        return error

    def assignment(self) -> frozenset[TopicPartition]:
        """What is ours now."""
        return frozenset(_partition(raw) for raw in self._client.assignment())

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Fetch nothing from these until resumed."""
        self._client.pause(*_ours(partitions, self.assignment()))

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Fetch from these again."""
        self._client.resume(*_ours(partitions, self.assignment()))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """The next fetch of the partition begins at ``offset``."""
        self._held = [one for one in self._held if one.topic_partition != partition]
        with explained():
            self._client.seek(KafkaPartition(*partition), offset)
        self._fetching.sought(KafkaPartition(*partition), offset)

    async def position(self, partition: TopicPartition) -> int:
        """The offset that will be fetched next."""
        with explained():
            async with asyncio.timeout(self._settings.answer_seconds):
                return int(await self._client.position(KafkaPartition(*partition)))

    async def committed(self, partition: TopicPartition) -> int | None:
        """The group's committed offset."""
        with explained():
            async with asyncio.timeout(self._settings.answer_seconds):
                offset = await self._client.committed(KafkaPartition(*partition))
        return None if offset is None else int(offset)

    async def log_starts(
        self, partitions: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """The first offset that still exists."""
        with explained():
            async with asyncio.timeout(self._settings.answer_seconds):
                found = await self._client.beginning_offsets(_raw(partitions))
        return {_partition(raw): offset for raw, offset in found.items()}

    async def log_ends(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The offset that the next record will get."""
        with explained():
            async with asyncio.timeout(self._settings.answer_seconds):
                found = await self._client.end_offsets(_raw(partitions))
        return {_partition(raw): offset for raw, offset in found.items()}

    async def stop(self) -> bool:
        """Leave within the settings' time."""
        inner, self._inner = self._inner, None
        if inner is None:
            return True
        if await within(self._settings.stop_seconds, inner.stop()):
            return True
        await within(self._settings.stop_seconds, inner._client.close())
        return False


class _Bell(ConsumerRebalanceListener):  # type: ignore[misc]
    """Between aiokafka and our listener: aiokafka swallows what a listener raises, we keep it."""

    def __init__(self, consumer: KafkaConsumer, listener: Listener) -> None:
        self._consumer = consumer
        self._listener = listener

    async def on_partitions_revoked(self, revoked: set[KafkaPartition]) -> None:
        self._consumer.settled.clear()
        if not revoked:
            return
        try:
            await self._listener.on_revoked(frozenset(_partition(raw) for raw in revoked))
        except Exception as error:  # noqa: BLE001 - kept, raised by the next fetch
            self._consumer.failure = error

    async def on_partitions_assigned(self, assigned: set[KafkaPartition]) -> None:
        self._consumer.generation += 1
        self._consumer._fetching.assigned_anew()
        ours = frozenset(_partition(raw) for raw in assigned)
        try:
            await self._listener.on_assigned(ours, self._consumer.generation)
        except Exception as error:  # noqa: BLE001 - kept, raised by the next fetch
            self._consumer.failure = error
        self._consumer.settled.set()


def _partition(raw: Any) -> TopicPartition:
    return TopicPartition(raw.topic, raw.partition)


def _raw(partitions: Iterable[TopicPartition]) -> list[KafkaPartition]:
    return [KafkaPartition(*partition) for partition in partitions]


def _ours(
    partitions: Iterable[TopicPartition], assignment: frozenset[TopicPartition]
) -> list[KafkaPartition]:
    return _raw(partition for partition in partitions if partition in assignment)
