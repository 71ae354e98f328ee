"""What comes too early, too late or not at all: withdrawals, stops and refused letters."""

from datetime import timedelta

from contracts import assistance, gateway, referral
from tests.integration.referral.test_loop import CASE, THERE, offered_to_redcross
from tests.integration.referral.world import (
    INTERIOR,
    NGO,
    REDCROSS,
    World,
    a_consent,
    a_request,
    an_id,
    answered,
)


async def taken_back_before_it_arrives(world: World, state: str, sender: str) -> None:
    world.held_back = lambda sent: sent.name == "TaskOffered"
    task_id = await offered_to_redcross(world, "nursing-visit")
    early = referral.OfferWithdrawn(task_id=task_id, state=state)
    assert await world.nodes[REDCROSS].feed("referral", early, THERE, sender=sender) is None
    await world.release()


async def test_an_offer_taken_back_before_it_arrives_asks_nobody(world: World) -> None:
    await taken_back_before_it_arrives(world, "expired", INTERIOR)
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "expired")]
    assert world.bodies(REDCROSS, referral.OfferReceived) == []
    told = world.bodies(REDCROSS, referral.TaskProgressed)
    assert [each.state for each in told] == ["expired"]


async def test_a_stranger_takes_no_offer_back_beforehand(world: World) -> None:
    await taken_back_before_it_arrives(world, "cancelled", NGO)
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "delivered")]


async def test_progress_of_a_task_that_is_not_here_is_noted_and_waits_for_nothing(
    world: World,
) -> None:
    interior = world.nodes[INTERIOR]
    lost = referral.TaskProgressed(
        task_id=an_id("lost"), state="seen", happened_at=world.clock.now()
    )
    assert await interior.feed("referral", lost, CASE, sender=REDCROSS) is None
    actions = await interior.rows("SELECT action FROM audit")
    assert "progress-of-no-task" in [row["action"] for row in actions]


async def test_an_expired_consent_carries_no_task_beyond_a_withdrawal(world: World) -> None:
    interior = world.nodes[INTERIOR]
    soon = world.clock.now() + timedelta(days=1)
    await interior.feed("gateway", a_consent("short", REDCROSS, expires_at=soon), CASE)
    task_id = await offered_to_redcross(world, "nursing-visit")
    await world.nodes[REDCROSS].feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    world.clock.advance(timedelta(days=2))
    one = gateway.ConsentEnded(kind="stop-sharing", consent_id=an_id("yes"))
    await interior.feed("gateway", one, CASE)
    await world.settle()
    assert await interior.states() == [("sender", REDCROSS, "sharing-stopped")]


async def test_what_names_another_agency_touches_no_task_under_an_expired_consent(
    world: World,
) -> None:
    interior = world.nodes[INTERIOR]
    soon = world.clock.now() + timedelta(days=1)
    await interior.feed("gateway", a_consent("other", NGO), CASE)
    await interior.feed("gateway", a_consent("yes", REDCROSS, expires_at=soon), CASE)
    task_id = await offered_to_redcross(world, "nursing-visit")
    await world.nodes[REDCROSS].feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    world.clock.advance(timedelta(days=2))
    never = gateway.RestrictionSet(restriction_id=an_id("never"), agency=NGO)
    other = gateway.ConsentEnded(kind="stop-sharing", consent_id=an_id("other"))
    for ended in (never, other):
        await interior.feed("gateway", ended, CASE)
        await world.settle()
        assert await interior.states() == [("sender", REDCROSS, "accepted")]
    every = gateway.RestrictionSet(restriction_id=an_id("every"), agency_type="red-cross")
    await interior.feed("gateway", every, CASE)
    await world.settle()
    assert await interior.states() == [("sender", REDCROSS, "sharing-stopped")]


async def test_what_was_accepted_is_not_relied_on_when_the_provider_tells_no_more(
    world: World,
) -> None:
    interior = world.nodes[INTERIOR]
    task_id = await offered_to_redcross(world, "nursing-visit")
    await world.nodes[REDCROSS].feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    await interior.feed("gateway", gateway.FeedbackEnded(agency=NGO), CASE)
    assert await interior.states() == [("sender", REDCROSS, "accepted")]
    for _ in range(2):
        await interior.feed("gateway", gateway.FeedbackEnded(agency=REDCROSS), CASE)
    await world.settle()
    assert await interior.states() == [("sender", REDCROSS, "sharing-stopped")]
    assert world.names(INTERIOR).count("TaskStopped") == 1


async def test_a_consent_without_the_needs_offers_nothing(world: World) -> None:
    interior = world.nodes[INTERIOR]
    only_case = a_consent("case", REDCROSS, categories=("coded-case", "other"))
    await interior.feed("gateway", only_case, CASE)
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await world.settle()
    assert world.names(INTERIOR)[-1] == "ProviderNotFound"


async def test_an_offer_that_arrived_though_refused_is_let_go_there(world: World) -> None:
    interior, redcross = world.nodes[INTERIOR], world.nodes[REDCROSS]
    world.refused = lambda sent: "consent-expired" if sent.name == "TaskOffered" else None
    world.held_back = lambda sent: sent.name == "OfferWithdrawn"
    await offered_to_redcross(world, "nursing-visit")
    (offer,) = world.bodies(INTERIOR, referral.TaskOffered)
    await redcross.feed("referral", offer, THERE, sender=INTERIOR)
    await world.release()
    assert await interior.states() == [("sender", REDCROSS, "not-sent")]
    assert await redcross.states() == [("provider", INTERIOR, "cancelled")]


async def test_a_refused_withdrawal_is_not_sent_for_ever(world: World) -> None:
    refused = ("TaskOffered", "OfferWithdrawn")
    world.refused = lambda sent: "unknown-recipient" if sent.name in refused else None
    interior = world.nodes[INTERIOR]
    await offered_to_redcross(world, "nursing-visit")
    await world.settle()
    assert await interior.states() == [("sender", REDCROSS, "not-sent")]
    assert len(world.bodies(INTERIOR, referral.OfferWithdrawn)) == 1


async def test_who_passed_a_case_on_takes_it_back_when_its_own_sender_stops(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    interior, redcross = world.nodes[INTERIOR], world.nodes[REDCROSS]
    await redcross.feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    await interior.feed("gateway", gateway.SharingStopped(reference_known=True), CASE)
    await world.settle()
    assert await interior.states() == [("sender", REDCROSS, "sharing-stopped")]
    assert [each.state for each in world.bodies(INTERIOR, referral.OfferWithdrawn)] == ["cancelled"]
    assert await redcross.states() == [("provider", INTERIOR, "cancelled")]
    assert len(world.bodies(REDCROSS, referral.HoldAbandoned)) == 1


def refuse_progress(world: World, state: str) -> None:
    world.refused = lambda sent: (
        "grant-ended"
        if isinstance(sent.body, referral.TaskProgressed) and sent.body.state == state
        else None
    )


async def test_an_acceptance_that_may_not_leave_lets_the_place_go(world: World) -> None:
    refuse_progress(world, "accepted")
    task_id = await offered_to_redcross(world, "nursing-visit")
    redcross = world.nodes[REDCROSS]
    await redcross.feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    assert await redcross.states() == [("provider", INTERIOR, "sharing-stopped")]
    assert world.names(REDCROSS)[-2:] == ["HoldAbandoned", "TaskStopped"]
    (act,) = await redcross.rows("SELECT reason FROM audit WHERE action = 'sender-not-told'")
    assert act["reason"] == "grant-ended"


async def test_another_step_that_may_not_leave_is_only_noted(world: World) -> None:
    refuse_progress(world, "seen")
    task_id = await offered_to_redcross(world, "nursing-visit")
    redcross = world.nodes[REDCROSS]
    await redcross.feed("gateway", answered(task_id, "seen"), THERE)
    await world.settle()
    assert await redcross.states() == [("provider", INTERIOR, "seen")]
    acts = await redcross.rows("SELECT subject FROM audit WHERE action = 'sender-not-told'")
    assert [act["subject"] for act in acts] == [str(THERE)]


async def test_who_never_arrives_is_told_to_the_sender_and_nothing_else_changes(
    world: World,
) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    redcross = world.nodes[REDCROSS]
    await redcross.feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    now = world.clock.now()
    overdue = assistance.ArrivalOverdue(task_id=task_id, happened_at=now, arrive_by=now)
    await redcross.feed("assistance", overdue, THERE)
    await world.settle()
    (told,) = world.bodies(INTERIOR, referral.PersonNotArrived)
    assert (told.task_id, told.side, told.other_agency) == (task_id, "sender", REDCROSS)
    for node, other in ((world.nodes[INTERIOR], REDCROSS), (redcross, INTERIOR)):
        assert [row[1:] for row in await node.states()] == [(other, "accepted")]
