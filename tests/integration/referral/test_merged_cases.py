"""The same case was entered twice: what began in either goes on, as the case that goes on."""

from datetime import timedelta
from uuid import UUID

import pytest

from contracts import assistance, gateway, identification, intake, referral
from tests.integration.referral.test_by_hand import cancel, helped, told, two_nurses
from tests.integration.referral.test_doors import get
from tests.integration.referral.test_loop import CASE, THERE, an_episode, offered_to_redcross
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

GOES_ON = an_id("the case that goes on")
AT_NGO = case_at(NGO, CASE, "TaskOffered")
NO_NURSE = intake.ProviderRefused(provider=REDCROSS)


async def known(world: World) -> None:
    await world.nodes[INTERIOR].feed("identification", a_case(), GOES_ON)


async def merge(world: World, duplicate: UUID = CASE, goes_on: UUID = GOES_ON) -> None:
    """As identification tells it: merged, then void."""
    interior = world.nodes[INTERIOR]
    await interior.feed("identification", identification.CaseMerged(into_case=goes_on), duplicate)
    void = identification.CaseVoided(reason="duplicate")
    await interior.feed("identification", void, duplicate)
    await world.settle()


def told_under(world: World, name: str) -> list[str]:
    """Under which cases interior told of this."""
    found = [each for each in world.sent if each.node == INTERIOR and each.name == name]
    return [each.envelope.subject for each in found]


async def test_help_that_runs_goes_on_and_is_told_as_the_other_case(world: World) -> None:
    await known(world)
    task_id = await helped(world, assistance.EpisodeStarted)
    await merge(world)
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "in-progress")]
    assert world.bodies(INTERIOR, referral.OfferWithdrawn) == []
    done = an_episode(
        assistance.EpisodeCompleted, task_id, outcome="need-met", unit="visit", total=2
    )
    await world.nodes[REDCROSS].feed("assistance", done, THERE)
    await world.settle()
    assert told_under(world, "TaskStarted") == [str(CASE)]
    assert told_under(world, "LoopClosed") == [str(GOES_ON)]


async def test_an_offer_goes_on_and_nobody_left_is_told_as_the_other_case(world: World) -> None:
    await known(world)
    task_id = await offered_to_redcross(world, "nursing-visit")
    await merge(world)
    declined = answered(task_id, "declined", "at-capacity")
    assert await told(world, REDCROSS, declined, THERE) == []
    assert told_under(world, "TaskDeclined") == [str(GOES_ON)]
    assert told_under(world, "ProviderNotFound") == [str(GOES_ON)]


async def test_a_duplicate_of_a_case_not_heard_of_yet_loses_nothing(world: World) -> None:
    two_nurses(world)
    await world.nodes[INTERIOR].feed("gateway", a_consent("both", REDCROSS, NGO), CASE)
    task_id = await offered_to_redcross(world, "nursing-visit")
    await merge(world)
    first = next(s for s in world.sent if s.name == "TaskOffered").envelope.recipient
    case = AT_NGO if first == NGO else THERE
    await world.nodes[first or ""].feed(
        "gateway", answered(task_id, "declined", "at-capacity"), case
    )
    await world.settle()
    offered = {s.envelope.recipient for s in world.sent if s.name == "TaskOffered"}
    assert offered == {REDCROSS, NGO}


async def offered_first_to(world: World, agency: str, case_id: UUID) -> None:
    """Both nurses may be asked for this case; this one is preferred."""
    interior = world.nodes[INTERIOR]
    await interior.feed("gateway", a_consent(f"both {case_id}", REDCROSS, NGO), case_id)
    request = a_request("first", "nursing-visit", preferred_providers=(agency,))
    await interior.feed("gateway", request, case_id)
    await world.settle()


def offered(world: World) -> list[str | None]:
    return [each.envelope.recipient for each in world.sent if each.name == "TaskOffered"]


async def test_who_was_refused_in_the_duplicate_is_not_offered_in_the_other(world: World) -> None:
    two_nurses(world)
    await known(world)
    assert await told(world, INTERIOR, NO_NURSE, CASE) == []
    await merge(world)
    await offered_first_to(world, REDCROSS, GOES_ON)
    assert offered(world) == [NGO]


async def test_who_is_refused_in_the_other_is_not_offered_for_the_duplicate(world: World) -> None:
    two_nurses(world)
    await known(world)
    await offered_first_to(world, NGO, CASE)
    await merge(world)
    assert await told(world, INTERIOR, NO_NURSE, GOES_ON) == []
    (offer,) = world.bodies(NGO, referral.OfferReceived)
    await world.nodes[NGO].feed(
        "gateway", answered(offer.task_id, "declined", "at-capacity"), AT_NGO
    )
    await world.settle()
    assert offered(world) == [NGO]
    assert told_under(world, "ProviderNotFound") == [str(GOES_ON)]


@pytest.mark.parametrize("refused_first", [True, False])
async def test_a_refusal_takes_back_what_the_duplicate_offered(
    world: World, *, refused_first: bool
) -> None:
    await known(world)
    await offered_to_redcross(world, "nursing-visit")
    if refused_first:
        assert await told(world, INTERIOR, NO_NURSE, GOES_ON) == []
    await merge(world)
    if not refused_first:
        assert await told(world, INTERIOR, NO_NURSE, GOES_ON) == []
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "cancelled")]


@pytest.mark.parametrize("ended_first", [True, False])
async def test_an_end_of_the_case_that_goes_on_ends_what_did_not_begin_in_the_duplicate(
    world: World, *, ended_first: bool
) -> None:
    await known(world)
    await offered_to_redcross(world, "nursing-visit")
    end = identification.CaseEnded(reason="need-met", closed_at=MORNING + timedelta(hours=1))
    if not ended_first:
        await merge(world)
    await world.nodes[INTERIOR].feed("identification", end, GOES_ON)
    await world.settle()
    if ended_first:
        await merge(world)
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "cancelled")]


async def test_what_was_forbidden_in_the_duplicate_stops_its_tasks_still(world: World) -> None:
    await known(world)
    await helped(world)
    await merge(world)
    never = gateway.RestrictionSet(restriction_id=an_id("never"), agency=REDCROSS)
    await world.nodes[INTERIOR].feed("gateway", never, CASE)
    await world.settle()
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "sharing-stopped")]


async def test_the_case_that_goes_on_shows_and_calls_off_what_the_duplicate_asked_for(
    world: World,
) -> None:
    await known(world)
    task_id = await helped(world)
    interior = world.nodes[INTERIOR]
    assert (await get(interior, f"/v1/requests?case_id={GOES_ON}")).json() == []
    await merge(world)
    (shown,) = (await get(interior, f"/v1/requests?case_id={GOES_ON}")).json()
    assert [task["task_id"] for task in shown["tasks"]] == [str(task_id)]
    one = (await get(interior, f"/v1/requests/{shown['request_id']}")).json()
    assert one["case_id"] == shown["case_id"] == str(GOES_ON)
    (task,) = (await get(interior, f"/v1/tasks?case_id={GOES_ON}")).json()
    assert task["state"] == "accepted"
    again = a_request("again", "nursing-visit")
    assert await told(world, INTERIOR, again, CASE) == ["case-closed"]
    assert await told(world, INTERIOR, cancel(), GOES_ON) == []
    assert await interior.states() == [("sender", REDCROSS, "cancelled")]
    assert told_under(world, "NeedCancelled") == [str(GOES_ON)]
    back = a_request("back", "nursing-visit", return_of=an_id("request"))
    assert await told(world, INTERIOR, back, GOES_ON) == []


@pytest.mark.parametrize("first", [CASE, GOES_ON])
async def test_two_that_were_merged_into_each_other_lose_no_help(world: World, first: UUID) -> None:
    """No node should say so; one of version 0.1 could, and help is not called off for it."""
    await known(world)
    await helped(world)
    other = GOES_ON if first == CASE else CASE
    await merge(world, first, other)
    await merge(world, other, first)
    interior = world.nodes[INTERIOR]
    assert await interior.states() == [("sender", REDCROSS, "accepted")]
    for case_id in (CASE, GOES_ON):
        (shown,) = (await get(interior, f"/v1/requests?case_id={case_id}")).json()
        one = (await get(interior, f"/v1/requests/{shown['request_id']}")).json()
        assert one["case_id"] == str(min(CASE, GOES_ON))
