"""A fault planted in the real inbox breaks a promise and is seen; without it the promise holds.

Faults at the door, in the relay and beside the lanes are in files of their own.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from services.chassis.errors import StatementRefused
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.offsets import Offsets
from services.chassis.messaging.outbox import publish as publish_in
from services.chassis.messaging.rewind import Rewind
from services.chassis.messaging.work import Received, Work
from tests.faults.chassis_at_rest import WholeChassis
from tests.faults.chassis_promises import check, check_committed
from tests.faults.story import SERVICES
from tests.faults.three_services import Broken, Keeper, Service
from tests.faults.types_of_three import TYPES, name_of
from tests.support.postgres import Postgres

Story = Callable[[WholeChassis], Awaitable[None]]


@pytest_asyncio.fixture
async def world(postgres: Postgres, tmp_path: Path) -> AsyncIterator[WholeChassis]:
    """Three services in one fresh database."""
    keeper = Keeper(postgres, tmp_path)
    async with keeper.services() as services:
        whole = WholeChassis(keeper, services)
        await whole.begin()
        yield whole


async def publish(world: WholeChassis, *kinds: str) -> None:
    """Events about one subject."""
    for kind in kinds:
        await world.services["maker"].publish(kind, "a")


async def deliver_backwards(world: WholeChassis) -> None:
    """What the maker has written reaches the bus in the wrong order."""
    for row in reversed(await world.outbox("maker")):
        world.broker.append(row.record)


async def restore(world: WholeChassis, name: str) -> None:
    """Back to the empty beginning, in a new epoch."""
    await world.do_restore(SERVICES.index(name), 0)


async def overtaking(world: WholeChassis) -> None:
    """One fails, the next one follows."""
    await publish(world, "poison", "plain")
    await world.drain()


async def overtaking_over_epochs(world: WholeChassis) -> None:
    """One fails, its publisher is restored and publishes in a new epoch."""
    await publish(world, "poison")
    await world.drain()
    await restore(world, "maker")
    await publish(world, "plain")
    await world.drain()


async def repeating_a_consequence(world: WholeChassis) -> None:
    """The doer is restored and does it again."""
    await publish(world, "plain")
    await world.drain()
    await restore(world, "doer")
    await world.drain()


async def coming_after_erasure(world: WholeChassis) -> None:
    """An event of an erased subject."""
    await publish(world, "erase", "plain")
    await world.drain()


async def coming_backwards(world: WholeChassis) -> None:
    """The second comes first."""
    await publish(world, "plain", "plain")
    await deliver_backwards(world)
    await world.drain()


async def withdrawing_beyond_a_gap(world: WholeChassis) -> None:
    """What would come before it never reaches the bus."""
    await publish(world, "plain", "withdraw")
    rows = await world.outbox("maker")
    world.broker.append(rows[1].record)
    await world._read_all("reader")


async def redriving(world: WholeChassis) -> None:
    """Two fail, all is mended and redriven."""
    await publish(world, "poison", "poison")
    await world.drain()
    world.repair()
    await world.drain(redrive=True)


async def restoring_the_reader(world: WholeChassis) -> None:
    """It forgets what it read; the bus does not."""
    await publish(world, "grant")
    await world.drain()
    await restore(world, "reader")
    await world.drain()


BLOCKED = "(r.epoch, r.sequence) < (p_epoch, p_sequence)) as blocked"
KNOWN = "where k.consumer = p_consumer"
PLANTED: dict[str, tuple[Story, tuple[str, str, str]]] = {
    "a blocked key is overtaken": (
        overtaking,
        ("inbox_enter", BLOCKED, f"false and {BLOCKED}"),
    ),
    "an older epoch does not block": (
        overtaking_over_epochs,
        ("inbox_enter", BLOCKED, "r.epoch = p_epoch and r.sequence < p_sequence) as blocked"),
    ),
    "a known id is handled again": (
        repeating_a_consequence,
        ("inbox_enter", KNOWN, KNOWN.replace("where", "where false and")),
    ),
    "an erased subject is handled": (
        coming_after_erasure,
        ("inbox_enter", "where e.subject_digest = p_subject_digest", "where false"),
    ),
    "a gap is stepped over": (
        coming_backwards,
        ("inbox_enter", "if p_sequence > v.read + 1 then", "if false then"),
    ),
    "what follows a gap stays": (
        coming_backwards,
        ("inbox_take", "while absorbed < p_absorb_limit", "while false"),
    ),
    "a withdrawal stands behind a gap": (
        withdrawing_beyond_a_gap,
        (
            "inbox_enter",
            "if finished is null and p_kind <> 'never-waits' then",
            "if finished is null then",
        ),
    ),
    "the youngest row goes first": (
        redriving,
        (
            "inbox_take",
            "order by r.epoch, r.sequence limit 1",
            "order by r.epoch desc, r.sequence desc limit 1",
        ),
    ),
}


@pytest.mark.parametrize("fault", sorted(PLANTED))
async def test_a_planted_fault_is_found(world: WholeChassis, fault: str) -> None:
    story, plant = PLANTED[fault]
    await world.keeper.plant(*plant)
    with pytest.raises((AssertionError, Broken, StatementRefused)):
        await tell(story, world)


@pytest.mark.parametrize("name", sorted({story.__name__ for story, _ in PLANTED.values()}))
async def test_the_same_story_ends_well_without_the_fault(world: WholeChassis, name: str) -> None:
    story = next(story for story, _ in PLANTED.values() if story.__name__ == name)
    await tell(story, world)


async def tell(story: Story, world: WholeChassis) -> None:
    """A story, and the promises after it."""
    await story(world)
    await check(world, final=False)


async def test_a_restored_reader_that_does_not_read_again_loses_and_is_found(
    world: WholeChassis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def everything(_rewind: Rewind) -> frozenset[TopicPartition]:
        return frozenset(world.places("reader"))

    await tell(restoring_the_reader, world)
    await world.begin()
    monkeypatch.setattr(Rewind, "_done", everything)
    with pytest.raises(AssertionError, match="lost"):
        await tell(restoring_the_reader, world)


async def die_while_a_record_is_in_flight(world: WholeChassis) -> None:
    """It was fetched, the timer commits, the process dies; the next one reads on."""
    await world.services["maker"].publish("plain", "a")
    await world._deliver_all()
    process = world.processes["reader"][0]
    for place in world.places("reader"):
        world.fetch(process, place)
    await world.commit("reader", process)
    await world.crash("reader", 0)
    await world.drain()
    await check(world, final=False)


async def test_a_commit_beyond_what_is_finished_is_found(
    world: WholeChassis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Offsets, "due", lambda offsets: dict(offsets.expected()))
    with pytest.raises(AssertionError, match="lost"):
        await die_while_a_record_is_in_flight(world)


async def test_a_process_that_dies_in_flight_loses_nothing(world: WholeChassis) -> None:
    await die_while_a_record_is_in_flight(world)


async def die_after_handling(world: WholeChassis) -> None:
    """The doer handles a command and dies before the commit; the reader reads what came of it."""
    await world.services["maker"].publish("plain", "a")
    await world._deliver_all()
    for place in world.places("doer"):
        world.fetch(world.processes["doer"][0], place)
    (record,) = world.processes["doer"][0].flight
    await world.settle("doer", 0, record, failpoint=Failpoint.HANDLED_BEFORE_COMMIT)
    await world._deliver_all()
    await world._read_all("reader")
    await world.note_committed()
    await check_committed(world, "reader")
    await world.drain()
    await check(world, final=False)


async def test_an_event_of_work_that_was_rolled_back_is_found(
    world: WholeChassis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def beside(service: Service, _received: Received, work: Work, *_: object) -> None:
        if service.name != "doer":
            return
        async with service.database.transaction() as other:
            replace(work, transaction=other)
            publish_in(other, TYPES[name_of("doer", "plain")].model(), subject="a")

    monkeypatch.setattr(Service, "_change", beside)
    with pytest.raises(AssertionError, match="rolled back"):
        await die_after_handling(world)


async def test_nobody_sees_what_was_rolled_back(world: WholeChassis) -> None:
    await die_after_handling(world)
