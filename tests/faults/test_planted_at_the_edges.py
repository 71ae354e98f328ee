"""Faults planted beside the inbox: at the commit, in the relay, in the deletion; each is found."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.chassis.errors import BrokerUnavailable
from services.chassis.messaging import relay
from services.chassis.messaging.broker import Acknowledged, TopicPartition
from services.chassis.messaging.offsets import Offsets
from services.chassis.messaging.relay_rows import OutboxRow
from tests.faults.chassis_at_rest import WholeChassis
from tests.faults.chassis_promises import check, retained
from tests.faults.three_services import Keeper
from tests.support.postgres import Postgres


@pytest_asyncio.fixture
async def world(postgres: Postgres, tmp_path: Path) -> AsyncIterator[WholeChassis]:
    """Three services in one fresh database."""
    keeper = Keeper(postgres, tmp_path)
    async with keeper.services() as services:
        whole = WholeChassis(keeper, services)
        await whole.begin()
        yield whole


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


async def deliver_with_one_lost(world: WholeChassis) -> None:
    """The second of three is not acknowledged and did not arrive."""
    loop = asyncio.get_running_loop()
    for _ in range(3):
        await world.services["maker"].publish("plain", "a")
    sent = []
    for number, row in enumerate(await world.outbox("maker")):
        answer: asyncio.Future[Acknowledged] = loop.create_future()
        if number == 1:
            answer.set_exception(BrokerUnavailable())
        else:
            answer.set_result(world.broker.append(row.record))
        sent.append(relay._Sent(row, answer))
    gone: list[OutboxRow] = relay._acknowledged_prefix(sent)
    async with world.services["maker"].database.transaction() as tx:
        await tx.connection.execute(
            "DELETE FROM outbox WHERE position = ANY ($1)", [row.position for row in gone]
        )
    await world.drain()
    published = await world.keeper.fetch("SELECT * FROM maker.published")
    assert all(retained(world, row) for row in published), "never reached the bus"


async def test_a_relay_that_deletes_more_than_arrived_is_found(
    world: WholeChassis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_acknowledged_prefix", lambda sent: [one.row for one in sent])
    with pytest.raises(AssertionError, match="never reached"):
        await deliver_with_one_lost(world)


def deleted_upto(offsets: Offsets, place: TopicPartition) -> int:
    """A refused record at 1 is finished, the one at 0 is still in flight, nothing committed."""
    offsets.begin({place: 0}, 1)
    for offset in (0, 1):
        offsets.take(place, offset)
    offsets.finish(place, 1, 1)
    return offsets.committed_upto(place)


def test_deleting_before_the_commit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    place = TopicPartition("intake", 0)
    assert deleted_upto(Offsets(), place) == 0
    monkeypatch.setattr(Offsets, "committed_upto", lambda offsets, at: offsets.expected()[at])
    with pytest.raises(AssertionError):
        assert deleted_upto(Offsets(), place) == 0, "what is in flight would be deleted"


async def test_a_process_that_dies_in_flight_loses_nothing(world: WholeChassis) -> None:
    await die_while_a_record_is_in_flight(world)


async def test_a_relay_keeps_what_did_not_arrive(world: WholeChassis) -> None:
    await deliver_with_one_lost(world)
