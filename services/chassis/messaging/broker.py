"""What the chassis asks of a broker, whichever it is: the words of ``kafka.py`` and ``memory.py``.

Only interfaces, records and the errors of a bus are here. Nothing in it may know aiokafka, and
nothing in it may know what a record means (``codec.py`` does).
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from services.chassis.errors import BrokerUnavailable, ContractBroken, RecordTooLarge

LOCAL_PREFIX: Final = "nrm.local."
LOCAL: Final = "local"
HUB: Final = "hub"
RECORD_LIMIT_BYTES: Final = 1_000_000
"""Below the broker's 1 MiB: one refused record would end an idempotent producer for good."""
RECORD_FRAME_BYTES: Final = 64
HEADER_FRAME_BYTES: Final = 8

Headers = tuple[tuple[str, bytes | None], ...]


def bus_of(topic: str) -> str:
    """Which bus carries the topic: it follows from the topic's prefix alone."""
    return LOCAL if topic.startswith(LOCAL_PREFIX) else HUB


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class BrokerRecord:
    """One record as it was read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int = 0
    """Milliseconds since 1970, by the broker's or the producer's machine clock."""

    @property
    def topic_partition(self) -> TopicPartition:
        """Where it was read."""
        return TopicPartition(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class OutgoingRecord:
    """One record to be sent. Without ``partition`` the key decides (murmur2)."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers = ()
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has the record, at this place."""

    topic: str
    partition: int
    offset: int


def check_size(record: OutgoingRecord) -> None:
    """Raise RecordTooLarge for what the bus would refuse; called before anything is handed over."""
    size = RECORD_FRAME_BYTES + len(record.value) + HEADER_FRAME_BYTES * len(record.headers)
    if record.key is not None:
        size += len(record.key)
    for name, value in record.headers:
        size += len(name) + len(value or b"")
    if size > RECORD_LIMIT_BYTES:
        raise RecordTooLarge(f"a record of more than {RECORD_LIMIT_BYTES} bytes")


def already_failed(error: Exception) -> asyncio.Future[Acknowledged]:
    """The answer to a record that could not be handed over."""
    answer: asyncio.Future[Acknowledged] = asyncio.get_running_loop().create_future()
    answer.set_exception(error)
    answer.exception()
    return answer


class RecordRefused(ContractBroken):
    """The broker refuses this record for good; the producer that sent it must be replaced."""


class TopicMissing(BrokerUnavailable):
    """Topics that the process needs do not exist (or may not be seen by it)."""


class CommitRefused(BrokerUnavailable):
    """Offsets of an assignment that is no longer ours; repeated: the process slot is used twice."""


class OffsetLost(BrokerUnavailable):
    """The committed place is no longer in the log: stop and raise an alarm, never jump."""

    def __init__(self, partitions: Iterable[TopicPartition]) -> None:
        """Say which partitions; offsets are no secret, records are."""
        self.partitions = frozenset(partitions)
        names = ", ".join(f"{name}/{number}" for name, number in sorted(self.partitions))
        super().__init__(f"the committed offset is outside the log: {names}")


class Producer(Protocol):
    """One idempotent, pipelined producer. Records of one key arrive in the order of ``send``."""

    @property
    def usable(self) -> bool:
        """False once a batch was refused or the producer was abandoned: make a new one."""
        ...

    async def start(self) -> None:
        """Connect; raises BrokerUnavailable within a bounded time."""
        ...

    async def send(self, record: OutgoingRecord) -> asyncio.Future[Acknowledged]:
        """Hand over one record; the future is the acknowledgement.

        Raises RecordTooLarge before anything is handed over, BrokerUnavailable when it cannot be
        handed over in time. The future fails with BrokerUnavailable (may be sent again, by
        another producer) or RecordRefused (never).
        """
        ...

    async def send_all(
        self, records: Sequence[OutgoingRecord]
    ) -> Sequence[asyncio.Future[Acknowledged] | None]:
        """Hand over many, in order, at far less cost than one by one.

        An answer for each; records that travel together share one, with the place of the first
        of them. Where one cannot be handed over its answer has failed already, and what comes
        behind it has none: it was not tried. Raises RecordTooLarge or BrokerUnavailable before
        any is handed over.
        """
        ...

    async def stop(self) -> bool:
        """Stop within a bounded time; False says that it could not and was abandoned."""
        ...

    def abandon(self) -> None:
        """Let go of a stuck producer at once. What it still delivers late is a duplicate."""
        ...


class Listener(Protocol):
    """Who is told when partitions come and go. An exception in it makes the consumer unhealthy."""

    async def on_assigned(self, partitions: frozenset[TopicPartition], generation: int) -> None:
        """These partitions are ours from now on, in this generation of the assignment."""
        ...

    async def on_revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """These go away: stop intake, drain within a deadline, commit, cancel the rest."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerOptions:
    """How a consumer reads. The defaults are the rule."""

    resume_at_log_start: frozenset[str] = field(default_factory=frozenset)
    """Topics on which an offset below the log start resumes there (records are deleted on it)."""
    max_poll_records: int = 500


class Consumer(Protocol):
    """A member of a consumer group. Nothing is ever committed by itself; new groups read all."""

    @property
    def generation(self) -> int:
        """Counts assignments of this object; a commit of an older one is refused."""
        ...

    @property
    def failure(self) -> BaseException | None:
        """What a listener raised: the consumer is unhealthy and its process part must stop."""
        ...

    async def start(self) -> None:
        """Check that the topics exist, then join; raises TopicMissing or BrokerUnavailable."""
        ...

    async def fetch(self, max_records: int, timeout_seconds: float) -> list[BrokerRecord]:
        """Records of the partitions that are not paused; empty after the timeout.

        Raises OffsetLost, BrokerUnavailable, or what a listener raised.
        """
        ...

    async def commit(self, offsets: Mapping[TopicPartition, int], generation: int) -> None:
        """Commit the next offsets to read; raises CommitRefused for an older generation."""
        ...

    def assignment(self) -> frozenset[TopicPartition]:
        """What is ours now."""
        ...

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Fetch nothing from these until resumed."""
        ...

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Fetch from these again."""
        ...

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """The next fetch of the partition begins at ``offset``."""
        ...

    async def position(self, partition: TopicPartition) -> int:
        """The offset that will be fetched next."""
        ...

    async def committed(self, partition: TopicPartition) -> int | None:
        """The group's committed offset."""
        ...

    async def log_starts(
        self, partitions: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """The first offset that still exists."""
        ...

    async def log_ends(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The offset that the next record will get."""
        ...

    async def stop(self) -> bool:
        """Leave within a bounded time; False says that it could not."""
        ...


class Reader(Protocol):
    """Reads one partition from an offset of the caller's own keeping; no group, no commits."""

    async def start(self, offset: int | None = None) -> None:
        """Begin at ``offset`` (log start without); raises TopicMissing or BrokerUnavailable."""
        ...

    async def fetch(self, max_records: int, timeout_seconds: float) -> list[BrokerRecord]:
        """The next records; raises OffsetLost when the place is no longer in the log."""
        ...

    def seek(self, offset: int) -> None:
        """The next fetch begins at ``offset``."""
        ...

    async def log_start(self) -> int:
        """The first offset that still exists."""
        ...

    async def log_end(self) -> int:
        """The offset that the next record will get."""
        ...

    async def stop(self) -> bool:
        """Stop within a bounded time; False says that it could not."""
        ...


class Broker(Protocol):
    """One bus as one process sees it."""

    @property
    def name(self) -> str:
        """``local`` or ``hub``."""
        ...

    def producer(self) -> Producer:
        """A new producer, not started."""
        ...

    def consumer(
        self,
        group: str,
        topics: Iterable[str],
        listener: Listener,
        options: ConsumerOptions | None = None,
    ) -> Consumer:
        """A new member of ``group``, not started."""
        ...

    def reader(self, topic: str, partition: int = 0) -> Reader:
        """A new reader of one partition, not started."""
        ...

    async def topics(self) -> Mapping[str, int]:
        """Every topic that may be seen, with its number of partitions.

        Raises BrokerUnavailable within a bounded time: this is also the question *do you answer?*
        """
        ...

    async def require_topics(self, topics: Iterable[str]) -> None:
        """Raise TopicMissing with a sentence unless all of these exist."""
        ...

    async def delete_records(self, partition: TopicPartition, before_offset: int) -> None:
        """Delete every record below ``before_offset``; repeating it changes nothing."""
        ...

    async def close(self) -> None:
        """Let go of the connection used for questions, within a bounded time."""
        ...
