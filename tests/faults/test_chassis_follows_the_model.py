"""The model's schedules on the real chassis and a real PostgreSQL: the same promises hold.

They hold for handlers of one event and, on other schedules, for handlers of lists.

That a broken promise is seen is shown in ``test_chassis_with_planted_faults.py``.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.chassis_at_rest import ROUNDS_LIMIT, WholeChassis
from tests.faults.chassis_promises import check
from tests.faults.story import CONSUMERS, a_schedule
from tests.faults.three_services import Keeper, Service
from tests.support.postgres import Postgres

SCHEDULES = int(os.environ.get("NRM_SCHEDULES", "40"))
"""More of them for a long run; every second one with handlers of lists."""
GROUPS = 4
LONGEST = 70


@pytest_asyncio.fixture
async def house_of_three(
    postgres: Postgres, tmp_path: Path
) -> AsyncIterator[tuple[Keeper, dict[str, Service]]]:
    """Three services in one fresh database."""
    keeper = Keeper(postgres, tmp_path)
    async with keeper.services() as services:
        yield keeper, services


@pytest.mark.parametrize("group", range(GROUPS))
async def test_the_chassis_keeps_the_models_promises(
    house_of_three: tuple[Keeper, dict[str, Service]], group: int
) -> None:
    _keeper, services = house_of_three
    for seed in range(group, SCHEDULES, GROUPS):
        for service in services.values():
            service.together = bool(seed // GROUPS % 2)
        await follow(WholeChassis(*house_of_three), seed)


async def follow(world: WholeChassis, seed: int) -> None:
    """One schedule to its end, then rest, repair and replay."""
    await world.begin()
    for action, a, b in a_schedule(seed, LONGEST):
        await world.step(action, a, b)
    for name in CONSUMERS:
        for slot in (0, 1):
            await world.crash(name, slot)
    await world.drain()
    await check(world, final=False)
    world.repair()
    await world.drain(redrive=True)
    before = await world.image()
    for _ in range(ROUNDS_LIMIT):
        await world.pass_time()
        await world.drain(redrive=True)
        after, before = before, await world.image()
        if after == before:
            break
    await check(world, final=True)
    for name in CONSUMERS:
        world.rewind(name, 0)
    await world.drain()
    assert await world.image() == before, f"schedule {seed}: reading again changed something"
