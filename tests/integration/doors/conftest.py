"""A real gateway for the doors' tests, and somebody behind it who answers commands."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio

from doors.node import Node
from services.gateway.store.answers import Answer, keep_answer
from tests.integration.gateway.door_fixtures import door, door_clock, door_template
from tests.support.gateway_door import NOW, Door

__all__ = ["door", "door_clock", "door_template"]


class Crash(Exception):  # noqa: N818 - a test's own
    """The sender dies here."""


@dataclass
class Behind:
    """Identification as a door sees it: each case once; what is told of commands, how often."""

    door: Door
    cases: set[UUID] = field(default_factory=set)
    answered: set[UUID] = field(default_factory=set)
    silent: bool = False
    calls_left: int | None = None
    status: int | None = None
    """What every call is answered, instead of asking the gateway."""

    @property
    def node(self) -> Node:
        """The door as a sender calls it; it dies when its calls are used up."""
        return Node(
            httpx.AsyncClient(
                transport=_Counting(self, self.door.client._transport),
                base_url="http://door",
                headers=dict(self.door.client.headers),
            )
        )

    @contextmanager
    def dying_after(self, calls: int) -> Iterator[None]:
        """Only so many calls, then the sender is gone; the last one was taken by the node."""
        self.calls_left = calls
        try:
            yield
        finally:
            self.calls_left = None

    async def commands(self) -> list[dict[str, Any]]:
        """Every command that the gateway gave, in order."""
        return await self.door.published("commands")

    async def answer(self) -> None:
        """Answer what was not answered yet."""
        if self.silent:
            return
        for command in await self.commands():
            intake_id = UUID(command["headers"]["correlationid"])
            if intake_id not in self.answered:
                await self._decide(intake_id, UUID(command["key"]))
        for told in await self.door.published("answers"):
            body = told["body"]
            intake_id = UUID(body["intake_id"])
            if intake_id not in self.answered:
                self.answered.add(intake_id)
                await self._keep(intake_id, UUID(body["case_id"]), body.get("reasons") or [])

    async def _decide(self, intake_id: UUID, case_id: UUID) -> None:
        known = case_id in self.cases
        self.cases.add(case_id)
        self.answered.add(intake_id)
        await self._keep(
            intake_id, case_id, [{"code": "case-exists", "field": None}] if known else []
        )

    async def _keep(self, intake_id: UUID, case_id: UUID, reasons: list[dict[str, Any]]) -> None:
        """As the consumer of answers does, which does not run here."""
        answer = Answer(intake_id=intake_id, accepted=not reasons, case_id=case_id, reasons=reasons)
        async with self.door.database.transaction() as tx:
            await keep_answer(tx, answer, NOW)
        self.door.context.board.ring(intake_id)


class _Counting(httpx.AsyncBaseTransport):
    def __init__(self, behind: Behind, real: httpx.AsyncBaseTransport) -> None:
        self._behind = behind
        self._real = real

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        left = self._behind.calls_left
        if left == 0:
            raise Crash
        if self._behind.status is not None:
            return httpx.Response(self._behind.status)
        if self._behind.silent:
            request.headers["prefer"] = "wait=0"
        asking = asyncio.create_task(self._real.handle_async_request(request))
        while not asking.done():
            await self._behind.answer()
            await asyncio.wait([asking], timeout=0.01)
        if left is not None:
            self._behind.calls_left = left - 1
            if left == 1:
                raise Crash  # the node has it, the sender never hears so
        return asking.result()


@pytest_asyncio.fixture
async def behind(door: Door) -> AsyncIterator[Behind]:
    """The gateway with somebody behind it."""
    yield Behind(door)
