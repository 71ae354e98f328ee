"""The HTTP door, the main, and two answers that arrive at the same moment."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts import gateway, referral
from services.chassis.errors import SettingsWrong
from services.chassis.identity import Caller, Tokens, digest_of_token
from services.chassis.runnable import Health
from services.chassis.web import check_access, make_app
from services.referral import main
from services.referral.access import ACCESS
from services.referral.api import add_routes
from services.referral.settings import Settings
from tests.integration.referral.test_loop import CASE, THERE, offered_to_redcross
from tests.integration.referral.world import (
    INTERIOR,
    NGO,
    REDCROSS,
    Node,
    World,
    a_consent,
    a_request,
    an_id,
    settings_of,
)

WORKER, INTAKE, SYSTEM = "worker-token", "intake-token", "system-token"
OFFICER = "officer-token"
TOKENS = Tokens(
    {
        digest_of_token(WORKER): Caller("worker", frozenset({"case-officer"})),
        digest_of_token(INTAKE): Caller("desk", frozenset({"provider-intake"})),
        digest_of_token(OFFICER): Caller("officer", frozenset({"data-protection-officer"})),
        digest_of_token(SYSTEM): Caller("system", frozenset({"agency-system"})),
    }
)


def a_client(node: Node) -> httpx.AsyncClient:
    app = make_app("test", node.telemetry, Health(), TOKENS, ACCESS)
    add_routes(app, node.database, node.context)
    check_access(app, app.state.access_table)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://node")


async def get(node: Node, path: str, token: str = WORKER) -> httpx.Response:
    async with a_client(node) as client:
        return await client.get(path, headers={"Authorization": f"Bearer {token}"})


async def test_a_worker_sees_request_tasks_and_the_duty_phone(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    interior = world.nodes[INTERIOR]
    shown = (await get(interior, f"/v1/requests/{an_id('request')}")).json()
    assert [need["state"] for need in shown["needs"]] == ["offered"]
    (task,) = shown["tasks"]
    assert (task["state"], task["duty_phone"]) == ("delivered", "+375 00 000-01-01")
    listed = (await get(interior, "/v1/tasks?side=sender&state=delivered")).json()
    assert [each["task_id"] for each in listed] == [str(task_id)]
    assert (await get(interior, "/v1/tasks?state=accepted")).json() == []
    (one,) = (await get(interior, f"/v1/tasks/{task_id}")).json()
    assert one["other_agency"] == REDCROSS
    assert (await get(interior, f"/v1/tasks/{an_id('none')}")).status_code == 404
    audited = await interior.rows("SELECT actor, action FROM audit WHERE actor = 'worker'")
    assert {row["action"] for row in audited} == {"read-request", "list-task", "read-task"}


async def test_a_worker_sees_from_the_case_what_was_asked_and_how_far_it_is(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    interior = world.nodes[INTERIOR]
    case_id = str((await interior.rows("SELECT case_id FROM request"))[0]["case_id"])
    (asked,) = (await get(interior, f"/v1/requests?case_id={case_id}")).json()
    assert asked["request_id"] == str(an_id("request"))
    assert [need["state"] for need in asked["needs"]] == ["offered"]
    assert [task["task_id"] for task in asked["tasks"]] == [str(task_id)]
    tasks = (await get(interior, f"/v1/tasks?side=sender&case_id={case_id}")).json()
    assert [task["task_id"] for task in tasks] == [str(task_id)]
    other = an_id("another case")
    assert (await get(interior, f"/v1/requests?case_id={other}")).json() == []
    assert (await get(interior, f"/v1/tasks?case_id={other}")).json() == []
    audited = await interior.rows("SELECT action FROM audit WHERE actor = 'worker'")
    assert {row["action"] for row in audited} == {"list-requests", "list-request", "list-task"}


async def test_of_tasks_that_are_asked_for_by_id_nobody_else_counts_as_read(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit", "free-legal-aid")
    interior = world.nodes[INTERIOR]
    await interior.feed("gateway", a_request("again", "nursing-visit"), CASE)
    await world.settle()
    asked = f"/v1/tasks?side=sender&task_id={task_id}&task_id={an_id('none')}"
    assert [task["task_id"] for task in (await get(interior, asked)).json()] == [str(task_id)]
    assert (await get(interior, f"{asked}&state=cancelled")).json() == []
    audited = await interior.rows("SELECT subject FROM audit WHERE action = 'list-task'")
    assert [row["subject"] for row in audited] == [str(task_id)]
    too_many = "&".join(f"task_id={an_id(str(n))}" for n in range(201))
    assert (await get(interior, f"/v1/tasks?{too_many}")).status_code == 422


async def test_the_officer_reads_who_looked_at_requests_and_tasks_of_a_case(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    interior = world.nodes[INTERIOR]
    case_id = str((await interior.rows("SELECT case_id FROM request"))[0]["case_id"])
    for path in (f"/v1/requests/{an_id('request')}", f"/v1/tasks/{task_id}"):
        assert (await get(interior, path)).status_code == 200
    path = f"/v1/cases/{case_id}/audit"
    acts = (await get(interior, path, OFFICER)).json()["audit"]
    looked = [(act["action"], act["subject"]) for act in acts if act["actor"] == "worker"]
    assert looked == [("read-task", str(task_id)), ("read-request", str(an_id("request")))]
    assert (await get(interior, path, OFFICER)).json()["audit"][0]["action"] == "audit-read"
    assert (await get(interior, path)).status_code == 403
    other = (await get(interior, f"/v1/cases/{an_id('another case')}/audit", OFFICER)).json()
    assert other == {"audit": [], "older": None}


async def test_the_explanation_says_why_each_provider_was_or_was_not_offered(
    world: World,
) -> None:
    await offered_to_redcross(world, "nursing-visit", "free-legal-aid")
    path = f"/v1/requests/{an_id('request')}/explanation"
    shown = (await get(world.nodes[INTERIOR], path)).json()
    assert {(each["agency"], tuple(each["verdicts"])) for each in shown} == {
        (REDCROSS, ("ask", "offered")),
        (NGO, ("no-consent",)),
    }


PARKED = """
    INSERT INTO inbox_row (consumer, subject, source, topic, epoch, sequence, state, event_id,
                           event_type, body_digest, partition, record_offset, sealed, error,
                           stored_at)
    SELECT 'referral', case_id::text, 'urn:nrm:a:gateway', 'nrm.local.a.commands.v1', 1, 1,
           'parked', 'one', 'x', '', 0, 0, ''::bytea, 'ValueError', now() FROM request
    RETURNING 1
"""


async def test_a_worker_sees_that_events_of_the_case_are_stuck(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    interior = world.nodes[INTERIOR]
    paths = (f"/v1/requests/{an_id('request')}", "/v1/tasks", f"/v1/tasks/{task_id}")
    for stuck, parked in ((False, 0), (True, 1)):
        if stuck:
            assert len(await interior.rows(PARKED)) == 1
        for path in paths:
            told = (await get(interior, path)).json()
            for each in told if isinstance(told, list) else [told, *told["tasks"]]:
                assert (each["unfinished"]["stuck"], each["unfinished"]["parked"]) == (
                    stuck,
                    parked,
                )


@pytest.mark.parametrize(
    ("token", "path", "status"),
    [
        (SYSTEM, "/v1/tasks", 403),
        ("nobody", "/v1/tasks", 401),
        (INTAKE, "/v1/tasks", 200),
        (INTAKE, "/v1/requests/6f0c1a54-6f1c-4f0e-9d0c-0d6f0c1a546f", 403),
        (WORKER, "/v1/requests/6f0c1a54-6f1c-4f0e-9d0c-0d6f0c1a546f", 404),
    ],
)
async def test_only_named_roles_pass(world: World, token: str, path: str, status: int) -> None:
    assert (await get(world.nodes[INTERIOR], path, token)).status_code == status


async def test_nothing_of_a_frozen_case_is_shown(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    redcross = world.nodes[REDCROSS]
    assert (await get(redcross, f"/v1/tasks/{task_id}", INTAKE)).status_code == 200
    await redcross.feed("gateway", gateway.SharingStopped(reference_known=True), THERE)
    assert (await get(redcross, f"/v1/tasks/{task_id}", INTAKE)).status_code == 404
    assert (await get(redcross, "/v1/tasks", INTAKE)).json() == []
    case_id = (await redcross.rows("SELECT case_id FROM task"))[0]["case_id"]
    assert (await get(redcross, f"/v1/tasks?case_id={case_id}", INTAKE)).json() == []


async def test_no_request_of_a_frozen_case_is_listed(world: World) -> None:
    await offered_to_redcross(world, "nursing-visit")
    interior = world.nodes[INTERIOR]
    case_id = (await interior.rows("SELECT case_id FROM request"))[0]["case_id"]
    assert len((await get(interior, f"/v1/requests?case_id={case_id}")).json()) == 1
    await interior.feed("gateway", gateway.SharingStopped(reference_known=True), case_id)
    assert (await get(interior, f"/v1/requests?case_id={case_id}")).json() == []


async def test_two_last_answers_at_once_still_make_one_choice(world: World) -> None:
    interior = world.nodes[INTERIOR]
    known = interior.directory
    (nurse,) = known.of_type("nursing-visit")
    twice = (nurse, replace(nurse, agency=NGO, service_id="ngo-brest.nursing-visit"))
    interior.read(replace(known, listings=twice))
    world.held_back = lambda sent: sent.name == "CapacityAnswered"
    await interior.feed("gateway", a_consent("yes", REDCROSS, NGO), CASE)
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await world.settle()
    replies = [
        interior.received("referral", each.body, each.body.query_id, sender=each.node)
        for each in world.waiting
    ]
    world.waiting.clear()
    await asyncio.gather(*(interior.handle(reply) for reply in replies))
    await world.settle()
    assert len(replies) == 2
    assert len(world.bodies(INTERIOR, referral.TaskOffered)) == 1


async def test_what_is_built_needs_a_key_and_says_which_profile_is_wrong(tmp_path: Path) -> None:
    settings = settings_of(INTERIOR, "postgresql://nobody@/nothing", "referral", tmp_path)
    with pytest.raises(SettingsWrong, match="key file"):
        await main.build(settings)
    with pytest.raises(SettingsWrong, match="NRM_PROFILE"):
        await main.build(_with(settings, profile="nowhere"))
    with pytest.raises(SettingsWrong, match="directory"):
        await main.build(_with(settings, directory_file=tmp_path / "none.yaml"))


def _with(settings: Settings, **changes: Any) -> Settings:
    return settings.model_copy(update=changes)


async def test_the_desk_for_offers_sees_what_was_offered_to_us_alone(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    interior, redcross = world.nodes[INTERIOR], world.nodes[REDCROSS]
    assert (await get(interior, "/v1/tasks", INTAKE)).json() == []
    assert (await get(interior, "/v1/tasks?side=provider", INTAKE)).json() == []
    assert (await get(interior, "/v1/tasks?side=sender", INTAKE)).status_code == 403
    assert (await get(interior, f"/v1/tasks/{task_id}", INTAKE)).status_code == 404
    assert len((await get(interior, "/v1/tasks")).json()) == 1
    (offered,) = (await get(redcross, "/v1/tasks", INTAKE)).json()
    assert (offered["task_id"], offered["side"]) == (str(task_id), "provider")
    assert offered["duty_phone"] == "+375 00 000-00-03"
