"""What the pages tell is taken by a real door as it stands, once, by the person's own right."""

from uuid import UUID

import pytest

from console.calling import Services
from console.sessions import Session
from console.telling import Teller, Telling
from services.chassis.clock import SystemClock, new_id
from services.chassis.errors import NotAllowed
from services.chassis.identity import Caller
from tests.support.gateway_door import NODE, TOKENS, Door

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
