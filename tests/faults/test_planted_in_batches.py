"""A fault planted where several events share a transaction is found; without it all is well.

The faults that an inbox can have for one event are in ``test_chassis_with_planted_faults.py``.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.chassis.errors import StatementRefused
from services.chassis.messaging import batching
from services.chassis.messaging.batch import Batch
from services.chassis.messaging.batching import Batching, Run
from services.chassis.messaging.work import Answer, Received, Work
from tests.faults.chassis_at_rest import WholeChassis
from tests.faults.chassis_promises import check
from tests.faults.three_services import Broken, Keeper, Service
from tests.support.postgres import Postgres

Story = Callable[[WholeChassis], Awaitable[None]]
Plant = Callable[[pytest.MonkeyPatch], None] | tuple[tuple[str, str], ...]


@pytest_asyncio.fixture
async def house_of_three(
    postgres: Postgres, tmp_path: Path
) -> AsyncIterator[tuple[Keeper, dict[str, Service]]]:
    """Three services in one fresh database; what they read they handle in lists."""
    keeper = Keeper(postgres, tmp_path)
    async with keeper.services() as services:
        for service in services.values():
            service.together = True
        yield keeper, services


async def tell(house: tuple[Keeper, dict[str, Service]], story: Story) -> None:
    """A story from the beginning."""
    world = WholeChassis(*house)
    await world.begin()
    await story(world)


async def publish(world: WholeChassis, *events: tuple[str, str]) -> None:
    """(subject, kind) in this order."""
    for subject, kind in events:
        await world.services["maker"].publish(kind, subject)


async def effects(world: WholeChassis, name: str = "reader") -> list[tuple[str, str, int]]:
    """What a consumer did because of commands, per subject in order."""
    found = await world.keeper.fetch(
        f"SELECT subject, kind, sequence FROM {name}.effect"  # noqa: S608 - a name of ours
        " WHERE source LIKE '%maker' ORDER BY subject, id"
    )
    return [(row["subject"], row["kind"], row["sequence"]) for row in found]


async def all_is_well(world: WholeChassis) -> None:
    """Five plain ones about three subjects."""
    await publish(world, ("a", "plain"), ("a", "grant"), ("c", "plain"), ("a", "plain"))
    await world.drain()
    await check(world, final=False)
    assert await effects(world) == [
        *(("a", "plain", 1), ("a", "grant", 2), ("a", "plain", 3)),
        ("c", "plain", 1),
    ], "an effect is missing"


async def one_fails(world: WholeChassis) -> None:
    """A poison between others: it is parked, and nothing else but what stands behind it."""
    await publish(world, ("a", "plain"), ("c", "poison"), ("a", "grant"), ("c", "plain"))
    await world.drain()
    await check(world, final=False)
    assert await effects(world) == [("a", "plain", 1), ("a", "grant", 2)], "an effect is missing"
    world.repair()
    await world.drain(redrive=True)
    await check(world, final=True)
    assert len(await effects(world)) == 4, "an effect is missing"


async def one_comes_too_early(world: WholeChassis) -> None:
    """The second of a subject comes first, with others; then everything comes."""
    await publish(world, ("a", "plain"), ("a", "plain"), ("c", "plain"))
    for row in reversed(await world.outbox("maker")):
        world.broker.append(row.record)
    await world.drain()
    await check(world, final=False)
    assert len(await effects(world)) == 3, "an effect is missing"


async def one_was_parked_before(world: WholeChassis) -> None:
    """A key is blocked, and more of it comes with others."""
    await publish(world, ("a", "poison"), ("c", "plain"))
    await world.drain()
    await publish(world, ("a", "plain"), ("c", "plain"))
    await world.drain()
    await check(world, final=False)


async def one_is_erased(world: WholeChassis) -> None:
    """More of an erased subject comes with others."""
    await publish(world, ("a", "erase"))
    await world.drain()
    await publish(world, ("a", "plain"), ("c", "plain"), ("a", "grant"))
    await world.drain()
    await check(world, final=False)


async def the_doer_is_restored(world: WholeChassis) -> None:
    """It does everything and publishes what comes of it again, in a new epoch."""
    await publish(world, ("a", "plain"), ("c", "plain"))
    await world.drain()
    await world.do_restore(1, 0)
    await world.drain()
    await check(world, final=False)


async def one_waits(world: WholeChassis) -> None:
    """More stands behind it in the same list; what it waits for comes later."""
    await publish(world, ("a", "need"), ("c", "plain"), ("a", "grant"))
    await world.drain()
    await publish(world, ("a", "opening"))
    await world.drain()
    await check(world, final=False)


def swallow(patch: pytest.MonkeyPatch) -> None:
    """What the handler raised is taken for a success."""
    handled = Batching._handled

    async def planted(batching: Batching, tx: Any, run: Run, *rest: Any) -> Sequence[Answer]:
        try:
            return await handled(batching, tx, run, *rest)
        except ValueError:
            return [None] * len(rest[0])

    patch.setattr(Batching, "_handled", planted)


def keep_the_beginning(patch: pytest.MonkeyPatch) -> None:
    """The handler ends at the first error and what it did so far is committed."""

    async def planted(service: Service, batch: Batch) -> list[Answer]:
        for received in batch.events:
            try:
                await service.handle(received, batch.work(received))
            except ValueError:
                break
        return [None] * len(batch.events)

    patch.setattr(Service, "handle_all", planted)


def turn_round(patch: pytest.MonkeyPatch) -> None:
    """The list is handed over with the last one first."""

    class Turned(Batch):
        def __init__(self, tx: Any, events: Sequence[Received], *rest: Any) -> None:
            super().__init__(tx, list(reversed(events)), *rest)

    patch.setattr(batching, "Batch", Turned)


def one_cause_for_all(patch: pytest.MonkeyPatch) -> None:
    """What is published is because of the first event of the list."""

    def planted(batch: Batch, _received: Received) -> Work:
        return batch.make_work(batch.events[0])

    patch.setattr(Batch, "work", planted)


def ask_for_no_order(patch: pytest.MonkeyPatch) -> None:
    """A handler goes on behind one that waits, and nobody minds."""

    async def planted(service: Service, batch: Batch) -> list[Answer]:
        return [await service.handle(each, batch.work(each)) for each in batch.events]

    patch.setattr(Service, "handle_all", planted)
    patch.setattr(batching, "_ask_for_order", lambda *_given: None)


KNOWN_TWICE = "where verdict = 'handle' on conflict do nothing"
PLANTED: dict[str, tuple[Story, Plant]] = {
    "an error is swallowed": (one_fails, swallow),
    "the beginning of a failed list is kept": (one_fails, keep_the_beginning),
    "the order inside a list is turned round": (all_is_well, turn_round),
    "all of a list has one cause": (all_is_well, one_cause_for_all),
    "what stands behind one that waits is handled": (one_waits, ask_for_no_order),
    "the mark goes on over what was not handled": (
        one_comes_too_early,
        (("where verdict in ('handle', 'skipped')", "where true"),),
    ),
    "a gap is stepped over": (
        one_comes_too_early,
        (("when sequence <> read + place then null", "/* none */"),),
    ),
    "a blocked key is overtaken": (
        one_was_parked_before,
        (("r.subject = any (v_locked)", "false"),),
    ),
    "an erased subject is handled": (
        one_is_erased,
        (("where e.subject_digest = any (p_subject_digests)", "where false"),),
    ),
    "a known id is handled again": (
        the_doer_is_restored,
        (
            ("when known or same_id > 1 then null", "/* nothing */"),
            ("where verdict = 'handle' order by source, event_id", KNOWN_TWICE),
        ),
    ),
}


async def is_found(house: tuple[Keeper, dict[str, Service]], story: Story) -> bool:
    """Whether the story shows that something is wrong."""
    try:
        await tell(house, story)
    except (AssertionError, Broken, StatementRefused):
        return True
    return False


@pytest.mark.parametrize("where", ["in the chassis", "in the statement"])
async def test_every_fault_planted_in_a_batch_is_found(
    house_of_three: tuple[Keeper, dict[str, Service]], where: str
) -> None:
    keeper, _services = house_of_three
    for fault, (story, plant) in PLANTED.items():
        with pytest.MonkeyPatch.context() as patch:
            if callable(plant) != (where == "in the chassis"):
                continue
            if callable(plant):
                plant(patch)
            else:
                for old, new in plant:
                    await keeper.plant("inbox_enter_many", old, new)
            assert await is_found(house_of_three, story), f"nobody finds it: {fault}"
            for old, new in () if callable(plant) else plant:
                await keeper.plant("inbox_enter_many", new, old)


async def test_the_same_stories_end_well_without_the_faults(
    house_of_three: tuple[Keeper, dict[str, Service]], monkeypatch: pytest.MonkeyPatch
) -> None:
    together: list[int] = []
    receive = Batching._receive

    async def noted(batching: Batching, run: Run) -> Any:
        together.append(len(run.arrivals))
        return await receive(batching, run)

    monkeypatch.setattr(Batching, "_receive", noted)
    for story in {story for story, _ in PLANTED.values()}:
        together.clear()
        await tell(house_of_three, story)
        assert together, f"{story.__name__} has no list in it"
