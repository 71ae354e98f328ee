"""Letters for the person: each printing is recorded, and nobody else hears of it."""

from contracts.gateway import SharingStopped
from services.chassis.clock import new_id
from tests.integration.identification.events import BORDER, a_decision, an_offer, take_over
from tests.support.service_bench import Bench


async def test_each_printed_letter_is_recorded_and_nothing_is_told_to_anybody(
    interior: Bench,
) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    await interior.bring(a_decision(), case_id)
    before = await interior.kinds("identification"), await interior.kinds("outgoing")
    path = f"/v1/cases/{case_id}/letters"
    async with interior.client() as officer:
        stay = (await officer.get(f"{path}/stay")).json()
        decision = (await officer.get(f"{path}/decision")).json()
        assert (await officer.get(f"{path}/anything")).status_code == 422
    assert (stay["says"], decision["says"]) == ("stay", "presumed")
    assert stay["until"] == decision["until"]
    rows = await interior.rows("SELECT reason FROM audit WHERE action = 'print-letter'")
    assert [row["reason"] for row in rows] == ["stay:stay", "decision:presumed"]
    assert (await interior.kinds("identification"), await interior.kinds("outgoing")) == before


async def test_no_letter_of_a_frozen_or_undecided_case_and_none_for_another_role(
    interior: Bench,
) -> None:
    open_one, frozen = new_id(), new_id()
    await take_over(interior, open_one)
    await interior.bring(an_offer(), frozen, publisher="identification", sender=BORDER)
    await interior.bring(a_decision(), frozen)
    await interior.bring(SharingStopped(reference_known=True), frozen)
    async with interior.client() as officer:
        for case_id in (open_one, frozen, new_id()):
            answer = await officer.get(f"/v1/cases/{case_id}/letters/decision")
            assert answer.status_code == 404
    for role in ("supervisor", "provider-intake"):
        async with interior.client(role) as other:
            answer = await other.get(f"/v1/cases/{open_one}/letters/decision")
            assert answer.status_code == 403
    assert "print-letter" not in await interior.audited()
