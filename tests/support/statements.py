"""Counts what is really asked of PostgreSQL: the driver itself tells every statement it runs.

BEGIN and COMMIT count, too: each is a round trip. The deterministic gate of performance.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest


@dataclass
class Statements:
    """The statements of every connection opened since the fixture was asked for, in order."""

    heard: list[str] = field(default_factory=list)

    def hear(self, logged: Any) -> None:
        """The driver tells of one statement that is over."""
        self.heard.append(" ".join(logged.query.split()))

    @asynccontextmanager
    async def during(self) -> AsyncIterator[list[str]]:
        """The statements of a block, there at its end."""
        await asyncio.sleep(0)
        first, told = len(self.heard), list[str]()
        yield told
        await asyncio.sleep(0)
        told += self.heard[first:]

    def about(self, words: str) -> list[str]:
        """Those that hold these words."""
        return [each for each in self.heard if words in each]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[Statements]:
    """Must be asked for before whatever opens a database."""
    counted, connect = Statements(), asyncpg.connect

    async def connected(*arguments: Any, **named: Any) -> Any:
        connection = await connect(*arguments, **named)
        connection.add_query_logger(counted.hear)
        return connection

    monkeypatch.setattr(asyncpg, "connect", connected)
    yield counted
    assert counted.heard, "no statement was heard: the database was open before"
