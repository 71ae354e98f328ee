"""A case between two gateways in both directions, and what a withdrawal tells to whom."""

from uuid import UUID

from contracts.identification import HandOverReceived
from services.chassis.clock import new_id
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_exchange import (
    RECEIVER,
    SENDER,
    Both,
    Gateway,
    a_hand_over,
    an_offer,
    progress_on,
    settle_both,
)

__all__ = ["pair"]


async def both_ways(sender: Gateway, receiver: Gateway) -> None:
    """Everything on its way arrives, in both directions, receipts too."""
    await settle_both(sender, receiver)
    await receiver.write(SENDER)
    await sender.read(RECEIVER)
    await sender.report(RECEIVER)
    await receiver.read(SENDER)


async def test_a_case_that_was_handed_over_is_referred_back_and_the_answers_come(
    pair: Both,
) -> None:
    detecting, identifying = pair
    first_case = new_id()
    await detecting.consent_to(first_case, RECEIVER, purpose="hand-over")
    handed = a_hand_over()
    await detecting.outgoing(handed, RECEIVER, first_case)
    await both_ways(detecting, identifying)
    (arrived,) = await identifying.facts("hand-over-offered")
    case_id = UUID(arrived["key"])

    await identifying.consent_to(case_id, SENDER)
    task = an_offer()
    await identifying.outgoing(task, SENDER, case_id)
    taken = HandOverReceived(offer_id=handed.offer_id, hand_over_reference=new_id())
    await identifying.outgoing(taken, SENDER, case_id)
    await both_ways(detecting, identifying)
    (confirmed,) = await detecting.facts("hand-over-received")
    assert confirmed["key"] == str(first_case)
    (offered,) = await detecting.facts("task-offered")
    referred = UUID(offered["key"])
    assert referred != first_case

    await detecting.outgoing(progress_on(task.task_id), RECEIVER, referred)
    await both_ways(detecting, identifying)
    (progress,) = await identifying.facts("task-progressed")
    assert progress["key"] == str(case_id)
    live = await identifying.rows("SELECT origin FROM exchange_reference ORDER BY origin")
    assert [row["origin"] for row in live] == ["given", "received"]

    assert await identifying.withdraw(case_id) == (SENDER,)
    await both_ways(detecting, identifying)
    (stopped,) = await detecting.facts("sharing-stopped")
    assert stopped["key"] == str(referred)
    frozen = await detecting.rows("SELECT case_id FROM case_row WHERE frozen_at IS NOT NULL")
    assert [row["case_id"] for row in frozen] == [referred]


async def test_who_ended_sharing_by_itself_is_still_told_of_a_withdrawal_and_once(
    pair: Both,
) -> None:
    sender, receiver = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    task = an_offer()
    await sender.outgoing(task, RECEIVER, case_id)
    await both_ways(sender, receiver)
    (arrived,) = await receiver.facts("task-offered")
    local_case = UUID(arrived["key"])
    await receiver.outgoing(progress_on(task.task_id), SENDER, local_case)
    await both_ways(sender, receiver)
    assert await receiver.withdraw(local_case) == (SENDER,)
    await both_ways(sender, receiver)
    (ended,) = await sender.rows("SELECT state FROM exchange_reference")
    assert ended["state"] == "ended"

    assert await sender.withdraw(case_id) == (RECEIVER,)
    await both_ways(sender, receiver)
    (stopped,) = await receiver.facts("sharing-stopped")
    assert stopped["key"] == str(local_case)
    (row,) = await receiver.rows("SELECT frozen_at FROM case_row")
    assert row["frozen_at"] is not None
    assert await sender.withdraw(case_id) == ()
    assert await receiver.withdraw(local_case) == ()
