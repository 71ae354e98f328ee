"""While a legal hold stands, or somebody lives here, nobody is told to destroy a frozen case; the
end of it starts the clock.
"""

from datetime import timedelta
from uuid import UUID

import pytest

from contracts.assistance import OwnConsentNeeded, StayBegan, StayEnded
from contracts.envelope import Contract
from contracts.gateway import LegalHoldEnded, LegalHoldSet, PersonDestroyed, SharingStopped
from contracts.intake import CaseLinked, DuplicateFound
from services.chassis.clock import new_id
from services.identification.handlers.needs import STAY, need_of
from tests.integration.identification.events import take_over
from tests.support.service_bench import NOW, Bench

HOLD, OTHER = UUID(int=41, version=4), UUID(int=42, version=4)
STOPPED = SharingStopped(reference_known=True)
DESTROYED = PersonDestroyed(destroyed_at=NOW)
SAME = "duplicate-of"


def held(hold_id: UUID = HOLD) -> LegalHoldSet:
    return LegalHoldSet(hold_id=hold_id, stands_until=NOW + timedelta(days=100))


def ended(hours: float, hold_id: UUID = HOLD) -> LegalHoldEnded:
    at = NOW + timedelta(hours=hours)
    return LegalHoldEnded(hold_id=hold_id, kind="lifted", ended_at=at)


def teller(event: Contract) -> str:
    ours = isinstance(event, StayBegan | StayEnded | OwnConsentNeeded)
    return "assistance" if ours else "gateway"


async def clocks(interior: Bench) -> list[str]:
    return [row["kind"] for row in await interior.rows("SELECT kind FROM deadline")]


async def clock_of(interior: Bench, case_id: UUID) -> list[str]:
    sql = "SELECT kind FROM deadline WHERE subject = $1 AND kind = 'destruction-due'"
    return [row["kind"] for row in await interior.rows(sql, str(case_id))]


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


@pytest.mark.parametrize("under", ["its-id", "the-id-of-its-need"])
async def test_a_hold_under_the_id_of_a_stay_does_not_end_the_stay(
    interior: Bench, under: str
) -> None:
    case_id, task_id = new_id(), new_id()
    hold_id = task_id if under == "its-id" else need_of(STAY, task_id)
    came = StayBegan(task_id=task_id, happened_at=NOW)
    left = StayEnded(task_id=task_id, happened_at=NOW + timedelta(hours=20))
    for event in (STOPPED, came, held(hold_id), ended(10, hold_id)):
        await interior.bring(event, case_id, publisher=teller(event))
    assert await clocks(interior) == []
    await interior.bring(left, case_id, publisher=teller(left))
    assert await clocks(interior) == ["destruction-due"]


@pytest.mark.parametrize("stopped", ["before-the-link", "during-the-stay", "before-the-stay"])
async def test_a_stay_under_the_case_that_goes_on_keeps_the_duplicate_and_its_end_frees_it(
    interior: Bench, stopped: str
) -> None:
    """One of the two was handed over by somebody else, who withdraws: that one alone is frozen."""
    duplicate, goes_on, task_id = new_id(), new_id(), new_id()
    for case_id in (duplicate, goes_on):
        await take_over(interior, case_id)
    came = StayBegan(task_id=task_id, happened_at=NOW)
    left = StayEnded(task_id=task_id, happened_at=NOW + timedelta(hours=190))
    merge, link = DuplicateFound(into_case=goes_on), CaseLinked(linked_case=duplicate, kind=SAME)
    steps: dict[str, tuple[tuple[Contract, UUID], ...]] = {
        "before-the-link": ((STOPPED, duplicate), (came, goes_on), (link, goes_on)),
        "during-the-stay": ((merge, duplicate), (came, goes_on), (STOPPED, duplicate)),
        "before-the-stay": ((merge, duplicate), (STOPPED, duplicate), (came, goes_on)),
    }
    for event, case_id in steps[stopped]:
        await interior.bring(event, case_id, publisher=teller(event))
    assert [answer for answer in await interior.answers() if answer is not True] == []
    assert await clock_of(interior, duplicate) == []
    await interior.let_time_pass(hours=200)
    assert await told(interior, duplicate) == 0
    await interior.bring(left, goes_on, publisher=teller(left))
    assert await clock_of(interior, goes_on) == []
    await interior.let_time_pass(hours=61)
    assert await told(interior, duplicate) == 0
    await interior.let_time_pass(hours=1)
    assert await told(interior, duplicate) == 1
    assert await told(interior, goes_on) == 0


async def test_a_freeze_asks_nobody_anew_about_another_case_of_the_person(interior: Bench) -> None:
    first, second = new_id(), new_id()
    for case_id in (first, second):
        await take_over(interior, case_id)
    await interior.bring(DuplicateFound(into_case=second), first)
    await interior.bring(STOPPED, first)
    await interior.let_time_pass(hours=73)
    await interior.bring(STOPPED, second)
    await interior.let_time_pass(hours=73)
    assert [await told(interior, case_id) for case_id in (first, second)] == [1, 1]


async def test_a_stay_does_not_end_a_hold_under_its_id(interior: Bench) -> None:
    case_id, task_id = new_id(), new_id()
    came = StayBegan(task_id=task_id, happened_at=NOW)
    left = StayEnded(task_id=task_id, happened_at=NOW + timedelta(hours=20))
    for event in (STOPPED, came, held(task_id), left):
        await interior.bring(event, case_id, publisher=teller(event))
    assert await clocks(interior) == []
    await interior.bring(ended(30, task_id), case_id)
    assert await clocks(interior) == ["destruction-due"]


@pytest.mark.parametrize("what", ["a-stay", "a-hold"])
async def test_what_needed_a_record_before_an_upgrade_ends_as_it_is_told_now(
    interior: Bench, what: str
) -> None:
    """An earlier version kept it under the id of the task or of the hold."""
    case_id, other, told_id = new_id(), new_id(), new_id()
    row = "INSERT INTO record_need (case_id, need_id, of_before) VALUES ($1, $2, true)"
    async with interior.frame.database.transaction() as tx:
        for each in (case_id, other):
            await tx.connection.execute(row, each, told_id)
    for each in (case_id, other):
        await interior.bring(STOPPED, each)
    assert await clocks(interior) == []
    left = StayEnded(task_id=told_id, happened_at=NOW + timedelta(hours=20))
    end: Contract = left if what == "a-stay" else ended(20, told_id)
    await interior.bring(end, case_id, publisher=teller(end))
    assert await clock_of(interior, case_id) == ["destruction-due"]
    assert await clock_of(interior, other) == []
    await interior.let_time_pass(hours=91)
    assert await told(interior, case_id) == 0
    await interior.let_time_pass(hours=1)
    assert await told(interior, case_id) == 1


@pytest.mark.parametrize("first", ["the-stop", "the-question"])
async def test_whoever_is_asked_for_our_own_consent_is_here_until_they_left(
    interior: Bench, first: str
) -> None:
    """They came before such stays were told of: nobody said that it began."""
    case_id, task_id = new_id(), new_id()
    question = OwnConsentNeeded(task_id=task_id, happened_at=NOW, reason="running-stay")
    both = (STOPPED, question) if first == "the-stop" else (question, STOPPED)
    for event in both:
        await interior.bring(event, case_id, publisher=teller(event))
    await interior.let_time_pass(hours=200)
    assert await told(interior, case_id) == 0
    left = StayEnded(task_id=task_id, happened_at=NOW + timedelta(hours=200))
    await interior.bring(left, case_id, publisher=teller(left))
    await interior.let_time_pass(hours=72)
    assert await told(interior, case_id) == 1


@pytest.mark.parametrize("what", ["a-stay", "a-hold"])
async def test_nobody_is_asked_again_to_destroy_what_is_destroyed(
    interior: Bench, what: str
) -> None:
    """Of the one case; the other one of the same person is asked for when its time comes."""
    first, second, told_id = new_id(), new_id(), new_id()
    for case_id in (first, second):
        await take_over(interior, case_id)
    await interior.bring(DuplicateFound(into_case=second), first)
    await interior.bring(STOPPED, first)
    await interior.let_time_pass(hours=72)
    assert await told(interior, first) == 1
    for _ in range(2):
        await interior.bring(DESTROYED, first)
    stay: tuple[Contract, ...] = (
        StayBegan(task_id=told_id, happened_at=NOW + timedelta(hours=80)),
        StayEnded(task_id=told_id, happened_at=NOW + timedelta(hours=90)),
    )
    for event in stay if what == "a-stay" else (held(told_id), ended(90, told_id)):
        await interior.bring(event, second, publisher=teller(event))
    assert await clock_of(interior, first) == []
    await interior.bring(STOPPED, second)
    await interior.let_time_pass(hours=200)
    assert [await told(interior, case_id) for case_id in (first, second)] == [1, 1]


@pytest.mark.parametrize("early", [True, False])
async def test_what_is_destroyed_has_no_clock_whichever_is_heard_first(
    interior: Bench, early: bool
) -> None:
    case_id = new_id()
    for event in (DESTROYED, STOPPED) if early else (STOPPED, DESTROYED):
        await interior.bring(event, case_id)
    assert await clocks(interior) == []
    await interior.let_time_pass(hours=200)
    assert await told(interior, case_id) == 0
