"""What the pages tell is taken by a real door as it stands, once, by the person's own right; what a
real gateway shows of the news stands on their page.
"""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
from starlette.requests import Request

from console.calling import Services
from console.desk import VISIT, Desk, Visit
from console.pages.detecting import detect
from console.pages.news import list_news
from console.sessions import Session
from console.telling import Teller, Telling
from services.chassis.clock import SystemClock, new_id
from services.chassis.errors import NotAllowed
from services.chassis.identity import Caller
from services.gateway.handlers.feeds import INCOMING
from tests.support.console_bench import NOW, a_console
from tests.support.gateway_door import NODE, OTHER, TOKENS, Door, an_event

ASKED = ("case_type", "majority")
MET = {
    "detecting_agency": NODE,
    "case_type": "trafficking",
    "majority": "adult",
    "immediate_danger": True,
}


def somebody(role: str) -> Session:
    """Who is signed in with one role."""
    caller = Caller(f"{NODE}.{role}", frozenset({role}), NODE)
    return Session(caller, TOKENS[role], began=0.0, touched=0.0, language="ru", secret="secret")


def teller(door: Door) -> Teller:
    """The pages' way to the door."""
    return Teller(Services({"gateway": "http://door"}, door.client), SystemClock(), NODE, 1)


def a_meeting(case_id: UUID, **changes: object) -> Telling:
    return Telling(
        happened="person-detected", subject=case_id, body=MET | changes, form_id=new_id()
    )


async def test_a_form_sent_twice_becomes_one_command(door: Door) -> None:
    met = a_meeting(new_id())
    for _ in range(2):
        told = await teller(door).tell(somebody("case-officer"), met)
        assert told.accepted is None
    (command,) = await door.published("commands")
    assert command["body"]["immediate_danger"] is True
    actors = await door.rows("SELECT DISTINCT actor FROM audit")
    assert [row["actor"] for row in actors] == [f"{NODE}.case-officer"]


async def test_a_form_that_the_door_refuses_comes_back_with_its_reasons(door: Door) -> None:
    wrong = a_meeting(new_id(), majority=1, immediate_danger="no")
    told = await teller(door).tell(somebody("case-officer"), wrong)
    assert told.accepted is False
    assert {reason["field"] for reason in told.reasons} == {"majority", "immediate_danger"}


async def test_what_the_role_may_not_tell_is_refused_by_the_door_itself(door: Door) -> None:
    with pytest.raises(NotAllowed):
        await teller(door).tell(somebody("provider-intake"), a_meeting(new_id()))
    assert await door.published("commands") == []


async def detected_by_page(door: Door, desk: Desk, role: str, **fields: list[str]) -> str:
    """The form sent by somebody of this role, with the real door behind it; where it leads."""
    services = Services({"gateway": "http://door"}, door.client)
    settings = desk.settings.model_copy(update={"node": NODE})
    visit = Visit(
        desk=replace(desk, services=services, teller=teller(door), settings=settings),
        path="/detect",
        cookie="",
        session_if_any=somebody(role),
        language="en",
        form={
            "form_id": [str(new_id())],
            **{name: [str(value)] for name, value in MET.items() if name in ASKED},
            "immediate_danger": ["yes"],
            **fields,
        },
    )
    scope = {"type": "http", "query_string": b"", "state": {VISIT: visit}}
    answer = await detect(Request(scope))
    return answer.headers.get("location", bytes(answer.body).decode())


async def test_a_detector_names_an_earlier_case_by_page_and_what_it_forbids_goes_over(
    door: Door, tmp_path: Path
) -> None:
    earlier = new_id()
    never = {"restriction_id": str(new_id()), "recorded_for": "person", "agency": OTHER}
    await door.post(an_event("restriction-recorded", never, subject=str(earlier)))
    linked = {"linked_case": [str(earlier)], "link_kind": ["retrafficked"]}
    async with a_console(tmp_path) as bench:
        where = await detected_by_page(door, bench.desk, "detector", **linked)
    assert where == "/detect"
    (command,) = await door.published("commands")
    assert command["body"]["linked_case"] == str(earlier)
    assert [each["agency"] for each in command["body"]["restrictions"]] == [OTHER]
    held = await door.rows(
        "SELECT case_id FROM restriction WHERE agency = $1 AND case_id <> $2", OTHER, earlier
    )
    assert [str(row["case_id"]) for row in held] == [command["key"]]


async def happened(door: Door, number: int) -> None:
    """News of help that began, with its number."""
    entry = {
        "id": str(new_id()),
        "type": "org.nrm.referral.task-started.v1",
        "time": NOW.isoformat(),
        "case_id": str(new_id()),
        "facts": {"side": "provider", "task_id": str(UUID(int=number)), "service_type": "shelter"},
    }
    async with door.database.transaction() as tx:
        await door.context.feeds.append(tx, INCOMING, entry)


async def page_of_news(door: Door, desk: Desk, address: str) -> str:
    """The page, as a nurse sees it with the real gateway behind it."""
    visit = Visit(
        desk=replace(desk, services=Services({"gateway": "http://door"}, door.client)),
        path="/news",
        cookie="",
        session_if_any=somebody("provider-intake"),
        language="en",
        form={},
    )
    query = address.partition("?")[2].encode()
    scope = {"type": "http", "query_string": query, "state": {VISIT: visit}}
    return bytes((await list_news(Request(scope))).body).decode()


async def test_the_page_of_news_goes_back_through_all_that_a_real_gateway_shows(
    door: Door, tmp_path: Path
) -> None:
    for number in range(70):
        await happened(door, number)
    await door.context.feeds.number()
    address, shown = "/news", []
    async with a_console(tmp_path) as bench:
        while address:
            text = await page_of_news(door, bench.desk, address)
            shown += re.findall(r'<a href="/help/([0-9a-f-]{36})">', text)
            older = re.search(r'<a href="([^"]*before=[^"]*)"', text)
            address = unescape(older[1]) if older else ""
        assert [UUID(task).int for task in shown] == list(range(69, -1, -1))
        waiting = await page_of_news(door, bench.desk, "/news?only=waits&since=all")
        assert "/help/" not in waiting
