"""Identity for a file: one officer, one reason, one row in the audit each time; nowhere else."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from doors.files import write_whole
from doors.identified import identities_of
from doors.node import Node
from doors.standards import exported, name_people
from services.chassis.clock import new_id
from services.gateway.store.cases import freeze_case, lock_case
from tests.integration.gateway.test_safe_door import IDENTITY
from tests.support.gateway_door import CANARY, NOW, Door, as_
from tests.unit.doors.test_standards import a_case

OFFICER = "data-protection-officer"


async def acts(door: Door) -> list[tuple[str, str]]:
    rows = await door.rows("SELECT action, reason FROM audit ORDER BY id")
    return [(row["action"], row["reason"]) for row in rows if row["action"] != "person-kept"]


async def test_it_is_read_with_a_reason_which_the_audit_keeps(door: Door) -> None:
    path = f"/v1/persons/{(case_id := new_id())}"
    await door.client.put(path, json=IDENTITY)
    read = await door.client.get(f"{path}/export?reason=court-order", headers=as_(OFFICER))
    assert (read.status_code, read.headers["cache-control"]) == (200, "no-store")
    assert read.json()["names"][0]["full"] == CANARY
    (row,) = await door.rows("SELECT * FROM audit WHERE action = 'person-exported'")
    assert (row["subject"], row["reason"]) == (str(case_id), "court-order")
    assert row["actor"].endswith(OFFICER)


async def test_without_a_reason_of_the_list_nothing_is_read(door: Door) -> None:
    path = f"/v1/persons/{new_id()}"
    await door.client.put(path, json=IDENTITY)
    for asked in ("", "?reason=not-said", "?reason=curious", f"?reason={CANARY}"):
        read = await door.client.get(f"{path}/export{asked}", headers=as_(OFFICER))
        assert read.status_code == 422
        assert "anary" not in read.text
    assert await acts(door) == []


async def test_nobody_else_takes_identity_out(door: Door) -> None:
    path = f"/v1/persons/{new_id()}"
    await door.client.put(path, json=IDENTITY)
    for role in ("case-officer", "agency-system", "operator"):
        read = await door.client.get(f"{path}/export?reason=law", headers=as_(role))
        assert read.status_code == 403
        assert "anary" not in read.text


async def test_nothing_of_a_frozen_or_an_unknown_case_goes_out_and_the_try_is_kept(
    door: Door,
) -> None:
    case_id = new_id()
    await door.client.put(f"/v1/persons/{case_id}", json=IDENTITY)
    async with door.database.transaction() as tx:
        await lock_case(tx, case_id, NOW)
        await freeze_case(tx, case_id, NOW)
    for one, status in ((case_id, 409), (new_id(), 404)):
        read = await door.client.get(f"/v1/persons/{one}/export?reason=law", headers=as_(OFFICER))
        assert read.status_code == status
        assert "anary" not in read.text
    assert await acts(door) == [
        ("person-exported", "law:frozen"),
        ("person-exported", "law:absent"),
    ]


async def test_the_name_is_in_the_file_for_its_owner_alone_and_nowhere_else(
    door: Door, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own, elsewhere = new_id(), new_id()
    for case_id in (own, elsewhere):
        await door.client.put(f"/v1/persons/{case_id}", json=IDENTITY)
    told = exported("htcds", [a_case(case_id=str(own))])
    asked = identities_of(_as_officer(door), [str(own)], "own-system")
    name_people(told, {case_id: identity async for case_id, identity in asked})
    write_whole(path := tmp_path / "out" / "htcds.csv", told.document())
    assert path.read_text().count(CANARY) == 1
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    read = await door.rows("SELECT subject FROM audit WHERE action = 'person-exported'")
    assert [row["subject"] for row in read] == [str(own)]
    assert "anary" not in json.dumps([*told.lost, *capfd.readouterr(), *await _kept(door)])


def _as_officer(door: Door) -> Node:
    transport: Any = door.client._transport
    return Node(
        httpx.AsyncClient(transport=transport, base_url="http://door", headers=as_(OFFICER))
    )


async def _kept(door: Door) -> list[str]:
    """Every row of every table: the outbox, the feeds and the audit are among them."""
    tables = await door.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    found = []
    for table in tables:
        rows = await door.rows(f"SELECT t::text AS text FROM {table['tablename']} t")  # noqa: S608
        found += [row["text"] for row in rows]
    return found
