"""Holds, episodes and what ends them, on a real database."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.gateway import SharingStopped
from contracts.intake import PersonDeparted, ServiceEndedEarly
from contracts.referral import HoldAbandoned, TaskCancelled, TaskExpired, TaskStopped
from services.assistance import main
from services.assistance.settings import Settings
from services.chassis.cipher import KeyRing
from services.chassis.clock import new_id
from tests.integration.assistance.events import (
    REFERRAL,
    VISIT,
    a_pool_of,
    a_report,
    a_request,
    a_service,
    an_acceptance,
    an_accepted_task,
    of_task,
    places_of,
)
from tests.support.service_bench import NOW, Bench


async def test_a_reported_pool_is_told_to_the_node_only(provider: Bench) -> None:
    pool_id = await a_pool_of(provider, 5, out_of_service=2)
    assert await provider.answers() == [True]
    (changed,) = await provider.told("capacity", pool_id)
    assert changed.kind == "pool-changed"
    assert (changed.body["available"], changed.body["status"]) == (3, "capacity")
    assert await provider.told("outgoing") == []
    async with provider.client("capacity-clerk") as clerk:
        (shown,) = (await clerk.get("/v1/pools")).json()
        assert shown["available"] == 3
    async with provider.client("case-officer") as officer:
        assert (await officer.get("/v1/pools")).status_code == 403


async def test_who_keeps_a_waiting_list_answers_so_while_nothing_is_free(provider: Bench) -> None:
    pool_id = await a_pool_of(provider, 1, out_of_service=1, waiting_list=True)
    await provider.bring(a_report(pool_id), pool_id)
    await provider.bring(a_report(pool_id, out_of_service=1, waiting_list=False), pool_id)
    told = await provider.told("capacity", pool_id)
    assert [each.body["status"] for each in told] == ["waitlist", "capacity", "none"]
    await provider.bring(a_report(pool_id, waiting_list=True), pool_id)
    await provider.bring(a_report(pool_id, out_of_service=1), pool_id)
    assert (await provider.told("capacity", pool_id))[-1].body["status"] == "waitlist"
    async with provider.client("capacity-clerk") as clerk:
        (shown,) = (await clerk.get("/v1/pools")).json()
        assert (shown["status"], shown["waiting_list"]) == ("waitlist", True)
    assert await provider.told("outgoing") == []


async def test_a_report_below_what_is_in_use_is_refused(provider: Bench) -> None:
    pool_id = await a_pool_of(provider, 1)
    await an_accepted_task(provider, new_id())
    await provider.bring(a_report(pool_id, maximum=0), pool_id)
    await provider.bring(a_report(new_id()), pool_id)
    assert await provider.answers() == [True, ["exceeds-maximum"], ["wrong-format"]]
    assert await places_of(provider, pool_id) == (0, 1, 0, 0)


async def test_a_full_pool_refuses_and_a_service_without_pools_needs_no_place(
    provider: Bench,
) -> None:
    await a_pool_of(provider, 0)
    case_id, task_id = new_id(), new_id()
    await provider.bring(a_request(task_id), case_id, publisher=REFERRAL)
    await provider.bring(a_request(new_id(), service_type=VISIT), case_id, publisher=REFERRAL)
    refused, placed = await provider.told("capacity", case_id)
    assert (refused.kind, refused.body["reason"]) == ("hold-refused", "at-capacity")
    assert (placed.kind, placed.body["pool_id"]) == ("hold-placed", None)


async def test_the_senders_side_of_a_task_is_not_about_our_places(provider: Bench) -> None:
    pool_id, case_id = await a_pool_of(provider, 1), new_id()
    task_id = await an_accepted_task(provider, case_id, side="sender")
    await provider.bring(of_task(TaskStopped, task_id, side="sender"), case_id, publisher=REFERRAL)
    assert await places_of(provider, pool_id) == (1, 0, 0, 0)
    assert await provider.kinds("assistance") == []


async def test_the_same_question_gets_the_same_answer_and_one_place(provider: Bench) -> None:
    pool_id, case_id, task_id = await a_pool_of(provider, 3), new_id(), new_id()
    first = provider.arrival(a_request(task_id), case_id, publisher=REFERRAL)
    assert await provider.settle(first) == "handled"
    assert await provider.settle(first) == "duplicate"
    await provider.bring(a_request(task_id), case_id, publisher=REFERRAL)
    assert await places_of(provider, pool_id) == (2, 1, 0, 0)
    one, two = await provider.told("capacity", case_id)
    assert one.body == two.body


async def test_a_hold_expires_and_a_confirmed_one_does_not(provider: Bench) -> None:
    pool_id, case_id = await a_pool_of(provider, 2), new_id()
    await provider.bring(a_request(new_id()), case_id, publisher=REFERRAL)
    await an_accepted_task(provider, new_id())
    assert await places_of(provider, pool_id) == (0, 2, 0, 0)
    await provider.let_time_pass(hours=47)
    assert await places_of(provider, pool_id) == (0, 2, 0, 0)
    await provider.let_time_pass(hours=2)
    assert await places_of(provider, pool_id) == (1, 1, 0, 0)
    assert await provider.kinds("capacity", case_id) == ["hold-placed", "hold-expired"]
    await provider.let_time_pass(hours=1000)
    assert await places_of(provider, pool_id) == (1, 1, 0, 0)


async def test_a_question_that_comes_too_late_is_refused(provider: Bench) -> None:
    pool_id, case_id = await a_pool_of(provider, 1), new_id()
    await provider.bring(a_request(new_id(), expires_at=NOW), case_id, publisher=REFERRAL)
    (refused,) = await provider.told("capacity", case_id)
    assert refused.body["reason"] == "hold-expired"
    assert await places_of(provider, pool_id) == (1, 0, 0, 0)


async def test_visits_are_counted_and_the_outcome_ends_the_episode(provider: Bench) -> None:
    case_id = new_id()
    task_id = await an_accepted_task(provider, case_id, service_type=VISIT)
    for _ in range(2):
        await provider.bring(a_service(task_id), case_id)
    await provider.bring(a_service(task_id, outcome="need-met"), case_id)
    await provider.bring(a_service(task_id), case_id)
    assert await provider.answers() == [True, True, True, ["wrong-state"]]
    told = await provider.told("assistance")
    assert [fact.kind for fact in told] == [
        "episode-planned",
        "episode-started",
        "units-delivered",
        "units-delivered",
        "units-delivered",
        "episode-completed",
    ]
    assert told[-1].body["total"] == 3
    assert {fact.body["counted_by"] for fact in told} == {"border-brest"}


async def test_a_place_is_occupied_from_the_first_record_and_free_after_the_outcome(
    provider: Bench,
) -> None:
    pool_id, case_id = await a_pool_of(provider, 1), new_id()
    task_id = await an_accepted_task(provider, case_id)
    await provider.bring(a_service(task_id, unit="night"), case_id)
    assert await places_of(provider, pool_id) == (0, 0, 1, 0)
    await provider.bring(a_service(task_id, unit="night", outcome="need-met"), case_id)
    assert await places_of(provider, pool_id) == (1, 0, 0, 0)
    counts = [
        (told.body["available"], told.body["held"], told.body["occupied"])
        for told in await provider.told("capacity", pool_id)
    ]
    assert counts == [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0)]


async def test_one_record_can_begin_and_end_a_stay(provider: Bench) -> None:
    pool_id, case_id = await a_pool_of(provider, 1), new_id()
    task_id = await an_accepted_task(provider, case_id)
    await provider.bring(a_service(task_id, unit="night", outcome="need-met"), case_id)
    assert await places_of(provider, pool_id) == (1, 0, 0, 0)
    assert await provider.rows("SELECT state FROM hold") == [{"state": "checked-out"}]


async def test_service_waits_for_its_task_and_gives_up(provider: Bench) -> None:
    case_id, task_id = new_id(), new_id()
    early = provider.arrival(a_service(task_id), case_id)
    assert await provider.settle(early) == "waiting"
    await provider.bring(a_request(task_id, service_type=VISIT), case_id, publisher=REFERRAL)
    assert await provider.try_again(early) == "still"
    await provider.bring(an_acceptance(task_id, service_type=VISIT), case_id, publisher=REFERRAL)
    assert await provider.try_again(early) == "handled"
    never = provider.arrival(a_service(new_id()), new_id())
    assert await provider.settle(never) == "waiting"
    provider.clock.advance(timedelta(minutes=5))
    assert await provider.try_again(never) == "refused"
    assert await provider.answers() == [True, ["unknown-task"]]


async def test_a_task_of_another_case_is_unknown(provider: Bench) -> None:
    task_id = await an_accepted_task(provider, new_id(), service_type=VISIT)
    assert await provider.bring(a_service(task_id), new_id()) == "waiting"


@pytest.mark.parametrize("model", [TaskCancelled, TaskExpired])
@pytest.mark.parametrize("begun", [False, True])
async def test_a_task_that_is_no_longer_wanted_drops_only_what_did_not_begin(
    provider: Bench, model: Any, begun: bool
) -> None:
    pool_id, case_id = await a_pool_of(provider, 1), new_id()
    task_id = await an_accepted_task(provider, case_id)
    if begun:
        await provider.bring(a_service(task_id, unit="night"), case_id)
    await provider.bring(of_task(HoldAbandoned, task_id), case_id, publisher=REFERRAL)
    await provider.bring(of_task(model, task_id), case_id, publisher=REFERRAL)
    assert await places_of(provider, pool_id) == ((0, 0, 1, 0) if begun else (1, 0, 0, 0))
    kinds = await provider.kinds("assistance")
    assert ("episode-stopped" in kinds) is not begun
    assert kinds.count("help-called-off") == begun
    if begun:
        ended = ServiceEndedEarly(task_id=task_id, reason="person-left")
        await provider.bring(ended, case_id)
        assert await places_of(provider, pool_id) == (1, 0, 0, 0)
        assert (await provider.kinds("assistance"))[-1] == "episode-ended-early"


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("whole_case", [False, True])
async def test_when_sharing_is_stopped_help_stops_and_who_is_here_keeps_the_bed(
    provider: Bench, begun: bool, whole_case: bool
) -> None:
    pool_id, case_id = await a_pool_of(provider, 1), new_id()
    task_id = await an_accepted_task(provider, case_id)
    if begun:
        await provider.bring(a_service(task_id, unit="night"), case_id)
    if whole_case:
        await provider.bring(SharingStopped(reference_known=True), case_id)
    else:
        await provider.bring(of_task(TaskStopped, task_id), case_id, publisher=REFERRAL)
    assert await places_of(provider, pool_id) == ((0, 0, 1, 0) if begun else (1, 0, 0, 0))
    assert (await provider.kinds("assistance"))[-1] == "episode-stopped"
    asked = [
        told.body["reason"]
        for told in await provider.told("capacity", case_id)
        if told.kind == "own-consent-needed"
    ]
    assert asked == (["running-stay"] if begun else [])
    await provider.bring(a_service(task_id, unit="night"), case_id)
    expected = ["case-frozen"] if whole_case else ["wrong-state"]
    assert (await provider.answers())[-1] == expected
    assert await still_here(provider) == ([(str(task_id), str(case_id))] if begun else [])
    await provider.bring(PersonDeparted(task_id=task_id), case_id)
    assert (await provider.answers())[-1] == (True if begun else ["wrong-state"])
    assert await places_of(provider, pool_id) == (1, 0, 0, 0)
    assert await still_here(provider) == []


async def still_here(provider: Bench, **query: str) -> list[tuple[str, str]]:
    """Whose stay goes on after a stop: (task, case)."""
    async with provider.client("provider-intake") as nurse:
        shown = (await nurse.get("/v1/lasting-stays", params=query)).json()
    return [(row["task_id"], row["case_id"]) for row in shown]


async def test_who_is_still_here_after_a_stop_is_listed_by_pages_to_who_is_at_the_door_alone(
    provider: Bench,
) -> None:
    await a_pool_of(provider, 4)
    stays = []
    for stops in (True, True, False):
        case_id = new_id()
        task_id = await an_accepted_task(provider, case_id)
        await provider.bring(a_service(task_id, unit="night"), case_id)
        if stops:
            await provider.bring(SharingStopped(reference_known=True), case_id)
            stays.append((str(task_id), str(case_id)))
    first, second = sorted(stays)
    assert await still_here(provider) == [first, second]
    assert await still_here(provider, limit="1") == [first]
    assert await still_here(provider, after=first[0]) == [second]
    assert await still_here(provider, task_id=second[0]) == [second]
    assert (await provider.audited()).count("list-lasting-stay") == 5
    for role in ("case-officer", "supervisor", "capacity-clerk", "agency-system"):
        async with provider.client(role) as other:
            assert (await other.get("/v1/lasting-stays")).status_code == 403


async def test_the_officer_reads_who_looked_at_help_also_after_a_stop(provider: Bench) -> None:
    case_id = new_id()
    task_id = await an_accepted_task(provider, case_id, service_type=VISIT)
    async with provider.client("provider-intake") as nurse:
        (shown,) = (await nurse.get("/v1/episodes", params={"task_id": str(task_id)})).json()
        await nurse.get(f"/v1/cases/{case_id}/plans")
        assert (await nurse.get(f"/v1/cases/{case_id}/audit")).status_code == 403
    await provider.bring(SharingStopped(reference_known=True), case_id)
    async with provider.client("data-protection-officer") as officer:
        acts = (await officer.get(f"/v1/cases/{case_id}/audit")).json()["audit"]
        other = (await officer.get(f"/v1/cases/{new_id()}/audit")).json()
    looked = [
        (act["action"], act["subject"]) for act in acts if act["actor"].endswith("provider-intake")
    ]
    assert looked == [("list-plans", str(case_id)), ("list-episode", shown["episode_id"])]
    assert other == {"audit": [], "older": None}
    assert (await provider.audited())[-1] == "audit-read"


async def test_a_freeze_of_an_unknown_case_holds_for_all_that_follows(provider: Bench) -> None:
    pool_id, case_id, task_id = await a_pool_of(provider, 1), new_id(), new_id()
    await provider.bring(SharingStopped(reference_known=False), case_id)
    await provider.bring(SharingStopped(reference_known=False), case_id)
    await provider.bring(a_request(task_id), case_id, publisher=REFERRAL)
    await provider.bring(an_acceptance(task_id), case_id, publisher=REFERRAL)
    await provider.bring(a_service(task_id), case_id)
    assert await provider.kinds("capacity", case_id) == ["hold-refused"]
    assert await provider.kinds("assistance") == []
    assert (await provider.answers())[-1] == ["case-frozen"]
    assert await places_of(provider, pool_id) == (1, 0, 0, 0)


@pytest.mark.parametrize("free", [True, False])
async def test_a_task_accepted_after_its_hold_was_let_go_takes_another_place_if_there_is_one(
    provider: Bench, free: bool
) -> None:
    pool_id, case_id, task_id = await a_pool_of(provider, 1), new_id(), new_id()
    await provider.bring(a_request(task_id), case_id, publisher=REFERRAL)
    await provider.let_time_pass(hours=49)
    if not free:
        await an_accepted_task(provider, new_id())
    await provider.bring(an_acceptance(task_id), case_id, publisher=REFERRAL)
    assert await places_of(provider, pool_id) == (0, 1, 0, 0)
    planned = await provider.rows("SELECT 1 FROM episode WHERE case_id = $1", case_id)
    assert len(planned) == 1
    assert ("accepted-without-place" in await provider.audited()) is not free


async def test_reading_needs_a_role_is_recorded_and_shows_nothing_of_a_frozen_case(
    provider: Bench,
) -> None:
    case_id = new_id()
    task_id = await an_accepted_task(provider, case_id, service_type=VISIT)
    await provider.bring(a_service(task_id), case_id)
    async with provider.client("agency-system") as stranger:
        assert (await stranger.get("/v1/episodes")).status_code == 403
    async with provider.client() as officer:
        (shown,) = (await officer.get("/v1/episodes", params={"state": "active"})).json()
        assert (shown["case_id"], shown["unit"], shown["total"]) == (str(case_id), "visit", 1)
        one = f"/v1/episodes/{shown['episode_id']}"
        assert (await officer.get(one)).json() == shown
        assert (await officer.get(f"/v1/episodes/{new_id()}")).status_code == 404
        assert shown["unfinished"]["stuck"] is False
        await provider.handling.park(provider.arrival(a_service(task_id), case_id), "ValueError")
        said = (await officer.get(one)).json()["unfinished"]
        assert (said["stuck"], said["parked"]) == (True, 1)
        await provider.bring(SharingStopped(reference_known=True), case_id)
        kept = {name: value for name, value in (await officer.get(one)).json().items() if value}
        assert set(kept) == {"episode_id", "frozen_at"}
    acts = await provider.audited()
    assert [act for act in acts if act.startswith(("read", "list"))] == [
        "list-episode",
        *["read-episode"] * 4,
    ]


async def test_the_service_is_built_from_its_settings(provider: Bench, tmp_path: Path) -> None:
    key_file = tmp_path / "keys.json"
    KeyRing.create(key_file)
    assert isinstance(provider.frame.settings, Settings)
    settings = provider.frame.settings.model_copy(update={"key_file": key_file})
    runnable = await main.build(settings)
    assert "deadlines" in runnable.health.report()
    for close in runnable._closing:
        await close()
