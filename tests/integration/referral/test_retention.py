"""What referral forgets by age, and that what still matters stays."""

from datetime import timedelta

from contracts import gateway, referral
from services.chassis.clock import FrozenClock, SystemClock
from services.chassis.retention import Retention
from services.referral.store.retention import keeps
from tests.integration.referral.test_loop import THERE, offered_to_redcross
from tests.integration.referral.world import (
    INTERIOR,
    REDCROSS,
    World,
    an_id,
    answered,
)

KEPT = timedelta(days=400)


async def after(world: World, days: int) -> dict[str, int]:
    node = world.nodes[REDCROSS]
    clock = FrozenClock(SystemClock().wall() + timedelta(days=days))
    return await Retention(node.database, clock, keeps(KEPT)).forget()


async def test_letters_and_withdrawals_that_nothing_came_of_are_forgotten(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    redcross = world.nodes[REDCROSS]
    await redcross.feed("gateway", answered(task_id, "seen"), THERE)
    early = referral.OfferWithdrawn(task_id=an_id("never-came"), state="expired")
    await redcross.feed("referral", early, THERE, sender=INTERIOR)
    assert await after(world, 390) == {"progress_letter": 0, "withdrawn_offer": 0}
    assert await after(world, 410) == {"progress_letter": 2, "withdrawn_offer": 1}
    assert await redcross.states() == [("provider", INTERIOR, "seen")]


async def test_a_letter_is_known_as_long_as_it_may_still_be_refused(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    redcross = world.nodes[REDCROSS]
    await redcross.feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    await after(world, 390)
    (letter,) = await redcross.rows(
        "SELECT outgoing_id FROM progress_letter WHERE state = 'accepted'"
    )
    refused = gateway.SendingRefused(
        outgoing_id=letter["outgoing_id"],
        recipient=INTERIOR,
        outgoing_type="org.nrm.referral.task-progressed.v1",
        reason="restricted",
    )
    await redcross.feed("gateway", refused, THERE)
    assert await redcross.states() == [("provider", INTERIOR, "sharing-stopped")]
