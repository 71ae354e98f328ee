"""Two gateways on real PostgreSQL: what leaves, what comes in, and what is said about it."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from contracts.identification import ChildNotified, HandOverRequired, NoRemoval
from services.chassis.clock import FrozenClock, new_id
from services.chassis.messaging.codec import from_structured
from services.gateway.domain.exchange import Arrival
from services.gateway.domain.wrapping import unwrap
from services.gateway.handlers.exchange.context import exchange_topic
from services.gateway.handlers.exchange.receipts import tell_late
from services.gateway.handlers.exchange.receiving import Outcome
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_exchange import (
    NOW,
    RECEIVER,
    SENDER,
    THIRD,
    Both,
    a_cancellation,
    a_hand_over,
    a_policy_row,
    a_query,
    an_offer,
    lose,
    offer,
    on_the_hub,
    one_sent,
    progress_on,
    settle_both,
    two_gateways,
)
from tests.support.postgres import Postgres

__all__ = ["pair"]


async def test_an_offer_opens_a_case_there_and_its_progress_comes_back(pair: Both) -> None:
    sender, receiver = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    sent = an_offer()
    outgoing_id = await sender.outgoing(sent, RECEIVER, case_id)
    await settle_both(sender, receiver)
    (arrived,) = await receiver.facts("task-offered")
    assert arrived["body"]["task_id"] == str(sent.task_id)
    assert arrived["headers"]["sender"] == SENDER
    local_case = UUID(arrived["key"])
    assert local_case != case_id
    (told,) = await sender.facts("sending-delivered")
    assert told["body"] == {"outgoing_id": str(outgoing_id), "recipient": RECEIVER}
    assert told["key"] == str(case_id)
    assert await sender.rows("SELECT 1 FROM exchange_sending") == []

    await receiver.outgoing(progress_on(sent.task_id), SENDER, local_case)
    await receiver.write(SENDER)
    await sender.read(RECEIVER)
    (progress,) = await sender.facts("task-progressed")
    assert progress["key"] == str(case_id)
    (entry,) = await receiver.rows("SELECT basis, case_id FROM exchange_disclosure")
    assert entry == {"basis": "grant", "case_id": local_case}


@pytest.mark.parametrize("word", ["hand-over-required", "child-notified", "no-removal"])
async def test_what_the_law_lets_be_told_opens_a_case_there(pair: Both, word: str) -> None:
    sender, receiver = pair
    case_id = new_id()
    bodies = {
        "hand-over-required": HandOverRequired(
            **a_hand_over(majority="child").model_dump(), ground="child-route"
        ),
        "child-notified": ChildNotified(
            notification_id=new_id(),
            majority="child",
            immediate_danger=False,
            guardian_request="advocate",
        ),
        "no-removal": NoRemoval(notification_id=new_id()),
    }
    if word == "no-removal":
        await sender.consent_to(case_id, RECEIVER, purpose="no-removal")
    await sender.outgoing(bodies[word], RECEIVER, case_id)
    await settle_both(sender, receiver)
    (arrived,) = await receiver.facts(word)
    assert UUID(arrived["key"]) != case_id
    assert arrived["headers"]["sender"] == SENDER
    assert await receiver.rows("SELECT 1 FROM exchange_parked") == []


async def test_outside_nothing_joins_what_two_recipients_know(pair: Both) -> None:
    sender, _ = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER, THIRD)
    outgoing_ids = [
        await sender.outgoing(an_offer(), agency, case_id) for agency in (RECEIVER, THIRD)
    ]
    envelopes = []
    for agency in (RECEIVER, THIRD):
        await sender.write(agency)
        (record,) = on_the_hub(sender, exchange_topic(SENDER, agency))
        unwrapped = unwrap(record)
        assert unwrapped.inner is not None
        envelopes.append(from_structured(unwrapped.inner)[0])
        for secret in (case_id, *outgoing_ids):
            assert str(secret).encode() not in record
            assert secret.bytes not in record
    first, second = envelopes
    assert first.subject != second.subject
    assert first.id != second.id
    for envelope in envelopes:
        left = (envelope.correlationid, envelope.causationid, envelope.traceparent)
        assert left == (None, None, None)
        assert UUID(envelope.id).version == UUID(envelope.subject).version == 4


@pytest.mark.parametrize("recipient", [None, SENDER, "nobody-knows"])
async def test_what_is_addressed_to_nobody_comes_back_as_a_fact(
    pair: Both, recipient: str | None
) -> None:
    sender, _ = pair
    case_id = new_id()
    outgoing_id = await sender.outgoing(an_offer(), recipient, case_id)
    if recipient not in (None, SENDER):
        await sender.write(recipient or "")
    (told,) = await sender.facts("sending-refused")
    assert told["body"]["outgoing_id"] == str(outgoing_id)
    assert told["body"]["reason"] in ("unknown-recipient", "not-a-participant")
    assert await sender.rows("SELECT 1 FROM exchange_sending") == []


async def test_without_consent_nothing_leaves_and_the_reason_is_told(pair: Both) -> None:
    sender, _ = pair
    case_id = new_id()
    await offer(sender, case_id)
    await sender.write(RECEIVER)
    (told,) = await sender.facts("sending-refused")
    assert told["body"]["reason"] == "no-consent"
    assert on_the_hub(sender) == []
    assert await sender.rows("SELECT 1 FROM exchange_disclosure") == []


async def test_while_an_agency_is_suspended_everything_waits_in_order(pair: Both) -> None:
    sender, receiver = pair
    await sender.take_policy(a_policy_row(2, suspended=(RECEIVER,)))
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    await offer(sender, case_id)
    writer = await sender.write(RECEIVER)
    assert writer.held
    assert on_the_hub(sender) == []
    for gateway in (sender, receiver):
        await gateway.take_policy(a_policy_row(3))
    await settle_both(sender, receiver)
    assert len(await receiver.facts("task-offered")) == 1


async def test_a_record_that_names_an_unknown_policy_waits(pair: Both) -> None:
    sender, receiver = pair
    await sender.take_policy(a_policy_row(2))
    await one_sent(sender)
    assert await receiver.read(SENDER) == [Outcome.WAITS]
    await receiver.take_policy(a_policy_row(2, digest="e" * 64))
    assert await receiver.read(SENDER) == [Outcome.WAITS]  # two hashes for one version
    await receiver.take_policy(a_policy_row(3))
    assert await receiver.read(SENDER) == [Arrival.NEXT]


async def test_a_query_carries_no_case_and_needs_none(pair: Both) -> None:
    sender, receiver = pair
    query = a_query()
    await sender.outgoing(query, RECEIVER, query.query_id)
    await settle_both(sender, receiver)
    (arrived,) = await receiver.facts("capacity-queried")
    assert arrived["key"] == str(query.query_id)
    for gateway in pair:
        assert await gateway.rows("SELECT 1 FROM exchange_reference") == []


async def test_not_more_than_a_window_is_on_its_way(pair: Both) -> None:
    sender, receiver = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    for _ in range(11):
        await offer(sender, case_id)
    await sender.write(RECEIVER)
    assert len(on_the_hub(sender)) == 8
    await settle_both(sender, receiver)
    await settle_both(sender, receiver)
    assert len(await receiver.facts("task-offered")) == 11
    (reference,) = await sender.rows("SELECT state FROM exchange_reference")
    assert reference["state"] == "live"


async def test_a_withdrawal_freezes_the_case_there_and_retires_the_reference(pair: Both) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    await settle_both(sender, receiver)
    await offer(sender, case_id)
    assert await sender.withdraw(case_id) == (RECEIVER,)
    (queued,) = await sender.facts("notice-queued")
    assert queued["body"] == {"recipient": RECEIVER}
    await settle_both(sender, receiver)
    (refused,) = await sender.facts("sending-refused")
    assert refused["body"]["reason"] == "consent-withdrawn"
    (stopped,) = await receiver.facts("sharing-stopped")
    (arrived,) = await receiver.facts("task-offered")
    assert stopped["key"] == arrived["key"]
    (row,) = await receiver.rows("SELECT frozen_at FROM case_row")
    assert row["frozen_at"] is not None
    local_case = UUID(arrived["key"])
    await receiver.outgoing(progress_on(new_id()), SENDER, local_case)
    await receiver.write(SENDER)
    (refused,) = await receiver.facts("sending-refused")
    assert refused["body"]["reason"] == "grant-ended"

    await sender.consent_to(case_id, RECEIVER)  # sharing again: a new reference, a new case there
    await offer(sender, case_id)
    await settle_both(sender, receiver)
    first, second = await receiver.facts("task-offered")
    assert first["key"] != second["key"]
    references = await sender.rows("SELECT state FROM exchange_reference ORDER BY state")
    assert [row["state"] for row in references] == ["ended", "live"]


async def test_a_withdrawal_overtakes_what_has_no_receipt_and_the_notice_still_arrives(
    pair: Both,
) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    lose(sender)
    await sender.withdraw(case_id)
    await sender.write(RECEIVER)
    await settle_both(sender, receiver)
    assert await receiver.facts("task-offered") == []
    assert await receiver.facts("sharing-stopped") == []
    (tombstone,) = await receiver.rows("SELECT case_id, state FROM exchange_reference")
    assert tombstone == {"case_id": None, "state": "ended"}
    (refused,) = await sender.facts("sending-refused")
    assert refused["body"]["reason"] == "consent-withdrawn"


async def test_one_withdrawn_consent_stops_only_whom_no_other_covers(pair: Both) -> None:
    sender, _ = pair
    case_id = new_id()
    ended = await sender.consent_to(case_id, RECEIVER, THIRD)
    await sender.consent_to(case_id, THIRD)
    for agency in (RECEIVER, THIRD):
        await sender.outgoing(an_offer(), agency, case_id)
        await sender.write(agency)
    assert await sender.withdraw(case_id, ended) == (RECEIVER,)


async def test_a_cancellation_arrives_even_after_the_withdrawal(pair: Both) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    await settle_both(sender, receiver)
    await sender.withdraw(case_id)
    await sender.outgoing(a_cancellation(new_id()), RECEIVER, case_id)
    await settle_both(sender, receiver)
    assert len(await receiver.facts("offer-withdrawn")) == 1
    await sender.outgoing(a_cancellation(new_id()), THIRD, case_id)
    await sender.write(THIRD)
    (refused,) = await sender.facts("sending-refused")
    assert refused["body"]["reason"] == "unknown-recipient"


async def test_what_has_no_receipt_in_time_is_told_once(
    postgres_server: Postgres, door_template: str, tmp_path: Path
) -> None:
    clock = FrozenClock(NOW)
    async with two_gateways(postgres_server, door_template, tmp_path, clock=clock) as both:
        sender, _ = both
        case_id = new_id()
        await sender.consent_to(case_id, RECEIVER)
        await sender.outgoing(an_offer(urgency="emergency"), RECEIVER, case_id)
        await sender.outgoing(an_offer(), RECEIVER, case_id)
        for passed, expected in ((10, 0), (10, 1), (10, 1), (24 * 60, 2)):
            clock.advance(timedelta(minutes=passed))
            await sender.database.run(partial(tell_late, sender.context))
            assert len(await sender.facts("sending-delayed")) == expected


async def test_an_expired_consent_or_one_for_another_purpose_keeps_no_sharing_alive(
    pair: Both,
) -> None:
    sender, _ = pair
    case_id = new_id()
    ended = await sender.consent_to(case_id, RECEIVER)
    expired = await sender.consent_to(case_id, RECEIVER)
    await sender.consent_to(case_id, RECEIVER, purpose="hand-over")
    await offer(sender, case_id)
    await sender.write(RECEIVER)
    async with sender.database.transaction() as tx:
        await tx.connection.execute(
            "UPDATE consent SET expires_at = $1 WHERE consent_id = $2",
            NOW - timedelta(days=1),
            expired,
        )
    assert await sender.withdraw(case_id, ended) == (RECEIVER,)
