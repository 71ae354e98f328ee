"""Whose status was taken back is not counted as identified, under whichever id it was decided."""

from contracts.identification import CaseChanged, CaseMerged, IdentificationRevoked
from services.chassis.clock import new_id
from tests.integration.statistics.test_roles import CODES, IDENTIFIED, counted, exact, opened
from tests.support.service_bench import NOW, Bench

REVOKED = IdentificationRevoked(
    ground="obtained-by-deception", second_authority="interior-brest", decided_at=NOW
)


async def test_whose_identification_was_taken_back_is_not_counted_until_it_is_again(
    node: Bench,
) -> None:
    case_id = new_id()
    detected = {"total": 1}
    for body, counted_as in (
        (opened(), None),
        (IDENTIFIED, detected),
        (REVOKED, None),
        (REVOKED, None),
        (CaseChanged(**CODES), None),
        (IDENTIFIED, detected),
    ):
        await node.bring(body, case_id, publisher="identification")
        found = await exact(node)
        assert found.get("identified-total") == counted_as
        assert found["detected-total"] == detected, "who was detected stays detected"
    assert await counted(node, "identified-total") == [str(case_id)]


async def test_taken_back_where_the_case_goes_on_counts_under_no_id_and_in_a_duplicate_alone_there(
    node: Bench,
) -> None:
    duplicate, goes_on = new_id(), new_id()
    for case_id in (duplicate, goes_on):
        await node.bring(opened(), case_id, publisher="identification")
        await node.bring(IDENTIFIED, case_id, publisher="identification")
    await node.bring(REVOKED, duplicate, publisher="identification")
    await node.bring(CaseMerged(into_case=goes_on), duplicate, publisher="identification")
    assert await counted(node, "identified-total") == [str(goes_on)]
    await node.bring(IDENTIFIED, duplicate, publisher="identification")
    await node.bring(REVOKED, goes_on, publisher="identification")
    assert await counted(node, "identified-total") == []
    assert await counted(node, "detected-total") == [str(goes_on)]
