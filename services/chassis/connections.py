"""A handful of connections to PostgreSQL, bounded, each lent to one transaction at a time.

The driver's own pool starts two tasks and wraps every call of a lent connection; one transaction
paid as much for that as for a statement. Nothing in a session is ever changed here, so nothing is
reset; a connection that comes back broken or inside a transaction is cut.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from services.chassis.errors import DatabaseUnavailable

Connection: TypeAlias = Any
Open = Callable[[], Awaitable[Connection]]
USES_LIMIT: Final = 50_000
"""So often a connection is lent before a fresh one takes its place (memory of its backend)."""


class ConnectionsClosed(OSError):  # noqa: N818 - a state, as all of ours
    """Nothing is lent any more."""


class Connections:
    """At most ``limit`` connections; the one that came back last is lent first."""

    def __init__(self, open_one: Open, limit: int, wait_seconds: float) -> None:
        self._open = open_one
        self._limit = limit
        self._room = asyncio.Semaphore(limit)
        self._wait_seconds = wait_seconds
        self._idle: list[Connection] = []
        self._lent: dict[Connection, None] = {}
        self._uses: dict[Connection, int] = {}
        self._closed = False

    async def take(self) -> Connection:
        """One for the caller alone; TimeoutError when none comes back in time."""
        if self._closed:
            raise ConnectionsClosed
        if self._room.locked():
            async with asyncio.timeout(self._wait_seconds):
                await self._room.acquire()
        else:
            await self._room.acquire()
        try:
            connection = await self._usable()
        except BaseException:
            self._room.release()
            raise
        self._lent[connection] = None
        return connection

    async def _usable(self) -> Connection:
        if self._closed:
            raise ConnectionsClosed
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._uses.pop(connection, None)
        connection = await self._open()
        if self._closed:
            connection.terminate()
            raise ConnectionsClosed
        return connection

    def give_back(self, connection: Connection, *, whole: bool = True) -> None:
        """It may be lent again, if it is as it was; otherwise it is cut.

        ``whole``: the server answered all that it was asked. One that still owes the answer to a
        BEGIN looks idle, and would open that transaction under whoever is next.
        """
        self._lent.pop(connection, None)
        uses = self._uses.pop(connection, 0) + 1
        worn = uses >= USES_LIMIT or connection.is_closed() or connection.is_in_transaction()
        if not whole or worn or self._closed:
            connection.terminate()
        else:
            self._uses[connection] = uses
            self._idle.append(connection)
        self._room.release()

    async def close(self, seconds: float) -> None:
        """Lend nothing more; wait for what is lent for a while, then cut it."""
        self._closed = True
        idle, self._idle = self._idle, []
        closing = [connection.close(timeout=seconds) for connection in idle]
        await asyncio.gather(*closing, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for _ in range(self._limit):
                    await self._room.acquire()
        for connection in list(self._lent):
            connection.terminate()


def ask_for_the_end(connection: Connection) -> bool:
    """True once a commit ended the transaction; raises when it ended something inside of one.

    The driver keeps the outermost block of a connection and sends RELEASE SAVEPOINT for any other:
    what looks committed is rolled back then. Nobody may be told that it was done.
    """
    if connection.is_in_transaction():
        raise DatabaseUnavailable("what was committed is still open")
    return True


def is_cancelled() -> bool:
    """Whether somebody wants this task to end.

    If nobody does, the driver gave up a wait of its own, and whoever let the exception pass would
    end as if it had been told to: a lane or a sweep that is gone, and nobody says so.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
