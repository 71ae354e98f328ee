"""Bands of age out of the safe: codes and counts, for whom they are, each look recorded."""

import json
from typing import Any
from uuid import UUID

import pytest

from services.chassis.clock import new_id
from services.gateway.store.cases import freeze_case, lock_case
from services.gateway.store.merges import add_merged
from tests.integration.gateway.test_safe_door import IDENTITY
from tests.support.gateway_door import NOW, Door, as_

CERTAIN: dict[str, Any] = {
    "placement-class": {"code": "adult", "certain": True},
    "age-band-glotip": {"code": "from-18", "certain": True},
    "age-band-ctdc": {"code": "from-30-to-38", "certain": True},
}
DETECTED = "detected-by-age-band-glotip"


async def keep(door: Door, **born: Any) -> UUID:
    """Somebody in the safe."""
    case_id = new_id()
    identity = {"names": IDENTITY["names"], **born}
    kept = await door.client.put(f"/v1/persons/{case_id}", json=identity)
    assert kept.status_code == 204
    return case_id


async def acts(door: Door) -> list[tuple[str, str]]:
    rows = await door.rows("SELECT action, reason FROM audit ORDER BY id")
    return [(row["action"], row["reason"]) for row in rows if row["action"] != "person-kept"]


async def freeze(door: Door, case_id: UUID) -> None:
    async with door.database.transaction() as tx:
        await lock_case(tx, case_id, NOW)
        await freeze_case(tx, case_id, NOW)


async def test_a_case_officer_gets_codes_and_no_date_and_the_look_is_recorded(door: Door) -> None:
    case_id = await keep(door, born_on="1990-05-17")
    told = await door.client.get(f"/v1/persons/{case_id}/age-bands", headers=as_("case-officer"))
    assert told.status_code == 200
    assert set(told.json()) == set(CERTAIN)
    assert told.json()["placement-class"] == CERTAIN["placement-class"]
    assert told.json()["age-band-glotip"] == CERTAIN["age-band-glotip"]
    assert "1990" not in told.text
    assert "anary" not in told.text
    assert await acts(door) == [("age-bands-read", "")]


async def test_whoever_gives_a_place_learns_the_class_that_places_and_nothing_else(
    door: Door,
) -> None:
    case_id = await keep(door, birth_year=1950)
    told = await door.client.get(
        f"/v1/persons/{case_id}/placement-class", headers=as_("provider-intake")
    )
    assert told.json() == {"placement-class": {"code": "adult", "certain": True}}
    assert await acts(door) == [("placement-class-read", "")]


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        ("age-bands", ("provider-intake", "statistician", "agency-system", "operator")),
        ("placement-class", ("statistician", "agency-system", "detector", "operator")),
    ],
)
async def test_nobody_else_gets_a_band(door: Door, path: str, roles: tuple[str, ...]) -> None:
    case_id = await keep(door, birth_year=1950)
    for role in roles:
        told = await door.client.get(f"/v1/persons/{case_id}/{path}", headers=as_(role))
        assert told.status_code == 403
    assert await acts(door) == []


async def test_of_a_frozen_or_an_empty_safe_nothing_is_told_and_the_try_is_recorded(
    door: Door,
) -> None:
    case_id = await keep(door, born_on="1990-05-17")
    await freeze(door, case_id)
    for one, status in ((case_id, 409), (new_id(), 404)):
        told = await door.client.get(f"/v1/persons/{one}/age-bands", headers=as_("case-officer"))
        assert told.status_code == status
    assert await acts(door) == [("age-bands-read", "frozen"), ("age-bands-read", "absent")]


async def test_without_a_birth_the_bands_are_not_yet_known(door: Door) -> None:
    case_id = await keep(door)
    told = await door.client.get(f"/v1/persons/{case_id}/age-bands", headers=as_("case-officer"))
    assert {band["code"] for band in told.json().values()} == {"not-yet-known"}


async def test_cases_are_counted_by_band_on_their_own_day_and_add_up(door: Door) -> None:
    child, adult = await keep(door, born_on="2008-11-02"), await keep(door, birth_year=1980)
    frozen, duplicate = await keep(door, birth_year=1980), await keep(door, born_on="2009-01-01")
    goes_on, empty = new_id(), new_id()
    await freeze(door, frozen)
    async with door.database.transaction() as tx:
        await add_merged(tx, duplicate, goes_on, NOW)
    # in Minsk it is the 2nd of November already: of age on that day, and not one minute before
    moments = {child: ("2026-11-01T21:30:00Z", "2026-11-01T20:30:00Z")}
    counted = [
        {"case_id": str(case_id), "table": "detected", "happened_at": at}
        for case_id in (child, adult, frozen, goes_on, empty)
        for at in moments.get(case_id, ("2026-11-02T09:00:00Z",))
    ]
    told = await door.client.post(
        "/v1/age-counts", json={"counted": counted}, headers=as_("report-writer")
    )
    assert told.status_code == 200
    assert told.json()[DETECTED] == {"from-18": 2, "below-18": 2, "not-yet-known": 2}
    assert sum(told.json()["detected-by-age-band-ctdc"].values()) == len(counted)
    rows = await door.rows("SELECT subject FROM audit WHERE action = 'age-counted'")
    assert {row["subject"] for row in rows} == {str(each) for each in (child, adult, duplicate)}


async def test_only_the_writer_of_the_report_counts_and_so_many_at_once(door: Door) -> None:
    one = {"case_id": str(new_id()), "table": "detected", "happened_at": "2026-11-02T09:00:00Z"}
    for role in ("case-officer", "provider-intake", "agency-system", "operator", "statistician"):
        told = await door.client.post("/v1/age-counts", json={"counted": [one]}, headers=as_(role))
        assert told.status_code == 403
    too_many = {"counted": [one] * 401}
    told = await door.client.post("/v1/age-counts", json=too_many, headers=as_("report-writer"))
    assert told.status_code == 422


async def test_no_band_and_no_date_is_in_anything_that_could_leave(door: Door) -> None:
    case_id = await keep(door, born_on="1990-05-17")
    await door.client.get(f"/v1/persons/{case_id}/age-bands", headers=as_("case-officer"))
    for table in ("outbox", "feed_entry", "audit"):
        rows = await door.rows(f"SELECT t::text AS text FROM {table} t")  # noqa: S608
        text = json.dumps([row["text"] for row in rows])
        assert "1990-05" not in text
        assert "from-30" not in text
        assert "from-18" not in text
