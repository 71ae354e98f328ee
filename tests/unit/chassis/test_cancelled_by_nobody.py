"""A wait that the driver gives up by itself is a failure of the database, and ends no task.

asyncpg awaits a future of its own before a statement; when that one is cancelled, whoever asks next
gets CancelledError although nobody wants its task to end.
"""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from services.chassis.connections import Connections
from services.chassis.database import Database, Statement
from services.chassis.errors import DatabaseUnavailable
from services.chassis.messaging.lanes import Lanes
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.trials import Trials

ASK = Statement(text("SELECT 1"))


class Line:
    """Stands for a connection of the driver: as many waits as told are given up."""

    def __init__(self, given_up: int) -> None:
        self.given_up = given_up
        self.waits = asyncio.Event()
        self.reached = asyncio.Event()
        self.asked = 0

    def transaction(self) -> "Line":
        return self

    async def start(self) -> None: ...

    async def commit(self) -> None: ...

    async def rollback(self) -> None: ...

    async def execute(self, *_given: object) -> str:
        self.asked += 1
        self.reached.set()
        if self.asked <= self.given_up:
            gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            gone.cancel()
            return await gone
        if self.given_up < 0:
            await self.waits.wait()
        return "SELECT 1"

    def is_closed(self) -> bool:
        return False

    def is_in_transaction(self) -> bool:
        return False

    def terminate(self) -> None: ...


def database(line: Line) -> Database:
    async def open_one() -> Any:
        return line

    return Database(Connections(open_one, 1, 1.0), "public", 1)


async def ask(asked: Database) -> int:
    async with asked.transaction() as transaction:
        return await transaction.execute(ASK)


async def test_it_is_told_as_the_database_that_is_away() -> None:
    with pytest.raises(DatabaseUnavailable):
        await ask(database(Line(given_up=1)))


async def test_a_lane_goes_on_and_does_the_same_again() -> None:
    line = Line(given_up=2)
    asked, done = database(line), []
    trials = Trials(asked, Limits())

    async def work(pieces: Any) -> None:
        for piece in pieces:
            await trials.persist(lambda: ask(asked))
            done.append(piece)

    lanes: Lanes[int] = Lanes(1, 10, work)
    lanes.start()
    for piece in range(3):
        lanes.put("a", piece)
    assert await lanes.drained(10)
    assert done == [0, 1, 2]
    assert lanes.longest() == 0.0
    await lanes.stop()


async def test_a_task_that_is_told_to_end_ends() -> None:
    line = Line(given_up=-1)
    task = asyncio.create_task(ask(database(line)))
    await line.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_time_that_is_over_is_a_time_that_is_over() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await ask(database(Line(given_up=-1)))


async def test_a_lane_says_for_how_long_it_has_not_moved() -> None:
    works, waits = asyncio.Event(), asyncio.Event()

    async def work(_pieces: Any) -> None:
        works.set()
        await waits.wait()

    lanes: Lanes[int] = Lanes(2, 10, work)
    lanes.start()
    lanes.put("a", 1)
    await works.wait()
    await asyncio.sleep(0.01)
    assert lanes.longest() > 0.0
    waits.set()
    assert await lanes.drained(10)
    assert lanes.longest() == 0.0
    await lanes.stop()
    lanes.start()
    assert lanes.longest() == 0.0
    await lanes.stop()
