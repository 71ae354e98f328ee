"""Who lives in a place here stays in the safe until they left, whatever was stopped meanwhile."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from contracts.assistance import OwnConsentNeeded, StayBegan, StayEnded
from contracts.catalogue import type_of
from services.chassis.clock import SystemClock, new_id
from services.gateway.store.cases import freeze_case, lock_case
from services.gateway.store.merges import add_merged
from services.gateway.store.stays import read_stays
from tests.integration.gateway.test_safe_door import IDENTITY
from tests.integration.gateway.test_whole_door import House, running
from tests.support.databases import own_database
from tests.support.gateway_door import as_
from tests.support.postgres import Postgres
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
LONG_AGO, LEFT = timedelta(hours=200), timedelta(hours=100)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    postgres_server: Postgres, door_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    async with (
        own_database(postgres_server, door_template) as postgres,
        running(postgres, door_template, tmp_path_factory.mktemp("gateway")) as house,
    ):
        yield house


async def a_stopped_case(house: House) -> UUID:
    """Somebody in the safe, and sharing that was stopped long ago."""
    case_id = new_id()
    kept = await house.client.put(f"/v1/persons/{case_id}", json=IDENTITY)
    assert kept.status_code == 204
    async with house.database.transaction() as tx:
        await lock_case(tx, case_id, SystemClock().now())
        await freeze_case(tx, case_id, SystemClock().now() - LONG_AGO)
    return case_id


async def told(house: House, case_id: UUID, *facts: tuple[type[Any], timedelta]) -> None:
    """What assistance says of one task, and that the gateway has read it."""
    task_id = str(new_id())
    for sequence, (model, ago) in enumerate(facts, start=1):
        body = {"task_id": task_id, "happened_at": (SystemClock().now() - ago).isoformat()}
        if model is OwnConsentNeeded:
            body["reason"] = "running-stay"
        about = {"service": "assistance", "topic": "capacity", "subject": str(case_id)}
        await house.fact(type_of("assistance", model), body, sequence=sequence, **about)
    over = facts[-1][0] is StayEnded

    async def read() -> bool:
        async with house.database.transaction() as tx:
            stays = await read_stays(tx, (case_id,))
        return bool(stays) and (stays[-1].ended_at is not None) == over

    await until(read)


async def destroy(house: House, case_id: UUID) -> tuple[int, list[str]]:
    answer = await house.client.delete(
        f"/v1/persons/{case_id}", headers=as_("data-protection-officer")
    )
    errors = answer.json()["errors"] if answer.status_code == 409 else []
    return answer.status_code, [error["type"] for error in errors]


@pytest.mark.parametrize("first", [StayBegan, OwnConsentNeeded])
async def test_who_lives_here_stays_in_the_safe_until_they_left(
    house: House, first: type[Any]
) -> None:
    case_id = await a_stopped_case(house)
    await told(house, case_id, (first, LONG_AGO))
    assert await destroy(house, case_id) == (409, ["running-stay"])
    elsewhere = await a_stopped_case(house)
    await told(house, elsewhere, (first, LONG_AGO), (StayEnded, LEFT))
    assert await destroy(house, elsewhere) == (204, [])


async def test_the_agreed_hours_count_from_the_day_on_which_they_left(house: House) -> None:
    case_id = await a_stopped_case(house)
    await told(house, case_id, (StayBegan, LONG_AGO), (StayEnded, timedelta(hours=71)))
    assert await destroy(house, case_id) == (409, ["not-yet-due"])


async def test_a_stay_of_a_case_that_was_entered_twice_keeps_both(house: House) -> None:
    twice, goes_on = await a_stopped_case(house), await a_stopped_case(house)
    async with house.database.transaction() as tx:
        await add_merged(tx, twice, goes_on, SystemClock().now())
    await told(house, twice, (StayBegan, LONG_AGO))
    assert await destroy(house, goes_on) == (409, ["running-stay"])
