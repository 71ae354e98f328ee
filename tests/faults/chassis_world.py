"""The model's actions on the real chassis: real inbox, lanes' work, sweep, outbox and PostgreSQL.

A process is a real ``Consumer`` whose member of the group is played here, so that each step of a
schedule is one step: fetch one record, settle one record, commit, die. Dying is an exception that
nothing catches, in the middle of the transaction, after it, or before it.
"""

# ruff: noqa: S608 - names of schemas are put together here, never values

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.chassis.failpoints import Failpoint, Failpoints
from services.chassis.messaging import parking
from services.chassis.messaging.arrival import Stream
from services.chassis.messaging.broker import BrokerRecord, TopicPartition
from services.chassis.messaging.consumer import Consumer
from services.chassis.messaging.inboxes import InboxSettler
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.relay_rows import OutboxRow, OutboxRows
from tests.faults.story import (
    ACTIONS,
    CONSUMERS,
    PARTITIONS,
    PUBLISHERS,
    READS,
    SERVICES,
    SUBJECTS,
    kind_of,
)
from tests.faults.three_services import NODE, Died, Keeper, Service

TOPICS = {name: f"nrm.local.{NODE}.{name}.v1" for name in ("asked", "done")}
TOGETHER = 5
DEADLY = {4: Failpoint.HANDLED_BEFORE_COMMIT, 5: Failpoint.SETTLED_BEFORE_FINISH}
ORDER = parking.Order(actor="operator", reason="mended")


def die() -> None:
    """The process's last act."""
    raise Died


@dataclass
class Member:
    """Plays a member of a group: the offsets of all its processes are in one place."""

    world: "ChassisWorld"
    name: str
    positions: dict[TopicPartition, int] = field(default_factory=dict)

    async def log_starts(self, places: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The first offset that still exists."""
        return {place: self.world.broker.log(place).start for place in places}

    async def committed(self, place: TopicPartition) -> int | None:
        """The group's committed offset."""
        return self.world.committed[self.name].get(place)

    async def commit(self, offsets: Mapping[TopicPartition, int], _generation: int) -> None:
        """Commit."""
        self.world.committed[self.name].update(offsets)

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Read on from there."""
        self.positions[place] = offset


@dataclass
class Process:
    """One process of a consumer."""

    consumer: Consumer
    settler: InboxSettler
    member: Member
    flight: list[BrokerRecord] = field(default_factory=list)
    generation: int = 1
    older: dict[tuple[TopicPartition, int], int] = field(default_factory=dict)
    """What was in hand when partitions were taken away: it may still end, in its generation."""


@dataclass
class Producer:
    """A producer: what it holds, what it was handed."""

    service: str
    queue: list[OutboxRow] = field(default_factory=list)
    handed: set[tuple[int, int, str]] = field(default_factory=set)
    live: bool = True


class ChassisWorld:
    """Everything at once, for real."""

    def __init__(self, keeper: Keeper, services: dict[str, Service]) -> None:
        self.keeper = keeper
        self.services = services
        self.broker = MemoryBroker("local", dict.fromkeys(TOPICS.values(), PARTITIONS))
        self.committed: dict[str, dict[TopicPartition, int]] = {name: {} for name in CONSUMERS}
        self.processes: dict[str, list[Process]] = {}
        self.producers = {name: Producer(name) for name in PUBLISHERS}
        self.zombies: list[Producer] = []
        self.epochs = dict.fromkeys(SERVICES, 1)
        self.ever: dict[str, set[str]] = {}
        """Ids of what was committed, also what a restore took back: published, and handled."""

    async def note_committed(self) -> None:
        """Remember what is committed now; before a restore, and before looking."""
        for name in PUBLISHERS:
            found = await self.keeper.fetch(f"SELECT event_id FROM {name}.published")
            self.ever.setdefault("published", set()).update(row["event_id"] for row in found)
        for name in CONSUMERS:
            found = await self.keeper.fetch(f"SELECT event_id FROM {name}.effect")
            self.ever.setdefault(name, set()).update(row["event_id"] for row in found)

    async def begin(self) -> None:
        """Empty databases, new processes."""
        self.ever.clear()
        await self.keeper.empty()
        for service in self.services.values():
            service.repaired, service.published = False, 0
            service.database.epoch = 1
        for name in CONSUMERS:
            self.processes[name] = [await self._process(name, slot) for slot in (0, 1)]

    async def step(self, action: int, a: int, b: int) -> None:
        """One step of a schedule."""
        await getattr(self, "do_" + ACTIONS[action % len(ACTIONS)])(a, b)

    def places(self, name: str) -> list[TopicPartition]:
        """What a consumer reads."""
        return [TopicPartition(TOPICS[t], p) for t in READS[name] for p in range(PARTITIONS)]

    async def _process(self, name: str, slot: int) -> Process:
        context = self.services[name].context(slot)
        settler = InboxSettler(context)
        consumer = Consumer(context, self.broker, settler)
        member = Member(self, name)
        consumer._member = member  # type: ignore[assignment]  # it plays the group
        await settler.attempts.begin(context.clock.wall())
        await consumer.on_assigned(frozenset(self.places(name)), 1)
        member.positions = dict(consumer.offsets.expected())
        return Process(consumer, settler, member)

    # ------------------------------------------------------------ publishing

    async def do_publish(self, a: int, b: int) -> None:
        await self.services["maker"].publish(kind_of(a, b), SUBJECTS[a % 3])

    async def outbox(self, service: str) -> list[OutboxRow]:
        """What is not yet acknowledged."""
        async with self.services[service].database.transaction() as tx:
            return await OutboxRows(tx.connection, "local", service).next(500, [], [])

    async def do_relay(self, a: int, b: int) -> None:
        service = PUBLISHERS[a % 2]
        producer = self.producers[service]
        rows = [row for row in await self.outbox(service) if _name(row) not in producer.handed]
        for row in rows[: 1 + b % 3]:
            producer.handed.add(_name(row))
            producer.queue.append(row)

    async def do_deliver(self, a: int, b: int) -> None:
        ready = [p for p in [*self.producers.values(), *self.zombies] if p.queue]
        if not ready:
            return
        producer = ready[a % len(ready)]
        row = producer.queue.pop(0)
        self.broker.append(row.record)
        if producer.live and b % 3:
            async with self.services[producer.service].database.transaction() as tx:
                await OutboxRows(tx.connection, "local", producer.service).delete([row.position])

    async def do_abandon(self, a: int, _b: int) -> None:
        service = PUBLISHERS[a % 2]
        old, self.producers[service] = self.producers[service], Producer(service)
        old.live = False
        self.zombies.append(old)

    async def do_drop(self, a: int, _b: int) -> None:
        if self.zombies:
            self.zombies.pop(a % len(self.zombies))

    # ------------------------------------------------------------ processes

    async def do_fetch(self, a: int, b: int) -> None:
        name = CONSUMERS[a % 2]
        places = self.places(name)
        self.fetch(self.processes[name][a // 2 % 2], places[b % len(places)])

    def fetch(self, process: Process, place: TopicPartition) -> None:
        """A process takes the next record of a partition."""
        log = self.broker.log(place)
        at = max(process.member.positions[place], log.start)
        found = log.read(at, 1)
        if found and process.consumer.offsets.take(place, at):
            process.flight.append(found[0])
        if found:
            process.member.positions[place] = at + 1

    async def do_handle(self, a: int, b: int) -> None:
        name, slot, mode = CONSUMERS[a % 2], a // 2 % 2, b % 8
        process, other = self.processes[name][slot], self.processes[name][1 - slot]
        if not process.flight:
            return
        first = a // 4 % len(process.flight)
        many = 1 + b // 8 % TOGETHER if self.services[name].together else 1
        records = process.flight[first : first + many]
        if mode == 7:
            await self.crash(name, slot)
        elif mode == 6 and other.flight:
            await asyncio.gather(
                self.settle(name, slot, *records), self.settle(name, 1 - slot, other.flight[0])
            )
        else:
            await self.settle(name, slot, *records, failpoint=DEADLY.get(mode))

    async def settle(
        self, name: str, slot: int, *records: BrokerRecord, failpoint: Failpoint | None = None
    ) -> None:
        """What a lane does with what it takes at once; the process may die of it."""
        process = self.processes[name][slot]
        database = self.services[name].database
        database.failpoints = Failpoints(failpoint, 1 + len(records) // 2, die)
        try:
            given = [
                (
                    process.settler.prepare(each),
                    process.older.pop(_where(each), process.generation),
                )
                for each in records
            ]
            await process.consumer._work(given)
        except Died:
            await self.crash(name, slot)
            return
        finally:
            database.failpoints = Failpoints()
        for record in records:
            process.flight.remove(record)

    async def do_commit(self, a: int, _b: int) -> None:
        name = CONSUMERS[a % 2]
        await self.commit(name, self.processes[name][a // 2 % 2])

    async def commit(self, name: str, process: Process) -> None:
        """Commit what is contiguous."""
        due = process.consumer.offsets.due()
        for place, offset in due.items():
            self.committed[name][place] = max(offset, self.committed[name].get(place, 0))
        process.consumer.offsets.committed(due, process.generation)

    async def crash(self, name: str, slot: int) -> None:
        """A process dies; another is started in its place."""
        self.processes[name][slot] = await self._process(name, slot)

    async def do_crash(self, a: int, _b: int) -> None:
        await self.crash(CONSUMERS[a % 2], a // 2 % 2)

    async def streams(self, name: str) -> list[Stream]:
        """Streams with rows."""
        rows = await self.keeper.fetch(
            f"SELECT DISTINCT subject, source, topic, epoch FROM {name}.inbox_row ORDER BY 1,2,3,4"
        )
        return [Stream(**row) for row in rows]

    async def advance(self, name: str, slot: int, stream: Stream) -> int:
        """One step of a stream."""
        try:
            return await self.processes[name][slot].settler.sweep.advance(stream, 1)
        except Died:
            await self.crash(name, slot)
            return 1

    async def do_rebalance(self, a: int, b: int) -> None:
        """Partitions are taken from a process and given back; what it held ends late or never."""
        name = CONSUMERS[a % 2]
        process, places = self.processes[name][a // 2 % 2], frozenset(self.places(name))
        await self.commit(name, process)
        await process.consumer.on_revoked(places)
        process.older |= {_where(record): process.generation for record in process.flight}
        if b % 2:
            process.flight.clear()
            process.older.clear()
        process.generation += 1
        await process.consumer.on_assigned(places, process.generation)
        process.member.positions = dict(process.consumer.offsets.expected())

    async def do_sweep(self, a: int, b: int) -> None:
        name = CONSUMERS[a % 2]
        streams = await self.streams(name)
        if streams:
            await self.advance(name, a // 2 % 2, streams[b % len(streams)])

    # ------------------------------------------------------------ operators

    async def do_redrive(self, a: int, b: int) -> None:
        name = CONSUMERS[a % 2]
        if b % 5 == 0:
            self.repair()
        streams = await self.streams(name)
        if streams:
            stream = streams[b % len(streams)]
            await self.redrive(name, stream)
            await self.advance(name, 0, stream)

    def repair(self) -> None:
        """The bugs are mended."""
        for service in self.services.values():
            service.repaired = True

    async def _parked(self, name: str) -> list[parking.Stored]:
        async with self.services[name].database.transaction() as tx:
            return await parking.listed(tx)

    async def redrive(self, name: str, stream: Stream | None = None) -> int:
        """Make parked records of a stream (or all) movable."""
        found = [each for each in await self._parked(name) if stream in (None, each.place.stream)]
        for each in found:
            async with self.services[name].database.transaction() as tx:
                await parking.redrive(tx, each.place, ORDER)
        return len(found)

    async def do_discard(self, a: int, b: int) -> None:
        name = CONSUMERS[a % 2]
        found = await self._parked(name)
        if not found:
            return
        place = found[b % len(found)].place
        async with self.services[name].database.transaction() as tx:
            await parking.discard(tx, place, ORDER)
            await tx.connection.execute(
                "INSERT INTO discarded VALUES ($1, $2, $3, $4, $5)",
                *(place.stream.source, place.stream.topic, place.stream.subject),
                *(place.stream.epoch, place.sequence),
            )

    async def do_backup(self, a: int, _b: int) -> None:
        await self.keeper.backup(SERVICES[a % 3])

    async def do_restore(self, a: int, _b: int) -> None:
        name = SERVICES[a % 3]
        await self.note_committed()
        self.epochs[name] += 1
        await self.keeper.restore(name, self.epochs[name])
        self.services[name].database.epoch = self.epochs[name]
        if name in PUBLISHERS:
            await self.do_abandon(PUBLISHERS.index(name), 0)
        if name in CONSUMERS:
            for slot in (0, 1):
                await self.crash(name, slot)

    async def do_retain(self, a: int, b: int) -> None:
        places = sorted(self.places("reader"))
        place = places[a % len(places)]
        log = self.broker.log(place)
        ends = [
            self.committed[name].get(place, 0) for name in CONSUMERS if place in self.places(name)
        ]
        if b % 3 == 0 and min([*ends, log.end]) > log.start:
            await self.broker.delete_records(place, log.start + 1)

    async def do_replay(self, a: int, b: int) -> None:
        name, slot = CONSUMERS[a % 2], b % 2
        await self.crash(name, slot)
        self.rewind(name, slot)

    def rewind(self, name: str, slot: int) -> None:
        """A process reads everything again."""
        process = self.processes[name][slot]
        starts = {place: self.broker.log(place).start for place in self.places(name)}
        process.consumer.offsets.begin(starts, process.generation)
        process.member.positions = dict(starts)


def _where(record: BrokerRecord) -> tuple[TopicPartition, int]:
    return (record.topic_partition, record.offset)


def _name(row: OutboxRow) -> tuple[int, int, str]:
    """Positions are given again after a restore; headers are not."""
    return (row.position, len(row.record.headers), repr(row.record.headers))
