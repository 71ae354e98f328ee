"""What runs at the provider alone until somebody comes and help begins: both sides see it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contracts import assistance, referral
from tests.integration.referral.test_doors import get
from tests.integration.referral.test_loop import CASE, THERE, an_episode, offered_to_redcross
from tests.integration.referral.world import (
    INTERIOR,
    MORNING,
    NGO,
    REDCROSS,
    Sent,
    World,
    a_case,
    a_request,
    an_id,
    answered,
)

COME_BY, BEGINS = MORNING + timedelta(hours=24), MORNING + timedelta(days=3)
LATER = BEGINS + timedelta(hours=24)
TIMES = "SELECT side, state, arrive_by, starts_at FROM task ORDER BY side"


def about_times(sent: Sent) -> bool:
    body = sent.body
    return isinstance(body, referral.TaskProgressed) and bool(body.arrive_by or body.starts_at)


async def accepted(world: World) -> UUID:
    task_id = await offered_to_redcross(world, "nursing-visit")
    await world.nodes[REDCROSS].feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    return task_id


async def expected(world: World, task_id: UUID, arrive_by: datetime | None) -> None:
    """Assistance keeps a place for the task until then."""
    told = assistance.HoldConfirmed(
        task_id=task_id, happened_at=MORNING, pool_id=an_id("pool"), arrive_by=arrive_by
    )
    await world.nodes[REDCROSS].feed("assistance", told, THERE)
    await world.settle()


async def begins(world: World, task_id: UUID, starts_at: datetime) -> None:
    """A person at the provider said when help is to begin."""
    told = an_episode(assistance.EpisodeScheduled, task_id, starts_at=starts_at)
    await world.nodes[REDCROSS].feed("assistance", told, THERE)
    await world.settle()


async def times(world: World, node: str) -> tuple[Any, ...]:
    (row,) = await world.nodes[node].rows(TIMES)
    return row["state"], row["arrive_by"], row["starts_at"]


async def test_both_sides_read_the_same_times_of_both_clocks(world: World) -> None:
    task_id = await accepted(world)
    await expected(world, task_id, COME_BY)
    await begins(world, task_id, BEGINS)
    await expected(world, task_id, LATER)
    for node, side in ((INTERIOR, "sender"), (REDCROSS, "provider")):
        assert await times(world, node) == ("accepted", LATER, BEGINS)
        (shown,) = (await get(world.nodes[node], f"/v1/tasks/{task_id}")).json()
        assert [datetime.fromisoformat(shown[name]) for name in ("arrive_by", "starts_at")] == [
            *(LATER, BEGINS),
        ]
        told = world.bodies(node, referral.TaskScheduled)
        assert [(each.side, each.arrive_by, each.starts_at) for each in told] == [
            *((side, COME_BY, None), (side, COME_BY, BEGINS), (side, LATER, BEGINS)),
        ]
        kinds = {row["kind"] for row in await world.nodes[node].rows("SELECT kind FROM deadline")}
        assert kinds == {"start-by"}


async def test_who_is_expected_earlier_is_told_to_the_sender_alone(world: World) -> None:
    task_id = await accepted(world)
    for arrive_by in (LATER, COME_BY, LATER):
        await expected(world, task_id, arrive_by)
    (earlier,) = world.bodies(INTERIOR, referral.ExpectedEarlier)
    assert (earlier.task_id, earlier.side, earlier.arrive_by) == (task_id, "sender", COME_BY)
    assert world.bodies(REDCROSS, referral.ExpectedEarlier) == []


async def test_where_nobody_is_expected_and_what_is_said_again_nothing_is_told(
    world: World,
) -> None:
    task_id = await accepted(world)
    await expected(world, task_id, None)
    assert not [each for each in world.sent if about_times(each)]
    for _ in range(2):
        await expected(world, task_id, COME_BY)
        await begins(world, task_id, BEGINS)
    assert len([each for each in world.sent if about_times(each)]) == 2
    assert len(world.bodies(INTERIOR, referral.TaskScheduled)) == 2


async def test_what_began_is_expected_no_more_on_either_side(world: World) -> None:
    task_id = await accepted(world)
    await expected(world, task_id, COME_BY)
    started = an_episode(assistance.EpisodeStarted, task_id)
    await world.nodes[REDCROSS].feed("assistance", started, THERE)
    await world.settle()
    await expected(world, task_id, LATER)
    for node in (INTERIOR, REDCROSS):
        assert await times(world, node) == ("in-progress", None, None)
        assert len(world.bodies(node, referral.TaskScheduled)) == 1


async def test_who_did_not_come_is_told_with_the_time_that_is_over(world: World) -> None:
    task_id = await accepted(world)
    await expected(world, task_id, COME_BY)
    world.clock.advance(timedelta(hours=25))
    overdue = assistance.ArrivalOverdue(
        task_id=task_id, happened_at=world.clock.now(), arrive_by=COME_BY
    )
    await world.nodes[REDCROSS].feed("assistance", overdue, THERE)
    await world.settle()
    (told,) = world.bodies(INTERIOR, referral.PersonNotArrived)
    assert told.arrive_by == COME_BY
    assert await times(world, INTERIOR) == ("accepted", COME_BY, None)


async def test_times_that_may_not_be_told_undo_no_acceptance(world: World) -> None:
    task_id = await accepted(world)
    world.refused = lambda sent: "no-consent" if about_times(sent) else None
    await expected(world, task_id, COME_BY)
    assert await times(world, REDCROSS) == ("accepted", COME_BY, None)
    assert await times(world, INTERIOR) == ("accepted", None, None)
    assert not world.bodies(REDCROSS, referral.HoldAbandoned)


async def test_times_that_arrive_before_the_acceptance_do_not_stand_for_it(world: World) -> None:
    world.held_back = lambda sent: (
        isinstance(sent.body, referral.TaskProgressed) and sent.body.hand_over_reference is not None
    )
    task_id = await accepted(world)
    await expected(world, task_id, COME_BY)
    assert (await times(world, INTERIOR))[0] == "accepting"
    await world.release()
    (row,) = await world.nodes[INTERIOR].rows("SELECT state, hand_over_reference FROM task")
    assert row["state"] == "accepted"
    assert row["hand_over_reference"].int != 0


async def test_a_stranger_who_says_when_is_not_believed(world: World) -> None:
    task_id = await accepted(world)
    told = referral.TaskProgressed(
        task_id=task_id, state="accepted", happened_at=MORNING, arrive_by=COME_BY
    )
    await world.nodes[INTERIOR].feed("referral", told, CASE, sender=NGO)
    await world.settle()
    assert await times(world, INTERIOR) == ("accepted", None, None)


async def test_the_own_other_side_knows_it_in_the_same_breath(world: World) -> None:
    ngo, case = world.nodes[NGO], an_id("hers")
    await ngo.feed("identification", a_case(counted_by=NGO, audience_class="women"), case)
    await ngo.feed("gateway", a_request("hers", "crisis-room"), case)
    await world.settle()
    (made,) = world.bodies(NGO, referral.OfferMade)
    await ngo.feed("gateway", answered(made.task_id, "accepted"), case)
    await world.settle()
    told = assistance.HoldConfirmed(
        task_id=made.task_id, happened_at=MORNING, pool_id=an_id("pool"), arrive_by=COME_BY
    )
    await ngo.feed("assistance", told, case)
    await world.settle()
    rows = await ngo.rows(TIMES)
    assert [(row["side"], row["arrive_by"]) for row in rows] == [
        *(("provider", COME_BY), ("sender", COME_BY)),
    ]
    assert not [each for each in world.sent if about_times(each)]
