"""Whoever has an offer may not know any more: the need goes on, with somebody else or a person."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts import assistance, gateway, identification, referral
from tests.integration.referral.test_by_hand import cancel, choose, helped, told, two_nurses
from tests.integration.referral.test_loop import CASE, THERE, an_episode, offered_to_redcross
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

NEED = "SELECT state, told, round, due_at FROM need"
NEVER = gateway.RestrictionSet(restriction_id=an_id("never"), agency=REDCROSS)
ALL = gateway.ConsentEnded(kind="stop-sharing")


async def offered_to_one_of_two(world: World, **about: Any) -> UUID:
    """Both nurses may be asked; redcross, whom the person prefers, has the offer."""
    two_nurses(world)
    interior = world.nodes[INTERIOR]
    for name, agency in (("theirs", REDCROSS), ("others", NGO)):
        await interior.feed("gateway", a_consent(name, agency), CASE)
    request = a_request("request", "nursing-visit", preferred_providers=(REDCROSS,), **about)
    await interior.feed("gateway", request, CASE)
    await world.settle()
    (offer,) = world.bodies(REDCROSS, referral.OfferReceived)
    task_id: UUID = offer.task_id
    return task_id


async def happens(world: World, body: Any) -> None:
    await world.nodes[INTERIOR].feed("gateway", body, CASE)
    await world.settle()


async def need(world: World) -> tuple[str, str | None, bool]:
    """In which state it is, who was told last, and whether a clock runs."""
    (row,) = await world.nodes[INTERIOR].rows(NEED)
    clocks = await world.nodes[INTERIOR].rows(
        "SELECT 1 FROM deadline WHERE kind = 'escalation-due'"
    )
    assert bool(clocks) is (row["due_at"] is not None)
    return row["state"], row["told"], bool(clocks)


async def states(world: World) -> list[tuple[str, str]]:
    return sorted((agency, state) for _, agency, state in await world.nodes[INTERIOR].states())


@pytest.mark.parametrize("accepts", [False, True])
async def test_after_a_restriction_another_provider_is_sought_at_once(
    world: World, accepts: bool
) -> None:
    task_id = await offered_to_one_of_two(world)
    if accepts:
        await world.nodes[REDCROSS].feed("gateway", answered(task_id, "accepted"), THERE)
        await world.settle()
    await happens(world, NEVER)
    assert await states(world) == [(NGO, "delivered"), (REDCROSS, "sharing-stopped")]
    assert (await need(world))[0] == "offered"
    assert [s.envelope.recipient for s in world.sent if s.name == "TaskOffered"] == [REDCROSS, NGO]


async def test_after_a_restriction_of_the_only_one_a_person_is_told_and_may_choose(
    world: World,
) -> None:
    await offered_to_redcross(world, "nursing-visit")
    await happens(world, NEVER)
    assert await need(world) == ("not-found", None, True)
    assert len(world.bodies(INTERIOR, referral.ProviderNotFound)) == 1
    two_nurses(world)
    await happens(world, a_consent("others", NGO))
    assert await told(world, INTERIOR, choose(REDCROSS), CASE) == ["restricted"]
    assert await told(world, INTERIOR, choose(NGO), CASE) == []
    assert await states(world) == [(NGO, "delivered"), (REDCROSS, "sharing-stopped")]


@pytest.mark.parametrize("stop", [NEVER, ALL])
async def test_no_machine_goes_on_with_an_emergency_the_supervisor_is_told_at_once(
    world: World, stop: Any
) -> None:
    await offered_to_one_of_two(world, urgency="emergency")
    await happens(world, stop)
    assert await need(world) == ("escalated", "supervisor", True)
    assert await states(world) == [(REDCROSS, "sharing-stopped")]
    assert world.bodies(NGO, referral.OfferReceived) == []
    rows = await world.nodes[INTERIOR].rows(
        "SELECT agency, verdicts FROM consideration WHERE round = 2"
    )
    found = {row["agency"]: row["verdicts"] for row in rows}
    lacks = ["no-consent"] if stop is ALL else []
    assert found[NGO] == [*lacks, "left-to-a-person"]
    await happens(world, a_consent("again", NGO, REDCROSS))
    assert await need(world) == ("escalated", "supervisor", True), "a person telephones"
    assert world.bodies(NGO, referral.OfferReceived) == []
    if stop is NEVER:
        assert await told(world, INTERIOR, choose(NGO), CASE) == []


async def test_after_a_withdrawal_the_need_waits_and_a_new_consent_is_for_it(world: World) -> None:
    await offered_to_redcross(world, "nursing-visit")
    await happens(world, ALL)
    assert await states(world) == [(REDCROSS, "sharing-stopped")]
    assert await need(world) == ("not-found", None, True)
    await happens(world, a_consent("again", REDCROSS))
    assert await states(world) == [(REDCROSS, "delivered"), (REDCROSS, "sharing-stopped")]
    assert (await need(world))[0] == "offered"


async def test_a_consent_for_nobody_who_lacked_it_revives_nothing(world: World) -> None:
    await offered_to_redcross(world, "nursing-visit")
    await happens(world, ALL)
    await happens(world, a_consent("unrelated", NGO))
    assert await need(world) == ("not-found", None, True)
    assert len(world.bodies(INTERIOR, referral.ProviderNotFound)) == 1


async def test_an_emergency_that_was_declined_is_not_sought_again_by_a_consent(
    world: World,
) -> None:
    two_nurses(world)
    interior = world.nodes[INTERIOR]
    await interior.feed("gateway", a_consent("theirs", REDCROSS), CASE)
    asked = a_request("request", "nursing-visit", urgency="emergency")
    await interior.feed("gateway", asked, CASE)
    await world.settle()
    (offer,) = world.bodies(REDCROSS, referral.OfferReceived)
    declined = answered(offer.task_id, "declined", "at-capacity")
    await world.nodes[REDCROSS].feed("gateway", declined, THERE)
    await world.settle()
    await happens(world, a_consent("others", NGO))
    assert await need(world) == ("escalated", "supervisor", True)
    assert world.bodies(NGO, referral.OfferReceived) == []


async def test_an_emergency_that_nobody_was_offered_is_searched_once_its_consent_comes(
    world: World,
) -> None:
    two_nurses(world)
    asked = a_request("request", "nursing-visit", urgency="emergency")
    await happens(world, asked)
    assert (await need(world))[0] == "escalated"
    await happens(world, a_consent("theirs", REDCROSS))
    assert await states(world) == [(REDCROSS, "delivered")]


async def test_after_a_withdrawal_from_one_whom_the_person_still_agrees_to_is_asked(
    world: World,
) -> None:
    await offered_to_one_of_two(world)
    ended = gateway.ConsentEnded(kind="stop-sharing", consent_id=an_id("theirs"))
    await happens(world, ended)
    assert await states(world) == [(NGO, "delivered"), (REDCROSS, "sharing-stopped")]


async def test_who_stops_sharing_while_help_runs_is_offered_nowhere_else_by_itself(
    world: World,
) -> None:
    await helped(world, assistance.EpisodeStarted)
    two_nurses(world)
    await happens(world, a_consent("others", NGO))
    ended = gateway.ConsentEnded(kind="stop-sharing", consent_id=an_id("yes"))
    await happens(world, ended)
    await happens(world, a_consent("again", REDCROSS))
    assert await states(world) == [(REDCROSS, "sharing-stopped")]
    assert await need(world) == ("not-found", None, True)


async def test_who_may_well_help_is_not_offered_the_same_again(world: World) -> None:
    await helped(world, assistance.EpisodeStarted)
    two_nurses(world)
    await happens(world, gateway.FeedbackEnded(agency=REDCROSS))
    await happens(world, a_consent("others", NGO))
    assert await states(world) == [(REDCROSS, "sharing-stopped")], "a person decides"
    assert await told(world, INTERIOR, choose(NGO), CASE) == []
    (offer,) = world.bodies(NGO, referral.OfferReceived)
    declined = answered(offer.task_id, "declined", "at-capacity")
    await world.nodes[NGO].feed("gateway", declined, case_at(NGO, CASE, "TaskOffered"))
    await world.settle()
    assert await states(world) == [(NGO, "declined"), (REDCROSS, "sharing-stopped")]
    assert await need(world) == ("not-found", None, True)


@pytest.mark.parametrize("stop", [NEVER, ALL])
async def test_what_came_of_called_off_help_is_not_told_once_sharing_was_stopped(
    world: World, stop: Any
) -> None:
    task_id = await helped(world, assistance.EpisodeStarted)
    assert await told(world, INTERIOR, cancel(reason="person-left"), CASE) == []
    await happens(world, stop)
    given = {"outcome": "person-left", "unit": "visit", "total": 2, "reason": "person-left"}
    ended = an_episode(assistance.EpisodeEndedEarly, task_id, **given)
    await world.nodes[REDCROSS].feed("assistance", ended, THERE)
    await world.settle()
    assert await states(world) == [(REDCROSS, "cancelled")]
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "sharing-stopped")]
    assert len(world.bodies(REDCROSS, referral.TaskStopped)) == 1
    assert world.bodies(INTERIOR, referral.TaskCompleted) == []
    (row,) = await world.nodes[INTERIOR].rows("SELECT outcome FROM task")
    assert row["outcome"] is None


async def test_where_only_what_nobody_could_give_is_left_the_task_stops(world: World) -> None:
    await helped(world)
    await happens(world, a_consent("of an older version", REDCROSS))
    expired = gateway.ConsentExpired(
        consent_id=an_id("of an older version"), expired_at=world.clock.now()
    )
    await happens(world, expired)
    await happens(world, gateway.ConsentEnded(kind="stop-sharing", consent_id=an_id("yes")))
    assert await states(world) == [(REDCROSS, "sharing-stopped")]


async def test_of_whom_nothing_more_is_told_a_person_decides(world: World) -> None:
    await helped(world)
    ended = gateway.FeedbackEnded(agency=REDCROSS)
    await happens(world, ended)
    assert await states(world) == [(REDCROSS, "sharing-stopped")]
    assert await need(world) == ("not-found", None, True)
    assert len(world.bodies(INTERIOR, referral.ProviderNotFound)) == 1


async def test_who_was_stopped_is_no_hop_of_the_profile(world: World) -> None:
    world.nodes[INTERIOR].profile_says(reroute_hops=0)
    await offered_to_one_of_two(world)
    await happens(world, NEVER)
    assert await states(world) == [(NGO, "delivered"), (REDCROSS, "sharing-stopped")]


async def test_of_a_case_that_is_over_nothing_is_looked_for_any_more(world: World) -> None:
    await offered_to_redcross(world, "nursing-visit")
    ended = identification.CaseEnded(reason="no-longer-needed", closed_at=world.clock.now())
    await world.nodes[INTERIOR].feed("identification", ended, CASE)
    await world.settle()
    assert await need(world) == ("ended", None, False)
    await happens(world, NEVER)
    world.clock.advance(timedelta(days=3))
    await world.settle()
    assert world.bodies(INTERIOR, referral.ProviderNotFound) == []


async def test_help_that_runs_on_after_the_end_of_its_case_and_is_stopped_asks_nobody(
    world: World,
) -> None:
    await helped(world, assistance.EpisodeStarted)
    ended = identification.CaseEnded(reason="no-longer-needed", closed_at=world.clock.now())
    await world.nodes[INTERIOR].feed("identification", ended, CASE)
    await world.settle()
    assert (await need(world))[0] == "offered"
    await happens(world, NEVER)
    assert await need(world) == ("ended", None, False)
    assert world.bodies(INTERIOR, referral.ProviderNotFound) == []


async def test_a_case_that_is_shared_no_more_with_us_leaves_no_need_behind(world: World) -> None:
    await helped(world, assistance.EpisodeStarted)
    redcross = world.nodes[REDCROSS]
    await redcross.feed("gateway", a_consent("onward", NGO), THERE)
    await redcross.feed("gateway", a_request("onward", "free-legal-aid"), THERE)
    await world.settle()
    assert len(world.bodies(NGO, referral.OfferReceived)) == 1
    await redcross.feed("gateway", gateway.SharingStopped(reference_known=True), THERE)
    await world.settle()
    (row,) = await redcross.rows(NEED)
    assert row["state"] == "ended"
