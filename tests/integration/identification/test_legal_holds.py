"""While a legal hold stands, or somebody lives here, nobody is told to destroy a frozen case; the
end of it starts the clock.
"""

from datetime import timedelta
from uuid import UUID

import pytest

from contracts.assistance import StayBegan, StayEnded
from contracts.envelope import Contract
from contracts.gateway import LegalHoldEnded, LegalHoldSet, SharingStopped
from services.chassis.clock import new_id
from tests.integration.identification.events import take_over
from tests.support.service_bench import NOW, Bench

HOLD, OTHER = UUID(int=41, version=4), UUID(int=42, version=4)
STOPPED = SharingStopped(reference_known=True)


def held(hold_id: UUID = HOLD) -> LegalHoldSet:
    return LegalHoldSet(hold_id=hold_id, stands_until=NOW + timedelta(days=100))


def ended(hours: float, hold_id: UUID = HOLD) -> LegalHoldEnded:
    at = NOW + timedelta(hours=hours)
    return LegalHoldEnded(hold_id=hold_id, kind="lifted", ended_at=at)


def teller(event: Contract) -> str:
    return "assistance" if isinstance(event, StayBegan | StayEnded) else "gateway"


async def clocks(interior: Bench) -> list[str]:
    return [row["kind"] for row in await interior.rows("SELECT kind FROM deadline")]


async def told(interior: Bench, case_id: UUID) -> int:
    kinds = await interior.kinds("identification", case_id)
    return kinds.count("destruction-due")


@pytest.mark.parametrize("hold_first", [True, False])
async def test_a_hold_stops_the_clock_whichever_came_first_and_its_end_starts_it_anew(
    interior: Bench, hold_first: bool
) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    for event in (held(), STOPPED) if hold_first else (STOPPED, held()):
        await interior.bring(event, case_id)
    assert await clocks(interior) == []
    await interior.let_time_pass(hours=200)
    assert await told(interior, case_id) == 0
    await interior.bring(ended(200), case_id)
    assert await clocks(interior) == ["destruction-due"]
    await interior.let_time_pass(hours=71)
    assert await told(interior, case_id) == 0
    await interior.let_time_pass(hours=1)
    assert await told(interior, case_id) == 1


async def test_the_clock_waits_for_the_last_of_several_holds(interior: Bench) -> None:
    case_id = new_id()
    for event in (STOPPED, held(), held(OTHER), ended(10)):
        await interior.bring(event, case_id)
    assert await clocks(interior) == []
    await interior.bring(ended(20, OTHER), case_id)
    await interior.let_time_pass(hours=91)
    assert await told(interior, case_id) == 0
    await interior.let_time_pass(hours=1)
    assert await told(interior, case_id) == 1


async def test_what_ended_never_stands_again_and_an_unfrozen_case_has_no_clock(
    interior: Bench,
) -> None:
    case_id = new_id()
    await interior.bring(ended(5), case_id)
    await interior.bring(held(), case_id)
    assert await clocks(interior) == []
    await interior.bring(STOPPED, case_id)
    assert await clocks(interior) == ["destruction-due"]
    await interior.let_time_pass(hours=77)
    assert await told(interior, case_id) == 1


async def test_a_hold_never_thaws_a_case(interior: Bench) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    for event in (STOPPED, held()):
        await interior.bring(event, case_id)
    async with interior.client("case-officer") as client:
        shown = (await client.get(f"/v1/cases/{case_id}")).json()
    assert shown["frozen_at"] is not None
    assert shown["codes"] is None


@pytest.mark.parametrize("stay_first", [True, False])
async def test_a_stay_here_stops_the_clock_and_its_end_starts_it_anew(
    interior: Bench, stay_first: bool
) -> None:
    case_id, task_id = new_id(), new_id()
    await take_over(interior, case_id)
    came = StayBegan(task_id=task_id, happened_at=NOW)
    for event in (came, STOPPED) if stay_first else (STOPPED, came):
        await interior.bring(event, case_id, publisher=teller(event))
    await interior.let_time_pass(hours=200)
    assert await told(interior, case_id) == 0
    left = StayEnded(task_id=task_id, happened_at=NOW + timedelta(hours=190))
    await interior.bring(left, case_id, publisher=teller(left))
    await interior.let_time_pass(hours=61)
    assert await told(interior, case_id) == 0
    await interior.let_time_pass(hours=1)
    assert await told(interior, case_id) == 1


async def test_of_a_stay_and_a_hold_the_clock_waits_for_the_last(interior: Bench) -> None:
    case_id, task_id = new_id(), new_id()
    came = StayBegan(task_id=task_id, happened_at=NOW)
    left = StayEnded(task_id=task_id, happened_at=NOW + timedelta(hours=20))
    for event in (STOPPED, held(), came, ended(10)):
        await interior.bring(event, case_id, publisher=teller(event))
    assert await clocks(interior) == []
    await interior.bring(left, case_id, publisher=teller(left))
    await interior.let_time_pass(hours=92)
    assert await told(interior, case_id) == 1
