"""Lanes: what is about one subject runs one after another, different subjects run side by side.

A fixed number of lanes, each with a queue that the consumer never overfills (it fetches only what
has room). An exception in a lane ends all of them: it is kept for the consumer to raise.
"""

import asyncio
import contextlib
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Piece = TypeVar("Piece")
Work = Callable[[Sequence[Piece]], Awaitable[None]]


class Lanes(Generic[Piece]):
    """``count`` lanes; together they hold at most ``limit`` pieces of work.

    A lane works on what is queued in it, in order: one piece, or up to ``at_once`` of them.
    """

    def __init__(self, count: int, limit: int, work: Work[Piece], at_once: int = 1) -> None:
        self._work = work
        self._at_once = at_once
        self._limit = limit
        self._queues: list[asyncio.Queue[Piece]] = [asyncio.Queue(limit) for _ in range(count)]
        self._tasks: list[asyncio.Task[None]] = []
        self._since: dict[int, float] = {}
        self._held = 0
        self._moved = asyncio.Event()
        self._half_empty = asyncio.Event()
        self._half_empty.set()
        self.failure: BaseException | None = None

    @property
    def held(self) -> int:
        """How many pieces are queued or being worked on."""
        return self._held

    @property
    def room(self) -> int:
        """How many more may come."""
        return self._limit - self._held

    def lengths(self) -> list[int]:
        """How many pieces wait in each lane."""
        return [queue.qsize() for queue in self._queues]

    def longest(self) -> float:
        """For how many seconds the slowest lane has worked on what it took."""
        if not self._since:
            return 0.0
        return asyncio.get_running_loop().time() - min(self._since.values())

    def start(self) -> None:
        """Begin to work."""
        self._since.clear()
        self._tasks = [
            asyncio.create_task(self._run(number), name=f"lane {number}")
            for number in range(len(self._queues))
        ]

    def put(self, subject: str, piece: Piece) -> None:
        """Queue a piece in the lane of its subject; the caller has looked at ``room``."""
        lane = zlib.crc32(subject.encode()) % len(self._queues)
        self._queues[lane].put_nowait(piece)
        self._held += 1
        if self._held > self._limit // 2:
            self._half_empty.clear()

    async def half_empty(self, seconds: float) -> None:
        """Wait until half of the room is free or a lane failed, for a bounded time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._half_empty.wait()

    async def moved(self, seconds: float) -> None:
        """Wait until something ended in a lane, for a bounded time."""
        self._moved.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._moved.wait()

    async def drained(self, seconds: float) -> bool:
        """Wait until nothing is held; False when that took too long or a lane failed."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self._held and self.failure is None and loop.time() < until:
            await self.moved(min(0.25, until - loop.time()))
        return not self._held

    async def restart(self) -> None:
        """Cancel what is being worked on, forget what is queued, and begin anew."""
        await self.stop()
        self.start()

    async def stop(self) -> None:
        """Cancel what is being worked on and forget what is queued."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for queue in self._queues:
            while not queue.empty():
                queue.get_nowait()
        self._held = 0
        self._half_empty.set()
        self._moved.set()

    async def _run(self, number: int) -> None:
        queue, loop = self._queues[number], asyncio.get_running_loop()
        while True:
            pieces = [await queue.get()]
            while len(pieces) < self._at_once and not queue.empty():
                pieces.append(queue.get_nowait())
            self._since[number] = loop.time()
            try:
                await self._work(pieces)
            except Exception as error:  # noqa: BLE001 - kept, raised by the consumer
                self.failure = error
                self._half_empty.set()
                self._moved.set()
                return
            del self._since[number]
            self._held -= len(pieces)
            if self._held <= self._limit // 2:
                self._half_empty.set()
            self._moved.set()
