"""Help and no identification, on a real database: by choice, by taking back, where nobody may."""

from datetime import timedelta

from contracts.gateway import NoticeQueued
from contracts.identification import HandOverReceived
from contracts.intake import IdentificationDeclined
from services.chassis.clock import new_id
from tests.integration.identification.events import (
    BORDER,
    INTERIOR,
    POLICY,
    a_consent,
    a_detection,
    a_participant,
    a_policy,
    a_screening,
    a_withdrawal,
    take_over,
)
from tests.support.service_bench import NOW, Bench

CLOCKS = "SELECT kind FROM deadline WHERE kind = 'reasonable-grounds-due'"
OURS = a_participant(BORDER, "border-guard", "detect-only")
HELPED, RESUMED = "person-helped-without-identification", "identification-resumed"


async def shown(bench: Bench, case_id: object) -> tuple[str, str | None]:
    """The state of the case, and why it is helped without identification."""
    async with bench.client() as client:
        case = (await client.get(f"/v1/cases/{case_id}")).json()
    return case["state"], case["help_reason"]


async def test_who_wants_help_alone_is_decided_about_by_nobody_and_nobody_is_late(
    interior: Bench,
) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    assert len(await interior.rows(CLOCKS)) == 1
    await interior.bring(IdentificationDeclined(), case_id)
    await interior.bring(IdentificationDeclined(), case_id)
    assert await interior.answers() == [True, ["wrong-state"]]
    assert await shown(interior, case_id) == ("helped-without-identification", "person-chose")
    assert await interior.rows(CLOCKS) == []
    await interior.let_time_pass(days=60)
    assert await interior.kinds("identification") == ["case-opened", HELPED]
    (*_, letter) = await interior.told("outgoing")
    assert (letter.kind, letter.body["status"]) == ("decision-clock-told", "over")


async def test_a_later_consent_or_a_screening_has_it_decided_after_all_with_the_whole_time(
    interior: Bench,
) -> None:
    agreed, screened = new_id(), new_id()
    for case_id in (agreed, screened):
        await take_over(interior, case_id)
        await interior.bring(IdentificationDeclined(), case_id)
    await interior.let_time_pass(days=30)
    to_identify = a_consent(purposes=("identification",))
    await interior.bring(to_identify, agreed)
    await interior.bring(a_screening(), screened)
    assert await shown(interior, agreed) == ("detected", None)
    assert await shown(interior, screened) == ("screening", None)
    assert len(await interior.rows(CLOCKS)) == 2
    await interior.let_time_pass(days=6)
    assert "decision-overdue" not in await interior.kinds("identification")
    await interior.let_time_pass(days=2)
    assert (await interior.kinds("identification")).count("decision-overdue") == 2
    assert (await interior.kinds("identification")).count(RESUMED) == 1


async def test_a_child_is_not_asked_whether_anybody_looks(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(majority="believed-child"), case_id)
    await border.bring(IdentificationDeclined(), case_id)
    assert await border.answers() == [True, ["is-a-child", "handed-over"]]


async def test_who_chose_help_alone_is_offered_by_a_later_consent_and_by_none_before(
    border: Bench,
) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(IdentificationDeclined(), case_id)
    await border.let_time_pass(hours=1)
    await border.bring(a_policy(2), POLICY)
    await border.let_time_pass(seconds=1)
    assert await border.kinds("outgoing") == []
    await border.bring(a_consent(), case_id)
    assert await border.kinds("outgoing") == ["hand-over-offered"]


async def test_while_another_agency_has_the_case_the_consent_is_taken_back_first(
    border: Bench,
) -> None:
    case_id, consent = new_id(), a_consent()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(consent, case_id)
    await border.bring(IdentificationDeclined(), case_id)
    assert await border.answers() == [True, ["handed-over"]]
    await border.bring(a_withdrawal(consent_id=consent.consent_id), case_id)
    assert (await shown(border, case_id))[0] == "detected", "the offer stands"
    notice = NoticeQueued(recipient=INTERIOR)
    await border.bring(notice, case_id)
    assert await shown(border, case_id) == ("helped-without-identification", "person-chose")
    assert await border.kinds("outgoing") == ["hand-over-offered"]


async def test_who_was_taken_over_elsewhere_and_took_it_back_can_choose_help_alone(
    border: Bench,
) -> None:
    case_id, consent = new_id(), a_consent()
    for body, subject in ((a_policy(), POLICY), (a_detection(), case_id), (consent, case_id)):
        await border.bring(body, subject)
    (offer,) = await border.told("outgoing")
    taken = HandOverReceived(offer_id=offer.body["offer_id"], hand_over_reference=new_id())
    await border.bring(taken, case_id, publisher="identification", sender=INTERIOR)
    await border.bring(IdentificationDeclined(), case_id)
    await border.bring(a_withdrawal(consent_id=consent.consent_id), case_id)
    await border.bring(NoticeQueued(recipient=INTERIOR), case_id)
    await border.bring(IdentificationDeclined(), case_id)
    assert await border.answers() == [True, ["handed-over"], True]
    assert await shown(border, case_id) == ("helped-without-identification", "person-chose")


async def test_what_was_taken_back_before_anybody_was_offered_it_is_a_choice_too(
    border: Bench,
) -> None:
    case_id, consent = new_id(), a_consent(recipients=("ngo-brest",))
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(consent, case_id)
    assert await shown(border, case_id) == ("detected", None)
    await border.bring(a_withdrawal(), case_id)
    assert await shown(border, case_id) == ("helped-without-identification", "person-chose")


async def test_where_nobody_may_identify_it_is_said_and_whoever_joins_is_offered_what_was_agreed(
    border: Bench,
) -> None:
    case_id = new_id()
    await border.bring(a_policy(participants=(OURS,)), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(a_consent(), case_id)
    assert await shown(border, case_id) == (
        "helped-without-identification",
        "no-identifying-agency",
    )
    await border.bring(a_policy(2), POLICY)
    await border.let_time_pass(seconds=1)
    assert await shown(border, case_id) == ("detected", None)
    assert await border.kinds("outgoing") == ["hand-over-offered"]
    assert await border.kinds("identification") == [
        *("case-opened", HELPED, RESUMED, "hand-over-started"),
    ]


async def test_whoever_may_identify_from_now_on_is_as_late_as_the_case_is_old(
    interior: Bench,
) -> None:
    case_id = new_id()
    only_detects = a_participant(INTERIOR, "interior-affairs", "detect-only")
    await interior.bring(a_policy(participants=(only_detects,)), POLICY)
    await interior.bring(a_detection(INTERIOR), case_id)
    assert (await shown(interior, case_id))[1] == "no-identifying-agency"
    await interior.let_time_pass(days=1)
    await interior.bring(a_policy(2), POLICY)
    await interior.let_time_pass(seconds=1)
    assert await shown(interior, case_id) == ("detected", None)
    (due,) = await interior.rows(CLOCKS.replace("kind FROM", "due_at FROM"))
    assert due["due_at"] < NOW + timedelta(days=8)
