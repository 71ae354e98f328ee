"""The consumer with its lanes, offsets, rebalances and restores, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio

from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.failpoints import Failpoint, Failpoints
from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.consumer import Consumer
from services.chassis.messaging.inboxes import inbox_consumer
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.offsets import Offsets
from services.chassis.messaging.work import Received, Work
from tests.support.postgres import Postgres
from tests.support.receiving import (
    OTHERS,
    QUICK,
    THINGS,
    House,
    context_of,
    effects,
    envelope_of,
    make_effects,
    rows,
    sent,
)
from tests.support.waiting import until

GROUP = "node-one.house"
SUBJECTS = [f"s{number}" for number in range(20)]


class Died(BaseException):
    """Stands for SIGKILL."""


@dataclass
class Bench:
    """A bus, a database, and consumers on them."""

    broker: MemoryBroker
    database: Database
    settings: ServiceSettings
    house: House

    def consumer(self, limits: Limits = QUICK) -> Consumer:
        """A consumer, not started."""
        context = context_of(
            self.house,
            self.database,
            self.settings,
            limits=limits,
        )
        return inbox_consumer(context, self.broker)

    @asynccontextmanager
    async def running(self, limits: Limits = QUICK) -> AsyncIterator[Consumer]:
        """A consumer that runs, and is stopped."""
        consumer, stop = self.consumer(limits), asyncio.Event()
        task = asyncio.create_task(consumer.run(stop))
        try:
            yield consumer
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await task

    def publish(self, subject: str, sequence: int, topic: str = THINGS, **changes: Any) -> None:
        """One record on the bus."""
        self.broker.append(sent(envelope_of(subject, sequence, **changes), topic=topic))

    async def committed(self) -> int:
        """How many offsets the group has behind it."""
        member = self.broker._groups[GROUP]
        return sum(member.committed.values())

    async def handled(self, many: int) -> None:
        """Wait until so many effects are there."""

        async def enough() -> bool:
            return len(await effects(self.database)) >= many

        await until(enough)


@pytest_asyncio.fixture
async def bench(house: Postgres, database: Database, house_settings: ServiceSettings) -> Bench:
    """A fresh bus and a fresh schema."""
    await make_effects(house)
    broker = MemoryBroker("local", {THINGS: 4, OTHERS: 4})
    return Bench(broker, database, house_settings, House())


async def test_every_event_is_handled_once_in_order_and_its_offset_committed(
    bench: Bench,
) -> None:
    for sequence in range(1, 11):
        for subject in SUBJECTS:
            bench.publish(subject, sequence)
            if sequence % 3 == 0:
                bench.publish(subject, sequence)
    async with bench.running() as consumer:
        await bench.handled(200)
        await until(lambda: consumer.readiness().ok)
        ends = {p: bench.broker.log(TopicPartition(THINGS, p)).end for p in range(4)}

        async def at_end() -> bool:
            return await bench.committed() == sum(ends.values())

        await until(at_end)
    found = await effects(bench.database)
    assert len(found) == 200
    for subject in SUBJECTS:
        assert [n for s, n in found if s == subject] == list(range(1, 11))


async def test_one_subject_of_two_topics_is_never_handled_side_by_side(bench: Bench) -> None:
    inside: set[str] = set()

    async def alone(received: Received, _work: Work) -> None:
        subject = received.envelope.subject
        assert subject not in inside
        inside.add(subject)
        await asyncio.sleep(0)
        inside.discard(subject)

    bench.house.behave = alone
    for sequence in range(1, 6):
        for subject in SUBJECTS[:5]:
            bench.publish(subject, sequence)
            bench.publish(subject, sequence, topic=OTHERS, id=f"o-{subject}-{sequence}")
    async with bench.running():
        await bench.handled(50)
    assert await rows(bench.database) == []


async def test_a_second_process_takes_a_share_and_nothing_is_handled_twice(bench: Bench) -> None:
    for sequence in range(1, 6):
        for subject in SUBJECTS:
            bench.publish(subject, sequence)
    async with bench.running():
        await bench.handled(10)
        async with bench.running():
            for sequence in range(6, 11):
                for subject in SUBJECTS:
                    bench.publish(subject, sequence)
            await bench.handled(150)
        await bench.handled(200)
    found = await effects(bench.database)
    assert len(found) == len(set(found)) == 200


async def test_the_bound_of_what_is_in_flight_holds(bench: Bench) -> None:
    tight = replace(QUICK, in_flight=20, in_flight_each_partition=10)
    gate, most = asyncio.Event(), 0

    async def wait(_received: Received, _work: Work) -> None:
        await gate.wait()

    bench.house.behave = wait
    for number in range(200):
        bench.publish(f"s{number}", 1)
    async with bench.running(tight) as consumer:
        await until(lambda: consumer._lanes.held == 20)
        most = max(most, consumer._lanes.held)
        gate.set()
        await bench.handled(200)
    assert most == 20


async def test_a_lost_bus_is_waited_for(bench: Bench) -> None:
    bench.broker.faults.down = True
    async with bench.running() as consumer:
        await until(lambda: consumer._failures > 0)
        assert not consumer.readiness().ok
        bench.publish("a", 1)
        bench.broker.faults.down = False
        await bench.handled(1)


async def test_a_crash_between_commit_and_offset_repeats_nothing(bench: Bench) -> None:
    def die() -> None:
        raise Died

    bench.database.failpoints = Failpoints(Failpoint.SETTLED_BEFORE_FINISH, 2, die)
    for sequence in range(1, 6):
        bench.publish("a", sequence)
    doomed = bench.consumer()
    task = asyncio.create_task(doomed.run(asyncio.Event()))

    async def two_done() -> bool:
        return len(await effects(bench.database)) == 2

    await until(two_done)
    await until(lambda: doomed._lanes._tasks != [] and any(t.done() for t in doomed._lanes._tasks))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with bench.running() as consumer:
        await bench.handled(5)
        assert consumer._settler.attempts.unclean, "the process before did not end cleanly"
    assert await effects(bench.database) == [("a", n) for n in range(1, 6)]


async def test_a_record_that_kills_its_process_three_times_is_parked_as_crash(
    bench: Bench,
) -> None:
    bench.publish("a", 1)
    bench.publish("b", 1)
    async with bench.database.transaction() as tx:
        await tx.connection.execute("INSERT INTO inbox_run VALUES ('house', 0, false, now())")
        partition = next(
            p
            for p in range(4)
            if bench.broker.log(TopicPartition(THINGS, p)).records
            and bench.broker.log(TopicPartition(THINGS, p)).records[0].key == b"a"
        )
        await tx.connection.execute(
            "INSERT INTO inbox_attempt VALUES ('house', $1, $2, 0, 3)", THINGS, partition
        )
    async with bench.running():
        await bench.handled(1)

        async def parked() -> bool:
            return await rows(bench.database) == [("a", 1, "parked")]

        await until(parked)
    async with bench.database.transaction() as tx:
        assert await tx.connection.fetchval("SELECT count(*) FROM inbox_attempt") == 0
    assert await effects(bench.database) == [("b", 1)]


async def test_a_clean_stop_is_remembered(bench: Bench) -> None:
    async with bench.running():
        pass
    async with bench.running() as consumer:
        assert not consumer._settler.attempts.unclean


async def test_a_restored_database_reads_again_from_the_log_start_once(
    bench: Bench, house: Postgres, house_settings: ServiceSettings
) -> None:
    for subject in SUBJECTS:
        bench.publish(subject, 1)
    async with bench.running():
        await bench.handled(20)
    async with bench.database.transaction() as tx:
        await tx.connection.execute("DELETE FROM inbox_mark")
        await tx.connection.execute("DELETE FROM inbox_known")
    await house.run("DELETE FROM house.effect", "UPDATE house.instance SET epoch = 2")
    restored = await Database.open(house_settings)
    try:
        bench.database = restored
        async with bench.running():
            await bench.handled(20)
        calls = len(bench.house.calls)
        async with bench.running() as consumer:
            await until(lambda: consumer.readiness().ok)
            bench.publish("z", 1)
            await bench.handled(21)
        assert len(bench.house.calls) == calls + 1, "the second start reads on where it was"
    finally:
        await restored.close()


async def test_an_offset_outside_the_log_stops_and_is_said(bench: Bench) -> None:
    async with bench.running():
        bench.publish("a", 1)
        await bench.handled(1)
    place = next(
        TopicPartition(THINGS, p)
        for p in range(4)
        if bench.broker.log(TopicPartition(THINGS, p)).end
    )
    bench.broker._groups[GROUP].committed[place] = 99
    async with bench.running() as consumer:
        await until(lambda: "outside the log" in consumer.readiness().detail)


async def test_too_many_parked_stop_the_consumer_and_the_topic_is_not_emptied(
    bench: Bench,
) -> None:
    def fail(_received: Received, _work: Work) -> None:
        raise ValueError

    bench.house.behave = fail
    for number in range(100):
        bench.publish(f"s{number}", 1)
    async with bench.running(replace(QUICK, lanes=2)) as consumer:
        await until(lambda: "fail by themselves" in consumer.readiness().detail)
    assert len(await rows(bench.database)) < QUICK.parked_in_a_row + 8


def test_offsets_commit_the_contiguous_prefix_and_never_go_back() -> None:
    offsets, place = Offsets(), TopicPartition(THINGS, 0)
    offsets.begin({place: 5}, generation=1)
    assert [offsets.take(place, n) for n in (5, 6, 6, 9, 4)] == [True, True, False, True, False]
    offsets.finish(place, 6, 1)
    assert offsets.due() == {}
    offsets.finish(place, 5, 1)
    assert offsets.due() == {place: 7}
    offsets.committed({place: 7}, 1)
    offsets.finish(place, 9, generation=0)
    assert offsets.due() == {}
    offsets.finish(place, 9, 1)
    assert offsets.due() == {place: 10}
    offsets.begin({place: 0}, generation=2)
    offsets.committed({place: 10}, generation=1)
    assert offsets.committed_upto(place) == 0


@pytest.mark.parametrize("many", [1, 3])
async def test_what_is_slow_is_cancelled_when_partitions_go_and_repeated(
    bench: Bench, many: int
) -> None:
    stuck = asyncio.Event()

    async def hang(_received: Received, _work: Work) -> None:
        if len(bench.house.calls) <= many:
            await stuck.wait()

    bench.house.behave = hang
    for number in range(many):
        bench.publish(f"s{number}", 1)
    async with bench.running(replace(QUICK, drain_seconds=0.2)):
        await until(lambda: len(bench.house.calls) == many)
        async with bench.running(replace(QUICK, drain_seconds=0.2)):
            await bench.handled(many)
    found = await effects(bench.database)
    assert len(found) == len(set(found)) == many


async def test_a_stop_does_not_wait_for_what_hangs(bench: Bench) -> None:
    async def hang(_received: Received, _work: Work) -> None:
        await asyncio.Event().wait()

    bench.house.behave = hang
    bench.publish("a", 1)
    slow = replace(QUICK, drain_seconds=20.0, drain_at_stop_seconds=0.2)
    consumer, stop = bench.consumer(slow), asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))
    await until(lambda: bench.house.calls != [])
    stop.set()
    done, _ = await asyncio.wait({task}, timeout=5.0)
    task.cancel()
    assert done
    assert await effects(bench.database) == []
