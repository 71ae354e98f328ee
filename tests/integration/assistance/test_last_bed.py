"""Two agencies never get the last bed: more than a thousand askers race over real connections.

A race without the lock is planted too, and is found: so these tests can fail.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import bindparam, select

from contracts.gateway import SharingStopped
from services.assistance.store import pools
from services.assistance.store.tables import POOL
from services.chassis.clock import new_id
from services.chassis.errors import StatementRefused
from services.chassis.statement import Statement
from tests.integration.assistance.events import (
    REFERRAL,
    a_pool_of,
    a_request,
    a_service,
    an_acceptance,
    places_of,
)
from tests.support.service_bench import Bench

BEDS = 126
ASKERS = 8
AT_ONCE = 8

WINNERS = """
    SELECT p.pool_id, p.held, p.occupied, p.available, p.maximum,
           count(h.task_id) FILTER (WHERE h.state IN ('held', 'confirmed')) AS kept,
           count(h.task_id) FILTER (WHERE h.state = 'checked-in') AS here
    FROM pool p LEFT JOIN hold h ON h.pool_id = p.pool_id GROUP BY p.pool_id
"""


async def race(askers: list[Callable[[], Awaitable[object]]]) -> None:
    """All of them, so many at a time, over all connections of the pool."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(ask: Callable[[], Awaitable[object]]) -> None:
        async with gate:
            await ask()

    async with asyncio.TaskGroup() as group:
        for ask in askers:
            group.create_task(one(ask))


async def ask_for_every_bed(bench: Bench, beds: int) -> int:
    """Several askers for each of ``beds`` last beds; how many asked."""
    kinds = [f"room-{number}" for number in range(beds)]
    for kind in kinds:
        await a_pool_of(bench, 1, service_type=kind)
    arrivals = [
        bench.arrival(a_request(new_id(), service_type=kind), new_id(), publisher=REFERRAL)
        for kind in kinds
        for _ in range(ASKERS)
    ]
    await race([partial(bench.settle, arrival) for arrival in arrivals])
    return len(arrivals)


async def overbooked(bench: Bench) -> list[UUID]:
    """Pools whose counts are not those of their holds."""
    return [
        row["pool_id"]
        for row in await bench.rows(WINNERS)
        if (row["kept"], row["here"]) != (row["held"], row["occupied"])
    ]


async def test_of_all_who_race_for_a_last_bed_one_gets_it(provider: Bench) -> None:
    asked = await ask_for_every_bed(provider, BEDS)
    assert asked >= 1000
    for row in await provider.rows(WINNERS):
        assert (row["kept"], row["held"], row["available"]) == (1, 1, 0)
    answers = [told.kind for told in await provider.told("capacity")]
    assert answers.count("hold-placed") == BEDS
    assert answers.count("hold-refused") == asked - BEDS
    assert answers.count("pool-changed") == 2 * BEDS


async def test_the_race_is_lost_without_the_lock(
    provider: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked = Statement(
        select(POOL)
        .where(POOL.c.service_type == bindparam("service_type"))
        .order_by(POOL.c.pool_id)
        .limit(bindparam("page"))
    )
    monkeypatch.setattr(pools, "_LOCK_OF_SERVICE", unlocked)
    await ask_for_every_bed(provider, BEDS // 5)
    assert await overbooked(provider) != []


async def test_coming_and_going_over_many_connections_keeps_the_counts(provider: Bench) -> None:
    chance = random.Random(7)  # noqa: S311 - the same race each time
    for maximum in (3, 2, 5):
        await a_pool_of(provider, maximum)

    async def one_case() -> None:
        case_id, task_id = new_id(), new_id()
        await provider.bring(a_request(task_id), case_id, publisher=REFERRAL)
        steps = chance.randint(0, 3)
        if steps:
            await provider.bring(an_acceptance(task_id), case_id, publisher=REFERRAL)
        if steps > 1:
            await provider.bring(a_service(task_id, unit="night"), case_id)
        if steps > 2:
            await provider.bring(a_service(task_id, unit="night", outcome="need-met"), case_id)
        if chance.random() < 0.7:
            await provider.bring(SharingStopped(reference_known=True), case_id)

    await race([one_case for _ in range(150)])
    assert await overbooked(provider) == []
    rows = await provider.rows(WINNERS)
    assert sum(row["available"] + row["held"] + row["occupied"] for row in rows) == 10


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("available = available + 1", "places_add_up"),
        ("maximum = maximum + 1", "places_add_up"),
        ("available = available - 2, held = held + 2", "no_place_is_negative"),
        ("occupied = occupied - 1, available = available + 1", "no_place_is_negative"),
    ],
)
async def test_the_database_itself_refuses_places_that_do_not_add_up(
    provider: Bench, change: str, constraint: str
) -> None:
    pool_id = await a_pool_of(provider, 1)
    with pytest.raises(StatementRefused) as refused:
        await provider.rows(f"UPDATE pool SET {change}")  # noqa: S608 - the test's own text
    assert refused.value.constraint == constraint
    assert await places_of(provider, pool_id) == (1, 0, 0, 0)
