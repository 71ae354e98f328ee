"""The safe: identity goes in and comes out for one role; it is nowhere else, and reading shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.chassis.clock import new_id
from services.chassis.errors import CannotOpen
from services.gateway.handlers.persons import person_context
from services.gateway.store.cases import freeze_case, lock_case
from tests.support.gateway_door import CANARY, NOW, Door, as_

IDENTITY: dict[str, Any] = {
    "names": [{"full": CANARY, "script": "Latn"}],
    "born_on": "1990-05-17",
    "documents": [{"kind": "passport", "number": "CANARY-7788"}],
    "phones": [{"number": "+375 00 000-77-88", "safe": True}],
    "addresses": [{"lines": ["Canary street 7", "Brest"]}],
    "notes": "asks for a call after six",
}


async def test_identity_is_kept_before_any_event_and_read_by_a_case_officer(door: Door) -> None:
    case_id = new_id()
    kept = await door.client.put(f"/v1/persons/{case_id}", json=IDENTITY)
    assert kept.status_code == 204
    assert kept.content == b""
    read = await door.client.get(f"/v1/persons/{case_id}", headers=as_("case-officer"))
    assert read.status_code == 200
    assert read.headers["cache-control"] == "no-store"
    assert read.json()["names"][0]["full"] == CANARY
    assert read.json()["born_on"] == "1990-05-17"
    acts = await door.rows("SELECT action FROM audit WHERE subject = $1 ORDER BY id", str(case_id))
    assert [row["action"] for row in acts] == ["person-kept", "person-read"]


async def test_the_database_holds_no_word_of_it(door: Door) -> None:
    await door.client.put(f"/v1/persons/{new_id()}", json=IDENTITY)
    for table in await door.rows(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    ):
        name = table["tablename"]
        found = await door.rows(f"SELECT t::text AS text FROM {name} t")  # noqa: S608
        assert "anary" not in json.dumps([row["text"] for row in found]), name


async def test_a_blob_moved_to_another_case_does_not_open(door: Door) -> None:
    case_id = new_id()
    await door.client.put(f"/v1/persons/{case_id}", json=IDENTITY)
    (row,) = await door.rows("SELECT sealed FROM person")
    assert CANARY.encode() in door.context.keys.open(row["sealed"], person_context(case_id))
    with pytest.raises(CannotOpen):
        door.context.keys.open(row["sealed"], person_context(new_id()))


OTHER_PERSON = {"names": [{"full": "Other Name"}]}


async def test_another_identity_covers_nobody_and_the_same_again_changes_nothing(
    door: Door,
) -> None:
    path = f"/v1/persons/{new_id()}"
    for body, status in ((IDENTITY, 204), (OTHER_PERSON, 409), (IDENTITY, 204)):
        answer = await door.client.put(path, json=body)
        assert answer.status_code == status
        assert answer.headers["etag"] == '"1"'
        if status == 409:
            assert answer.json()["type"] == "urn:nrm:problem:already-kept"
    read = await door.client.get(path, headers=as_("case-officer"))
    assert read.json()["names"][0]["full"] == CANARY
    acts = await door.rows("SELECT action, reason FROM audit ORDER BY id")
    assert [(row["action"], row["reason"]) for row in acts] == [
        ("person-kept", ""),
        ("person-replaced", "already-kept"),
        ("person-kept", ""),
        ("person-read", ""),
    ]


async def test_an_identity_is_replaced_by_whoever_saw_what_is_there(door: Door) -> None:
    path = f"/v1/persons/{new_id()}"
    await door.client.put(path, json=IDENTITY)
    seen = (await door.client.get(path, headers=as_("case-officer"))).headers["etag"]
    late, newer = {"names": [{"full": "Too Late"}]}, OTHER_PERSON
    replaced = await door.client.put(path, json=newer, headers={"if-match": seen})
    assert (replaced.status_code, replaced.headers["etag"]) == (204, '"2"')
    for tag in (seen, '"3"', "*", CANARY):
        answer = await door.client.put(path, json=late, headers={"if-match": tag})
        assert answer.status_code == 412
        assert answer.json()["type"] == "urn:nrm:problem:changed-since"
        assert answer.headers["etag"] == '"2"'
    nobody = await door.client.put(f"/v1/persons/{new_id()}", json=late, headers={"if-match": seen})
    assert (nobody.status_code, nobody.headers.get("etag")) == (412, None)
    read = await door.client.get(path, headers=as_("case-officer"))
    assert (read.json(), read.headers["etag"]) == (newer, '"2"')


async def test_a_system_that_lost_the_answer_and_may_not_read_can_still_correct(door: Door) -> None:
    path = f"/v1/persons/{new_id()}"
    await door.client.put(path, json=IDENTITY)  # its answer is lost
    corrected = IDENTITY | {"phones": [{"number": "+375 00 000-77-99", "safe": True}]}
    refused = await door.client.put(path, json=corrected)
    seen = {"if-match": refused.headers["etag"]}
    assert (await door.client.put(path, json=corrected, headers=seen)).status_code == 204
    read = await door.client.get(path, headers=as_("case-officer"))
    assert read.json()["phones"] == corrected["phones"]


async def test_only_a_case_officer_reads(door: Door) -> None:
    case_id = new_id()
    await door.client.put(f"/v1/persons/{case_id}", json=IDENTITY)
    for role in ("agency-system", "operator"):
        read = await door.client.get(f"/v1/persons/{case_id}", headers=as_(role))
        assert read.status_code == 403
        assert "anary" not in read.text


async def test_nothing_is_read_of_a_frozen_case(door: Door) -> None:
    case_id = new_id()
    await door.client.put(f"/v1/persons/{case_id}", json=IDENTITY)
    async with door.database.transaction() as tx:
        await lock_case(tx, case_id, NOW)
        await freeze_case(tx, case_id, NOW)
    read = await door.client.get(f"/v1/persons/{case_id}", headers=as_("case-officer"))
    kept = await door.client.put(f"/v1/persons/{case_id}", json=IDENTITY)
    assert (read.status_code, kept.status_code) == (409, 409)
    assert "anary" not in read.text
    reasons = await door.rows("SELECT reason FROM audit WHERE action = 'person-read'")
    assert [row["reason"] for row in reasons] == ["frozen"]


async def test_looking_for_nobody_is_recorded_too(door: Door) -> None:
    read = await door.client.get(f"/v1/persons/{new_id()}", headers=as_("case-officer"))
    assert read.status_code == 404
    assert len(await door.rows("SELECT 1 FROM audit WHERE reason = 'absent'")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {CANARY: CANARY},
        {"names": [{"full": CANARY, CANARY: 1}]},
        {"names": [{"full": "Canary" * 100}]},
        {"names": [{"full": CANARY}] * 11},
        {"born_on": CANARY},
        {"phones": [{"number": CANARY, "safe": True}]},
        {"phones": [{"number": "+375", "safe": CANARY}]},
        {"notes": CANARY * 1000},
        [CANARY],
        CANARY,
    ],
)
async def test_a_wrong_identity_is_refused_and_never_echoed(door: Door, wrong: Any) -> None:
    answer = await door.client.put(f"/v1/persons/{new_id()}", json=wrong)
    assert answer.status_code == 422
    assert "anary" not in answer.text
    assert await door.rows("SELECT 1 FROM person") == []


async def test_no_name_is_taken_for_a_case_id(door: Door) -> None:
    answer = await door.client.put(f"/v1/persons/{CANARY}", json=IDENTITY)
    assert answer.status_code == 422
    assert "anary" not in answer.text


async def test_too_large_an_identity_is_refused(door: Door, tmp_path: Path) -> None:
    answer = await door.client.put(f"/v1/persons/{new_id()}", content=b"x" * 70_000)
    assert answer.status_code == 413


async def test_registers_of_an_unknown_case_are_absent_and_the_asking_recorded(door: Door) -> None:
    for name in ("consents", "restrictions", "disclosures"):
        answer = await door.client.get(f"/v1/cases/{new_id()}/{name}", headers=as_("case-officer"))
        assert answer.status_code == 404
    assert len(await door.rows("SELECT 1 FROM audit WHERE reason = 'absent'")) == 3
