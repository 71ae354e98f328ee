"""A link that was a mistake: taken back once, and what it brought holds until it is lifted."""

from datetime import timedelta

from contracts.gateway import RestrictionLifted, RestrictionSet
from contracts.intake import CaseLinked, CaseUnlinked, DuplicateFound
from services.chassis.clock import new_id
from tests.integration.identification.events import (
    INTERIOR,
    POLICY,
    a_consent,
    a_detection,
    a_policy,
    a_restriction,
)
from tests.support.service_bench import NOW, Bench


def unlinked(other: object, kind: str = "reopened") -> CaseUnlinked:
    return CaseUnlinked.model_validate(
        {"linked_case": str(other), "kind": kind, "reason": "another-person"}
    )


async def test_what_came_by_a_link_holds_until_it_is_lifted_and_then_not(border: Bench) -> None:
    first, again = new_id(), new_id()
    await border.bring(a_restriction(agency=INTERIOR), first)
    await border.bring(a_policy(), POLICY)
    for case_id in (first, again):
        await border.bring(a_detection(), case_id)
    await border.bring(CaseLinked(linked_case=first, kind="reopened"), again)
    own_id = new_id()
    await border.bring(RestrictionSet(restriction_id=own_id, agency=INTERIOR), again)
    await border.bring(unlinked(again), first)
    behind = [each for each in await border.told("identification", again) if "linked" in each.kind]
    assert [each.kind for each in behind] == ["case-linked", "case-unlinked"]
    assert (behind[1].body["linked_case"], behind[1].body["same_person"]) == (str(first), False)
    there = await border.told("identification", first)
    assert "case-unlinked" not in [each.kind for each in there], "of one stream with the link"
    border.clock.advance(timedelta(minutes=1))
    await border.bring(a_consent(), again)
    assert await border.told("outgoing", again) == []
    await border.bring(RestrictionLifted(restriction_id=own_id, lifted_at=NOW), again)
    assert [each.kind for each in await border.told("outgoing", again)] == ["hand-over-offered"]
    await border.bring(a_consent(), first)
    assert await border.told("outgoing", first) == [], "what was recorded there stays"
    async with border.client() as officer:
        assert (await officer.get(f"/v1/cases/{again}")).json()["links"] == []


async def test_a_lift_that_comes_late_leaves_what_was_recorded_meanwhile(border: Bench) -> None:
    first, again = new_id(), new_id()
    await border.bring(a_restriction(agency=INTERIOR), first)
    await border.bring(a_policy(), POLICY)
    for case_id in (first, again):
        await border.bring(a_detection(), case_id)
    await border.bring(CaseLinked(linked_case=first, kind="reopened"), again)
    lifted = new_id()
    await border.bring(RestrictionSet(restriction_id=lifted, agency=INTERIOR), again)
    await border.bring(RestrictionSet(restriction_id=new_id(), agency=INTERIOR), again)
    border.clock.advance(timedelta(minutes=1))
    await border.bring(RestrictionLifted(restriction_id=lifted, lifted_at=NOW), again)
    await border.bring(a_consent(), again)
    assert await border.told("outgoing", again) == [], "the person has said it again, here"


async def test_it_is_taken_back_once_and_a_merge_never(border: Bench) -> None:
    first, again = new_id(), new_id()
    for case_id in (first, again):
        await border.bring(a_detection(), case_id)
    await border.bring(CaseLinked(linked_case=first, kind="reopened"), again)
    for kind in ("family", "reopened", "reopened"):
        await border.bring(unlinked(first, kind), again)
    await border.bring(DuplicateFound(into_case=first), again)
    await border.bring(unlinked(again, "duplicate-of"), first)
    assert (await border.answers())[2:] == [
        *(True, ["unknown-link"], True, ["unknown-link"], True, ["merge-stands"]),
    ]
