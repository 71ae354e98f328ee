"""Which records a node still has of stopped cases and under holds: who may list them."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.chassis.clock import FrozenClock, new_id
from services.gateway.store.cases import freeze_case, lock_case
from tests.integration.gateway.test_legal_holds import (
    SUPERVISOR,
    a_stopped_case,
    destroy,
    let_pass,
    listed,
    place,
)
from tests.support.gateway_door import NOW, Door, as_

DAY = timedelta(days=1)


@pytest.fixture
def door_clock() -> FrozenClock:
    """One that the test moves."""
    return FrozenClock(NOW)


async def test_the_officer_finds_what_is_kept_of_stopped_cases_and_under_a_hold(
    door: Door,
) -> None:
    stopped = [await a_stopped_case(door) for _ in range(2)]
    second, first = sorted(str(case_id) for case_id in stopped)
    running, empty = new_id(), new_id()
    async with door.database.transaction() as tx:
        for case_id in (running, empty):
            await lock_case(tx, case_id, NOW - DAY)
        await freeze_case(tx, empty, NOW)
    assert await listed(door) == [(first, True), (second, True)]
    assert await listed(door, limit="1") == [(first, True)]
    assert await listed(door, after=first) == [(second, True)]
    _, against = await place(door, running)
    assert against == []
    assert await listed(door) == [(first, True), (second, True), (str(running), False)]
    assert await listed(door, after=second) == [(str(running), False)]
    let_pass(door, 4)
    assert await destroy(door, UUID(second)) == (204, [])
    assert await listed(door) == [(first, True), (str(running), False)]
    rows = await door.rows("SELECT 1 FROM audit WHERE action = 'list-kept-case'")
    assert len(rows) == 2 + 1 + 1 + 3 + 1 + 2
    seen = await door.client.get("/v1/kept-cases", headers=SUPERVISOR)
    assert [each["case_id"] for each in seen.json()] == [first, str(running)]
    for role in (as_("case-officer"), as_("agency-system")):
        assert (await door.client.get("/v1/kept-cases", headers=role)).status_code == 403
