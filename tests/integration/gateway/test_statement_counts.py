"""How many statements an event costs at the door, by HTTP."""

from tests.support.gateway_door import Door, a_detection, an_event
from tests.support.statements import Statements


async def test_an_event_at_the_door_takes_six_round_trips(
    statements: Statements, door: Door
) -> None:
    """The door looks whether it was here, the policy is read, the case becomes known, everything is
    written at once.
    """
    await door.post(an_event("person-detected", a_detection()))
    async with statements.during() as told:
        answer = await door.post(an_event("person-detected", a_detection()))
    assert answer.status_code == 202
    assert len(told) == 6, told
