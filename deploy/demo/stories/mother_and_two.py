"""`mother-and-two`: a mother with two children needs a place to live, and nobody parts them.

Her worker's form leaves the children out, one shelter takes women alone, a volunteer would put her
into the women's room, and the law places the little one elsewhere: none of it parts a family unless
somebody records why. Places say whom they suit; how many there are stays at the shelter.
"""

from __future__ import annotations

from typing import Any

from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop

NAME = "mother-and-two"
SERVICE, ALONE = "shelter", f"{loop.REDCROSS}.shelter"
CHILDREN = 2
NIGHTS = 3
WOMEN, FAMILIES = "women", "families"
ROOMS: dict[str, dict[str, Any]] = {WOMEN: {"maximum": 3}, FAMILIES: {"maximum": 1}}


def tell(stage: Stage) -> None:
    """Tell it."""
    rooms = open_rooms(stage)
    _, case_id = loop.hand_over(stage, NAME, a_mother())
    stage.say("a mother with two children is safe, and has nowhere to sleep")
    interior = stage.agency(loop.INTERIOR)
    agreed = loop.consent(stage, ["referral"], [loop.REDCROSS, loop.NGO])
    interior.tells("consent-recorded", case_id, agreed)
    alone = interior.event("referral-requested", case_id, request(new_id(), dependants=0))
    stage.must(loop.refused(stage, loop.INTERIOR, alone) == ["reason-missing"], "parted by a form")
    stage.say("a form that leaves the children out is refused: nobody says why")
    need_id = new_id()
    asked = request(need_id)
    interior.tells("referral-requested", case_id, asked)
    task = loop.accept(stage, NAME, (loop.INTERIOR, loop.NGO), SERVICE)
    verdicts = loop.considered(stage, loop.INTERIOR, asked["request_id"])
    stage.must(verdicts[ALONE] == ["family-would-be-separated"], "the women's shelter was asked")
    stage.say("asked is who takes all three; a shelter for women alone is not")
    live(stage, task, rooms)
    loop.loop_closed(stage, loop.INTERIOR, need_id)
    stage.say("they stay together, the place is free again, the loop is closed")
    close_rooms(stage, rooms)


def a_mother() -> dict[str, Any]:
    """Her codes; that she is asked for as a woman says nothing of the children."""
    return loop.detection(
        loop.BORDER,
        oblast="BY-BR",
        citizenship="BY",
        country_of_exploitation="PL",
        exploitation=["forced-labour"],
        consent_outcome="given",
        language="be",
        audience_class="women",
        dependants=CHILDREN,
    )


def request(need_id: str, **said: Any) -> dict[str, Any]:
    """A place for tonight."""
    return loop.request({need_id: SERVICE}, "urgent", language="be", **said)


def live(stage: Stage, task: tuple[str, str], rooms: dict[str, str]) -> None:
    """The place is the one that suits a family; who would move her has to say why."""
    ngo, (task_id, case_id) = stage.agency(loop.NGO), task
    stage.must(places(stage, rooms[FAMILIES])["held"] == 1, "no room for a family is held")
    apart = {"task_id": task_id, "pool_id": rooms[WOMEN]}
    moved = ngo.event("place-assigned", case_id, apart)
    stage.must(loop.refused(stage, loop.NGO, moved) == ["reason-missing"], "parted by a room")
    little = {"task_id": task_id, "pool_id": rooms[FAMILIES], "placement_class": "below-3"}
    ngo.tells("place-assigned", case_id, little)
    stage.say("not into the women's room; the younger is below three, and stays with her mother")
    loop.expected_by(stage, (loop.INTERIOR, loop.NGO), task_id)
    stage.say("her worker sees until when they are expected, as the shelter does")
    ngo.tells("person-arrived", case_id, {"task_id": task_id})
    loop.deliver(stage, loop.NGO, task, ("night", NIGHTS))


def open_rooms(stage: Stage) -> dict[str, str]:
    """Rooms of both kinds are for women; only one suits somebody with children."""
    rooms = {name: new_id() for name in ROOMS}
    for name in ROOMS:
        report(stage, name, rooms)
    return rooms


def close_rooms(stage: Stage, rooms: dict[str, str]) -> None:
    """What other stories ask for must not be found here."""
    for name, room in ROOMS.items():
        report(stage, name, rooms, out_of_service=room["maximum"])


def report(stage: Stage, name: str, rooms: dict[str, str], **changed: Any) -> None:
    """The clerk counts one kind of room."""
    pool = {"pool_id": rooms[name], "service_type": SERVICE, "audience_class": "women"}
    suits = ["dependants"] if name == FAMILIES else []
    body = {**pool, **ROOMS[name], "suits": suits, **changed}
    stage.agency(loop.NGO).tells("capacity-reported", rooms[name], body)


def places(stage: Stage, pool_id: str) -> dict[str, int]:
    """How one pool of the shelter stands, as its own clerk sees it."""
    pools = stage.get(f"{loop.NGO}.assistance", "/v1/pools", "capacity-clerk").json()
    return dict(next(each for each in pools if each["pool_id"] == pool_id))
