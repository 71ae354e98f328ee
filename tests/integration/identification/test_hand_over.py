"""Detecting and handing over, on a real database: nothing without consent, nothing twice."""

import orjson

from contracts.catalogue import type_of
from contracts.gateway import ConsentExpired, NoticeQueued, SendingRefused, SharingStopped
from contracts.identification import HandOverOffered, HandOverReceived
from contracts.intake import CaseCorrected
from services.chassis.clock import new_id
from services.chassis.telemetry import Telemetry
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
    an_offer,
    take_over,
)
from tests.support.service_bench import NOW, Bench


async def test_a_detection_with_consent_is_offered_once(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    assert await border.kinds("outgoing") == []
    await border.bring(a_consent(), case_id)
    await border.bring(a_consent(), case_id)
    assert await border.answers() == [True]
    (offer,) = await border.told("outgoing")
    assert (offer.kind, offer.subject) == ("hand-over-offered", str(case_id))
    assert (offer.headers["recipient"], offer.headers["purpose"]) == (INTERIOR, "hand-over")
    assert await border.kinds("identification") == ["case-opened", "hand-over-started"]


async def test_a_consent_without_the_coded_case_hands_nothing_over(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(a_consent(categories=("needs", "other")), case_id)
    assert await border.kinds("outgoing") == []


async def test_consent_that_comes_before_detection_counts(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_consent(), case_id)
    await border.bring(a_detection(), case_id)
    assert await border.kinds("outgoing") == ["hand-over-offered"]


async def test_a_consent_that_expired_early_hands_nothing_over(border: Bench) -> None:
    case_id, consent = new_id(), a_consent()
    await border.bring(consent, case_id)
    expired = ConsentExpired(consent_id=consent.consent_id, expired_at=NOW)
    await border.bring(expired, case_id)
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    assert await border.kinds("outgoing") == []


async def test_a_policy_that_comes_last_has_every_case_looked_at(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_consent(), case_id)
    await border.bring(a_detection(), case_id)
    assert await border.kinds("outgoing") == []
    await border.bring(a_policy(), POLICY)
    await border.let_time_pass(seconds=1)
    assert await border.kinds("outgoing") == ["hand-over-offered"]
    await border.bring(a_policy(2), POLICY)
    await border.let_time_pass(seconds=1)
    assert await border.kinds("outgoing") == ["hand-over-offered"]


async def test_the_same_record_and_the_same_id_again_change_nothing(border: Bench) -> None:
    case_id = new_id()
    detected = border.arrival(a_detection(), case_id)
    assert await border.settle(detected) == "handled"
    assert await border.settle(detected) == "duplicate"
    again = border.arrival(a_detection(), case_id, id=detected.event_id)
    assert await border.settle(again) == "duplicate"
    assert await border.answers() == [True]
    assert await border.kinds("identification") == ["case-opened"]


async def test_a_second_detection_of_the_case_and_another_agency_are_refused(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_detection(), case_id)
    await border.bring(a_detection(INTERIOR), case_id)
    assert await border.answers() == [True, ["case-exists", "agency-not-this-node"]]


async def test_a_withdrawal_comes_before_the_grant_that_it_ends(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    grant = border.arrival(a_consent(), case_id)
    assert await border.settle(border.arrival(a_withdrawal(), case_id)) == "handled"
    assert await border.settle(grant) == "handled"
    assert await border.kinds("outgoing") == []
    later = border.arrival(a_consent(), case_id)
    assert await border.settle(later) == "gap"
    while await border.try_again(later) == "moved":
        pass
    assert await border.kinds("outgoing") == ["hand-over-offered"]


async def test_a_withdrawal_of_one_consent_leaves_the_other(border: Bench) -> None:
    case_id, first, second = new_id(), a_consent(), a_consent()
    for body in (first, second, a_withdrawal(consent_id=first.consent_id), a_detection()):
        await border.bring(body, case_id)
    await border.bring(a_policy(), POLICY)
    await border.let_time_pass(seconds=1)
    assert await border.kinds("outgoing") == ["hand-over-offered"]


async def test_an_expired_consent_covers_nobody(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_consent(expires_at=border.clock.now()), case_id)
    await border.bring(a_detection(), case_id)
    assert await border.kinds("outgoing") == []


async def test_a_class_with_an_unknown_code_covers_nobody(border: Bench) -> None:
    case_id = new_id()
    other = a_participant("somebody", "other", "identify")
    own = a_participant(BORDER, "border-guard", "detect-only")
    await border.bring(a_policy(participants=(own, other)), POLICY)
    await border.bring(a_detection(), case_id)
    raw = orjson.loads(a_consent(recipients=()).model_dump_json())
    raw["recipient_class"] = {"agency_type": "not-in-our-list", "oblasts": []}
    await border.bring(a_consent(), case_id, raw=orjson.dumps(raw))
    assert await border.kinds("outgoing") == []


async def test_a_restriction_of_every_identifying_agency_ends_in_help_without(
    border: Bench,
) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_restriction(agency=INTERIOR), case_id)
    await border.bring(a_detection(), case_id)
    await border.bring(a_consent(), case_id)
    assert await border.kinds("identification") == [
        "case-opened",
        "person-helped-without-identification",
    ]
    assert await border.kinds("outgoing") == []


async def test_a_refusal_told_later_ends_in_help_without(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(CaseCorrected(consent_outcome="refused"), case_id)
    (*_, last) = await border.told("identification")
    assert last.body == {"reason": "consent-refused"}


async def test_an_offer_that_may_not_leave_fails_and_may_be_made_again(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(a_consent(), case_id)
    (offer,) = await border.told("outgoing")
    refused = SendingRefused(
        outgoing_id=new_id(),
        recipient=INTERIOR,
        outgoing_type=type_of("identification", HandOverOffered),
        reason="no-consent",
    )
    await border.bring(refused, case_id)
    assert "hand-over-failed" not in await border.kinds("identification")
    await border.bring(refused.model_copy(update={"outgoing_id": offer.id}), case_id)
    assert (await border.told("identification"))[-1].kind == "hand-over-failed"
    await border.bring(a_consent(), case_id)
    offers = await border.told("outgoing")
    assert len({offer.id for offer in offers}) == 2
    assert len({offer.body["offer_id"] for offer in offers}) == 2


async def test_an_offer_withdrawn_before_its_answer_may_be_made_again(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(a_consent(), case_id)
    (first,) = await border.told("outgoing")
    await border.bring(a_withdrawal(), case_id)
    await border.bring(NoticeQueued(recipient="ngo-brest"), case_id)
    assert "hand-over-failed" not in await border.kinds("identification")
    await border.bring(NoticeQueued(recipient=INTERIOR), case_id)
    assert (await border.kinds("identification"))[-2:] == [
        "hand-over-failed",
        "person-helped-without-identification",
    ]
    assert len(await border.told("outgoing")) == 1
    late = HandOverReceived(offer_id=first.body["offer_id"], hand_over_reference=new_id())
    await border.bring(late, case_id, sender=INTERIOR, publisher="identification")
    assert "hand-over-confirmed" not in await border.kinds("identification")
    await border.let_time_pass(seconds=1)
    await border.bring(a_consent(), case_id)
    offers = await border.told("outgoing")
    assert len({offer.body["offer_id"] for offer in offers}) == 2


async def test_a_consent_heard_before_the_notice_is_for_a_new_offer(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(a_consent(), case_id)
    await border.bring(a_withdrawal(), case_id)
    await border.bring(a_consent(), case_id)
    assert len(await border.told("outgoing")) == 1
    await border.bring(NoticeQueued(recipient=INTERIOR), case_id)
    assert len(await border.told("outgoing")) == 2


async def test_only_the_agency_that_was_offered_the_case_confirms_it(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(a_consent(), case_id)
    (offer,) = await border.told("outgoing")
    answer = HandOverReceived(offer_id=offer.body["offer_id"], hand_over_reference=new_id())
    wrong = answer.model_copy(update={"offer_id": new_id()})
    about = {"publisher": "identification"}
    await border.bring(wrong, case_id, sender=INTERIOR, **about)
    await border.bring(answer, case_id, sender="ngo-brest", **about)
    assert "hand-over-confirmed" not in await border.kinds("identification")
    await border.bring(answer, case_id, sender=INTERIOR, **about)
    confirmed = (await border.told("identification"))[-1]
    assert confirmed.kind == "hand-over-confirmed"
    assert confirmed.body["hand_over_reference"] == str(answer.hand_over_reference)


async def test_a_case_taken_over_is_opened_once_and_answered(interior: Bench) -> None:
    case_id, offer = new_id(), an_offer(oblast="BY-BR", exploitation=("forced-labour",))
    about = {"publisher": "identification", "sender": BORDER}
    await interior.bring(a_policy(), POLICY)
    await interior.bring(offer, case_id, **about)
    await interior.bring(offer, case_id, **about)
    await interior.bring(an_offer(), case_id, **about)
    (opened,) = await interior.told("identification")
    assert opened.body["origin"] == "hand-over"
    assert opened.body["counted_by"] == BORDER
    assert opened.body["exploitation"] == ["forced-labour"]
    answers = await interior.told("outgoing")
    assert [answer.kind for answer in answers] == ["hand-over-received"] * 2
    assert {answer.headers["recipient"] for answer in answers} == {BORDER}
    assert answers[0].body["offer_id"] == str(offer.offer_id)


async def test_a_hand_over_waits_for_the_policy(interior: Bench) -> None:
    case_id = new_id()
    about = {"publisher": "identification", "sender": BORDER}
    offered = interior.arrival(an_offer(), case_id, **about)
    assert await interior.settle(offered) == "waiting"
    await interior.bring(a_policy(), POLICY)
    assert await interior.try_again(offered) == "handled"
    assert await interior.kinds("outgoing") == ["hand-over-received"]


async def test_a_node_without_the_power_takes_nothing_over(
    border: Bench, counted: Telemetry
) -> None:
    case_id = new_id()
    assert b"nrm_events_ignored_total 0.0" in counted.render_metrics()
    await border.bring(a_policy(), POLICY)
    await border.bring(an_offer(), case_id, publisher="identification", sender=INTERIOR)
    assert await border.kinds("identification") == []
    assert await border.kinds("outgoing") == []
    assert "hand-over-ignored" in await border.audited()
    assert b"nrm_events_ignored_total 1.0" in counted.render_metrics()


async def test_an_offer_behind_a_stop_is_not_taken(interior: Bench) -> None:
    case_id = new_id()
    await interior.bring(a_policy(), POLICY)
    await interior.bring(SharingStopped(reference_known=False), case_id)
    await interior.bring(an_offer(), case_id, publisher="identification", sender=BORDER)
    assert await interior.kinds("identification") == ["case-frozen"]
    assert await interior.kinds("outgoing") == []
    assert await interior.rows("SELECT * FROM person_case") == []


async def test_when_the_sender_cannot_be_told_whoever_reads_the_case_sees_it(
    interior: Bench,
) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    (told,) = await interior.told("outgoing")
    refused = SendingRefused(
        outgoing_id=told.id,
        recipient=BORDER,
        outgoing_type=type_of("identification", HandOverReceived),
        reason="grant-ended",
    )
    shown = []
    for _ in range(2):
        async with interior.client() as officer:
            (hand_over,) = (await officer.get(f"/v1/cases/{case_id}")).json()["hand_overs"]
        shown.append((hand_over["state"], hand_over["sender_not_told"], hand_over["reason"]))
        await interior.bring(refused, case_id)
    assert shown == [("confirmed", False, None), ("confirmed", True, "grant-ended")]
    assert hand_over["hand_over_reference"] is not None
    assert "sender-not-told" in await interior.audited()
