"""The provider says yes and looks for a place: both sides see it, and until when."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts import assistance, gateway, referral
from contracts.vocabulary import load_profile
from tests.integration.referral.test_loop import CASE, THERE, offered_to_redcross
from tests.integration.referral.world import (
    INTERIOR,
    NGO,
    REDCROSS,
    Sent,
    World,
    a_case,
    a_request,
    an_id,
    answered,
)

MINUTES = load_profile("BY-draft").minutes("accepting_minutes")
SHOWN = "SELECT side, state, hold_until, answer_by FROM task"


def about_a_place(sent: Sent) -> bool:
    return isinstance(sent.body, referral.TaskProgressed) and sent.body.state == "accepting"


async def said_yes(world: World) -> UUID:
    """The red cross takes an offer, and nobody says yet whether it has a place."""
    world.keeps_places = False
    task_id = await offered_to_redcross(world, "nursing-visit")
    await world.nodes[REDCROSS].feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    return task_id


async def a_place_is_held(world: World, task_id: UUID) -> None:
    held = assistance.HoldPlaced(task_id=task_id, expires_at=world.clock.now() + MINUTES)
    await world.nodes[REDCROSS].feed("assistance", held, THERE)
    await world.settle()


async def shown(world: World, node: str) -> dict[str, Any]:
    (row,) = await world.nodes[node].rows(SHOWN)
    return dict(row)


async def test_both_sides_see_that_a_place_is_looked_for_and_until_when(world: World) -> None:
    await said_yes(world)
    until = world.clock.now() + MINUTES
    here, there = await shown(world, INTERIOR), await shown(world, REDCROSS)
    assert (here["side"], there["side"]) == ("sender", "provider")
    assert here["state"] == there["state"] == "accepting"
    assert here["hold_until"] == there["hold_until"] == until
    (sought,) = world.bodies(INTERIOR, referral.PlaceSought)
    assert (sought.hold_until, sought.side, sought.other_agency) == (until, "sender", REDCROSS)
    assert not world.bodies(REDCROSS, referral.PlaceSought)


async def test_the_senders_own_clock_runs_on_and_alone_ends_the_offer(world: World) -> None:
    await said_yes(world)
    (due,) = await world.nodes[INTERIOR].rows("SELECT kind, due_at FROM deadline")
    answer_by = (await shown(world, INTERIOR))["answer_by"]
    assert (due["kind"], due["due_at"]) == ("answer-by", answer_by)
    world.held_back = lambda sent: sent.node == REDCROSS
    world.clock.advance(timedelta(days=3))
    await world.settle()
    assert (await shown(world, INTERIOR))["state"] == "expired"
    withdrawn = world.bodies(INTERIOR, referral.OfferWithdrawn)
    assert [each.state for each in withdrawn] == ["expired"]


@pytest.mark.parametrize("held", [True, False])
async def test_what_comes_of_the_search_ends_it_on_both_sides(world: World, held: bool) -> None:
    task_id = await said_yes(world)
    if held:
        await a_place_is_held(world, task_id)
    else:
        world.clock.advance(MINUTES + timedelta(seconds=1))
        await world.settle()
    after = "accepted" if held else "declined"
    for node in (INTERIOR, REDCROSS):
        row = await shown(world, node)
        assert (row["state"], row["hold_until"]) == (after, None)


async def test_an_acceptance_that_overtakes_the_search_counts(world: World) -> None:
    world.held_back = about_a_place
    task_id = await said_yes(world)
    assert (await shown(world, INTERIOR))["state"] == "seen"
    await a_place_is_held(world, task_id)
    assert (await shown(world, INTERIOR))["state"] == "accepted"
    before = len(world.sent)
    await world.release()
    assert (await shown(world, INTERIOR))["state"] == "accepted"
    assert len(world.sent) == before


async def test_a_search_that_is_told_twice_or_by_a_stranger_changes_nothing(world: World) -> None:
    await said_yes(world)
    (told,) = [sent.body for sent in world.sent if about_a_place(sent)]
    later = told.model_copy(update={"hold_until": told.hold_until + timedelta(hours=1)})
    for sender in (REDCROSS, NGO):
        await world.nodes[INTERIOR].feed("referral", later, CASE, sender=sender)
    await world.settle()
    assert (await shown(world, INTERIOR))["hold_until"] == told.hold_until
    assert len(world.bodies(INTERIOR, referral.PlaceSought)) == 1


@pytest.mark.parametrize("ended", ["expired", "sharing-stopped"])
async def test_a_search_that_is_told_after_the_end_begins_nothing_again(
    world: World, ended: str
) -> None:
    world.held_back = about_a_place
    await said_yes(world)
    if ended == "expired":
        world.held_back = lambda sent: sent.node == REDCROSS
        world.clock.advance(timedelta(days=3))
    else:
        never = gateway.RestrictionSet(restriction_id=an_id("never"), agency=REDCROSS)
        await world.nodes[INTERIOR].feed("gateway", never, CASE)
    await world.settle()
    assert (await shown(world, INTERIOR))["state"] == ended
    await world.release()
    assert (await shown(world, INTERIOR))["state"] == ended
    assert not world.bodies(INTERIOR, referral.PlaceSought)
    assert len(world.bodies(INTERIOR, referral.OfferWithdrawn)) == 1


async def test_the_own_other_side_is_told_in_the_same_breath(world: World) -> None:
    world.keeps_places = False
    ngo, case = world.nodes[NGO], an_id("hers")
    await ngo.feed("identification", a_case(counted_by=NGO, audience_class="women"), case)
    await ngo.feed("gateway", a_request("hers", "crisis-room"), case)
    await world.settle()
    (made,) = world.bodies(NGO, referral.OfferMade)
    await ngo.feed("gateway", answered(made.task_id, "accepted"), case)
    await world.settle()
    assert await ngo.states() == [("sender", NGO, "accepting"), ("provider", NGO, "accepting")]
    rows = await ngo.rows(SHOWN)
    assert {row["hold_until"] for row in rows} == {world.clock.now() + MINUTES}
    kinds = {row["kind"] for row in await ngo.rows("SELECT kind FROM deadline")}
    assert kinds == {"answer-by", "accepting"}
