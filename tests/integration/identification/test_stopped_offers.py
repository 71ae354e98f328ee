"""An offer that may not leave because the person took back what was agreed for it."""

import pytest

from contracts.catalogue import type_of
from contracts.gateway import SendingRefused
from contracts.identification import HandOverOffered
from services.chassis.clock import new_id
from tests.integration.identification.events import (
    INTERIOR,
    POLICY,
    a_consent,
    a_detection,
    a_participant,
    a_policy,
    a_withdrawal,
)
from tests.integration.identification.test_declining import OTHERS, OURS, shown
from tests.support.service_bench import NOW, Bench, Told


def stopped(outgoing: Told) -> SendingRefused:
    """The gateway's word that an offer may not leave: what was agreed for it was taken back."""
    return SendingRefused(
        outgoing_id=outgoing.id,
        recipient=INTERIOR,
        outgoing_type=type_of("identification", HandOverOffered),
        reason="consent-withdrawn",
    )


@pytest.mark.parametrize("withdrawal_first", [True, False])
async def test_what_was_taken_back_before_it_left_is_a_choice_too(
    border: Bench, withdrawal_first: bool
) -> None:
    case_id, consent = new_id(), a_consent()
    for body, subject in ((a_policy(), POLICY), (a_detection(), case_id), (consent, case_id)):
        await border.bring(body, subject)
    (outgoing,) = await border.told("outgoing")
    await border.let_time_pass(hours=1)
    told = [a_withdrawal(consent_id=consent.consent_id), stopped(outgoing)]
    for word in told if withdrawal_first else reversed(told):
        await border.bring(word, case_id)
    assert await shown(border, case_id) == ("helped-without-identification", "person-chose")
    assert await border.kinds("outgoing") == ["hand-over-offered"]
    await border.let_time_pass(minutes=1)
    await border.bring(a_consent(), case_id)
    assert await border.kinds("outgoing") == ["hand-over-offered"] * 2


async def test_what_was_agreed_to_before_an_offer_was_stopped_counts_read_after_it(
    border: Bench,
) -> None:
    """The choice was made by taking back, not when it was heard that nothing leaves any more."""
    case_id, consent, elsewhere = new_id(), a_consent(), "interior-minsk"
    both = (OURS, *(a_participant(each, "interior-affairs", "identify") for each in OTHERS))
    await border.bring(a_policy(participants=both), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(consent, case_id)
    (outgoing,) = await border.told("outgoing")
    await border.let_time_pass(hours=1)
    await border.bring(a_withdrawal(consent_id=consent.consent_id), case_id)
    await border.let_time_pass(minutes=1)
    agreed = border.arrival(a_consent(recipients=(elsewhere,)), case_id)
    await border.let_time_pass(minutes=1)
    await border.bring(stopped(outgoing), case_id)
    assert await shown(border, case_id) == ("helped-without-identification", "person-chose")
    await border.settle(agreed)
    assert [each.headers["recipient"] for each in await border.told("outgoing")] == [
        *(INTERIOR, elsewhere),
    ]


@pytest.mark.parametrize("read", ["wcr", "rwc", "wrc"])
@pytest.mark.parametrize("agency", OTHERS)
async def test_who_agrees_again_before_it_is_heard_that_the_offer_was_stopped_is_offered(
    border: Bench, read: str, agency: str
) -> None:
    """Taken back (w), agreed to anew (c), refused (r): in whichever order the topics bring it."""
    case_id, consent = new_id(), a_consent()
    both = (OURS, *(a_participant(each, "interior-affairs", "identify") for each in OTHERS))
    await border.bring(a_policy(participants=both), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(consent, case_id)
    (outgoing,) = await border.told("outgoing")
    told = {}
    for word, body in (
        ("w", a_withdrawal(consent_id=consent.consent_id)),
        ("c", a_consent(recipients=(agency,))),
        ("r", stopped(outgoing)),
    ):
        await border.let_time_pass(hours=1)
        told[word] = border.arrival(body, case_id)
    await border.let_time_pass(days=1)
    for word in sorted(told, key=read.index):
        await border.settle(told[word])
    assert [each.headers["recipient"] for each in await border.told("outgoing")] == [
        *(INTERIOR, agency),
    ]


async def test_what_was_stopped_is_not_offered_again_under_the_same_consents(
    border: Bench,
) -> None:
    """Two agencies were agreed to, and one that decides nothing; it is long not read that all of
    that was taken back. Each is tried once, whatever else has the case looked at.
    """
    case_id, elsewhere = new_id(), "interior-minsk"
    both = (OURS, *(a_participant(each, "interior-affairs", "identify") for each in OTHERS))
    await border.bring(a_policy(participants=both), POLICY)
    await border.bring(a_detection(), case_id)
    for agency in (INTERIOR, elsewhere, "ngo-brest"):
        await border.bring(a_consent(recipients=(agency,)), case_id)
    withdrawal = border.arrival(a_withdrawal(), case_id)
    for turn, agency in enumerate((INTERIOR, elsewhere)):
        await border.let_time_pass(hours=1)
        outgoing = (await border.told("outgoing"))[turn]
        assert outgoing.headers["recipient"] == agency
        await border.bring(stopped(outgoing), case_id)
    await border.bring(a_policy(2, participants=both), POLICY)
    await border.let_time_pass(seconds=1)
    assert len(await border.told("outgoing")) == 2
    assert await shown(border, case_id) == ("detected", None)
    await border.settle(withdrawal)
    assert await shown(border, case_id) == ("helped-without-identification", "person-chose")
    rows = await border.rows("SELECT DISTINCT ended_at FROM consent_copy")
    assert [row["ended_at"] for row in rows] == [NOW]
