"""A case between two gateways in both directions, and what a withdrawal tells to whom."""

from uuid import UUID

from contracts.identification import DecisionClockTold, HandOverReceived
from services.chassis.clock import new_id
from services.gateway.domain.consent import Restriction
from services.gateway.handlers.exchange import stop_sharing
from services.gateway.store import cases, consent
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_exchange import (
    RECEIVER,
    SENDER,
    Both,
    Gateway,
    a_hand_over,
    a_policy_row,
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
    await identifying.outgoing(task := an_offer(), SENDER, case_id)
    taken = HandOverReceived(offer_id=handed.offer_id, hand_over_reference=new_id())
    await identifying.outgoing(taken, SENDER, case_id)
    late = DecisionClockTold(offer_id=handed.offer_id, status="passed")
    await identifying.outgoing(late, SENDER, case_id)
    await both_ways(detecting, identifying)
    (confirmed,) = await detecting.facts("hand-over-received")
    (clock,) = await detecting.facts("decision-clock-told")
    assert confirmed["key"] == clock["key"] == str(first_case)
    assert clock["body"] == {"offer_id": str(handed.offer_id), "status": "passed"}
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


async def offered_twice(sender: Gateway, receiver: Gateway) -> tuple[UUID, list[UUID]]:
    """A case that the receiver has twice: it ended the first sharing by itself."""
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    there: list[UUID] = []
    for _ in range(2):
        task = an_offer()
        await sender.outgoing(task, RECEIVER, case_id)
        await both_ways(sender, receiver)
        there.append(UUID((await receiver.facts("task-offered"))[-1]["key"]))
        await receiver.outgoing(progress_on(task.task_id), SENDER, there[-1])
        await both_ways(sender, receiver)
        if len(there) == 1:
            assert await receiver.withdraw(there[0]) == (SENDER,)
            await both_ways(sender, receiver)
    return case_id, there


async def test_one_withdrawal_gives_one_notice_that_freezes_all_the_recipient_has(
    pair: Both,
) -> None:
    sender, receiver = pair
    case_id, there = await offered_twice(sender, receiver)
    assert there[0] != there[1]
    assert await sender.withdraw(case_id) == (RECEIVER,)
    queued = await sender.rows(
        "SELECT 1 FROM exchange_sending WHERE event_type LIKE '%sharing-withdrawn%'"
    )
    assert len(queued) == 1
    assert len(await sender.facts("notice-queued")) == 1
    await both_ways(sender, receiver)
    stopped = await receiver.facts("sharing-stopped")
    assert {UUID(each["key"]) for each in stopped} == set(there)
    assert len(stopped) == 2
    assert await sender.withdraw(case_id) == ()


async def test_the_same_notice_twice_does_nothing_the_second_time(pair: Both) -> None:
    sender, receiver = pair
    case_id, _ = await offered_twice(sender, receiver)
    await sender.withdraw(case_id)
    await both_ways(sender, receiver)
    before = len(await receiver.facts())
    async with sender.database.transaction() as tx:
        await tx.connection.execute("UPDATE exchange_reference SET noticed_at = NULL")
    assert await sender.withdraw(case_id) == (RECEIVER,)
    await both_ways(sender, receiver)
    assert len(await receiver.facts()) == before


async def accepted_there(sender: Gateway, receiver: Gateway) -> tuple[UUID, UUID]:
    """An offer that the receiver accepted: its bytes arrived, the receipt for them is lost."""
    case_id, task = new_id(), an_offer()
    await sender.consent_to(case_id, RECEIVER)
    await sender.outgoing(task, RECEIVER, case_id)
    await settle_both(sender, receiver)
    (arrived,) = await receiver.facts("task-offered")
    local_case = UUID(arrived["key"])
    await receiver.outgoing(progress_on(task.task_id, "accepted"), SENDER, local_case)
    await receiver.write(SENDER)
    await sender.read(RECEIVER)
    assert [each["body"]["state"] for each in await sender.facts("task-progressed")] == ["accepted"]
    return case_id, local_case


async def test_an_acceptance_that_arrived_and_may_not_be_repeated_is_not_relied_on(
    pair: Both,
) -> None:
    sender, receiver = pair
    case_id, local_case = await accepted_there(sender, receiver)
    narrowed = a_policy_row(2)
    for permitted in narrowed.document["pairs"]:
        if permitted["recipient"] == RECEIVER:
            permitted["purposes"] = ["capacity-query"]
    for gateway in pair:
        await gateway.take_policy(narrowed)
    await receiver.write(SENDER)
    (refused,) = await receiver.facts("sending-refused")
    assert refused["body"]["reason"] == "pair-not-permitted"
    await sender.read(RECEIVER)
    await sender.report(RECEIVER)
    (ended,) = await sender.facts("feedback-ended")
    assert (ended["key"], ended["body"]["agency"]) == (str(case_id), RECEIVER)
    (state,) = await receiver.rows("SELECT state, noticed_at FROM exchange_reference")
    assert state["state"] == "ended"
    assert local_case != case_id


async def test_an_answer_that_never_left_ends_nothing(pair: Both) -> None:
    sender, receiver = pair
    case_id, task = new_id(), an_offer()
    await sender.consent_to(case_id, RECEIVER)
    await sender.outgoing(task, RECEIVER, case_id)
    await settle_both(sender, receiver)
    (arrived,) = await receiver.facts("task-offered")
    narrowed = a_policy_row(2)
    for permitted in narrowed.document["pairs"]:
        permitted["purposes"] = ["capacity-query"]
    await receiver.take_policy(narrowed)
    await receiver.outgoing(progress_on(task.task_id, "seen"), SENDER, UUID(arrived["key"]))
    await receiver.write(SENDER)
    assert len(await receiver.facts("sending-refused")) == 1
    assert await receiver.facts("notice-queued") == []
    (state,) = await receiver.rows("SELECT state FROM exchange_reference")
    assert state["state"] == "live"


async def test_who_is_told_that_a_provider_says_no_more_hears_it_once(pair: Both) -> None:
    sender, receiver = pair
    case_id, local_case = await accepted_there(sender, receiver)
    assert await receiver.withdraw(local_case) == (SENDER,)
    await both_ways(sender, receiver)
    async with receiver.database.transaction() as tx:
        await tx.connection.execute(
            "UPDATE exchange_reference SET noticed_at = NULL, state = 'live', ended_at = NULL"
        )
    assert await receiver.withdraw(local_case) == (SENDER,)
    await both_ways(sender, receiver)
    (ended,) = await sender.facts("feedback-ended")
    assert ended["key"] == str(case_id)


async def test_a_restriction_ends_sharing_with_whom_it_names_and_nobody_else(pair: Both) -> None:
    sender, receiver = pair
    case_id, _ = await accepted_there(sender, receiver)

    async def restrict(agency: str) -> tuple[str, ...]:
        async with sender.database.transaction() as tx:
            work = sender.context.work(tx, new_id())
            await cases.lock_case(tx, case_id, work.now)
            rule = Restriction(restriction_id=new_id(), case_id=case_id, agency=agency)
            await consent.add_restriction(tx, rule, recorded_for="person", now=work.now)
            return await stop_sharing(tx, case_id, everything=False, withdrawn=None)

    async with sender.database.transaction() as tx:
        await tx.connection.execute("UPDATE consent SET expires_at = now() - interval '1 day'")
    assert await restrict("ngo-brest") == ()
    assert await restrict(RECEIVER) == (RECEIVER,)
