"""Help and no identification, on a real database: by choice, by taking back, where nobody may."""

from datetime import timedelta
from uuid import UUID

import pytest

from contracts.gateway import ConsentGranted, NoticeQueued
from contracts.identification import HandOverReceived
from contracts.intake import DuplicateFound, IdentificationDeclined, MajorityReached
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
    at,
    take_over,
)
from tests.support.service_bench import NOW, Bench

CLOCKS = "SELECT kind FROM deadline WHERE kind = 'reasonable-grounds-due'"
OURS = a_participant(BORDER, "border-guard", "detect-only")
OTHERS = (INTERIOR, "interior-minsk")
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


async def hand_over(border: Bench, case_id: UUID, consent: ConsentGranted) -> None:
    """The police have the case, under this consent."""
    for body, subject in ((a_policy(), POLICY), (a_detection(), case_id), (consent, case_id)):
        await border.bring(body, subject)
    (offer,) = await border.told("outgoing")
    taken = HandOverReceived(offer_id=offer.body["offer_id"], hand_over_reference=new_id())
    await border.bring(taken, case_id, publisher="identification", sender=INTERIOR)


async def test_who_was_taken_over_elsewhere_and_took_it_back_can_choose_help_alone(
    border: Bench,
) -> None:
    case_id, consent = new_id(), a_consent()
    await hand_over(border, case_id, consent)
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


@pytest.mark.parametrize("declined_last", [True, False])
async def test_the_last_word_at_the_gateway_counts_whichever_topic_brings_it_first(
    border: Bench, interior: Bench, declined_last: bool
) -> None:
    """This service was away: what was told first is read last, a day later."""
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await take_over(interior, case_id)
    to_identify = a_consent(purposes=("identification",))
    for bench, consent in ((border, a_consent()), (interior, to_identify)):
        words = (
            (consent, IdentificationDeclined())
            if declined_last
            else (
                IdentificationDeclined(),
                consent,
            )
        )
        arrivals = []
        for word in words:
            await bench.let_time_pass(hours=1)
            arrivals.append(bench.arrival(word, case_id))
        await bench.let_time_pass(days=1)
        for arrival in reversed(arrivals):
            assert await bench.settle(arrival) == "handled"
            await bench.let_time_pass(seconds=1)
    if declined_last:
        for bench in (border, interior):
            expected = ("helped-without-identification", "person-chose")
            assert await shown(bench, case_id) == expected
        assert await border.kinds("outgoing") == []
    else:
        assert await shown(interior, case_id) == ("detected", None)
        assert await border.kinds("outgoing") == ["hand-over-offered"]
        assert await border.answers() == [True, ["handed-over"]]


async def test_what_was_agreed_to_after_the_hand_over_was_taken_back_counts_read_a_day_later(
    border: Bench,
) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    arrivals = []
    for word in (a_consent(recipients=("ngo-brest",)), a_withdrawal(), a_consent()):
        arrivals.append(border.arrival(word, case_id))
        await border.let_time_pass(minutes=1)
    await border.let_time_pass(days=1)
    for arrival in arrivals:
        await border.settle(arrival)
        await border.let_time_pass(seconds=1)
    assert await border.kinds("outgoing") == ["hand-over-offered"]


async def test_what_the_adult_agreed_to_counts_from_when_it_was_told_that_they_are_one(
    interior: Bench,
) -> None:
    case_id = new_id()
    await take_over(interior, case_id, majority="believed-child")
    told_at = interior.clock.now()
    arrival = interior.arrival(MajorityReached(), case_id)
    await interior.let_time_pass(days=1)
    await interior.settle(arrival)
    async with interior.client() as client:
        case = (await client.get(f"/v1/cases/{case_id}")).json()
    assert at(case["record"]["majority_reached_at"]) == told_at


@pytest.mark.parametrize("wants_help_alone", [True, False])
@pytest.mark.parametrize("notice_last", [True, False])
async def test_who_agrees_again_after_the_police_let_the_case_go_is_offered_to_them_again(
    border: Bench, wants_help_alone: bool, notice_last: bool
) -> None:
    case_id, consent = new_id(), a_consent()
    await hand_over(border, case_id, consent)
    await border.let_time_pass(hours=1)
    await border.bring(a_withdrawal(consent_id=consent.consent_id), case_id)
    notice = border.arrival(NoticeQueued(recipient=INTERIOR), case_id)
    if not notice_last:
        await border.settle(notice)
    if wants_help_alone:
        await border.bring(IdentificationDeclined(), case_id)
    await border.let_time_pass(days=1)
    await border.bring(a_policy(2), POLICY)
    await border.let_time_pass(seconds=1)
    assert await border.kinds("outgoing") == ["hand-over-offered"]
    await border.bring(a_consent(), case_id)
    if notice_last:
        await border.settle(notice)
    assert await border.kinds("outgoing") == ["hand-over-offered"] * 2
    rows = await border.rows("SELECT state, reason FROM hand_over ORDER BY changed_at, state")
    expected = [("failed", "grant-ended"), ("offered", None)]
    assert sorted(tuple(row.values()) for row in rows) == expected
    assert (await border.kinds("identification"))[-2:] == ["hand-over-failed", "hand-over-started"]


async def test_who_had_the_case_through_a_duplicate_is_asked_to_let_it_go_first(
    border: Bench,
) -> None:
    twice, goes_on, consent = new_id(), new_id(), a_consent()
    await hand_over(border, twice, consent)
    await border.bring(a_detection(), goes_on)
    await border.bring(DuplicateFound(into_case=goes_on), twice)
    await border.bring(IdentificationDeclined(), goes_on)
    assert (await border.answers())[-2:] == [True, ["handed-over"]]
    await border.let_time_pass(hours=1)
    await border.bring(a_withdrawal(consent_id=consent.consent_id), twice)
    await border.bring(NoticeQueued(recipient=INTERIOR), twice)
    await border.bring(IdentificationDeclined(), goes_on)
    assert (await border.answers())[-1] is True
    assert await shown(border, goes_on) == ("helped-without-identification", "person-chose")


async def test_a_duplicate_takes_no_wish_for_help_alone_with_it(interior: Bench) -> None:
    """Met twice; in one case nobody is to decide, in the other one the clock runs."""
    alone, due = new_id(), new_id()
    for case_id in (alone, due):
        await take_over(interior, case_id)
    await interior.bring(IdentificationDeclined(), alone)
    await interior.bring(DuplicateFound(into_case=alone), due)
    await interior.bring(DuplicateFound(into_case=due), alone)
    assert await interior.answers() == [True, ["merge-other-way"], ["only-in-this-case"]]
    await interior.bring(IdentificationDeclined(), due)
    await interior.bring(DuplicateFound(into_case=due), alone)
    assert (await interior.answers())[-2:] == [True, True]
    assert await shown(interior, due) == ("helped-without-identification", "person-chose")
    assert await interior.rows(CLOCKS) == []


@pytest.mark.parametrize("agreed_last", [True, False])
async def test_who_agreed_in_the_other_case_since_is_decided_about_there(
    interior: Bench, agreed_last: bool
) -> None:
    alone, due = new_id(), new_id()
    for case_id in (alone, due):
        await take_over(interior, case_id)
    words = [
        (IdentificationDeclined(), alone),
        (a_consent(purposes=("identification",)), due),
    ]
    for body, case_id in words if agreed_last else reversed(words):
        await interior.bring(body, case_id)
        await interior.let_time_pass(hours=1)
    await interior.bring(DuplicateFound(into_case=due), alone)
    assert await interior.answers() == [True, True if agreed_last else ["only-in-this-case"]]
    assert await shown(interior, due) == ("detected", None)
    assert len(await interior.rows(CLOCKS)) == 1
