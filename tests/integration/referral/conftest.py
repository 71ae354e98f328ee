"""A world of three nodes with the memorandum known, fresh for each test."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from services.chassis.clock import FrozenClock
from services.chassis.database import Database
from services.chassis.schema import SchemaTarget, migrate_all
from services.chassis.telemetry import Telemetry
from services.referral.main import MIGRATIONS
from tests.integration.referral.world import (
    INTERIOR,
    MORNING,
    NGO,
    REDCROSS,
    Node,
    World,
    a_case,
    an_id,
    policy,
    settings_of,
)
from tests.support.databases import own_database
from tests.support.postgres import Postgres

ROLE = "test_referral"
NODES = (INTERIOR, REDCROSS, NGO)
POLICY_SUBJECT = UUID("00000000-0000-4000-8000-000000000001")


def schema_of(node: str) -> str:
    return node.replace("-", "_")


@pytest.fixture(scope="session")
def referral_template(postgres_server: Postgres) -> str:
    name = f"template_{secrets.token_hex(4)}"

    async def make() -> None:
        await postgres_server.run(
            f"CREATE DATABASE {name} TEMPLATE template0", f"CREATE ROLE {ROLE} LOGIN"
        )
        targets = [
            SchemaTarget(schema=schema_of(node), role=ROLE, service_migrations=MIGRATIONS)
            for node in NODES
        ]
        await migrate_all(postgres_server.on(name).url(), targets)

    asyncio.run(make())
    return name


LEFT_ALONE = """
    SELECT state, round FROM need WHERE state = 'offered' AND NOT EXISTS (
        SELECT 1 FROM task WHERE task.request_id = need.request_id AND task.need_id = need.need_id
            AND side = 'sender' AND state IN (
                'offered', 'delivered', 'seen', 'accepting', 'accepted', 'in-progress', 'on-hold',
                'loop-closed'))
    OR state IN ('asking', 'not-found') AND due_at IS NULL
    OR state = 'escalated' AND told = 'supervisor' AND due_at IS NULL
"""


async def no_need_is_left_alone(node: Node) -> None:
    """Whatever happened: who is offered a need has it, and whoever waits has a clock."""
    assert await node.rows(LEFT_ALONE) == []


@pytest_asyncio.fixture
async def world(
    postgres_server: Postgres, referral_template: str, tmp_path: Path
) -> AsyncIterator[World]:
    """Three nodes that know the memorandum; interior knows one case."""
    clock = FrozenClock(MORNING)
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(own_database(postgres_server, referral_template))
        nodes = {}
        for node in NODES:
            settings = settings_of(node, own.url(ROLE), schema_of(node), tmp_path)
            telemetry = Telemetry(settings)
            stack.callback(telemetry.close)
            database = await Database.open(settings, migrations=MIGRATIONS)
            stack.push_async_callback(database.close)
            nodes[node] = Node(node, database, clock, telemetry)
            await nodes[node].feed("gateway", policy(), POLICY_SUBJECT)
        await nodes[INTERIOR].feed("identification", a_case(), an_id("case"))
        world = World(nodes, clock)
        yield world
        for each in nodes.values():
            await no_need_is_left_alone(each)
