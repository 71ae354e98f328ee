"""What people at the door say about stays and services, and what the clocks tell, on PostgreSQL."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from contracts.envelope import Contract
from contracts.gateway import SharingStopped
from contracts.intake import (
    NoShowRecorded,
    PersonArrived,
    PersonDeparted,
    PlaceAssigned,
    PlacesClosed,
    ServiceEndedEarly,
    ServiceScheduled,
    StayExtended,
)
from contracts.referral import TaskPaused, TaskResumed
from services.chassis.clock import new_id
from services.chassis.errors import StatementRefused
from tests.integration.assistance.events import (
    REFERRAL,
    VISIT,
    a_pool_of,
    a_service,
    an_accepted_task,
    of_task,
    places_of,
)
from tests.support.service_bench import NOW, Bench

CHILD = {"service_type": "child-3-17", "audience_class": "girls"}


async def deadlines_of(bench: Bench, case_id: UUID) -> list[str]:
    rows = await bench.rows(
        "SELECT kind FROM deadline WHERE subject = $1 ORDER BY kind", str(case_id)
    )
    return [row["kind"] for row in rows]


async def test_a_stay_from_acceptance_to_departure(provider: Bench) -> None:
    pool_id, case_id = await a_pool_of(provider, 1), new_id()
    task_id = await an_accepted_task(provider, case_id)
    assert await deadlines_of(provider, case_id) == ["arrival-due"]
    await provider.bring(PersonArrived(task_id=task_id), case_id)
    assert await places_of(provider, pool_id) == (0, 0, 1, 0)
    assert await deadlines_of(provider, case_id) == []
    await provider.bring(StayExtended(task_id=task_id, ends_at=NOW + timedelta(days=7)), case_id)
    await provider.let_time_pass(days=8)
    await provider.bring(PersonDeparted(task_id=task_id), case_id)
    await provider.bring(a_service(task_id, unit="night", quantity=8, outcome="need-met"), case_id)
    assert await places_of(provider, pool_id) == (1, 0, 0, 0)
    assert await provider.answers() == [True] * 5
    assert await provider.kinds("capacity", case_id) == [
        *("hold-placed", "hold-confirmed", "stay-began", "stay-prolonged"),
        *("stay-overdue", "stay-ended"),
    ]
    assert await provider.kinds("assistance") == [
        *("episode-planned", "episode-started", "units-delivered", "episode-completed"),
    ]
    assert await deadlines_of(provider, case_id) == []


async def test_nobody_came_a_clock_asks_and_a_human_decides(provider: Bench) -> None:
    pool_id, case_id = await a_pool_of(provider, 1), new_id()
    task_id = await an_accepted_task(provider, case_id)
    await provider.bring(NoShowRecorded(task_id=task_id), case_id)
    await provider.let_time_pass(hours=25)
    assert await places_of(provider, pool_id) == (0, 1, 0, 0)
    await provider.bring(NoShowRecorded(task_id=task_id), case_id)
    await provider.bring(NoShowRecorded(task_id=task_id), case_id)
    assert await provider.answers() == [True, ["too-early"], True, ["wrong-state"]]
    assert await places_of(provider, pool_id) == (1, 0, 0, 0)
    assert (await provider.kinds("capacity", case_id))[-2:] == ["arrival-overdue", "nobody-came"]
    (ended,) = [told for told in await provider.told("assistance") if "early" in told.kind]
    assert (ended.body["reason"], ended.body["outcome"]) == ("nobody-came", "person-left")


async def test_a_childs_stay_has_an_alarm_and_a_limit_that_puts_nobody_out(
    provider: Bench,
) -> None:
    pool_id, case_id = await a_pool_of(provider, 1, **CHILD), new_id()
    task_id = await an_accepted_task(provider, case_id, **CHILD)
    await provider.bring(PersonArrived(task_id=task_id), case_id)
    assert await deadlines_of(provider, case_id) == ["stay-ends", "stay-limit-nears"]
    await provider.let_time_pass(days=152)
    assert "stay-limit-near" not in await provider.kinds("capacity", case_id)
    await provider.let_time_pass(days=1)
    (near,) = [
        told for told in await provider.told("capacity", case_id) if told.kind == "stay-limit-near"
    ]
    assert near.body["limit_at"] == "2026-09-02T10:00:00Z"
    await provider.let_time_pass(days=31)
    assert (await provider.kinds("capacity", case_id))[-1] == "stay-overdue"
    assert await places_of(provider, pool_id) == (0, 0, 1, 0)
    until = provider.clock.now() + timedelta(days=14)
    await provider.bring(StayExtended(task_id=task_id, ends_at=until), case_id)
    await provider.bring(
        StayExtended(task_id=task_id, ends_at=until, reason="nowhere-to-go"), case_id
    )
    assert (await provider.answers())[-2:] == [["reason-missing"], True]
    assert await deadlines_of(provider, case_id) == ["stay-ends"]


async def test_a_family_is_moved_together_or_with_a_recorded_reason(provider: Bench) -> None:
    family = {"audience_class": "carer-with-children"}
    first = await a_pool_of(provider, 1, suits=("dependants",))
    women, rooms = await a_pool_of(provider, 1), await a_pool_of(provider, 1, **family)
    case_id = new_id()
    task_id = await an_accepted_task(provider, case_id, **family)
    await provider.bring(PersonArrived(task_id=task_id), case_id)
    here = first if await places_of(provider, first) == (0, 0, 1, 0) else rooms
    other = rooms if here == first else first
    for pool_id, reason in ((women, None), (other, None), (women, "court-decision")):
        await provider.bring(
            PlaceAssigned(task_id=task_id, pool_id=pool_id, reason=reason), case_id
        )
    await provider.bring(PlaceAssigned(task_id=task_id, pool_id=new_id()), case_id)
    assert (await provider.answers())[-4:] == [["reason-missing"], True, True, ["unknown-pool"]]
    assert await places_of(provider, women) == (0, 0, 1, 0)
    assert await places_of(provider, other) == (1, 0, 0, 0)
    assert await provider.rows("SELECT reason FROM hold") == [{"reason": "court-decision"}]
    changed = [told for told in await provider.told("capacity", case_id) if "place-ch" in told.kind]
    assert [told.body["reason"] for told in changed] == [None, "court-decision"]


async def test_places_are_closed_and_opened_and_nobody_is_put_out(provider: Bench) -> None:
    pool_id = await a_pool_of(provider, 3)
    await an_accepted_task(provider, new_id())
    for places in (3, 2, 0):
        told = PlacesClosed(pool_id=pool_id, out_of_service=places, reason="repair")
        await provider.bring(told, pool_id)
    unknown = new_id()
    await provider.bring(
        PlacesClosed(pool_id=unknown, out_of_service=0, reason="opened-again"), unknown
    )
    assert (await provider.answers())[1:] == [["exceeds-maximum"], True, True, ["unknown-pool"]]
    last, opened = (await provider.told("capacity", pool_id))[-2:]
    assert (last.body["available"], last.body["out_of_service"]) == (0, 2)
    assert (last.body["closed_because"], opened.body["closed_because"]) == ("repair", None)
    assert await places_of(provider, pool_id) == (2, 1, 0, 0)


async def test_help_is_scheduled_rests_goes_on_and_ends_early(provider: Bench) -> None:
    case_id = new_id()
    task_id = await an_accepted_task(provider, case_id, service_type=VISIT)
    starts_at = NOW + timedelta(days=2)
    await provider.bring(ServiceScheduled(task_id=task_id, starts_at=starts_at), case_id)
    assert await deadlines_of(provider, case_id) == ["start-due"]
    await provider.let_time_pass(days=2)
    await provider.bring(a_service(task_id), case_id)
    pause, go_on = (
        of_task(model, task_id, service_type=VISIT) for model in (TaskPaused, TaskResumed)
    )
    for _ in range(2):
        await provider.bring(pause, case_id, publisher=REFERRAL)
    await provider.bring(a_service(task_id), case_id)
    await provider.bring(go_on, case_id, publisher=REFERRAL)
    await provider.bring(ServiceEndedEarly(task_id=task_id, reason="contact-lost"), case_id)
    await provider.bring(go_on, case_id, publisher=REFERRAL)
    assert await provider.answers() == [True, True, ["wrong-state"], True]
    assert await provider.kinds("assistance") == [
        *("episode-planned", "episode-scheduled", "episode-not-begun", "episode-started"),
        *("units-delivered", "episode-suspended", "episode-resumed", "episode-ended-early"),
    ]
    assert await provider.rows("SELECT state FROM hold") == [{"state": "checked-out"}]
    async with provider.client() as officer:
        (shown,) = (await officer.get("/v1/episodes?state=ended-early")).json()
    assert (shown["reason"], shown["total"], shown["unit"]) == ("contact-lost", 1, "visit")
    assert shown["stay"]["is_a_stay"] is False


async def test_a_stay_is_shown_with_its_task_and_nothing_of_a_frozen_one(provider: Bench) -> None:
    pool_id, case_id = await a_pool_of(provider, 1), new_id()
    task_id = await an_accepted_task(provider, case_id)
    path = f"/v1/episodes?task_id={task_id}"
    async with provider.client() as officer:
        assert (await officer.get(f"/v1/episodes?task_id={new_id()}")).json() == []
        (expected,) = (await officer.get(path)).json()
        stay = expected["stay"]
        assert (stay["state"], stay["pool_id"]) == ("confirmed", str(pool_id))
        assert stay["is_a_stay"] is True
        assert stay["arrive_by"] is not None
        await provider.bring(PersonArrived(task_id=task_id), case_id)
        (here,) = (await officer.get(path)).json()
        assert here["stay"]["state"] == "checked-in"
        assert here["stay"]["since"] is not None
        await provider.bring(SharingStopped(reference_known=True), case_id)
        (frozen,) = (await officer.get(path)).json()
        assert frozen["stay"] is None
        assert frozen["task_id"] is None


async def test_episodes_are_asked_by_several_tasks_at_once_and_each_is_recorded(
    provider: Bench,
) -> None:
    await a_pool_of(provider, 3)
    tasks = [str(await an_accepted_task(provider, new_id())) for _ in range(3)]
    async with provider.client() as officer:
        asked = {"task_id": [tasks[2], tasks[0], str(new_id())], "state": "completed"}
        shown = (await officer.get("/v1/episodes", params=asked)).json()
        assert {row["task_id"] for row in shown} == {tasks[0], tasks[2]}
        too_many = {"task_id": [str(new_id()) for _ in range(201)]}
        assert (await officer.get("/v1/episodes", params=too_many)).status_code == 422
    read = await provider.rows("SELECT subject FROM audit WHERE action = 'list-episode'")
    assert {row["subject"] for row in read} == {row["episode_id"] for row in shown}


async def test_who_is_expected_later_is_not_overdue_before(provider: Bench) -> None:
    await a_pool_of(provider, 1)
    case_id = new_id()
    task_id = await an_accepted_task(provider, case_id)
    starts_at = NOW + timedelta(days=3)
    await provider.bring(ServiceScheduled(task_id=task_id, starts_at=starts_at), case_id)
    told = await provider.told("capacity", case_id)
    until = [each.body["arrive_by"] for each in told if each.kind == "hold-confirmed"]
    assert list(map(datetime.fromisoformat, until)) == [
        *(NOW + timedelta(days=1), starts_at + timedelta(days=1)),
    ]
    await provider.let_time_pass(hours=95)
    assert "arrival-overdue" not in await provider.kinds("capacity", case_id)
    await provider.let_time_pass(hours=1)
    assert (await provider.kinds("capacity", case_id))[-1] == "arrival-overdue"


async def test_a_beginning_that_is_put_right_rings_at_the_right_time_and_once(
    provider: Bench,
) -> None:
    """Four weeks too late by mistake; the hours still count from the acceptance, not from now."""
    pool_id, case_id = await a_pool_of(provider, 1), new_id()
    task_id = await an_accepted_task(provider, case_id)
    provider.clock.advance(timedelta(hours=20))
    for days in (28, 1):
        starts_at = NOW + timedelta(days=days)
        await provider.bring(ServiceScheduled(task_id=task_id, starts_at=starts_at), case_id)
    told = await provider.told("capacity", case_id)
    until = [each.body["arrive_by"] for each in told if each.kind == "hold-confirmed"]
    assert [datetime.fromisoformat(each) - NOW for each in until] == [
        timedelta(days=days) for days in (1, 29, 2)
    ]
    assert await deadlines_of(provider, case_id) == ["arrival-due", "start-due"]
    await provider.let_time_pass(hours=27)
    assert "arrival-overdue" not in await provider.kinds("capacity", case_id)
    await provider.let_time_pass(hours=1)
    (rung,) = [
        each for each in await provider.told("capacity", case_id) if each.kind == "arrival-overdue"
    ]
    assert datetime.fromisoformat(rung.body["arrive_by"]) == NOW + timedelta(days=2)
    await provider.let_time_pass(days=30)
    assert (await provider.kinds("capacity", case_id)).count("arrival-overdue") == 1
    await provider.bring(NoShowRecorded(task_id=task_id), case_id)
    assert (await provider.answers())[-1] is True
    assert await places_of(provider, pool_id) == (1, 0, 0, 0)


ABOUT_A_TASK: list[Callable[..., Contract]] = [
    *(PersonArrived, NoShowRecorded),
    lambda task_id: StayExtended(task_id=task_id, ends_at=NOW + timedelta(days=1)),
    lambda task_id: PlaceAssigned(task_id=task_id, pool_id=new_id()),
    lambda task_id: ServiceScheduled(task_id=task_id, starts_at=NOW + timedelta(days=1)),
    lambda task_id: ServiceEndedEarly(task_id=task_id, reason="safety"),
]


async def test_each_command_waits_for_its_task_gives_up_and_stops_at_a_freeze(
    provider: Bench,
) -> None:
    early = [
        provider.arrival(make(task_id=new_id()), new_id())
        for make in (*ABOUT_A_TASK, PersonDeparted)
    ]
    assert [await provider.settle(each) for each in early] == ["waiting"] * len(early)
    provider.clock.advance(timedelta(minutes=5))
    assert [await provider.try_again(each) for each in early] == ["refused"] * len(early)
    assert await provider.answers() == [["unknown-task"]] * len(early)
    case_id = new_id()
    task_id = await an_accepted_task(provider, case_id, service_type=VISIT)
    await provider.bring(SharingStopped(reference_known=True), case_id)
    for make in ABOUT_A_TASK:
        assert await provider.bring(make(task_id=task_id), case_id) == "handled"
    assert (await provider.answers())[-len(ABOUT_A_TASK) :] == [["case-frozen"]] * len(ABOUT_A_TASK)


@pytest.mark.parametrize(
    ("table", "change", "constraint"),
    [
        ("hold", "since = now()", "a_stay_has_a_beginning"),
        ("hold", "ends_at = now()", "only_a_stay_ends"),
        ("hold", "state = 'gone'", "hold_state_check"),
        ("episode", "starts_at = now()", "what_is_scheduled_has_a_time"),
        ("episode", "reason = 'safety'", "what_rests_or_ended_early_has_a_reason"),
        ("episode", "state = 'active'", "what_is_counted_has_a_unit"),
    ],
)
async def test_the_database_itself_refuses_an_undefined_state(
    provider: Bench, table: str, change: str, constraint: str
) -> None:

    await an_accepted_task(provider, new_id(), service_type=VISIT)
    with pytest.raises(StatementRefused) as refused:
        await provider.rows(f"UPDATE {table} SET {change}")  # noqa: S608 - the test's own text
    assert refused.value.constraint == constraint
