"""Legal holds on a real database: placed, confirmed, lifted, expired; what they keep, who hears."""

import asyncio
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from services.chassis.audit import record
from services.chassis.clock import FrozenClock, new_id
from services.gateway.handlers import holding
from services.gateway.handlers.holding import HoldClock
from services.gateway.store import holds
from services.gateway.store.cases import freeze_case, lock_case
from services.gateway.store.merges import add_merged
from tests.integration.gateway.test_safe_door import IDENTITY
from tests.support.gateway_door import NODE, NOW, Door, an_event, as_

OFFICER, SUPERVISOR = as_("data-protection-officer"), as_("supervisor")
DAY = timedelta(days=1)


@pytest.fixture
def door_clock() -> FrozenClock:
    """One that the test moves."""
    return FrozenClock(NOW)


def let_pass(door: Door, days: float) -> None:
    cast(FrozenClock, door.context.clock).advance(timedelta(days=days))


async def a_stopped_case(door: Door) -> UUID:
    """Somebody in the safe, and sharing that was stopped."""
    case_id = new_id()
    assert (await door.client.put(f"/v1/persons/{case_id}", json=IDENTITY)).status_code == 204
    async with door.database.transaction() as tx:
        await lock_case(tx, case_id, NOW)
        await freeze_case(tx, case_id, NOW)
    return case_id


async def tell(
    door: Door, happened: str, case_id: UUID, body: dict[str, Any], who: dict[str, str]
) -> list[str]:
    """The reasons of a refusal; none: it was taken."""
    answer = await door.post(an_event(happened, body, subject=str(case_id)), **who)
    assert answer.status_code in (200, 422), answer.text
    return [reason["code"] for reason in answer.json()["reasons"]]


async def place(
    door: Door, case_id: UUID, days: float = 100, who: dict[str, str] = OFFICER, **changes: Any
) -> tuple[str, list[str]]:
    hold_id = str(new_id())
    ends_at = door.context.clock.now() + timedelta(days=days)
    body = {"hold_id": hold_id, "ground": "court-order", "ends_at": ends_at.isoformat(), **changes}
    return hold_id, await tell(door, "legal-hold-placed", case_id, body, who)


async def confirm(
    door: Door, case_id: UUID, hold_id: str, who: dict[str, str] = SUPERVISOR
) -> list[str]:
    return await tell(door, "legal-hold-confirmed", case_id, {"hold_id": hold_id}, who)


async def lift(
    door: Door, case_id: UUID, hold_id: str, who: dict[str, str] = SUPERVISOR
) -> list[str]:
    return await tell(door, "legal-hold-lifted", case_id, {"hold_id": hold_id}, who)


async def destroy(door: Door, case_id: UUID) -> tuple[int, list[str]]:
    answer = await door.client.delete(f"/v1/persons/{case_id}", headers=OFFICER)
    if answer.status_code != 409:
        return answer.status_code, []
    told = answer.json()
    assert told["type"] == f"urn:nrm:problem:{told['errors'][0]['type']}"
    return 409, [error["type"] for error in told["errors"]]


async def listed(door: Door, **query: str) -> list[tuple[str, bool]]:
    """What the officer's list says: (case, whether it was stopped)."""
    answer = await door.client.get("/v1/kept-cases", params=query, headers=OFFICER)
    assert answer.status_code == 200
    assert all(set(row) == {"case_id", "frozen_at"} for row in answer.json())
    return [(row["case_id"], row["frozen_at"] is not None) for row in answer.json()]


async def facts(door: Door) -> list[tuple[str, dict[str, Any]]]:
    rows = await door.published("consent")
    return [(row["type"].removeprefix("org.nrm.gateway."), row["body"]) for row in rows]


async def test_a_hold_keeps_what_is_in_the_safe_until_it_ends_and_the_clock_begins_anew(
    door: Door,
) -> None:
    case_id = await a_stopped_case(door)
    assert await destroy(door, case_id) == (409, ["not-yet-due"])
    hold_id, refused = await place(door, case_id)
    assert refused == []
    assert await confirm(door, case_id, hold_id) == []
    let_pass(door, 50)
    assert await destroy(door, case_id) == (409, ["legal-hold", "not-yet-due"])
    assert len(await door.rows("SELECT 1 FROM person")) == 1
    assert await lift(door, case_id, hold_id) == []
    assert await destroy(door, case_id) == (409, ["not-yet-due"])
    let_pass(door, 3)
    assert await destroy(door, case_id) == (204, [])
    assert await door.rows("SELECT 1 FROM person") == []
    assert (await destroy(door, case_id))[0] == 404
    acts = await door.rows("SELECT reason FROM audit WHERE action = 'person-destroyed' ORDER BY id")
    told = ["not-yet-due", "legal-hold", "not-yet-due", "", "nothing-there"]
    assert [row["reason"] for row in acts] == told


async def told_destroyed(door: Door) -> list[str]:
    """Each case of which the services were told, with the time and nothing beside it."""
    rows = await door.published("consent")
    found = [row for row in rows if "person-destroyed" in row["type"]]
    assert all(set(row["body"]) == {"destroyed_at"} for row in found)
    return [row["key"] for row in found]


async def test_the_services_hear_what_was_destroyed_and_never_what_was_not(door: Door) -> None:
    case_id, same = await a_stopped_case(door), await a_stopped_case(door)
    async with door.database.transaction() as tx:
        await add_merged(tx, same, case_id, NOW)
    await destroy(door, case_id)
    await destroy(door, new_id())
    assert await told_destroyed(door) == []
    let_pass(door, 3)
    assert await destroy(door, case_id) == (204, [])
    assert await told_destroyed(door) == [str(case_id)]
    assert len(await door.rows("SELECT 1 FROM person")) == 1


async def test_whoever_finds_nothing_to_destroy_is_told_so_and_the_services_hear_of_it_too(
    door: Door,
) -> None:
    """A duplicate without an identity of its own: people were asked to destroy it as well."""
    case_id = await a_stopped_case(door)
    async with door.database.transaction() as tx:
        await tx.connection.execute("DELETE FROM person")
    assert (await destroy(door, case_id))[0] == 409
    assert (await destroy(door, new_id()))[0] == 404
    assert await told_destroyed(door) == []
    let_pass(door, 3)
    assert (await destroy(door, case_id))[0] == 404
    assert await told_destroyed(door) == [str(case_id)]
    acts = await door.rows("SELECT reason FROM audit WHERE action = 'person-destroyed' ORDER BY id")
    assert [row["reason"] for row in acts] == ["not-yet-due", "absent", "nothing-there"]


async def test_what_was_written_instead_of_codes_is_destroyed_without_an_identity_too(
    door: Door,
) -> None:
    case_id = new_id()
    async with door.database.transaction() as tx:
        await lock_case(tx, case_id, NOW)
        await freeze_case(tx, case_id, NOW)
        await tx.connection.execute(
            "INSERT INTO original_code (cause_id, subject, sealed, recorded_at)"
            " VALUES ('a', $1, 'x', $2)",
            *(case_id, NOW),
        )
    let_pass(door, 4)
    assert await listed(door) == [(str(case_id), True)]
    assert await destroy(door, case_id) == (204, [])
    assert (await listed(door), await told_destroyed(door)) == ([], [str(case_id)])


async def test_a_hold_that_nobody_ended_by_hand_blocks_nothing_after_its_end(door: Door) -> None:
    case_id = await a_stopped_case(door)
    hold_id, _ = await place(door, case_id, days=10)
    await confirm(door, case_id, hold_id)
    let_pass(door, 9.9)
    assert (await destroy(door, case_id))[1][0] == "legal-hold"
    let_pass(door, 3.2)
    assert await destroy(door, case_id) == (204, [])


async def test_without_a_second_person_it_falls_and_nobody_confirms_their_own(door: Door) -> None:
    case_id = await a_stopped_case(door)
    hold_id, _ = await place(door, case_id)
    other, _ = await place(door, case_id, ground="persons-claim", who=as_("agency-system"))
    assert await confirm(door, case_id, other, as_("agency-system")) == ["second-person-needed"]
    assert await confirm(door, case_id, other) == []
    assert await confirm(door, case_id, other) == ["wrong-state"]
    assert await confirm(door, case_id, hold_id, OFFICER) == ["second-person-needed"]
    answer = await door.post(
        an_event("legal-hold-confirmed", {"hold_id": hold_id}, subject=str(case_id)),
        **as_("case-officer"),
    )
    assert answer.status_code == 403
    let_pass(door, 3.1)
    assert await confirm(door, case_id, hold_id) == ["hold-ended"]
    assert await lift(door, case_id, hold_id) == ["hold-ended"]
    assert await HoldClock(door.context).look() == 1
    ended = [body for kind, body in await facts(door) if kind == "legal-hold-ended.v1"]
    assert [(body["hold_id"], body["kind"]) for body in ended] == [(hold_id, "not-confirmed")]
    assert ended[0]["ended_at"].startswith("2026-11-05T09:00")


async def test_whoever_placed_it_with_both_roles_does_not_confirm_it(door: Door) -> None:
    case_id = await a_stopped_case(door)
    hold_id, _ = await place(door, case_id)
    async with door.database.transaction() as tx:
        placed, reason = "legal-hold-placed", f"court-order:{hold_id}"
        actor = f"{NODE}.supervisor"
        record(tx, actor=actor, action=placed, subject=str(case_id), reason=reason)
    assert await confirm(door, case_id, hold_id) == ["second-person-needed"]


async def test_only_the_officer_or_a_supervisor_places_and_every_objection_is_told(
    door: Door,
) -> None:
    case_id = await a_stopped_case(door)
    for role in ("case-officer", "detector", "provider-intake"):
        body = {"hold_id": str(new_id()), "ground": "court-order", "ends_at": NOW.isoformat()}
        event = an_event("legal-hold-placed", body, subject=str(case_id))
        assert (await door.post(event, **as_(role))).status_code == 403
    hold_id, refused = await place(door, case_id, days=181, ground="because")
    assert set(refused) == {"reason-missing", "hold-too-long"}
    assert (await place(door, new_id()))[1] == ["unknown-case"]
    hold_id, _ = await place(door, case_id)
    again = await place(door, case_id, hold_id=hold_id)
    assert again[1] == ["id-reused", "second-person-needed"]
    assert await lift(door, await a_stopped_case(door), hold_id) == ["unknown-hold"]
    assert await lift(door, case_id, str(new_id())) == ["unknown-hold"]


async def test_people_hear_before_it_ends_and_when_it_did_and_never_twice(door: Door) -> None:
    case_id = await a_stopped_case(door)
    hold_id, _ = await place(door, case_id)
    clock = HoldClock(door.context)
    let_pass(door, 1.6)
    assert await clock.look() == 1
    await confirm(door, case_id, hold_id)
    assert await clock.look() == 0
    let_pass(door, 85)
    assert await clock.look() == 1
    assert await HoldClock(door.context).look() == 0
    let_pass(door, 20)
    assert await clock.look() == 1
    assert await clock.look() == 0
    kinds = [kind for kind, _ in await facts(door)]
    assert kinds == [
        "legal-hold-set.v1",
        "legal-hold-end-near.v1",
        "legal-hold-set.v1",
        "legal-hold-end-near.v1",
        "legal-hold-ended.v1",
    ]


async def test_it_opens_nothing_and_is_shown_to_whoever_reads_the_registers(door: Door) -> None:
    case_id = await a_stopped_case(door)
    hold_id, _ = await place(door, case_id, ground="persons-claim")
    path = f"/v1/cases/{case_id}"
    for who in (OFFICER, SUPERVISOR, as_("case-officer")):
        shown = await door.client.get(f"{path}/legal-holds", headers=who)
        (row,) = shown.json()["legal-holds"]
        assert (row["hold_id"], row["ground"]) == (hold_id, "persons-claim")
        assert row["stands_until"].startswith("2026-11-05T09:00")
    for who in (SUPERVISOR, as_("case-officer")):
        assert (await door.client.get(f"{path}/consents", headers=who)).status_code == 409
    read = await door.client.get(f"/v1/persons/{case_id}", headers=as_("case-officer"))
    assert read.status_code == 409
    assert (
        await door.client.get(f"{path}/legal-holds", headers=as_("operator"))
    ).status_code == 403


async def test_a_hold_of_one_case_keeps_whatever_it_was_merged_with(door: Door) -> None:
    goes_on, duplicate = await a_stopped_case(door), await a_stopped_case(door)
    async with door.database.transaction() as tx:
        await add_merged(tx, duplicate, goes_on, NOW)
    hold_id, _ = await place(door, goes_on, days=3)
    rows = await door.published("consent")
    assert {row["key"] for row in rows} == {str(goes_on), str(duplicate)}
    let_pass(door, 2.9)
    for case_id in (goes_on, duplicate):
        assert (await destroy(door, case_id))[1][0] == "legal-hold"
        shown = await door.client.get(f"/v1/cases/{case_id}/legal-holds", headers=SUPERVISOR)
        assert [row["hold_id"] for row in shown.json()["legal-holds"]] == [hold_id]
    assert await confirm(door, duplicate, hold_id) == []
    assert await lift(door, duplicate, hold_id) == []
    ended = [row for row in await door.published("consent") if "hold-ended" in row["type"]]
    assert {row["key"] for row in ended} == {str(goes_on), str(duplicate)}
    let_pass(door, 3)
    assert await destroy(door, duplicate) == (204, [])


async def test_nothing_of_a_case_whose_sharing_goes_on_is_destroyed(door: Door) -> None:
    case_id = new_id()
    await door.client.put(f"/v1/persons/{case_id}", json=IDENTITY)
    let_pass(door, 30)
    assert await destroy(door, case_id) == (409, ["not-stopped"])
    assert (await destroy(door, new_id()))[0] == 404
    for role in ("case-officer", "agency-system", "supervisor", "operator"):
        gone = await door.client.delete(f"/v1/persons/{case_id}", headers=as_(role))
        assert gone.status_code == 403
    assert len(await door.rows("SELECT 1 FROM person")) == 1


async def test_nobody_destroys_alone_what_a_hold_kept(door: Door) -> None:
    case_id = await a_stopped_case(door)
    hold_id, _ = await place(door, case_id)
    assert await confirm(door, case_id, hold_id) == []
    body = {"hold_id": hold_id}
    by_officer = an_event("legal-hold-lifted", body, subject=str(case_id))
    assert (await door.post(by_officer, **OFFICER)).status_code == 403
    system = as_("agency-system")
    assert await lift(door, case_id, hold_id, system) == ["second-person-needed"]
    assert await lift(door, case_id, hold_id) == []
    let_pass(door, 3.1)
    async with door.database.transaction() as tx:
        ended, reason = "legal-hold-ended", f"lifted:{hold_id}"
        actor = f"{NODE}.data-protection-officer"
        record(tx, actor=actor, action=ended, subject=str(case_id), reason=reason)
    assert await destroy(door, case_id) == (409, ["second-person-needed"])
    assert len(await door.rows("SELECT 1 FROM person")) == 1


async def test_what_nobody_else_saw_is_not_placed_again_by_the_same_person_or_a_system(
    door: Door,
) -> None:
    case_id, duplicate = await a_stopped_case(door), await a_stopped_case(door)
    async with door.database.transaction() as tx:
        await add_merged(tx, duplicate, case_id, NOW)
    await place(door, case_id)
    assert (await place(door, case_id))[1] == ["second-person-needed"], "it stands"
    let_pass(door, 3.1)
    for asked in (case_id, duplicate):
        assert (await place(door, asked))[1] == ["second-person-needed"]
        assert (await place(door, asked, who=as_("agency-system")))[1] == ["second-person-needed"]
    assert (await place(door, case_id, ground="persons-claim"))[1] == []
    hold_id, refused = await place(door, case_id, who=SUPERVISOR)
    assert refused == []
    assert await confirm(door, case_id, hold_id) == ["second-person-needed"]
    assert await confirm(door, case_id, hold_id, OFFICER) == []


async def test_nobody_keeps_a_record_alone_by_lifting_before_it_falls(door: Door) -> None:
    case_id = await a_stopped_case(door)
    hold_id, _ = await place(door, case_id, who=SUPERVISOR)
    let_pass(door, 2.9)
    assert await lift(door, case_id, hold_id) == []
    assert (await place(door, case_id, who=SUPERVISOR))[1] == ["second-person-needed"]
    hold_id, refused = await place(door, case_id)
    assert refused == []
    assert await lift(door, case_id, hold_id) == [], "the supervisor saw it"
    assert (await place(door, case_id))[1] == []


async def test_one_id_in_two_cases_at_once_is_one_hold_and_one_refusal(door: Door) -> None:
    first, second = await a_stopped_case(door), await a_stopped_case(door)
    hold_id = str(new_id())
    told = await asyncio.gather(
        *(place(door, case_id, hold_id=hold_id) for case_id in (first, second))
    )
    assert sorted(refused for _, refused in told) == [[], ["id-reused"]]
    assert len(await door.rows("SELECT 1 FROM legal_hold")) == 1


async def test_every_hold_is_looked_at_however_many_come_before_it(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "BATCH", 1)
    monkeypatch.setattr(holding, "BATCHES_EACH_LOOK", 2)
    case_id = await a_stopped_case(door)
    *early, last = sorted(str(new_id()) for _ in range(3))
    for hold_id in early:
        await place(door, case_id, hold_id=hold_id)
        assert await confirm(door, case_id, hold_id) == []
    await place(door, case_id, hold_id=last)
    let_pass(door, 3.1)
    clock = HoldClock(door.context)
    assert [await clock.look() for _ in range(3)] == [0, 1, 0]
    let_pass(door, 85)
    assert [await clock.look() for _ in range(3)] == [0, 2, 0]
