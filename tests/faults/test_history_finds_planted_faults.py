"""The history checker on real runs: nothing in a sound one, and each planted fault by its kind.

The real chassis does what a story asks; its tables and its bus are read back as those of the house
are (``tests/support/history.py``) and judged by the same questions.
"""

# ruff: noqa: S608 - names of schemas are put together here, never values

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.codec import decode
from services.chassis.messaging.offsets import Offsets
from services.chassis.messaging.relay_rows import OutboxRows
from services.chassis.messaging.sweep import Sweep
from tests.faults.chassis_at_rest import WholeChassis
from tests.faults.chassis_world import TOPICS
from tests.faults.story import CONSUMERS, PARTITIONS, PUBLISHERS
from tests.faults.three_services import NODE, Keeper
from tests.support.history import (
    DOUBLED,
    LOST,
    REORDERED,
    STUCK,
    History,
    Said,
    Stream,
    faults_in,
)
from tests.support.postgres import Postgres

MAKER = f"urn:nrm:{NODE}:maker"
Story = Callable[[WholeChassis], Awaitable[None]]
Plant = Callable[[WholeChassis, pytest.MonkeyPatch], Awaitable[None]]


@pytest_asyncio.fixture
async def world(postgres: Postgres, tmp_path: Path) -> AsyncIterator[WholeChassis]:
    """Three services in one fresh database."""
    keeper = Keeper(postgres, tmp_path)
    async with keeper.services() as services:
        whole = WholeChassis(keeper, services)
        await whole.begin()
        yield whole


async def history_of(world: WholeChassis) -> History:
    """What the tables and the bus of the three say."""
    counters: dict[Stream, int] = {}
    marks: dict[tuple[str, Stream], int] = {}
    handled: dict[str, tuple[tuple[str, str], ...]] = {}
    unfinished: list[str] = []
    effects: Counter[str] = Counter()
    for name in PUBLISHERS:
        for row in await world.keeper.fetch(f"SELECT * FROM {name}.outbox_counter"):
            counters[_stream(row)] = row["last"]
        unfinished += [f"{name} unsent" for _ in await world.outbox(name)]
    for name in CONSUMERS:
        for row in await world.keeper.fetch(f"SELECT * FROM {name}.inbox_mark"):
            marks[name, _stream(row)] = row["read"]
        rows = await world.keeper.fetch(f"SELECT state FROM {name}.inbox_row WHERE NOT done")
        unfinished += [f"{name} {row['state']}" for row in rows]
        found = await world.keeper.fetch(f"SELECT source, event_id FROM {name}.effect ORDER BY id")
        handled[name] = tuple((row["source"], row["event_id"]) for row in found)
        effects[name] = sum(source == MAKER for source, _ in handled[name])
    said = tuple(said_in(world))
    plain = sum(
        each.stream[0] == MAKER for each in {(s.stream, s.sequence): s for s in said}.values()
    )
    return History(
        counters=counters,
        said=said,
        marks=marks,
        handled=handled,
        unfinished=tuple(unfinished),
        effects={"reader": effects["reader"]},
        expected={"reader": plain - len(await not_for_the_reader(world))},
    )


async def not_for_the_reader(world: WholeChassis) -> list[object]:
    """What the reader skips of what the maker said."""
    found: list[object] = await world.keeper.fetch(
        "SELECT 1 FROM maker.published WHERE kind IN ('opening', 'unlisted')"
    )
    return found


def said_in(world: WholeChassis) -> list[Said]:
    """Every record, in the order of its partition."""
    found = []
    for topic in TOPICS.values():
        for partition in range(PARTITIONS):
            for record in world.broker.log(TopicPartition(topic, partition)).records:
                envelope, _ = decode(record)
                stream = (envelope.source, str(envelope.epoch), topic, envelope.subject)
                found.append(Said(stream, envelope.sequence or 0, envelope.id))
    return found


def _stream(row: dict[str, object]) -> Stream:
    return (str(row["source"]), str(row["epoch"]), str(row["topic"]), str(row["subject"]))


# ------------------------------------------------------------ stories


async def publish(world: WholeChassis, *kinds: str) -> None:
    """Events about one subject."""
    for kind in kinds:
        await world.services["maker"].publish(kind, "a")


async def a_producer_dies_with_what_it_was_handed(world: WholeChassis) -> None:
    """Two rows are handed over; the producer is given up before either is acknowledged."""
    await publish(world, "plain", "plain")
    await world.do_relay(0, 2)
    await acknowledge_nothing(world)
    await world.do_abandon(0, 0)
    world.zombies.clear()
    await world.drain()


async def acknowledge_nothing(_world: WholeChassis) -> None:
    """What the relay deletes while its rows are on their way: nothing."""


async def a_process_dies_with_what_it_fetched(world: WholeChassis) -> None:
    """A record is fetched; before it is settled the offsets are committed and the process dies."""
    await publish(world, "plain", "plain")
    await world._deliver_all()
    process = world.processes["reader"][0]
    for place in world.places("reader"):
        world.fetch(process, place)
    await world.commit("reader", process)
    await world.crash("reader", 0)
    await world.drain()


async def everything_comes_twice(world: WholeChassis) -> None:
    """It is read, and read again from the start."""
    await publish(world, "plain", "plain")
    await world.drain()
    for name in CONSUMERS:
        world.rewind(name, 0)
    await world.drain()


async def the_second_is_settled_first(world: WholeChassis) -> None:
    """Two of one subject run in two lanes, and the later one is quicker."""
    await publish(world, "plain", "plain")
    await world._deliver_all()
    process = world.processes["reader"][0]
    for place in world.places("reader") * 2:
        world.fetch(process, place)
    for record in reversed(process.flight):
        await world.settle("reader", 0, record)
    await world.drain()


async def one_waits_for_another(world: WholeChassis) -> None:
    """A need waits for what an opening brings."""
    await publish(world, "need", "opening")
    await world.drain()


# ------------------------------------------------------------ plants


async def deletes_before_the_acknowledgement(
    _world: WholeChassis, patch: pytest.MonkeyPatch
) -> None:
    async def delete_all(world: WholeChassis) -> None:
        rows = [row.position for row in world.producers["maker"].queue]
        async with world.services["maker"].database.transaction() as tx:
            await OutboxRows(tx.connection, "local", "maker").delete(rows)

    patch.setitem(globals(), "acknowledge_nothing", delete_all)


async def commits_what_was_only_fetched(_world: WholeChassis, patch: pytest.MonkeyPatch) -> None:
    take = Offsets.take

    def taken_and_finished(self: Offsets, place: TopicPartition, offset: int) -> bool:
        taken = take(self, place, offset)
        self.finish(place, offset, self.generation)
        return taken

    patch.setattr(Offsets, "take", taken_and_finished)


async def does_not_advance_the_mark(world: WholeChassis, _patch: pytest.MonkeyPatch) -> None:
    await world.keeper.plant(
        "inbox_enter", "update set read = excluded.read", "update set read = m.read"
    )


async def handles_what_it_handled(world: WholeChassis, _patch: pytest.MonkeyPatch) -> None:
    await world.keeper.plant(
        "inbox_enter", "if p_sequence <= v.read or v.here then", "if false then"
    )
    await world.keeper.plant("inbox_enter", "when v.known is null then null", "when true then null")
    await world.keeper.plant(
        "inbox_enter", "p_body_digest, p_at);", "p_body_digest, p_at) on conflict do nothing;"
    )


async def handles_before_its_turn(world: WholeChassis, _patch: pytest.MonkeyPatch) -> None:
    await world.keeper.plant(
        "inbox_enter", "if p_sequence <= v.read or v.here then", "if false then"
    )
    await world.keeper.plant("inbox_enter", "if p_sequence > v.read + 1 then", "if false then")


async def never_sweeps(_world: WholeChassis, patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_given: object) -> int:
        return 0

    patch.setattr(Sweep, "once", nothing)
    patch.setattr(Sweep, "follow", nothing)


PLANTED = (
    (a_producer_dies_with_what_it_was_handed, deletes_before_the_acknowledgement, LOST),
    (a_process_dies_with_what_it_fetched, commits_what_was_only_fetched, LOST),
    (everything_comes_twice, does_not_advance_the_mark, LOST),
    (everything_comes_twice, handles_what_it_handled, DOUBLED),
    (the_second_is_settled_first, handles_before_its_turn, REORDERED),
    (one_waits_for_another, never_sweeps, STUCK),
)


@pytest.mark.parametrize("story", dict.fromkeys(story for story, _, _ in PLANTED))
async def test_a_sound_chassis_has_a_sound_history(world: WholeChassis, story: Story) -> None:
    await story(world)
    assert faults_in(await history_of(world)) == []


@pytest.mark.parametrize(("story", "plant", "kind"), PLANTED)
async def test_a_planted_fault_is_found_by_its_kind(
    world: WholeChassis, monkeypatch: pytest.MonkeyPatch, story: Story, plant: Plant, kind: str
) -> None:
    await plant(world, monkeypatch)
    await story(world)
    found = faults_in(await history_of(world))
    assert kind in {fault.kind for fault in found}, found
