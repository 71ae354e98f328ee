"""What the person forbade in one case holds in every case of theirs; consents do not."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
import pytest_asyncio

from contracts.catalogue import type_of
from contracts.identification import (
    CaseChanged,
    CaseLinked,
    CaseMerged,
    CaseOpened,
    MajorityReached,
)
from services.chassis.clock import SystemClock, new_id
from services.gateway.domain.consent import is_live
from services.gateway.store.cases import freeze_case
from services.gateway.store.consent import read_consents
from services.gateway.store.expiring import goes_on_as
from services.gateway.store.same_person import cases_of
from tests.integration.gateway.test_whole_door import House, running
from tests.support.databases import own_database
from tests.support.gateway_door import (
    OTHER,
    a_consent,
    a_detection,
    a_record,
    an_event,
    as_,
)
from tests.support.postgres import Postgres
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
LINKED = type_of("identification", CaseLinked)
MERGED = type_of("identification", CaseMerged)
CHANGED = type_of("identification", CaseChanged)
OPENED = type_of("identification", CaseOpened)
OF_AGE = type_of("identification", MajorityReached)
FOUND = "found-while-screening"
UNASKED = ("oblast", "citizenship", "country_of_exploitation", "industry", "audience_class")
A_CHILD = {
    **dict.fromkeys((*UNASKED, "language"), "not-yet-known"),
    **{"majority": "child", "immediate_danger": False, "case_type": "trafficking"},
    "exploitation": [],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    postgres_server: Postgres, door_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    async with (
        own_database(postgres_server, door_template) as postgres,
        running(postgres, door_template, tmp_path_factory.mktemp("gateway")) as house,
    ):
        yield house


def a_restriction(case_id: str, **never: Any) -> dict[str, Any]:
    body = {"restriction_id": str(new_id()), "recorded_for": "person", **never}
    return an_event("restriction-recorded", body, subject=case_id)


async def told(house: House, *events: dict[str, Any]) -> None:
    for event in events:
        await house.send(a_record(event))
    answers = await house.answers_to(*(event["id"] for event in events))
    assert all(answers[event["id"]]["accepted"] for event in events)


async def link(house: House, case_id: str, other: str, kind: str, **about: Any) -> None:
    body = {"linked_case": other, "kind": kind, "same_person": kind != "family"}
    about = {"service": "identification", "topic": "identification", "subject": case_id} | about
    await house.fact(LINKED, body, **about)


async def are_one_persons(house: House, *named: str) -> bool:
    """Whether the gateway knows by now that these cases are of one person."""
    async with house.database.transaction() as tx:
        return await cases_of(tx, [UUID(named[0])]) >= {UUID(each) for each in named}


async def forbidden(house: House, case_id: str, many: int) -> list[dict[str, Any]]:
    """What the node's services are told that is forbidden in a case."""
    found: list[dict[str, Any]] = []

    async def enough() -> bool:
        records = [each for each in await house.records("consent") if each.key == case_id.encode()]
        found[:] = [orjson.loads(each.value or b"") for each in records]
        return len(found) >= many

    await until(enough)
    return found


async def test_restrictions_go_over_once_and_consents_never(house: House) -> None:
    old, new = str(new_id()), str(new_id())
    until_when = (SystemClock().now() + timedelta(days=9)).isoformat()
    await told(
        house,
        an_event("consent-recorded", a_consent(), subject=old),
        a_restriction(old, agency=OTHER),
        a_restriction(old, agency=OTHER),
        a_restriction(old, agency_type="local-executive", valid_until=until_when),
        a_restriction(new, oblast="BY-HO"),
    )
    await link(house, new, old, FOUND)
    await link(house, old, new, FOUND)
    await link(house, new, old, "retrafficked", sequence=2)
    there = await forbidden(house, new, many=3)
    assert [(each["agency"], each["agency_type"], each["oblast"]) for each in there] == [
        (None, None, "BY-HO"),
        (OTHER, None, None),
        (None, "local-executive", None),
    ]
    assert there[2]["valid_until"] is not None
    here = await forbidden(house, old, many=5)
    assert [each.get("oblast") for each in here] == [None, None, None, None, "BY-HO"]
    assert len({each["restriction_id"] for each in (*there, *here[1:])}) == 7


async def test_what_was_forbidden_in_a_duplicate_holds_in_the_case_that_goes_on(
    house: House,
) -> None:
    twice, goes_on = str(new_id()), str(new_id())
    await told(house, a_restriction(twice, agency=OTHER))
    about = {"service": "identification", "topic": "identification", "subject": twice}
    await house.fact(MERGED, {"into_case": goes_on}, **about)
    assert [each["agency"] for each in await forbidden(house, goes_on, many=1)] == [OTHER]
    assert len(await forbidden(house, twice, many=1)) == 1
    await link(house, twice, str(new_id()), "duplicate-of")
    await link(house, goes_on, twice, "duplicate-of")
    async with house.database.transaction() as tx:
        assert await goes_on_as(tx, UUID(twice)) == UUID(goes_on)
        assert await goes_on_as(tx, UUID(goes_on)) == UUID(goes_on), "a link is no merge"


async def test_a_restriction_that_comes_after_the_links_holds_in_every_case_of_the_person(
    house: House,
) -> None:
    first, second, third, sister = (str(new_id()) for _ in range(4))
    await link(house, second, first, "retrafficked")
    await link(house, third, second, "reopened")
    await link(house, sister, third, "family")
    await until(lambda: are_one_persons(house, first, second, third))
    await told(house, a_restriction(second, agency=OTHER))
    assert [each["agency"] for each in await forbidden(house, third, many=1)] == [OTHER]
    assert [each["agency"] for each in await forbidden(house, first, many=1)] == [OTHER]
    never = {"restriction_id": str(new_id()), "recorded_for": "officer", "oblast": "BY-HO"}
    told_again = an_event("person-detected", a_detection(restrictions=[never]), subject=third)
    await house.send(a_record(told_again))
    for case_id in (first, second):
        last = (await forbidden(house, case_id, many=2))[-1]
        assert (last["oblast"], last["valid_until"]) == ("BY-HO", None)
    await told(house, a_restriction(sister, agency_type="education"))
    assert len(await forbidden(house, sister, many=1)) == 1


async def test_a_frozen_case_gives_what_was_forbidden_in_it_and_takes_nothing(
    house: House,
) -> None:
    first, again = str(new_id()), str(new_id())
    await told(house, a_restriction(first, agency=OTHER))
    async with house.database.transaction() as tx:
        assert await freeze_case(tx, UUID(first), SystemClock().now())
    await link(house, again, first, "retrafficked")
    assert [each["agency"] for each in await forbidden(house, again, many=1)] == [OTHER]
    await until(lambda: are_one_persons(house, first, again))
    await told(house, a_restriction(again, oblast="BY-HO"))
    assert [each["oblast"] for each in await forbidden(house, again, many=2)] == [None, "BY-HO"]
    assert len(await forbidden(house, first, many=1)) == 1


async def test_of_age_what_a_guardian_agreed_to_covers_nothing_new(house: House) -> None:
    case_id = str(new_id())
    safe = {"given_by": "guardian", "guardian_status": "checked-and-safe"}
    own, guardians = a_consent(), a_consent(**safe)
    told_both = [an_event("consent-recorded", each, subject=case_id) for each in (own, guardians)]
    await told(house, *told_both)
    about = {"service": "identification", "topic": "identification", "subject": case_id}
    before = SystemClock().now()
    await house.fact(OF_AGE, {"reached_at": before.isoformat()}, **about)
    live: list[str] = []

    async def one_is_left() -> bool:
        async with house.database.transaction() as tx:
            rows = await read_consents(tx, UUID(case_id))
        now = SystemClock().now()
        live[:] = [str(each.consent_id) for each in rows if is_live(each, now)]
        return len(live) == 1

    await until(one_is_left)
    assert live == [own["consent_id"]]
    facts = await forbidden(house, case_id, many=3)
    assert [each for each in facts if "kind" in each] == [], "not withdrawn: what runs goes on"
    expired = [each["consent_id"] for each in facts if "expired_at" in each]
    assert expired == [guardians["consent_id"]]


async def refused_as_of_age(house: House, consent: dict[str, Any]) -> None:
    await house.send(a_record(consent))
    answer = (await house.answers_to(consent["id"]))[consent["id"]]
    (reason,) = answer["reasons"]
    assert (reason["code"], reason["field"]) == ("person-of-age", "given_by")


async def test_of_age_by_the_codes_alone_no_guardian_consents_and_another_cases_codes_do_not_help(
    house: House,
) -> None:
    """Of age in one case; the one that goes on still has the codes of a child."""
    twice, goes_on, marker = (str(new_id()) for _ in range(3))
    about = {"service": "identification", "topic": "identification"}
    adult = A_CHILD | {"majority": "adult"}
    await house.fact(CHANGED, adult, subject=twice, **about)
    await house.fact(MERGED, {"into_case": goes_on}, subject=twice, sequence=2, **about)
    await until(lambda: are_one_persons(house, twice, goes_on))
    await house.fact(CHANGED, A_CHILD | {"dependants": 2}, subject=goes_on, **about)
    await link(house, goes_on, marker, "reopened", sequence=2)
    await until(lambda: are_one_persons(house, goes_on, marker))
    safe = {"given_by": "guardian", "guardian_status": "checked-and-safe"}
    for case_id in (twice, goes_on):
        consent = an_event("consent-recorded", a_consent(**safe), subject=case_id)
        await refused_as_of_age(house, consent)


async def test_of_age_no_guardian_consents_any_more_whichever_of_two_cases_said_so(
    house: House,
) -> None:
    twice, goes_on = str(new_id()), str(new_id())
    safe = {"given_by": "guardian", "guardian_status": "checked-and-safe"}
    for case_id in (twice, goes_on):
        await told(house, an_event("consent-recorded", a_consent(**safe), subject=case_id))
    about = {"service": "identification", "topic": "identification"}
    reached = {"reached_at": SystemClock().now().isoformat()}
    await house.fact(OF_AGE, reached, subject=goes_on, **about)
    await house.fact(MERGED, {"into_case": goes_on}, subject=twice, **about)

    async def live() -> int:
        async with house.database.transaction() as tx:
            rows = await read_consents(tx, UUID(twice))
        return sum(is_live(each, SystemClock().now()) for each in rows)

    async def none_is_live() -> bool:
        return await live() == 0

    await until(none_is_live)
    again = [an_event("consent-recorded", a_consent(**safe), subject=twice) for _ in range(2)]
    marker = str(new_id())
    await house.fact(CHANGED, A_CHILD | {"dependants": 1}, subject=goes_on, sequence=2, **about)
    await link(house, goes_on, marker, "reopened", sequence=3)
    await until(lambda: are_one_persons(house, goes_on, marker))
    await refused_as_of_age(house, again[0])
    after_all = A_CHILD | {"child_after_all": True}
    await house.fact(CHANGED, after_all, subject=goes_on, sequence=4, **about)
    is_child = "SELECT 1 FROM case_row WHERE case_id = $1 AND of_age_at IS NULL"

    async def a_child_after_all() -> bool:
        async with house.database.transaction() as tx:
            return bool(await tx.connection.fetch(is_child, UUID(twice)))

    await until(a_child_after_all)
    await told(house, again[1])
    assert await live() == 1


async def test_a_link_that_says_duplicate_lets_a_stop_of_all_sharing_reach_both(
    house: House,
) -> None:
    """Cases that were merged before the gateway kept families are linked again, from the living."""
    first, second, goes_on = (str(new_id()) for _ in range(3))
    for case_id in (first, second):
        await told(house, an_event("consent-recorded", a_consent(), subject=case_id))
    await link(house, goes_on, first, "duplicate-of")
    await link(house, goes_on, second, "duplicate-of", sequence=2)
    await until(lambda: are_one_persons(house, first, second))
    stop = an_event("consent-withdrawn", {"kind": "stop-sharing"}, subject=goes_on)
    await told(house, stop)
    for case_id in (first, second):
        assert [each.get("kind") for each in await forbidden(house, case_id, many=2)] == [
            None,
            "stop-sharing",
        ]


async def test_a_case_that_no_detection_opened_here_is_known_as_well(house: House) -> None:
    """One that was handed over, say: whoever may only detect forbids nothing in it."""
    case_id = str(new_id())
    opened = {**A_CHILD, "origin": "hand-over", "counted_by": OTHER, "to_dos": []}
    opened["occurred_at"] = SystemClock().now().isoformat()
    about = {"service": "identification", "topic": "identification", "subject": case_id}
    await house.fact(OPENED, opened, **about)
    await house.news_of(case_id, many=1)
    never = {"restriction_id": str(new_id()), "recorded_for": "person", "agency": OTHER}
    event = an_event("person-detected", a_detection(restrictions=[never]), subject=case_id)
    headers = {"content-type": "application/cloudevents+json", **as_("detector")}
    answer = await house.client.post("/v1/intake", content=orjson.dumps(event), headers=headers)
    (reason,) = answer.json()["reasons"]
    assert (reason["code"], reason["field"]) == ("case-told-before", "restrictions/0")


async def test_another_person_of_the_family_is_bound_by_nothing(house: House) -> None:
    old, new = str(new_id()), str(new_id())
    await told(house, a_restriction(old, agency=OTHER))
    await link(house, new, old, "family")
    await told(house, a_restriction(new, oblast="BY-HO"))
    assert [each["agency"] for each in await forbidden(house, new, many=1)] == [None]


async def test_a_case_that_the_node_opened_itself_is_news_and_an_own_link_is_none(
    house: House,
) -> None:
    old, found, linked = str(new_id()), str(new_id()), str(new_id())
    await link(house, linked, old, "retrafficked")
    await link(house, found, old, FOUND)
    (news,) = await house.news_of(found, many=1)
    assert news["type"] == LINKED
    assert news["facts"]["linked_case"] == old
    assert linked not in {each["case_id"] for each in await house.feed("incoming")}
