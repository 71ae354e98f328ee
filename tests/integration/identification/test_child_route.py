"""The child route on a real database: without consent, in time, and never to whom is restricted."""

from typing import Any
from uuid import UUID

from contracts.catalogue import type_of
from contracts.gateway import (
    NoticeQueued,
    PermittedPair,
    SendingDelivered,
    SendingRefused,
    SharingStopped,
)
from contracts.identification import ChildNotified, HandOverReceived, HandOverRequired
from contracts.intake import (
    BestInterestsRecorded,
    CaseCorrected,
    CaseLinked,
    ChildAuthorityTold,
    ChildsViewRecorded,
    DuplicateFound,
    GuardianNotified,
    MajorityReached,
    PersonTold,
    PlacementReviewed,
    ProtectionMeasureTaken,
    RepresentativeAppointed,
    RestrictionRecorded,
)
from services.chassis.clock import new_id
from tests.integration.identification.events import (
    BORDER,
    INTERIOR,
    POLICY,
    a_consent,
    a_detection,
    a_participant,
    a_policy,
    a_restriction,
    a_withdrawal,
)
from tests.support.service_bench import Bench, Told

SCHOOL, TOWN = "education-brest", "executive-brest"
HAND_OVER = "hand-over-required"


def a_policy_for_children(version: int = 1) -> Any:
    return a_policy(
        version,
        participants=(
            a_participant(BORDER, "border-guard", "detect-only"),
            a_participant(INTERIOR, "interior-affairs", "identify"),
            a_participant(SCHOOL, "education", "detect-only"),
            a_participant(TOWN, "local-executive", "detect-only"),
        ),
        pairs=(
            PermittedPair(sender=BORDER, recipient=INTERIOR, purposes=("hand-over",)),
            PermittedPair(sender=BORDER, recipient=SCHOOL, purposes=("child-notification",)),
            PermittedPair(sender=BORDER, recipient=TOWN, purposes=("child-notification",)),
        ),
    )


async def a_child_is_met(bench: Bench, case_id: UUID, **changes: Any) -> None:
    await bench.bring(a_policy_for_children(), POLICY)
    codes = {"majority": "child", "consent_outcome": "not-asked-unsafe", "oblast": "BY-BR"}
    await bench.bring(a_detection(**codes | changes), case_id)


def delivered(notice: Told) -> SendingDelivered:
    return SendingDelivered(outgoing_id=notice.id, recipient=notice.headers["recipient"])


async def test_a_child_is_handed_over_and_its_authorities_told_without_consent(
    border: Bench,
) -> None:
    case_id = new_id()
    await a_child_is_met(border, case_id, exploitation=("sexual",))
    offer, *notices = await border.told("outgoing")
    assert (offer.kind, offer.body["ground"]) == ("hand-over-required", "child-route")
    assert {told.headers["recipient"] for told in notices} == {SCHOOL, TOWN}
    for told in notices:
        assert set(told.body) == {
            "notification_id",
            "majority",
            "immediate_danger",
            "guardian_request",
        }
    for told in notices:
        await border.bring(delivered(told), case_id)
        await border.bring(delivered(told), case_id)
    heard = await border.kinds("identification")
    assert heard.count("child-authority-notified") == 2
    assert "person-to-be-told" in heard
    assert await border.rows("SELECT 1 FROM deadline WHERE kind = 'child-notification-due'") == []


async def test_whoever_was_not_told_in_time_is_a_to_do_and_an_event(border: Bench) -> None:
    case_id = new_id()
    await a_child_is_met(border, case_id)
    _, first, second = await border.told("outgoing")
    await border.bring(delivered(first), case_id)
    refused = SendingRefused(
        outgoing_id=second.id,
        recipient=second.headers["recipient"],
        outgoing_type=type_of("identification", ChildNotified),
        reason="restricted",
    )
    await border.bring(refused, case_id)
    await border.let_time_pass(hours=25)
    (late,) = [
        told
        for told in await border.told("identification")
        if told.kind == "child-notification-overdue"
    ]
    assert late.body["agency_types"] in (["local-executive"], ["education"])
    async with border.client() as officer:
        shown = (await officer.get(f"/v1/cases/{case_id}")).json()
    assert "child-authority" in shown["to_dos"]
    assert shown["child"]["authorities_to_tell"] == late.body["agency_types"]
    await border.bring(ChildAuthorityTold(agency_type=late.body["agency_types"][0]), case_id)
    assert (await border.answers())[-1] is True


async def test_a_restricted_authority_hears_nothing_of_a_child(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_restriction(agency_type="education"), case_id)
    await border.bring(a_restriction(agency=INTERIOR), case_id)
    await a_child_is_met(border, case_id)
    assert [told.headers["recipient"] for told in await border.told("outgoing")] == [TOWN]


async def test_whoever_is_restricted_in_the_detection_hears_nothing_of_the_child_in_it(
    border: Bench,
) -> None:
    case_id = new_id()
    never = [
        {"restriction_id": new_id(), "recorded_for": author, **whom}
        for author, whom in (
            ("person", {"agency_type": "education"}),
            ("officer", {"agency": INTERIOR}),
        )
    ]
    restrictions = tuple(RestrictionRecorded(**each) for each in never)
    await a_child_is_met(border, case_id, restrictions=restrictions)
    assert [told.headers["recipient"] for told in await border.told("outgoing")] == [TOWN]
    (case,) = await border.rows("SELECT record FROM person_case")
    assert case["record"]["authorities_to_tell"] == ["education"]
    again = {"restriction_id": never[0]["restriction_id"], "agency_type": "education"}
    assert await border.bring(a_restriction(**again), case_id) == "handled"
    assert len(await border.rows("SELECT 1 FROM restriction_copy")) == 2


async def test_what_was_forbidden_in_the_first_case_is_forbidden_in_the_linked_one(
    border: Bench,
) -> None:
    first, again, sister = new_id(), new_id(), new_id()
    await border.bring(a_restriction(agency=TOWN), first)
    await a_child_is_met(border, first)
    await a_child_is_met(border, again, linked_case=first, link_kind="retrafficked")
    await a_child_is_met(border, sister, linked_case=first, link_kind="family")

    async def told_of(case_id: UUID) -> set[str]:
        return {told.headers["recipient"] for told in await border.told("outgoing", case_id)}

    assert await told_of(first) == await told_of(again) == {INTERIOR, SCHOOL}
    assert await told_of(sister) == {INTERIOR, SCHOOL, TOWN}


async def test_what_was_forbidden_before_sharing_was_stopped_is_forbidden_when_somebody_comes_again(
    border: Bench,
) -> None:
    first, again, sister = new_id(), new_id(), new_id()
    await border.bring(a_restriction(agency=TOWN), first)
    await a_child_is_met(border, first)
    await border.bring(SharingStopped(reference_known=True), first)
    said_before = await border.told("identification", first)
    await a_child_is_met(border, again, linked_case=first, link_kind="retrafficked")
    told = {each.headers["recipient"] for each in await border.told("outgoing", again)}
    assert told == {INTERIOR, SCHOOL}
    assert await border.told("identification", first) == said_before
    await a_child_is_met(border, sister, linked_case=first, link_kind="family")
    assert (await border.answers())[-2:] == [True, ["case-frozen"]]
    async with border.client() as officer:
        shown = (await officer.get(f"/v1/cases/{again}")).json()
        frozen = (await officer.get(f"/v1/cases/{first}")).json()
    assert shown["links"] == [{"case_id": str(first), "kind": "retrafficked"}]
    known = {name for name, value in frozen.items() if value not in (None, [], ())}
    assert known == {"case_id", "frozen_at"}


async def test_a_link_that_is_told_later_binds_from_then_on(border: Bench) -> None:
    first, again = new_id(), new_id()
    await border.bring(a_restriction(agency=INTERIOR), first)
    await border.bring(a_policy(), POLICY)
    for case_id in (first, again):
        await border.bring(a_detection(), case_id)
    await border.bring(CaseLinked(linked_case=first, kind="reopened"), again)
    await border.bring(a_consent(), again)
    assert await border.told("outgoing", again) == []


async def test_a_duplicate_leaves_what_was_forbidden_in_it_to_the_case_that_goes_on(
    border: Bench,
) -> None:
    twice, goes_on = new_id(), new_id()
    await border.bring(a_restriction(agency=INTERIOR), twice)
    await border.bring(a_policy(), POLICY)
    for case_id in (twice, goes_on):
        await border.bring(a_detection(), case_id)
    await border.bring(DuplicateFound(into_case=goes_on), twice)
    await border.bring(a_consent(), goes_on)
    assert await border.told("outgoing", goes_on) == []


async def test_a_child_authority_opens_a_case_in_which_nothing_else_is_known(
    interior: Bench,
) -> None:
    case_id = new_id()
    told = ChildNotified(
        notification_id=new_id(),
        majority="child",
        immediate_danger=True,
        guardian_request="temporary-guardian",
    )
    await interior.bring(a_policy_for_children(), POLICY)
    for _ in range(2):
        await interior.bring(told, case_id, publisher="identification", sender=BORDER)
    opened, asked = await interior.told("identification")
    assert (asked.kind, asked.body["agency"], asked.body["guardian_request"]) == (
        "child-notification-received",
        BORDER,
        "temporary-guardian",
    )
    assert "appoint-guardian" in opened.body["to_dos"]
    assert (opened.body["origin"], opened.body["counted_by"]) == ("child-notification", BORDER)
    assert opened.body["oblast"] == "not-yet-known"
    assert await interior.kinds("outgoing") == []
    async with interior.client() as officer:
        shown = (await officer.get("/v1/notices?kind=child-notification")).json()
        assert [(each["agency"], each["state"]) for each in shown] == [(BORDER, "received")]
        assert shown[0]["guardian_request"] == "temporary-guardian"
        await interior.bring(SharingStopped(reference_known=True), case_id)
        assert (await officer.get("/v1/notices?kind=child-notification")).json() == []


async def test_what_comes_before_a_placement_and_who_may_be_told(border: Bench) -> None:
    case_id = new_id()
    await a_child_is_met(border, case_id)
    measure = ProtectionMeasureTaken(measure="child-centre")
    for body in (
        measure,
        GuardianNotified(),
        BestInterestsRecorded(outcome="in-care"),
        ChildsViewRecorded(view="agrees"),
        RepresentativeAppointed(kind="temporary-guardian", guardian_status="checked-and-safe"),
        measure,
        GuardianNotified(),
        PersonTold(about="hand-over-by-law"),
    ):
        await border.bring(body, case_id)
    assert await border.answers() == [
        True,
        ["best-interests-missing"],
        ["guardian-not-safe"],
        *[True] * 6,
    ]
    async with border.client() as officer:
        shown = (await officer.get(f"/v1/cases/{case_id}")).json()
    child = shown["child"]
    assert (child["best_interests"], child["childs_view"]) == ("in-care", "agrees")
    assert (child["measure"], child["guardian_may_be_told"]) == ("child-centre", True)
    assert shown["clocks"]["child_notification_due_at"] is not None
    assert not {"tell-of-hand-over", "best-interests", "guardian-status"} & set(shown["to_dos"])


async def test_of_age_nothing_that_was_agreed_before_hands_over(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy_for_children(), POLICY)
    await border.bring(a_policy(2, participants=()), POLICY)
    await border.bring(a_detection(majority="child"), case_id)
    await border.bring(a_consent(), case_id)
    await border.bring(MajorityReached(), case_id)
    await border.bring(a_policy_for_children(3), POLICY)
    await border.let_time_pass(seconds=1)
    assert await border.kinds("outgoing") == []
    await border.let_time_pass(minutes=1)
    await border.bring(a_consent(), case_id)
    assert await border.kinds("outgoing") == ["hand-over-offered"]


async def test_the_placement_of_whoever_came_of_age_is_a_to_do_until_it_was_looked_at(
    border: Bench,
) -> None:
    case_id = new_id()
    await border.bring(a_detection(majority="child", audience_class="girls"), case_id)
    await border.bring(PlacementReviewed(outcome="moves"), case_id)
    await border.bring(MajorityReached(), case_id)
    await border.bring(PlacementReviewed(outcome="moves"), case_id)
    assert await border.answers() == [True, ["wrong-state"], True, True]
    *_, came, reviewed, after = await border.told("identification", case_id)
    assert "placement-review" in came.body["to_dos"]
    assert (came.body["majority"], came.body["audience_class"]) == ("adult", "women")
    assert (reviewed.kind, reviewed.body["outcome"]) == ("placement-reviewed", "moves")
    assert "placement-review" not in after.body["to_dos"]
    async with border.client() as officer:
        shown = (await officer.get(f"/v1/cases/{case_id}")).json()
    assert shown["record"]["placement_outcome"] == "moves"


async def test_whoever_takes_a_child_over_knows_that_the_guardian_is_suspected(
    border: Bench, interior: Bench
) -> None:
    case_id = new_id()
    await a_child_is_met(border, case_id, guardian_status="suspected")
    offer = next(told for told in await border.told("outgoing") if told.kind == HAND_OVER)
    assert offer.body["guardian_status"] == "suspected"
    await interior.bring(a_policy_for_children(), POLICY)
    body = HandOverRequired(**offer.body)
    await interior.bring(body, case_id, publisher="identification", sender=BORDER)
    await interior.bring(GuardianNotified(), case_id)
    assert await interior.answers() == [["guardian-not-safe"]]
    async with interior.client() as officer:
        shown = (await officer.get(f"/v1/cases/{case_id}")).json()
    assert shown["child"]["guardian_status"] == "suspected"


async def test_a_child_that_agreed_goes_over_by_law_with_what_is_known_of_its_guardian(
    border: Bench,
) -> None:
    case_id = new_id()
    await border.bring(a_consent(), case_id)
    await a_child_is_met(border, case_id, consent_outcome="given", guardian_status="suspected")
    offer = (await border.told("outgoing"))[0]
    assert (offer.kind, offer.body["ground"]) == (HAND_OVER, "child-route")
    assert offer.body["guardian_status"] == "suspected"
    assert "person-to-be-told" in await border.kinds("identification")


async def test_a_child_that_was_handed_over_as_an_adult_is_offered_by_law_when_sharing_ends(
    border: Bench,
) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(a_consent(), case_id)
    (offer,) = await border.told("outgoing")
    answer = HandOverReceived(offer_id=offer.body["offer_id"], hand_over_reference=new_id())
    await border.bring(answer, case_id, sender=INTERIOR, publisher="identification")
    await border.bring(CaseCorrected(majority="child"), case_id)
    assert HAND_OVER not in await border.kinds("outgoing")
    await border.bring(a_withdrawal(), case_id)
    await border.bring(NoticeQueued(recipient=INTERIOR), case_id)
    kinds = await border.kinds("outgoing")
    assert [kind for kind in kinds if kind.startswith("hand-over")] == [offer.kind, HAND_OVER]
    assert "hand-over-failed" in await border.kinds("identification")


async def test_an_adult_who_withdraws_after_the_hand_over_is_offered_to_nobody_again(
    border: Bench,
) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(a_consent(), case_id)
    (offer,) = await border.told("outgoing")
    answer = HandOverReceived(offer_id=offer.body["offer_id"], hand_over_reference=new_id())
    await border.bring(answer, case_id, sender=INTERIOR, publisher="identification")
    await border.bring(a_withdrawal(), case_id)
    await border.bring(NoticeQueued(recipient=INTERIOR), case_id)
    assert len(await border.told("outgoing")) == 1
    assert "hand-over-failed" not in await border.kinds("identification")
