"""After a hand-over both agencies see the clock of the first decision, and one of them no decision.

The border handed the case over; interior works it. What leaves interior is compared with what it
decided; what the border shows, with what interior said.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.catalogue import type_of
from contracts.gateway import FeedbackEnded, NoticeQueued, SendingRefused, SharingStopped
from contracts.identification import DecisionClockTold, HandOverReceived
from contracts.intake import CaseClosed, CaseCorrected, CaseEnteredInError, ReconsiderationAsked
from services.chassis.clock import new_id
from tests.integration.identification.events import (
    BORDER,
    INTERIOR,
    POLICY,
    a_consent,
    a_decision,
    a_detection,
    a_policy,
    a_screening,
    at,
    take_over,
)
from tests.support.service_bench import NOW, Bench

ABOUT: dict[str, Any] = {"publisher": "identification", "sender": INTERIOR}
NEGATIVE: dict[str, Any] = {"outcome": "negative", "reasons": ("act-not-shown",)}
DUE = NOW + timedelta(days=3)


async def shown(bench: Bench, case_id: UUID) -> dict[str, Any]:
    """The only hand-over of the case, as a case officer sees it."""
    async with bench.client() as officer:
        (hand_over,) = (await officer.get(f"/v1/cases/{case_id}")).json()["hand_overs"]
    return dict(hand_over)


async def letters(interior: Bench) -> list[tuple[str, str]]:
    """To whom interior said what of the clock."""
    told = [each for each in await interior.told("outgoing") if each.kind == "decision-clock-told"]
    assert all(set(each.body) == {"offer_id", "status"} for each in told)
    assert all(each.headers["purpose"] == "hand-over" for each in told)
    return [(each.headers["recipient"], each.body["status"]) for each in told]


async def clock_of(interior: Bench, case_id: UUID) -> str | None:
    async with interior.client() as officer:
        case = (await officer.get(f"/v1/cases/{case_id}")).json()
    due: str | None = case["clocks"]["reasonable_grounds_due_at"]
    return due


async def handed_over(border: Bench, case_id: UUID, **answer: Any) -> UUID:
    """The border's case, with what interior answered to its offer; the id of the offer."""
    for body, subject in ((a_policy(), POLICY), (a_detection(), case_id), (a_consent(), case_id)):
        await border.bring(body, subject)
    (offer,) = await border.told("outgoing")
    offer_id = UUID(offer.body["offer_id"])
    if answer:
        received = HandOverReceived(offer_id=offer_id, hand_over_reference=new_id(), **answer)
        await border.bring(received, case_id, **ABOUT)
    return offer_id


async def hears(border: Bench, case_id: UUID, offer_id: UUID, status: str, **about: Any) -> None:
    letter = DecisionClockTold(offer_id=offer_id, status=status)
    assert await border.bring(letter, case_id, **ABOUT | about) == "handled"


async def test_who_takes_a_case_over_says_by_when_it_decides_first(interior: Bench) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    (receipt,) = await interior.told("outgoing")
    due = await clock_of(interior, case_id)
    assert due is not None
    assert at(receipt.body["decision_due_at"]) == at(due)
    hand_over = await shown(interior, case_id)
    assert (hand_over["decision_clock"], at(hand_over["decision_due_at"])) == ("running", at(due))


async def test_where_nobody_decides_no_clock_is_told_now_or_later(interior: Bench) -> None:
    case_id = new_id()
    await take_over(interior, case_id, case_type="domestic-violence")
    (receipt,) = await interior.told("outgoing")
    assert receipt.body["decision_due_at"] is None
    await interior.bring(CaseCorrected(case_type="trafficking"), case_id)
    assert await clock_of(interior, case_id) is not None
    await interior.let_time_pass(days=30)
    await interior.bring(a_decision(), case_id)
    assert await letters(interior) == []


@pytest.mark.parametrize("outcome", [{}, NEGATIVE])
async def test_a_decision_ends_the_clock_in_one_word_and_nothing_follows(
    interior: Bench, outcome: dict[str, Any]
) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    await interior.bring(a_screening(), case_id)
    assert await letters(interior) == []
    await interior.bring(a_decision(**outcome), case_id)
    assert await letters(interior) == [(BORDER, "over")]
    hand_over = await shown(interior, case_id)
    assert (hand_over["decision_clock"], hand_over["decision_due_at"]) == ("over", None)
    if outcome:
        await interior.bring(ReconsiderationAsked(ground="new-facts"), case_id)
        await interior.let_time_pass(days=60)
        await interior.bring(a_decision(), case_id)
    await interior.let_time_pass(days=90)
    await interior.bring(a_decision("conclusive"), case_id)
    await interior.bring(CaseClosed(reason="needs-met"), case_id)
    assert all(answer is True for answer in await interior.answers())
    assert "decision-overdue" in await interior.kinds("identification")
    assert await letters(interior) == [(BORDER, "over")]


@pytest.mark.parametrize(
    "ending",
    [
        CaseClosed(reason="person-left"),
        CaseEnteredInError(reason="wrong-person"),
        CaseCorrected(case_type="domestic-violence"),
    ],
    ids=lambda body: type(body).__name__,
)
async def test_an_end_without_a_decision_reads_like_one(interior: Bench, ending: Any) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    await interior.bring(ending, case_id)
    assert await letters(interior) == [(BORDER, "over")]


async def test_a_missed_clock_is_told_once_and_the_late_decision_after_it(
    interior: Bench,
) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    for _ in range(2):
        await interior.let_time_pass(days=30)
    assert await letters(interior) == [(BORDER, "passed")]
    await interior.bring(a_decision(**NEGATIVE), case_id)
    assert await letters(interior) == [(BORDER, "passed"), (BORDER, "over")]


async def test_of_a_frozen_case_nothing_more_is_said(interior: Bench) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    await interior.bring(SharingStopped(reference_known=True), case_id)
    await interior.let_time_pass(days=30)
    await interior.bring(a_decision(), case_id)
    assert await letters(interior) == []


async def test_whom_the_receipt_never_reached_hears_of_no_clock_either(interior: Bench) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    (receipt,) = await interior.told("outgoing")
    refused = SendingRefused(
        outgoing_id=receipt.id,
        recipient=BORDER,
        outgoing_type=type_of("identification", HandOverReceived),
        reason="grant-ended",
    )
    await interior.bring(refused, case_id)
    await interior.bring(a_decision(), case_id)
    assert await letters(interior) == []


async def test_who_handed_over_sees_the_clock_its_passing_and_its_end(border: Bench) -> None:
    case_id = new_id()
    offer_id = await handed_over(border, case_id, decision_due_at=DUE)
    seen = [await shown(border, case_id)]
    for status in ("passed", "passed", "over", "over"):
        await hears(border, case_id, offer_id, status)
        seen.append(await shown(border, case_id))
    assert [each["decision_clock"] for each in seen] == [
        *("running", "passed", "passed", "over", "over")
    ]
    dues = [each["decision_due_at"] for each in seen]
    assert [due and at(due) for due in dues] == [DUE, DUE, DUE, None, None]
    told = (await border.told("identification"))[-3:]
    assert [each.kind for each in told] == [
        *("hand-over-confirmed", "awaited-decision-overdue", "decision-clock-stopped")
    ]
    assert at(told[0].body["decision_due_at"]) == DUE
    assert set(told[1].body) == {"offer_id", "recipient", "due_at"}
    assert at(told[1].body["due_at"]) == DUE
    assert told[2].body["status"] == "over"


async def test_what_comes_out_of_order_never_turns_the_clock_back(border: Bench) -> None:
    case_id = new_id()
    offer_id = await handed_over(border, case_id)
    await hears(border, case_id, offer_id, "over")
    await hears(border, case_id, offer_id, "passed")
    receipt = HandOverReceived(offer_id=offer_id, hand_over_reference=new_id(), decision_due_at=DUE)
    await border.bring(receipt, case_id, **ABOUT)
    hand_over = await shown(border, case_id)
    assert (hand_over["state"], hand_over["decision_clock"]) == ("confirmed", "over")
    assert hand_over["decision_due_at"] is None
    assert "awaited-decision-overdue" not in await border.kinds("identification")


async def test_strangers_other_offers_and_a_word_that_says_nothing_new_are_ignored(
    border: Bench,
) -> None:
    case_id = new_id()
    offer_id = await handed_over(border, case_id, decision_due_at=DUE)
    await hears(border, case_id, offer_id, "over", sender="ngo-brest")
    await hears(border, case_id, new_id(), "over")
    await hears(border, case_id, offer_id, "running")
    assert (await shown(border, case_id))["decision_clock"] == "running"
    assert (await border.audited()).count("decision-clock-ignored") == 3


@pytest.mark.parametrize(
    "ending", [NoticeQueued(recipient=INTERIOR), FeedbackEnded(agency=INTERIOR)]
)
async def test_when_sharing_ends_on_either_side_the_clock_is_shown_no_longer(
    border: Bench, ending: Any
) -> None:
    case_id = new_id()
    offer_id = await handed_over(border, case_id, decision_due_at=DUE)
    other = type(ending)(**dict.fromkeys(type(ending).model_fields, "ngo-brest"))
    await border.bring(other, case_id)
    assert (await shown(border, case_id))["decision_clock"] == "running"
    for _ in range(2):
        await border.bring(ending, case_id)
    await hears(border, case_id, offer_id, "over")
    hand_over = await shown(border, case_id)
    assert (hand_over["decision_clock"], hand_over["decision_due_at"]) == ("not-told", None)
    assert (await border.kinds("identification")).count("decision-clock-stopped") == 1


async def test_an_answer_without_a_clock_shows_none(border: Bench) -> None:
    case_id = new_id()
    offer_id = await handed_over(border, case_id, decision_due_at=None)
    hand_over = await shown(border, case_id)
    assert (hand_over["state"], hand_over["decision_clock"]) == ("confirmed", None)
    await border.bring(FeedbackEnded(agency=INTERIOR), case_id)
    assert (await shown(border, case_id))["decision_clock"] is None
    assert offer_id


async def test_what_was_handed_over_before_the_upgrade_goes_on_and_nobody_is_told(
    interior: Bench,
) -> None:
    """As a row of the version before stands after the migration (`test_migrations.py`)."""
    case_id = new_id()
    await take_over(interior, case_id)
    async with interior.frame.database.transaction() as tx:
        await tx.connection.execute(
            "UPDATE hand_over SET decision_clock = NULL, decision_due_at = NULL"
        )
    await interior.let_time_pass(days=30)
    await interior.bring(a_decision(), case_id)
    assert await letters(interior) == []
    hand_over = await shown(interior, case_id)
    assert (hand_over["state"], hand_over["decision_clock"]) == ("confirmed", None)
