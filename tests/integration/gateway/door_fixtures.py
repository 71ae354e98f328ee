"""Fixtures of the door's tests: a template database once, a door on a copy of it for each test."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.chassis.clock import Clock
from tests.support.databases import own_database
from tests.support.gateway_door import Door, gateway_template, open_door
from tests.support.postgres import Postgres


@pytest.fixture(scope="session")
def door_template(postgres_server: Postgres) -> str:
    """The migrated template; its name is also the role's."""
    return asyncio.run(gateway_template(postgres_server))


@pytest.fixture
def door_clock() -> Clock | None:
    """The machine's; a file whose tests let time pass gives another one."""
    return None


@pytest_asyncio.fixture
async def door(
    postgres_server: Postgres, door_template: str, tmp_path: Path, door_clock: Clock | None
) -> AsyncIterator[Door]:
    """A gateway's door that knows the registry."""
    async with (
        own_database(postgres_server, door_template) as postgres,
        open_door(postgres, door_template, tmp_path, clock=door_clock) as opened,
    ):
        yield opened


@pytest_asyncio.fixture
async def first_door(
    postgres_server: Postgres, door_template: str, tmp_path: Path
) -> AsyncIterator[Door]:
    """A gateway's door before any registry was read."""
    async with (
        own_database(postgres_server, door_template) as postgres,
        open_door(postgres, door_template, tmp_path, knows_registry=False) as opened,
    ):
        yield opened
