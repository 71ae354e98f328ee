"""A link between two cases was a mistake: what came by it alone holds no longer."""

from typing import Any

import httpx
import orjson
import pytest

from contracts.catalogue import type_of
from contracts.identification import CaseUnlinked
from contracts.intake import IntakeRefused
from services.chassis.clock import new_id
from tests.integration.gateway.test_linked_cases import (
    MERGED,
    a_restriction,
    are_one_persons,
    forbidden,
    house,
    link,
    told,
)
from tests.integration.gateway.test_whole_door import House
from tests.support.gateway_door import OTHER, Door, a_detection, a_record, an_event, as_
from tests.support.waiting import until

__all__ = ["house"]
REFUSED = type_of("identification", IntakeRefused)
UNLINKED = type_of("identification", CaseUnlinked)
WHOLE = pytest.mark.asyncio(loop_scope="module")


async def unlink(house: House, case_id: str, other: str, *, sequence: int, stands: bool) -> None:
    body = {
        "linked_case": other,
        "kind": "retrafficked",
        "reason": "another-person",
        "same_person": stands,
    }
    about = {"service": "identification", "topic": "identification", "subject": case_id}
    await house.fact(UNLINKED, body, sequence=sequence, **about)


async def lifted(house: House, case_id: str) -> list[str]:
    """Ids of what was told to hold no longer in a case."""
    records = [each for each in await house.records("consent") if each.key == case_id.encode()]
    bodies = [orjson.loads(each.value or b"") for each in records]
    return [each["restriction_id"] for each in bodies if "lifted_at" in each]


async def parted(house: House, one: str, other: str) -> None:
    async def apart() -> bool:
        return not await are_one_persons(house, one, other)

    await until(apart)


@WHOLE
async def test_what_came_by_the_link_alone_is_lifted_and_what_was_recorded_stays(
    house: House,
) -> None:
    first, second = str(new_id()), str(new_id())
    await told(house, a_restriction(first, agency=OTHER), a_restriction(first, oblast="BY-HO"))
    await link(house, second, first, "retrafficked")
    carried = await forbidden(house, second, many=2)
    await until(lambda: are_one_persons(house, first, second))
    await told(house, a_restriction(second, oblast="BY-HO"))
    await unlink(house, second, first, sequence=2, stands=False)
    await parted(house, first, second)
    await forbidden(house, second, many=4)
    (gone,) = await lifted(house, second)
    assert gone == next(each["restriction_id"] for each in carried if each["agency"] == OTHER)
    assert await lifted(house, first) == []
    await told(house, a_restriction(first, agency_type="education"))
    assert not [
        each for each in await forbidden(house, second, many=4) if each.get("agency_type")
    ], "nothing goes over any more"


@WHOLE
async def test_linked_again_it_holds_again_under_an_id_of_its_own(house: House) -> None:
    first, second = str(new_id()), str(new_id())
    await told(house, a_restriction(first, agency=OTHER))
    await link(house, second, first, "retrafficked")
    await until(lambda: are_one_persons(house, first, second))
    await unlink(house, second, first, sequence=2, stands=False)
    await parted(house, first, second)
    await link(house, second, first, "retrafficked", sequence=3)
    facts = await forbidden(house, second, many=3)
    was, gone, again = (each["restriction_id"] for each in facts)
    assert (was == gone, again == gone) == (True, False)
    assert facts[2]["agency"] == OTHER


@WHOLE
@pytest.mark.parametrize("by", ["another link", "a case between", "a merge"])
async def test_what_joins_the_two_all_the_same_keeps_everything(house: House, by: str) -> None:
    first, second, between = (str(new_id()) for _ in range(3))
    await told(house, a_restriction(first, agency=OTHER))
    await link(house, second, first, "retrafficked")
    if by == "a case between":
        await link(house, between, first, "reopened")
        await link(house, between, second, "reopened", sequence=2)
        await until(lambda: are_one_persons(house, between, first, second))
    if by == "a merge":
        about = {"service": "identification", "topic": "identification", "subject": second}
        await house.fact(MERGED, {"into_case": first}, sequence=2, **about)
    await forbidden(house, second, many=1)
    turn = 3 if by == "a merge" else 2
    await unlink(house, second, first, sequence=turn, stands=by == "another link")
    await link(house, second, str(new_id()), "family", sequence=turn + 1)
    marker = str(new_id())
    await link(house, second, marker, "reopened", sequence=turn + 2)
    await until(lambda: are_one_persons(house, second, marker))
    await forbidden(house, marker, many=1)
    assert await lifted(house, second) == []
    assert await are_one_persons(house, first, second)


@WHOLE
async def test_a_detection_of_a_case_that_is_there_joins_nothing(house: House) -> None:
    earlier, there = str(new_id()), str(new_id())
    linked = a_detection(linked_case=earlier, link_kind="reopened")
    detection = an_event("person-detected", linked, subject=there)
    await house.send(a_record(detection))
    await house.commands_for(detection, many=1)
    await told(house, a_restriction(earlier, oblast="BY-HO"))
    assert len(await forbidden(house, there, many=1)) == 1, "until somebody decided"
    refused = {"intake_id": detection["id"], "case_id": there, "reasons": [{"code": "case-exists"}]}
    about = {"service": "identification", "topic": "answers", "subject": there}
    await house.fact(REFUSED, refused, **about)
    assert not (await house.answers_to(detection["id"]))[detection["id"]]["accepted"]
    await told(house, a_restriction(earlier, agency=OTHER), a_restriction(there, oblast="BY-BR"))
    assert [each["oblast"] for each in await forbidden(house, there, many=2)] == ["BY-HO", "BY-BR"]
    assert len(await forbidden(house, earlier, many=2)) == 2


def unlinking(case_id: Any, other: Any) -> dict[str, Any]:
    body = {"linked_case": str(other), "kind": "reopened", "reason": "another-person"}
    return an_event("case-unlinked", body, subject=str(case_id))


async def tell(door: Door, role: str, event: dict[str, Any]) -> httpx.Response:
    return await door.post(event, **as_(role))


async def test_whoever_linked_the_cases_does_not_take_it_back_and_a_supervisor_does(
    door: Door,
) -> None:
    case_id, other = new_id(), new_id()
    linked = {"linked_case": str(other), "kind": "reopened"}
    assert (await door.post(an_event("case-linked", linked, subject=str(case_id)))).is_success
    for one, named in ((case_id, other), (other, case_id)):
        refused = await door.post(unlinking(one, named))
        assert [each["code"] for each in refused.json()["reasons"]] == ["second-person-needed"]
    assert (await tell(door, "case-officer", unlinking(case_id, other))).status_code == 403
    assert (await tell(door, "supervisor", unlinking(case_id, other))).status_code == 202
    told_on = [each["type"].split(".")[-2] for each in await door.published("commands")]
    assert told_on == ["link-case", "unlink-case"]


async def test_a_system_is_no_second_person_whoever_linked_the_cases(door: Door) -> None:
    case_id, other = new_id(), new_id()
    linked = an_event(
        "case-linked", {"linked_case": str(other), "kind": "reopened"}, subject=str(case_id)
    )
    assert (await tell(door, "case-officer", linked)).is_success
    refused = await tell(door, "agency-system", unlinking(case_id, other))
    assert [each["code"] for each in refused.json()["reasons"]] == ["second-person-needed"]
    assert (await tell(door, "supervisor", unlinking(case_id, other))).status_code == 202
