"""Who needs a ramp is offered who has one first, and somebody in any case; the offer says it."""

from dataclasses import replace

from contracts import referral
from tests.integration.referral.test_by_hand import two_nurses
from tests.integration.referral.test_doors import get
from tests.integration.referral.test_loop import CASE
from tests.integration.referral.world import (
    INTERIOR,
    NGO,
    REDCROSS,
    World,
    a_consent,
    a_request,
    an_id,
    answered,
    case_at,
)

NEEDS = ("step-free", "not-yet-known", "step-free")


async def asked_for_a_ramp(world: World, *with_ramp: str) -> dict[str, tuple[str, ...]]:
    """The verdict on each agency, when these say that they have one."""
    two_nurses(world)
    interior = world.nodes[INTERIOR]
    known = interior.directory
    interior.read(
        replace(
            known,
            listings=tuple(
                replace(each, access=frozenset({"step-free"} if each.agency in with_ramp else ()))
                for each in known.listings
            ),
        )
    )
    await interior.feed("gateway", a_consent("yes", REDCROSS, NGO), CASE)
    await interior.feed("gateway", a_request("request", "nursing-visit", access_needs=NEEDS), CASE)
    await world.settle()
    path = f"/v1/requests/{an_id('request')}/explanation"
    shown = (await get(interior, path)).json()
    return {each["agency"]: tuple(each["verdicts"]) for each in shown}


async def test_who_has_a_ramp_comes_first_and_is_told_what_is_needed(world: World) -> None:
    said = await asked_for_a_ramp(world, REDCROSS)
    assert said == {
        REDCROSS: ("ask", "offered"),
        NGO: ("ask", "access-not-said", "not-offered"),
    }
    (offer,) = world.bodies(INTERIOR, referral.TaskOffered)
    (received,) = world.bodies(REDCROSS, referral.OfferReceived)
    assert offer.access_needs == received.access_needs == ("step-free",)
    (task,) = (await get(world.nodes[REDCROSS], "/v1/tasks")).json()
    assert task["access_needs"] == ["step-free"]
    there = case_at(REDCROSS, CASE, "TaskOffered")
    await world.nodes[REDCROSS].feed("gateway", answered(offer.task_id, "accepted"), there)
    await world.settle()
    (hold,) = world.bodies(REDCROSS, referral.HoldRequested)
    assert hold.access_needs == ("step-free",)
    asked = world.bodies(INTERIOR, referral.CapacityQueried)
    assert "access_needs" not in asked[0].model_dump()


async def test_where_nobody_says_so_somebody_is_offered_and_it_is_explained(world: World) -> None:
    said = await asked_for_a_ramp(world)
    assert said == {
        NGO: ("ask", "access-not-said", "offered"),
        REDCROSS: ("ask", "access-not-said", "not-offered"),
    }
