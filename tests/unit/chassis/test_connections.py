"""Connections are bounded, lent to one at a time, and never lent again in a state of somebody's."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.chassis.connections import USES_LIMIT, Connections, ConnectionsClosed


@dataclass(eq=False)
class Line:
    """Stands for a connection of the driver."""

    closed: bool = False
    in_transaction: bool = False
    terminated: bool = False

    def is_closed(self) -> bool:
        return self.closed

    def is_in_transaction(self) -> bool:
        return self.in_transaction

    def terminate(self) -> None:
        self.closed = self.terminated = True

    async def close(self, timeout: float) -> None:
        self.closed = timeout > 0


@dataclass
class Server:
    """Opens lines; fails as often as told."""

    failures: int = 0
    opened: list[Line] = field(default_factory=list)

    async def open_one(self) -> Line:
        if self.failures:
            self.failures -= 1
            raise ConnectionRefusedError
        self.opened.append(Line())
        return self.opened[-1]


def connections(server: Server, limit: int = 2, wait_seconds: float = 0.05) -> Connections:
    return Connections(server.open_one, limit, wait_seconds)


async def test_the_one_that_came_back_last_is_lent_first() -> None:
    server = Server()
    lent = connections(server)
    first, second = await lent.take(), await lent.take()
    lent.give_back(first)
    lent.give_back(second)
    assert await lent.take() is second
    assert await lent.take() is first
    assert len(server.opened) == 2


async def test_no_more_than_the_limit_are_open_and_a_wait_is_bounded() -> None:
    server = Server()
    lent = connections(server, limit=1)
    only = await lent.take()
    with pytest.raises(TimeoutError):
        await lent.take()
    waiting = asyncio.create_task(lent.take())
    await asyncio.sleep(0)
    lent.give_back(only)
    assert await waiting is only
    assert len(server.opened) == 1


async def test_who_stops_waiting_leaves_the_place_to_others() -> None:
    lent = connections(Server(), limit=1, wait_seconds=10)
    only = await lent.take()
    waiting = [asyncio.create_task(lent.take()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    lent.give_back(only)
    assert await waiting[1] is only


@pytest.mark.parametrize("wrong", ["closed", "in_transaction"])
async def test_one_that_comes_back_broken_is_cut_and_replaced(wrong: str) -> None:
    server = Server()
    lent = connections(server, limit=1)
    line: Any = await lent.take()
    setattr(line, wrong, True)
    lent.give_back(line)
    assert line.terminated
    assert await lent.take() is not line


async def test_one_that_broke_while_idle_is_not_lent() -> None:
    lent = connections(Server(), limit=1)
    line: Any = await lent.take()
    lent.give_back(line)
    line.closed = True
    assert await lent.take() is not line


async def test_one_that_was_lent_often_is_replaced() -> None:
    server = Server()
    lent = connections(server, limit=1)
    for _ in range(USES_LIMIT):
        lent.give_back(await lent.take())
    await lent.take()
    assert len(server.opened) == 2


async def test_a_failure_to_connect_uses_no_place_up() -> None:
    server = Server(failures=3)
    lent = connections(server, limit=1)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            await lent.take()
    assert await lent.take() is server.opened[0]


async def test_closing_waits_for_what_is_lent_and_then_cuts_it() -> None:
    server = Server()
    lent = connections(server)
    idle, kept = await lent.take(), await lent.take()
    lent.give_back(idle)
    await lent.close(0.05)
    assert idle.closed
    assert not idle.terminated
    assert kept.terminated
    with pytest.raises(ConnectionsClosed):
        await lent.take()


async def test_closing_ends_as_soon_as_everything_came_back() -> None:
    lent = connections(Server())
    line = await lent.take()
    closing = asyncio.create_task(lent.close(60))
    await asyncio.sleep(0)
    lent.give_back(line)
    async with asyncio.timeout(5):
        await closing
    assert line.terminated
