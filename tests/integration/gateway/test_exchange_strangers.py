"""What another gateway may not do with a reference or a name, and what ends where nothing began."""

from uuid import UUID

import pytest

from services.chassis.clock import new_id
from services.chassis.database import Transaction
from services.gateway.domain.exchange import Arrival
from services.gateway.handlers.exchange.receiving import Outcome
from services.gateway.store import cases
from services.gateway.store.exchange import references
from services.gateway.store.exchange.references import Reference
from services.gateway.store.policy import PolicyRow
from tests.integration.gateway.exchange_fixtures import pair
from tests.integration.gateway.test_exchange_refused import permitting, running
from tests.support.gateway_exchange import (
    NOW,
    RECEIVER,
    SENDER,
    Both,
    Gateway,
    a_cancellation,
    a_policy_row,
    an_offer,
    lose,
    offer,
    one_sent,
    progress_on,
    settle_both,
)
from tests.support.waiting import until

__all__ = ["pair"]


async def test_a_word_that_is_no_participant_does_not_come_in_as_one(pair: Both) -> None:
    sender, receiver = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    await sender.outgoing(an_offer(counted_by="anna-invented"), RECEIVER, case_id)
    await sender.write(RECEIVER)
    assert await receiver.read(SENDER) == [Outcome.PARKED]
    assert await receiver.rows("SELECT 1 FROM outbox") == []
    assert await receiver.rows("SELECT 1 FROM exchange_reference") == []


async def test_nobody_offers_us_our_own_case_under_the_reference_we_gave(pair: Both) -> None:
    sender, receiver = pair
    await one_sent(sender)
    await settle_both(sender, receiver)
    (arrived,) = await receiver.facts("task-offered")
    await receiver.rows("UPDATE exchange_reference SET origin = 'given'")
    await receiver.consent_to(UUID(arrived["key"]), SENDER)
    await receiver.outgoing(an_offer(), SENDER, UUID(arrived["key"]))
    await receiver.write(SENDER)
    assert (await sender.read(RECEIVER))[-1] is Outcome.PARKED
    assert await sender.facts("task-offered") == []


async def test_nobody_answers_under_the_reference_it_gave(pair: Both) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    await settle_both(sender, receiver)
    await sender.rows("UPDATE exchange_reference SET origin = 'received'")
    await sender.outgoing(progress_on(new_id(), "accepted"), RECEIVER, case_id)
    await sender.write(RECEIVER)
    assert await receiver.read(SENDER) == [Outcome.PARKED]
    assert await receiver.facts("task-progressed") == []


async def test_the_end_of_an_offer_that_never_arrived_is_no_alarm(pair: Both) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    lose(sender)
    await sender.rows("UPDATE consent SET expires_at = now() - interval '1 day'")
    await sender.write(RECEIVER)
    (refused,) = await sender.facts("sending-refused")
    assert refused["body"]["reason"] == "consent-expired"
    await sender.outgoing(a_cancellation(new_id()), RECEIVER, case_id)
    await sender.write(RECEIVER)
    assert await receiver.read(SENDER) == [Arrival.NEXT]
    assert await receiver.rows("SELECT 1 FROM exchange_parked") == []
    assert await receiver.facts() == []


async def test_the_end_of_an_offer_that_was_put_aside_is_put_aside_behind_it(pair: Both) -> None:
    sender, receiver = pair
    await receiver.take_policy(permitting(2, "hand-over"))
    case_id, _ = await one_sent(sender)
    await sender.outgoing(a_cancellation(new_id()), RECEIVER, case_id)
    await sender.write(RECEIVER)
    assert (await receiver.read(SENDER)).count(Outcome.PARKED) == 2
    assert len(await receiver.rows("SELECT 1 FROM exchange_parked")) == 2


async def test_who_only_had_answers_from_us_is_told_of_no_end_of_an_offer(pair: Both) -> None:
    sender, receiver = pair
    await one_sent(sender)
    await settle_both(sender, receiver)
    (arrived,) = await receiver.facts("task-offered")
    local_case = UUID(arrived["key"])
    await receiver.outgoing(progress_on(new_id()), SENDER, local_case)
    await receiver.outgoing(a_cancellation(new_id()), SENDER, local_case)
    await receiver.write(SENDER)
    (refused,) = await receiver.facts("sending-refused")
    assert refused["body"]["reason"] == "unknown-recipient"
    assert len(await receiver.rows("SELECT 1 FROM exchange_reference")) == 1


async def heard_in_between(
    monkeypatch: pytest.MonkeyPatch, receiver: Gateway, reference: UUID
) -> UUID:
    """The first look finds nothing; then another transaction opens a case under the reference."""
    case_id, look = new_id(), references.find_reference

    async def too_early(tx: Transaction, agency: str, asked: UUID) -> Reference | None:
        found = await look(tx, agency, asked)
        if found is None:
            async with receiver.database.transaction() as other:
                await cases.lock_case(other, case_id, NOW)
                opened = Reference(
                    agency=agency, reference=asked, case_id=case_id, origin="received", live=True
                )
                await references.first_heard(other, opened, NOW)
        return found if asked == reference else None

    monkeypatch.setattr(references, "find_reference", too_early)
    return case_id


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_a_reference_that_two_hear_of_at_once_stands_for_one_case(
    pair: Both, monkeypatch: pytest.MonkeyPatch, withdrawn: bool
) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    (given,) = await sender.rows("SELECT reference FROM exchange_reference")
    if withdrawn:
        lose(sender)
        await sender.withdraw(case_id)
        await sender.write(RECEIVER)
    there = await heard_in_between(monkeypatch, receiver, given["reference"])
    assert await receiver.read(SENDER) == [Arrival.NEXT]
    told = await receiver.facts("sharing-stopped" if withdrawn else "task-offered")
    assert [fact["key"] for fact in told] == [str(there)]


async def test_two_registries_under_one_version_are_an_alarm_until_they_agree(pair: Both) -> None:
    sender, receiver = pair
    await receiver.rows("UPDATE policy_copy SET digest = $1", "b" * 64)
    await one_sent(sender)
    assert await receiver.read(SENDER) == [Outcome.WAITS]
    (book,) = await receiver.rows("SELECT alarm, upto FROM exchange_pair_in")
    assert book == {"alarm": "registry-differs", "upto": 0}
    await receiver.rows("UPDATE policy_copy SET digest = $1", f"{1:064x}")
    assert await receiver.read(SENDER) == [Arrival.NEXT]
    (book,) = await receiver.rows("SELECT alarm, upto FROM exchange_pair_in")
    assert book == {"alarm": None, "upto": 1}


def without_pairs(version: int) -> PolicyRow:
    """A newer version in which nobody may write to anybody."""
    row = a_policy_row(version)
    row.document["pairs"] = []
    return row


@pytest.mark.parametrize("recipient", [RECEIVER, "nobody-brest"])
async def test_what_no_pair_takes_comes_back_with_the_reason_after_a_restart_too(
    pair: Both, recipient: str
) -> None:
    sender, _ = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    await offer(sender, case_id)
    await sender.outgoing(an_offer(), recipient, case_id)
    await sender.take_policy(without_pairs(2))

    async def refused() -> bool:
        return len(await sender.facts("sending-refused")) == 2

    async with running(sender):
        await until(refused)
    assert await sender.rows("SELECT 1 FROM exchange_sending") == []
