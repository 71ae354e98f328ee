"""A frozen case at the door: its registers are closed, its news blank, but for the freeze."""

from uuid import UUID

import pytest

from services.chassis.clock import new_id
from services.gateway.handlers.feeds import INCOMING
from services.gateway.store.cases import freeze_case, lock_case
from tests.support.gateway_door import NODE, NOW, Door, as_

MISSING = "org.nrm.identification.child-missing.v1"
FREEZE = "org.nrm.identification.case-frozen.v1"
ASK_AFRESH = "org.nrm.assistance.own-consent-needed.v1"
OFFERED = "org.nrm.referral.offer-received.v1"


async def a_frozen_case(door: Door) -> UUID:
    case_id = new_id()
    async with door.database.transaction() as tx:
        await lock_case(tx, case_id, NOW)
        await freeze_case(tx, case_id, NOW)
    return case_id


@pytest.mark.parametrize("name", ["consents", "restrictions", "disclosures"])
async def test_only_the_data_protection_officer_reads_the_registers_of_a_frozen_case(
    door: Door, name: str
) -> None:
    path = f"/v1/cases/{await a_frozen_case(door)}/{name}"
    refused = await door.client.get(path, headers=as_("case-officer"))
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:nrm:problem:frozen")
    read = await door.client.get(path, headers=as_("data-protection-officer"))
    assert (read.status_code, read.json()) == (200, {name: []})
    acts = await door.rows("SELECT reason FROM audit WHERE action = $1 ORDER BY id", f"{name}-read")
    assert [row["reason"] for row in acts] == ["frozen", ""]


async def test_the_officer_reads_who_looked_also_at_a_frozen_case_and_that_is_recorded(
    door: Door,
) -> None:
    case_id, other = await a_frozen_case(door), new_id()
    path = f"/v1/cases/{case_id}/audit"
    for each in (case_id, other):
        await door.client.get(f"/v1/persons/{each}", headers=as_("case-officer"))
    officer = as_("data-protection-officer")
    first = (await door.client.get(path, headers=officer)).json()
    assert {row["subject"] for row in first["audit"]} == {str(case_id)}
    newest = first["audit"][0]
    assert (newest["action"], newest["actor"]) == ("person-read", f"{NODE}.case-officer")
    assert (newest["reason"], first["older"]) == ("absent", None)
    again = (await door.client.get(path, headers=officer, params={"limit": 1})).json()
    (looked,) = again["audit"]
    assert (looked["action"], looked["actor"]) == ("audit-read", f"{NODE}.data-protection-officer")
    assert again["older"] == looked["id"]
    older = {"before": again["older"], "limit": 1}
    (one,) = (await door.client.get(path, headers=officer, params=older)).json()["audit"]
    assert one == newest
    for role in ("case-officer", "supervisor", "agency-system", "provider-intake"):
        assert (await door.client.get(path, headers=as_(role))).status_code == 403, role
    for wrong in ({"limit": 201}, {"limit": 0}, {"before": 0}):
        assert (await door.client.get(path, headers=officer, params=wrong)).status_code == 422
    assert (await door.client.get("/v1/cases/x/audit", headers=officer)).status_code == 422


async def test_news_of_a_frozen_case_is_blank_but_keeps_its_position(door: Door) -> None:
    frozen, other = str(await a_frozen_case(door)), str(new_id())
    told = ((frozen, OFFERED), (other, OFFERED), (frozen, FREEZE), (frozen, ASK_AFRESH))
    for case_id, event_type in told:
        entry = {
            "id": str(new_id()),
            "type": event_type,
            "time": NOW.isoformat(),
            "case_id": case_id,
            "facts": {"service_type": "nursing-visit"},
        }
        async with door.database.transaction() as tx:
            await door.context.feeds.append(tx, INCOMING, entry)
        await door.context.feeds.number()
    answer = (await door.client.get("/v1/incoming")).json()
    blank, kept, freeze, ask = answer["incoming"]
    assert (blank["type"], blank["time"], blank["facts"]) == ("", "", {})
    assert kept["facts"] == freeze["facts"] == ask["facts"] == {"service_type": "nursing-visit"}
    assert [entry["position"] for entry in answer["incoming"]] == [1, 2, 3, 4]
    assert answer["next"] == 4


async def test_a_missing_child_stands_first_on_its_page_and_next_is_the_pages(door: Door) -> None:
    plain, child = str(new_id()), str(new_id())
    for case_id, event_type in ((plain, OFFERED), (child, MISSING)):
        entry = {
            "id": str(new_id()),
            "type": event_type,
            "time": NOW.isoformat(),
            "case_id": case_id,
            "facts": {},
        }
        async with door.database.transaction() as tx:
            await door.context.feeds.append(tx, INCOMING, entry)
        await door.context.feeds.number()
    answer = (await door.client.get("/v1/incoming")).json()
    assert [entry["case_id"] for entry in answer["incoming"]] == [child, plain]
    assert answer["next"] == 2
