"""An operator's two acts on a consumer: it reads again, or goes on where the log was cut."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest_asyncio

from services.chassis.audit import read as audited
from services.chassis.clock import SystemClock
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.failpoints import Failpoint, Failpoints
from services.chassis.messaging.baseline import SUBJECTS_EACH_TIME, Given, pass_over
from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.consumer import Consumer
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.parking import Order
from services.chassis.messaging.readers import Reader, readers_of
from services.chassis.messaging.restore import raise_epoch
from services.chassis.messaging.seek import order_back
from services.chassis.messaging.work import Received, Work
from tests.integration.chassis.test_consumer import GROUP, Bench, Died
from tests.support.postgres import Postgres
from tests.support.receiving import (
    OTHERS,
    QUICK,
    THINGS,
    House,
    effects,
    make_effects,
    rows,
)
from tests.support.waiting import until

WATCHFUL = replace(QUICK, watch_seconds=0.05)
ORDER = Order(actor="operator", reason="test")
EVERYWHERE = dict.fromkeys(range(4), 1_000)


@pytest_asyncio.fixture
async def bench(house: Postgres, database: Database, house_settings: ServiceSettings) -> Bench:
    """A fresh bus and a fresh schema."""
    await make_effects(house)
    broker = MemoryBroker("local", {THINGS: 4, OTHERS: 4})
    return Bench(broker, database, house_settings, House())


def ends(bench: Bench) -> dict[TopicPartition, int]:
    places = [TopicPartition(THINGS, number) for number in range(4)]
    return {place: bench.broker.log(place).end for place in places}


def committed(bench: Bench) -> dict[TopicPartition, int]:
    known = bench.broker._groups.get(GROUP)
    group = known.committed if known else {}
    return {place: group[place] for place in ends(bench) if place in group}


async def go_back(bench: Bench, places: Mapping[TopicPartition, int]) -> None:
    async with bench.database.transaction() as tx:
        await order_back(tx, "house", places, ORDER)


async def things(bench: Bench) -> Reader:
    return next(each for each in await readers_of(bench.database) if each.topic == THINGS)


async def obeyed(bench: Bench) -> bool:
    return not (await things(bench)).ordered


async def filled(bench: Bench, many: int = 8) -> list[tuple[str, int]]:
    """So many subjects with three events each, handled and committed."""
    for number in range(many):
        for sequence in (1, 2, 3):
            bench.publish(f"s{number}", sequence)
    async with bench.running():
        await bench.handled(3 * many)
        await until(lambda: committed(bench) == ends(bench))
    return await effects(bench.database)


def noted(consumer: Consumer, place: TopicPartition) -> list[int]:
    """Where it begins to read the partition, each time."""
    seen: list[int] = []
    begin = consumer.offsets.begin

    def note(starts: Mapping[TopicPartition, int], generation: int) -> None:
        seen.append(starts[place])
        begin(starts, generation)

    consumer.offsets.begin = note  # type: ignore[method-assign]
    return seen


async def test_a_running_consumer_goes_back_and_nothing_takes_effect_twice(bench: Bench) -> None:
    before = await filled(bench)
    async with bench.running(WATCHFUL) as consumer:
        await until(lambda: len(consumer.offsets.expected()) == 8)
        began = noted(consumer, TopicPartition(THINGS, 0))
        await go_back(bench, dict.fromkeys(ends(bench), 0))
        await until(lambda: obeyed(bench))
        await until(lambda: committed(bench) == ends(bench))
        bench.publish("s0", 4)
        await bench.handled(len(before) + 1)
    assert began == [0]
    assert await effects(bench.database) == [*before, ("s0", 4)]
    async with bench.database.transaction() as tx:
        told = await audited(tx, subject=f"house:{THINGS}/0@0")
    assert [(row["actor"], row["action"], row["reason"]) for row in told] == [
        ("operator", "consumer.seek", "test")
    ]


async def test_the_floor_of_offsets_goes_back_with_the_order(bench: Bench) -> None:
    await filled(bench)
    place = next(place for place, end in ends(bench).items() if end >= 3)
    gate = asyncio.Event()

    async def behave(_received: Received, _work: Work) -> None:
        await gate.wait()

    bench.house.behave = behave
    bench.publish("late", 1)
    await go_back(bench, {place: 1})
    consumer = bench.consumer(WATCHFUL)
    began = noted(consumer, place)
    stop = asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))
    await until(lambda: obeyed(bench))
    gate.set()
    await until(lambda: committed(bench) == ends(bench))
    stop.set()
    await task
    assert began == [1]


async def test_killed_before_the_order_is_struck_out_it_goes_back_again(bench: Bench) -> None:
    before = await filled(bench)

    def die() -> None:
        raise Died

    await go_back(bench, dict.fromkeys(ends(bench), 0))
    bench.database.failpoints = Failpoints(Failpoint.REWOUND_BEFORE_MARK, 1, die)
    doomed = asyncio.create_task(bench.consumer().run(asyncio.Event()))
    await asyncio.wait({doomed}, timeout=20)
    assert isinstance(doomed.exception(), Died)
    assert set(committed(bench).values()) == {0}
    assert not await obeyed(bench)
    bench.database.failpoints = Failpoints()
    async with bench.running():
        await until(lambda: committed(bench) == ends(bench))
        assert await obeyed(bench)
    assert await effects(bench.database) == before


async def test_an_order_never_leads_past_what_was_not_read(bench: Bench) -> None:
    bench.house.behave = None
    await filled(bench)
    for sequence in (4, 5, 6):
        bench.publish("s0", sequence)
    await go_back(bench, ends(bench))
    async with bench.running():
        await bench.handled(27)
        await until(lambda: obeyed(bench))
    assert [n for s, n in await effects(bench.database) if s == "s0"] == list(range(1, 7))


async def test_of_two_orders_the_one_that_goes_further_back_stands(bench: Bench) -> None:
    await filled(bench)
    place = TopicPartition(THINGS, 0)
    await go_back(bench, {place: 1})
    await go_back(bench, {place: 2})
    assert (await things(bench)).ordered == {0: 1}


async def test_a_consumer_outside_the_log_goes_on_by_an_order(bench: Bench) -> None:
    before = await filled(bench)
    place = next(place for place, end in ends(bench).items() if end)
    bench.broker._groups[GROUP].committed[place] = 99
    async with bench.running(WATCHFUL) as consumer:
        await until(lambda: "outside the log" in consumer.readiness().detail)
        await go_back(bench, {place: 0})
        await until(lambda: committed(bench) == ends(bench))
        await until(lambda: consumer.readiness().ok)
    assert await effects(bench.database) == before


async def test_after_a_restore_nobody_has_begun(bench: Bench) -> None:
    await filled(bench)
    assert (await things(bench)).begun == frozenset(range(4))
    async with bench.database.transaction() as tx:
        bench.database.epoch = await raise_epoch(
            tx, clock=SystemClock(), actor="operator", reason="test"
        )
    assert (await things(bench)).begun == frozenset()


# ------------------------------------------------------------ baseline


async def cut(bench: Bench) -> None:
    """The log has lost the first two of three subjects; one of them is refused for good."""
    for subject in ("a", "b", "c"):
        for sequence in (3, 4, 5):
            kind = "unlisted" if (subject, sequence) == ("b", 3) else "plain"
            bench.publish(subject, sequence, kind=kind)
    async with bench.running():
        await until(lambda: committed(bench) == ends(bench))
    assert await effects(bench.database) == []


async def test_streams_go_on_where_the_log_begins_and_no_row_is_touched(bench: Bench) -> None:
    await cut(bench)
    before = await rows(bench.database)
    assert before[3] == ("b", 3, "done")
    assert (await things(bench)).unfinished == {"gap": 8}
    assert await pass_over(bench.database, "house", THINGS, EVERYWHERE, ORDER) == Given(3, 6)
    assert await rows(bench.database) == before
    assert await pass_over(bench.database, "house", THINGS, EVERYWHERE, ORDER) == Given()
    bench.publish("a", 6)
    async with bench.running():
        await bench.handled(9)
    assert await rows(bench.database) == []
    found = await effects(bench.database)
    assert [n for s, n in found if s == "a"] == [3, 4, 5, 6]
    assert [n for s, n in found if s == "b"] == [4, 5]
    async with bench.database.transaction() as tx:
        told = await audited(tx, subject=f"house:{THINGS}")
    assert [row["action"] for row in told] == ["consumer.baseline"]


async def test_what_was_not_read_and_what_others_read_is_left_alone(bench: Bench) -> None:
    await cut(bench)
    unread = dict.fromkeys(range(4), 0)
    for consumer, topic, read_to in (
        ("house", THINGS, unread),
        ("house", THINGS, {}),
        ("house", OTHERS, EVERYWHERE),
        ("another", THINGS, EVERYWHERE),
    ):
        assert await pass_over(bench.database, consumer, topic, read_to, ORDER) == Given()


async def test_a_second_hole_is_another_decision(bench: Bench) -> None:
    for sequence in (2, 5):
        bench.publish("a", sequence)
    async with bench.running():
        await until(lambda: committed(bench) == ends(bench))
        for handled, hole in ((1, 1), (2, 2)):
            given = await pass_over(bench.database, "house", THINGS, EVERYWHERE, ORDER)
            assert given == Given(1, hole)
            await bench.handled(handled)
    assert await effects(bench.database) == [("a", 2), ("a", 5)]


async def test_more_subjects_than_one_transaction_takes(bench: Bench) -> None:
    many = SUBJECTS_EACH_TIME + 5
    for number in range(many):
        bench.publish(f"s{number}", 2, kind="unlisted")
    async with bench.running():
        await until(lambda: committed(bench) == ends(bench))
    given = await pass_over(bench.database, "house", THINGS, EVERYWHERE, ORDER)
    assert given == Given(many, many)
