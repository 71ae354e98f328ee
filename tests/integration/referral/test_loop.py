"""The whole way of a need, from the request to the closed loop, over two nodes."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from contracts import assistance, intake, referral
from tests.integration.referral.world import (
    INTERIOR,
    MORNING,
    NGO,
    REDCROSS,
    World,
    a_case,
    a_consent,
    a_request,
    an_id,
    answered,
    case_at,
)

CASE = an_id("case")
THERE = case_at(REDCROSS, CASE, "TaskOffered")
SENDER_SAYS = [
    "RequestOpened",
    "IntakeAccepted",
    "CapacityQueried",
    "OfferMade",
    "TaskOffered",
    "TaskDelivered",
    "TaskSeen",
    "PlaceSought",
    "TaskAccepted",
    "TaskStarted",
    "TaskCompleted",
    "LoopClosed",
]
PROVIDER_SAYS = [
    "CapacityAnswered",
    "OfferReceived",
    "TaskProgressed",
    "IntakeAccepted",
    "TaskSeen",
    "TaskProgressed",
    "IntakeAccepted",
    "HoldRequested",
    "TaskProgressed",
    "TaskAccepted",
    "TaskProgressed",
    "TaskStarted",
    "TaskProgressed",
    "TaskCompleted",
    "TaskProgressed",
]


def an_episode(kind: type[assistance.EpisodeFact], task_id: UUID, **more: object) -> object:
    return kind(
        episode_id=an_id("episode"),
        task_id=task_id,
        service_type="nursing-visit",
        counted_by=INTERIOR,
        happened_at=MORNING + timedelta(hours=1),
        **more,
    )


async def offered_to_redcross(world: World, *services: str, urgency: str = "routine") -> UUID:
    interior = world.nodes[INTERIOR]
    await interior.feed("gateway", a_consent("yes", REDCROSS), CASE)
    await interior.feed("gateway", a_request("request", *services, urgency=urgency), CASE)
    await world.settle()
    task_id: UUID = world.bodies(INTERIOR, referral.TaskOffered)[0].task_id
    return task_id


async def test_a_need_becomes_help_and_the_sender_learns_the_outcome(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    redcross = world.nodes[REDCROSS]
    for said in ("seen", "accepted"):
        await redcross.feed("gateway", answered(task_id, said), THERE)
        await world.settle()
    started = an_episode(assistance.EpisodeStarted, task_id)
    done = an_episode(
        assistance.EpisodeCompleted, task_id, outcome="need-met", unit="visit", total=3
    )
    for body in (started, done):
        await redcross.feed("assistance", body, THERE)
        await world.settle()
    assert world.names(INTERIOR) == SENDER_SAYS
    assert world.names(REDCROSS) == PROVIDER_SAYS
    (closed,) = world.bodies(INTERIOR, referral.LoopClosed)
    assert (closed.outcome, closed.side, closed.other_agency) == ("need-met", "sender", REDCROSS)
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "loop-closed")]
    assert await redcross.states() == [("provider", INTERIOR, "completed")]
    assert await world.nodes[INTERIOR].rows("SELECT * FROM deadline") == []
    assert await redcross.rows("SELECT * FROM deadline") == []


async def test_both_sides_know_the_same_reference_for_the_hand_over(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    await world.nodes[REDCROSS].feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    (here,) = world.bodies(INTERIOR, referral.TaskAccepted)
    (there,) = world.bodies(REDCROSS, referral.TaskAccepted)
    assert here.hand_over_reference == there.hand_over_reference
    assert here.hand_over_reference.int != 0


async def test_a_question_for_capacity_says_nothing_about_the_case(world: World) -> None:
    await offered_to_redcross(world, "nursing-visit")
    asked = next(each for each in world.sent if each.name == "CapacityQueried")
    assert asked.envelope.subject == str(asked.body.query_id) != str(CASE)
    assert asked.envelope.purpose == "capacity-query"
    offered = next(each for each in world.sent if each.name == "TaskOffered")
    assert offered.envelope.subject == str(CASE)
    assert str(offered.body.task_id) != str(asked.body.query_id)


async def test_needs_are_sought_in_parallel(world: World) -> None:
    await offered_to_redcross(world, "nursing-visit", "vocational", "crisis-room")
    offered = world.bodies(INTERIOR, referral.TaskOffered)
    assert {each.service_type for each in offered} == {"nursing-visit", "vocational"}
    (missing,) = world.bodies(INTERIOR, referral.ProviderNotFound)
    assert (missing.service_type, missing.asked) == ("crisis-room", 0)
    assert {each.answer_by for each in offered} == {MORNING + timedelta(days=2)}


async def test_working_days_are_the_receivers_and_both_sides_have_the_senders_time(
    world: World,
) -> None:
    interior, redcross = world.nodes[INTERIOR], world.nodes[REDCROSS]
    listings = interior.directory.listings
    on_saturdays = tuple(replace(each, days=frozenset({"SA"})) for each in listings)
    interior.read(replace(interior.directory, listings=on_saturdays))
    await offered_to_redcross(world, "nursing-visit")
    second_saturday = MORNING + timedelta(days=12)
    (made,) = world.bodies(INTERIOR, referral.OfferMade)
    (received,) = world.bodies(REDCROSS, referral.OfferReceived)
    assert made.answer_by == received.answer_by == second_saturday
    for node in (interior, redcross):
        (kept,) = await node.rows("SELECT answer_by FROM task")
        assert kept["answer_by"] == second_saturday


async def test_the_own_node_can_be_the_provider(world: World) -> None:
    ngo, case = world.nodes[NGO], an_id("hers")
    await ngo.feed("identification", a_case(counted_by=NGO, audience_class="women"), case)
    await ngo.feed("gateway", a_request("hers", "crisis-room", urgency="emergency"), case)
    await world.settle()
    assert await ngo.states() == [("sender", NGO, "delivered"), ("provider", NGO, "delivered")]
    (made,) = world.bodies(NGO, referral.OfferMade)
    for said in ("seen", "accepted"):
        await ngo.feed("gateway", answered(made.task_id, said), case)
        await world.settle()
    done = an_episode(
        assistance.EpisodeCompleted, made.task_id, outcome="need-met", unit="night", total=9
    )
    await ngo.feed("assistance", an_episode(assistance.EpisodeStarted, made.task_id), case)
    await ngo.feed("assistance", done, case)
    await world.settle()
    assert await ngo.states() == [("sender", NGO, "loop-closed"), ("provider", NGO, "completed")]
    assert all(each.envelope.recipient is None for each in world.sent)
    sides = [(each.name, each.body.side) for each in world.sent if each.name == "TaskAccepted"]
    assert sides == [("TaskAccepted", "provider"), ("TaskAccepted", "sender")]


async def test_a_decline_by_the_own_other_side_ends_both_tasks(world: World) -> None:
    ngo, case = world.nodes[NGO], an_id("hers")
    await ngo.feed("identification", a_case(counted_by=NGO, audience_class="women"), case)
    await ngo.feed("gateway", a_request("hers", "crisis-room"), case)
    await world.settle()
    (made,) = world.bodies(NGO, referral.OfferMade)
    await ngo.feed("gateway", answered(made.task_id, "declined", "safety"), case)
    await world.settle()
    assert await ngo.states() == [("sender", NGO, "declined"), ("provider", NGO, "declined")]
    assert len(world.bodies(NGO, referral.ProviderNotFound)) == 1


async def test_a_second_request_with_the_same_id_is_refused(world: World) -> None:
    await offered_to_redcross(world, "nursing-visit")
    await world.nodes[INTERIOR].feed("gateway", a_request("request", "vocational"), CASE)
    await world.settle()
    (refused,) = world.bodies(INTERIOR, intake.IntakeRefused)
    assert [reason.code for reason in refused.reasons] == ["request-exists"]
    assert refused.case_id == CASE
