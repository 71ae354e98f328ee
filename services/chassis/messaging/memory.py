"""A broker in memory that keeps the same contract as Kafka, for tests and for the model.

Deterministic: no chance, no clock of its own; what goes wrong is asked for through ``Faults``.
It is no transport between processes and may never be used by a service outside tests.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.chassis.errors import BrokerUnavailable
from services.chassis.messaging.broker import (
    Acknowledged,
    BrokerRecord,
    ConsumerOptions,
    Listener,
    OffsetLost,
    OutgoingRecord,
    RecordRefused,
    TopicMissing,
    TopicPartition,
    already_failed,
    check_size,
)
from services.chassis.messaging.memory_group import Group, Log, Member, Membership
from services.chassis.messaging.partitions import partition_of


@dataclass(slots=True)
class Faults:
    """What goes wrong, and how many more times."""

    lose_acks: int = 0
    """The record arrives, its acknowledgement does not; the producer is no longer usable."""
    duplicates: int = 0
    """The record arrives twice."""
    refusals: int = 0
    """The record is refused for good; the producer is no longer usable."""
    hold_back: bool = False
    """Records are kept in the producer, not acknowledged, until ``release`` (also abandoned)."""
    down: bool = False
    """The bus answers nothing."""
    silent: bool = False
    """No question is answered in its time; a fetch brings nothing, as from a quiet bus."""
    refused_commits: int = 0
    """Commits fail, and nothing else."""

    def take(self, name: str) -> bool:
        """Whether the named fault strikes now; it then has one strike less."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0


class MemoryBroker:
    """See ``broker.Broker``. One object is one bus; every "process" of a test shares it."""

    def __init__(self, name: str, topics: Mapping[str, int] | None = None) -> None:
        self._name = name
        self._logs: dict[str, list[Log]] = {}
        self._groups: dict[str, Group] = {}
        self._held: deque[tuple[OutgoingRecord, asyncio.Future[Acknowledged]]] = deque()
        self._keyless = 0
        self._tick = 0
        self._news = asyncio.Event()
        self.faults = Faults()
        for topic, partitions in (topics or {}).items():
            self.create_topic(topic, partitions)

    @property
    def name(self) -> str:
        """``local`` or ``hub``."""
        return self._name

    def create_topic(self, topic: str, partitions: int) -> None:
        """What deploy tooling does on Kafka."""
        self._logs.setdefault(topic, [Log() for _ in range(partitions)])

    def log(self, partition: TopicPartition) -> Log:
        """The log of one partition; TopicMissing when there is none."""
        logs = self._logs.get(partition.topic)
        if logs is None or partition.partition >= len(logs):
            raise TopicMissing(f"the {self._name} bus has no topic {partition.topic}")
        return logs[partition.partition]

    def producer(self) -> "MemoryProducer":
        """A new producer, not started."""
        return MemoryProducer(self)

    def consumer(
        self,
        group: str,
        topics: Iterable[str],
        listener: Listener,
        options: ConsumerOptions | None = None,
    ) -> Member:
        """A new member of ``group``, not started."""
        known = self._groups.setdefault(group, Group(self))
        membership = Membership(frozenset(topics), listener, options or ConsumerOptions())
        return Member(self, known, membership)

    def reader(self, topic: str, partition: int = 0) -> "MemoryReader":
        """A new reader of one partition, not started."""
        return MemoryReader(self, TopicPartition(topic, partition))

    async def topics(self) -> Mapping[str, int]:
        """Every topic, with its number of partitions."""
        self.check_up()
        return {topic: len(logs) for topic, logs in self._logs.items()}

    async def require_topics(self, topics: Iterable[str]) -> None:
        """Raise TopicMissing with a sentence unless all of these exist."""
        missing = sorted(set(topics) - set(await self.topics()))
        if missing:
            raise TopicMissing(f"the {self._name} bus has no topic {', '.join(missing)}")

    async def delete_records(self, partition: TopicPartition, before_offset: int) -> None:
        """Delete every record below ``before_offset``."""
        self.check_up()
        log = self.log(partition)
        if before_offset > log.end:
            raise BrokerUnavailable("the offset is beyond the log")
        log.delete_before(before_offset)

    async def close(self) -> None:
        """Nothing to let go of."""

    def check_up(self) -> None:
        """Raise BrokerUnavailable while the bus is down."""
        if self.faults.down:
            raise BrokerUnavailable("the bus does not answer")

    def check_answers(self) -> None:
        """Raise BrokerUnavailable while the bus is down or silent."""
        self.check_up()
        if self.faults.silent:
            raise BrokerUnavailable("the bus does not answer")

    @property
    def silent(self) -> bool:
        """Whether a fetch brings nothing."""
        return self.faults.silent

    def check_commit(self) -> None:
        """Raise BrokerUnavailable when a commit fails."""
        self.check_answers()
        if self.faults.take("refused_commits"):
            raise BrokerUnavailable("the commit failed")

    def append(self, record: OutgoingRecord) -> Acknowledged:
        """Put a record at the end of its partition and wake who waits for records."""
        self._tick += 1
        place = TopicPartition(record.topic, self._partition(record))
        log = self.log(place)
        offset = log.end
        log.records.append(
            BrokerRecord(
                *place, offset, record.key, record.value, record.headers, timestamp=self._tick
            )
        )
        self.wake()
        return Acknowledged(*place, offset)

    def _partition(self, record: OutgoingRecord) -> int:
        if record.partition is not None:
            return record.partition
        partitions = len(self._logs[record.topic])
        if record.key is None:
            self._keyless += 1
            return self._keyless % partitions
        return partition_of(record.key, partitions)

    def wake(self) -> None:
        """Let everyone who waits for records look again."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def wait_for_news(self, seconds: float) -> bool:
        """Whether anything happened within ``seconds``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
                return True
        return False

    def hold(self, record: OutgoingRecord, answer: "asyncio.Future[Acknowledged]") -> None:
        """Keep a record inside its producer."""
        self._held.append((record, answer))

    def release(self) -> int:
        """Deliver what was held back, in order: also what an abandoned producer held."""
        self.faults.hold_back = False
        count = len(self._held)
        while self._held:
            record, answer = self._held.popleft()
            acknowledged = self.append(record)
            if not answer.done():
                answer.set_result(acknowledged)
        return count


class MemoryProducer:
    """See ``broker.Producer``."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._answers: list[asyncio.Future[Acknowledged]] = []
        self.usable = False

    async def start(self) -> None:
        """Refused while the bus is down."""
        self._broker.check_up()
        self.usable = True

    async def send(self, record: OutgoingRecord) -> "asyncio.Future[Acknowledged]":
        """Append, or do what the faults say."""
        self._check_usable()
        check_size(record)
        await self._broker.require_topics([record.topic])
        answer: asyncio.Future[Acknowledged] = asyncio.get_running_loop().create_future()
        faults = self._broker.faults
        if faults.hold_back:
            self._answers.append(answer)
            self._broker.hold(record, answer)
        elif faults.take("refusals"):
            self._fail(answer, RecordRefused("the bus refuses the record"))
        else:
            acknowledged = self._broker.append(record)
            if faults.take("duplicates"):
                self._broker.append(record)
            if faults.take("lose_acks"):
                self._fail(answer, BrokerUnavailable("the acknowledgement was lost"))
            else:
                answer.set_result(acknowledged)
        return answer

    async def send_all(
        self, records: Sequence[OutgoingRecord]
    ) -> "Sequence[asyncio.Future[Acknowledged] | None]":
        """One after the other, up to the first that cannot be handed over."""
        self._check_usable()
        for record in records:
            check_size(record)
        answers: list[asyncio.Future[Acknowledged] | None] = []
        for record in records:
            try:
                answers.append(await self.send(record))
            except BrokerUnavailable as error:
                answers.append(already_failed(error))
                break
        return [*answers, *(None for _ in records[len(answers) :])]

    def _check_usable(self) -> None:
        if not self.usable:
            raise BrokerUnavailable("this producer is no longer used")

    def _fail(self, answer: "asyncio.Future[Acknowledged]", error: Exception) -> None:
        self.usable = False
        answer.set_exception(error)
        answer.exception()

    async def stop(self) -> bool:
        """True unless something is held back: then it is abandoned."""
        stuck = any(not answer.done() for answer in self._answers)
        self.abandon()
        return not stuck

    def abandon(self) -> None:
        """Let go; what is held back may still arrive."""
        self.usable = False
        for answer in self._answers:
            if not answer.done():
                self._fail(answer, BrokerUnavailable("the producer was abandoned"))
        self._answers.clear()


class MemoryReader:
    """See ``broker.Reader``."""

    def __init__(self, broker: MemoryBroker, partition: TopicPartition) -> None:
        self._broker = broker
        self._partition = partition
        self._offset: int | None = None

    async def start(self, offset: int | None = None) -> None:
        """Begin at ``offset`` or at the log start."""
        await self._broker.require_topics([self._partition.topic])
        self._offset = self._broker.log(self._partition).start if offset is None else offset

    async def fetch(self, max_records: int, timeout_seconds: float) -> list[BrokerRecord]:
        """The next records; OffsetLost when the place is no longer in the log."""
        self._broker.check_up()
        if self._offset is None:
            raise BrokerUnavailable("the reader is not started")
        log = self._broker.log(self._partition)
        if not log.start <= self._offset <= log.end:
            raise OffsetLost([self._partition])
        records = log.read(self._offset, max_records)
        if not records and await self._broker.wait_for_news(timeout_seconds):
            records = log.read(self._offset, max_records)
        self._offset += len(records)
        return records

    def seek(self, offset: int) -> None:
        """The next fetch begins at ``offset``."""
        self._offset = offset

    async def log_start(self) -> int:
        """The first offset that still exists."""
        return self._broker.log(self._partition).start

    async def log_end(self) -> int:
        """The offset that the next record will get."""
        return self._broker.log(self._partition).end

    async def stop(self) -> bool:
        """Nothing to let go of."""
        self._offset = None
        return True
