"""By when somebody must open an emergency, and what happens when nobody does."""

from datetime import timedelta
from uuid import UUID

from contracts import referral
from tests.integration.referral.test_loop import CASE, offered_to_redcross
from tests.integration.referral.world import (
    INTERIOR,
    MORNING,
    NGO,
    World,
    a_case,
    a_consent,
    a_request,
    answered,
    case_at,
)

THERE = case_at(NGO, CASE, "TaskOffered")
WATCHED = "SELECT 1 FROM deadline WHERE kind = 'seen-by'"


async def emergency_offered(world: World) -> UUID:
    interior = world.nodes[INTERIOR]
    await interior.feed("identification", a_case(audience_class="women"), CASE)
    await interior.feed("gateway", a_consent("yes", NGO), CASE)
    await interior.feed("gateway", a_request("now", "crisis-room", urgency="emergency"), CASE)
    await world.settle()
    task_id: UUID = world.bodies(INTERIOR, referral.TaskOffered)[0].task_id
    return task_id


async def test_an_emergency_that_nobody_opens_is_told_once_and_not_re_routed(
    world: World,
) -> None:
    await emergency_offered(world)
    world.clock.advance(timedelta(minutes=14))
    await world.settle()
    assert "OfferUnseen" not in world.names(INTERIOR)
    for _ in range(3):
        world.clock.advance(timedelta(minutes=2))
        await world.settle()
    (unseen,) = world.bodies(INTERIOR, referral.OfferUnseen)
    assert (unseen.other_agency, unseen.urgency, unseen.side) == (NGO, "emergency", "sender")
    assert await world.nodes[INTERIOR].states() == [("sender", NGO, "delivered")]
    assert len(world.bodies(INTERIOR, referral.TaskOffered)) == 1


async def test_an_emergency_that_never_arrived_is_unseen_too(world: World) -> None:
    world.held_back = lambda sent: sent.name == "TaskOffered"
    await emergency_offered(world)
    world.clock.advance(timedelta(minutes=16))
    await world.settle()
    assert len(world.bodies(INTERIOR, referral.OfferUnseen)) == 1
    assert await world.nodes[INTERIOR].states() == [("sender", NGO, "offered")]


async def test_an_emergency_that_somebody_opened_in_time_is_not_late(world: World) -> None:
    task_id = await emergency_offered(world)
    assert len(await world.nodes[INTERIOR].rows(WATCHED)) == 1
    await world.nodes[NGO].feed("gateway", answered(task_id, "seen"), THERE)
    await world.settle()
    assert await world.nodes[INTERIOR].rows(WATCHED) == []
    world.clock.advance(timedelta(minutes=20))
    await world.settle()
    assert "OfferUnseen" not in world.names(INTERIOR)


async def test_what_is_no_emergency_has_no_time_to_be_opened(world: World) -> None:
    await offered_to_redcross(world, "nursing-visit")
    assert await world.nodes[INTERIOR].rows(WATCHED) == []


async def test_both_sides_run_the_same_clocks_and_are_told_alike(world: World) -> None:
    task_id = await emergency_offered(world)
    (made,) = world.bodies(INTERIOR, referral.OfferMade)
    (received,) = world.bodies(NGO, referral.OfferReceived)
    assert made.seen_by == received.seen_by == MORNING + timedelta(minutes=15)
    assert made.answer_by == received.answer_by
    world.clock.advance(timedelta(minutes=16))
    await world.settle()
    sides = [world.bodies(node, referral.OfferUnseen)[0].side for node in (INTERIOR, NGO)]
    assert sides == ["sender", "provider"]
    await world.nodes[NGO].feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    taken = [world.bodies(node, referral.TaskAccepted)[0] for node in (INTERIOR, NGO)]
    assert taken[0].start_by == taken[1].start_by == world.clock.now() + timedelta(days=5)
    world.clock.advance(timedelta(days=5, seconds=1))
    for _ in range(2):
        await world.settle()
    late = [world.bodies(node, referral.StartOverdue) for node in (INTERIOR, NGO)]
    assert [len(each) for each in late] == [1, 1]
    assert late[0][0].start_by == late[1][0].start_by == taken[0].start_by
    assert await world.nodes[INTERIOR].states() == [("sender", NGO, "accepted")]
