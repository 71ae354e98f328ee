"""Events that never wait and failed: listed, redriven and discarded wherever they stand."""

import pytest
import pytest_asyncio

from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.errors import Conflict
from services.chassis.messaging import parking
from services.chassis.messaging.arrival import Stream
from services.chassis.messaging.inboxes import InboxSettler
from services.chassis.messaging.work import Received, Work
from tests.support.postgres import Postgres
from tests.support.receiving import (
    SOURCE,
    THINGS,
    House,
    context_of,
    effects,
    envelope_of,
    make_effects,
    read_back,
    rows,
    sent,
)

ORDER = parking.Order(actor="operator", reason="mended")


class Desk:
    """One inbox whose handlers fail for some numbers."""

    def __init__(self, database: Database, settings: ServiceSettings) -> None:
        self.database = database
        self.failing: set[int] = set()
        self.settler = InboxSettler(context_of(House(self._behave), database, settings))

    def _behave(self, received: Received, _work: Work) -> None:
        if received.envelope.sequence in self.failing:
            raise ValueError

    async def arrive(self, sequence: int, kind: str = "plain") -> None:
        """One record about one subject."""
        record = read_back(sent(envelope_of("a", sequence, kind)), sequence)
        piece = self.settler.prepare(record)
        if await self.settler.settle(piece):
            await self.settler.follow(piece)

    async def listed(self) -> list[tuple[int, str, str]]:
        """What an operator is shown without asking for more."""
        async with self.database.transaction() as tx:
            found = await parking.listed(tx)
        return [(each.place.sequence, str(each.state), each.error) for each in found]

    async def redrive(self, sequence: int) -> None:
        """Let it be handled again, and sweep."""
        async with self.database.transaction() as tx:
            await parking.redrive(tx, place(sequence), ORDER)
        await self.settler.sweep.once()


def place(sequence: int) -> parking.Place:
    """Where the record stands."""
    return parking.Place("house", Stream("a", SOURCE, THINGS, 1), sequence)


@pytest_asyncio.fixture
async def desk(house: Postgres, database: Database, house_settings: ServiceSettings) -> Desk:
    """A fresh one."""
    await make_effects(house)
    return Desk(database, house_settings)


async def test_what_failed_beyond_a_gap_is_listed_redriven_and_keeps_its_number(
    desk: Desk,
) -> None:
    desk.failing = {3}
    await desk.arrive(3, "ended")
    assert await desk.listed() == [(3, "gap", "ValueError")]
    await desk.redrive(3)
    assert await desk.listed() == [(3, "gap", "ValueError")], "it failed again"
    desk.failing = set()
    await desk.settler.sweep.once()
    assert await effects(desk.database) == [], "nobody moves it but an operator"
    await desk.redrive(3)
    assert await effects(desk.database) == [("a", 3)]
    assert await rows(desk.database) == [("a", 3, "done")]
    for sequence in (1, 2, 3):
        await desk.arrive(sequence, "ended" if sequence == 3 else "plain")
    assert await effects(desk.database) == [("a", 3), ("a", 1), ("a", 2)]
    assert await rows(desk.database) == []


async def test_what_failed_beyond_a_gap_may_be_discarded(desk: Desk) -> None:
    desk.failing = {2}
    await desk.arrive(2, "ended")
    async with desk.database.transaction() as tx:
        await parking.discard(tx, place(2), ORDER)
    assert await desk.listed() == []
    async with desk.database.transaction() as tx:
        with pytest.raises(Conflict):
            await parking.redrive(tx, place(2), ORDER)
    await desk.arrive(1)
    assert await effects(desk.database) == [("a", 1)]
    assert await rows(desk.database) == []


async def test_what_waits_beyond_a_gap_is_neither_listed_nor_redriven(desk: Desk) -> None:
    await desk.arrive(2)
    assert await desk.listed() == []
    async with desk.database.transaction() as tx:
        with pytest.raises(Conflict):
            await parking.redrive(tx, place(2), ORDER)


async def test_a_redriven_one_overtakes_what_is_parked_before_it(desk: Desk) -> None:
    desk.failing = {1, 2}
    await desk.arrive(1)
    await desk.arrive(2, "ended")
    await desk.arrive(3)
    assert await rows(desk.database) == [("a", 1, "parked"), ("a", 2, "parked"), ("a", 3, "behind")]
    desk.failing = {1}
    await desk.redrive(2)
    assert await effects(desk.database) == [("a", 2)]
    assert await rows(desk.database) == [("a", 1, "parked"), ("a", 3, "behind")]


async def test_what_failed_beyond_a_gap_is_tried_again_when_the_gap_closes(desk: Desk) -> None:
    desk.failing = {1, 2}
    await desk.arrive(2, "ended")
    desk.failing = {1}
    await desk.arrive(1)
    await desk.settler.sweep.once()
    assert await effects(desk.database) == [("a", 2)]
    assert await rows(desk.database) == [("a", 1, "parked")]
