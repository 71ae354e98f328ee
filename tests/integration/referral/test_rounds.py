"""A round of a search asks no more services than the profile lets it: the nearest first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts import referral
from tests.integration.referral.test_by_hand import two_nurses
from tests.integration.referral.test_loop import CASE
from tests.integration.referral.world import (
    INTERIOR,
    NGO,
    REDCROSS,
    World,
    a_consent,
    a_pool,
    a_request,
    an_id,
    answered,
)


async def asked_one_at_a_time(world: World, **about: object) -> None:
    two_nurses(world)
    interior = world.nodes[INTERIOR]
    interior.profile_says(services_asked_each_round=1)
    await interior.feed("gateway", a_consent("yes", REDCROSS, NGO), CASE)
    request = a_request("request", "nursing-visit", preferred_providers=(REDCROSS,), **about)
    await interior.feed("gateway", request, CASE)
    await world.settle()


async def verdicts(world: World) -> list[tuple[int, str, tuple[str, ...]]]:
    rows = await world.nodes[INTERIOR].rows(
        "SELECT round, agency, verdicts FROM consideration ORDER BY round, agency DESC"
    )
    return [(row["round"], row["agency"], tuple(row["verdicts"])) for row in rows]


async def test_a_round_asks_up_to_its_bound_and_says_who_is_asked_next(world: World) -> None:
    await asked_one_at_a_time(world)
    assert [s.envelope.recipient for s in world.sent if s.name == "CapacityQueried"] == [REDCROSS]
    assert await verdicts(world) == [
        (1, REDCROSS, ("ask", "offered")),
        (1, NGO, ("beyond-this-round",)),
    ]
    (offer,) = world.bodies(REDCROSS, referral.OfferReceived)
    declined = answered(offer.task_id, "declined", "at-capacity")
    there = await world.nodes[REDCROSS].rows("SELECT case_id FROM task")
    await world.nodes[REDCROSS].feed("gateway", declined, there[0]["case_id"])
    await world.settle()
    assert (2, NGO, ("ask", "offered")) in await verdicts(world)
    assert len(world.bodies(NGO, referral.OfferReceived)) == 1


async def test_a_round_without_a_place_goes_on_to_the_next_ones_and_is_no_hop(
    world: World,
) -> None:
    full = a_pool("full", service_type="nursing-visit", audience_class="men", status="none")
    await world.nodes[REDCROSS].feed("assistance", full, an_id("full"))
    await asked_one_at_a_time(world, urgency="emergency")
    assert await verdicts(world) == [
        (1, REDCROSS, ("none", "not-offered")),
        (1, NGO, ("beyond-this-round",)),
        (2, REDCROSS, ("beyond-this-round",)),
        (2, NGO, ("ask", "offered")),
    ]
    assert world.bodies(INTERIOR, referral.ProviderNotFound) == []


async def test_when_everybody_was_asked_and_nobody_can_a_person_is_told_once(
    world: World,
) -> None:
    for node in (REDCROSS, NGO):
        name = f"full {node}"
        full = a_pool(name, service_type="nursing-visit", audience_class="men", status="none")
        await world.nodes[node].feed("assistance", full, an_id(name))
    await asked_one_at_a_time(world)
    (told,) = world.bodies(INTERIOR, referral.ProviderNotFound)
    assert told.asked == 2


async def silent(world: World) -> None:
    """Redcross is asked first and does not answer in time."""
    world.held_back = lambda sent: sent.name == "CapacityAnswered" and sent.node == REDCROSS
    await asked_one_at_a_time(world)
    world.clock.advance(timedelta(minutes=11))
    await world.settle()


async def test_who_did_not_answer_is_offered_it_only_when_nobody_is_left_to_ask(
    world: World,
) -> None:
    full = a_pool("full", service_type="nursing-visit", audience_class="men", status="none")
    await world.nodes[NGO].feed("assistance", full, an_id("full"))
    await silent(world)
    assert await verdicts(world) == [
        (1, REDCROSS, ("unanswered", "not-offered")),
        (1, NGO, ("beyond-this-round",)),
        (2, REDCROSS, ("unanswered", "offered")),
        (2, NGO, ("none", "not-offered")),
    ]


async def test_who_answers_beyond_the_bound_comes_before_who_did_not(world: World) -> None:
    await silent(world)
    assert await verdicts(world) == [
        (1, REDCROSS, ("unanswered", "not-offered")),
        (1, NGO, ("beyond-this-round",)),
        (2, REDCROSS, ("beyond-this-round",)),
        (2, NGO, ("ask", "offered")),
    ]


async def test_a_verdict_that_stands_is_kept_once_however_many_rounds_there_are(
    world: World,
) -> None:
    full = a_pool("full", service_type="nursing-visit", audience_class="men", status="none")
    await world.nodes[REDCROSS].feed("assistance", full, an_id("full"))
    two_nurses(world)
    interior = world.nodes[INTERIOR]
    nurse = interior.directory.of_type("nursing-visit")[0]
    misfits = tuple(
        replace(nurse, service_id=f"misfit-{number}", agency="nobody-we-know")
        for number in range(3)
    )
    interior.read(replace(interior.directory, listings=(*interior.directory.listings, *misfits)))
    interior.profile_says(services_asked_each_round=1)
    await interior.feed("gateway", a_consent("yes", REDCROSS, NGO), CASE)
    request = a_request("request", "nursing-visit", preferred_providers=(REDCROSS,))
    await interior.feed("gateway", request, CASE)
    await world.settle()
    kept = [(number, agency) for number, agency, _ in await verdicts(world)]
    assert [each for each in kept if each[1] == "nobody-we-know"] == [(1, "nobody-we-know")] * 3
    assert (2, NGO) in kept


async def waits(world: World, node: str) -> None:
    """The node's house is full, and keeps a waiting list."""
    name = f"full {node}"
    full = a_pool(name, service_type="nursing-visit", audience_class="men", status="waitlist")
    await world.nodes[node].feed("assistance", full, an_id(name))


async def test_who_only_keeps_a_waiting_list_comes_after_all_beyond_the_bound(world: World) -> None:
    await waits(world, REDCROSS)
    await asked_one_at_a_time(world)
    assert await verdicts(world) == [
        (1, REDCROSS, ("waitlist", "not-offered")),
        (1, NGO, ("beyond-this-round",)),
        (2, REDCROSS, ("beyond-this-round",)),
        (2, NGO, ("ask", "offered")),
    ]


async def test_when_nobody_has_room_the_first_with_a_waiting_list_is_offered_it(
    world: World,
) -> None:
    for node in (REDCROSS, NGO):
        await waits(world, node)
    await asked_one_at_a_time(world)
    assert (2, REDCROSS, ("waitlist", "offered")) in await verdicts(world)


@pytest.mark.parametrize(("urgency", "told"), [("emergency", "escalated"), ("urgent", "not-found")])
async def test_what_cannot_wait_is_offered_to_no_waiting_list_and_a_person_is_told_at_once(
    world: World, urgency: str, told: str
) -> None:
    for node in (REDCROSS, NGO):
        await waits(world, node)
    await asked_one_at_a_time(world, urgency=urgency)
    assert world.bodies(INTERIOR, referral.TaskOffered) == []
    (need,) = await world.nodes[INTERIOR].rows("SELECT state FROM need")
    assert need["state"] == told
