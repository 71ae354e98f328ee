"""Fixtures of the exchange's tests: two gateways on real PostgreSQL with a hub in memory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.gateway_exchange import Gateway, two_gateways
from tests.support.postgres import Postgres


@pytest_asyncio.fixture
async def pair(
    postgres_server: Postgres, door_template: str, tmp_path: Path
) -> AsyncIterator[tuple[Gateway, Gateway]]:
    """A sender and a receiver."""
    async with two_gateways(postgres_server, door_template, tmp_path) as both:
        yield both
