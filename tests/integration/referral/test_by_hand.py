"""What people decide by hand: call off, choose, refuse, let help rest; and what is refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts import assistance, gateway, intake, referral
from tests.integration.referral.test_doors import get
from tests.integration.referral.test_loop import CASE, THERE, an_episode, offered_to_redcross
from tests.integration.referral.world import (
    INTERIOR,
    NGO,
    REDCROSS,
    World,
    a_case,
    a_consent,
    a_pool,
    a_request,
    an_id,
    answered,
    case_at,
)

REQUEST, NEED = an_id("request"), an_id("request nursing-visit")
AT_NGO = case_at(NGO, CASE, "TaskOffered")


async def told(world: World, node: str, body: Any, case: UUID) -> list[str]:
    """Send a command; the codes with which it was refused, none when it was done."""
    await world.nodes[node].feed("gateway", body, case)
    await world.settle()
    last = [each for each in world.sent if isinstance(each.body, Answered)][-1].body
    return [each.code for each in last.reasons] if isinstance(last, intake.IntakeRefused) else []


async def over(world: World) -> set[bool]:
    """Whether the request is over, as either route shows it to a worker."""
    interior = world.nodes[INTERIOR]
    one = (await get(interior, f"/v1/requests/{REQUEST}")).json()
    (listed,) = (await get(interior, f"/v1/requests?case_id={one['case_id']}")).json()
    return {one["over"], listed["over"]}


Answered = (intake.IntakeAccepted, intake.IntakeRefused)


def two_nurses(world: World) -> None:
    """Both providers give nursing visits, round the clock."""
    interior = world.nodes[INTERIOR]
    (nurse,) = interior.directory.of_type("nursing-visit")
    (room,) = interior.directory.of_type("crisis-room")
    nurses = tuple(
        replace(nurse, agency=agency, service_id=f"{agency}.nurse", cover=room.cover)
        for agency in (REDCROSS, NGO)
    )
    others = tuple(each for each in interior.directory.listings if each != nurse)
    interior.read(replace(interior.directory, listings=(*others, *nurses)))


async def helped(world: World, *kinds: type[Any]) -> UUID:
    """Redcross took the need; then episodes of these kinds."""
    task_id = await offered_to_redcross(world, "nursing-visit")
    await world.nodes[REDCROSS].feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    more = {"outcome": "need-met", "unit": "visit", "total": 1}
    for kind in kinds:
        given = more if kind is assistance.EpisodeCompleted else {}
        await world.nodes[REDCROSS].feed("assistance", an_episode(kind, task_id, **given), THERE)
        await world.settle()
    return task_id


def cancel(**changes: Any) -> intake.NeedCancelled:
    given = {"request_id": REQUEST, "need_id": NEED, "reason": "person-asked", **changes}
    return intake.NeedCancelled(**given)


def choose(provider: str, name: str = "request", **changes: Any) -> intake.ProviderChosen:
    given = {
        "request_id": an_id(name),
        "need_id": an_id(f"{name} nursing-visit"),
        "provider": provider,
        **changes,
    }
    return intake.ProviderChosen(**given)


@pytest.mark.parametrize("kinds", [(), (assistance.EpisodeStarted,)])
async def test_a_need_is_called_off_before_it_was_completed(
    world: World, kinds: tuple[type[Any], ...]
) -> None:
    await helped(world, *kinds)
    assert await told(world, INTERIOR, cancel(need_id=None), CASE) == []
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "cancelled")]
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "cancelled")]
    (called_off,) = world.bodies(INTERIOR, referral.NeedCancelled)
    assert (called_off.need_id, called_off.reason) == (NEED, "person-asked")
    assert len(world.bodies(REDCROSS, referral.HoldAbandoned)) == (0 if kinds else 1)
    for node in (INTERIOR, REDCROSS):
        assert await world.nodes[node].rows("SELECT * FROM deadline") == []
    assert await told(world, INTERIOR, cancel(), CASE) == ["wrong-state"]
    assert await told(world, INTERIOR, cancel(need_id=an_id("x")), CASE) == ["unknown-request"]


async def test_who_leaves_a_service_is_helped_further_under_the_same_consent(world: World) -> None:
    await helped(world, assistance.EpisodeStarted)
    assert await told(world, INTERIOR, cancel(reason="person-left"), CASE) == []
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "cancelled")]
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "cancelled")]
    for node in (INTERIOR, REDCROSS):
        assert world.bodies(node, referral.TaskStopped) == []
    (left,) = world.bodies(INTERIOR, referral.NeedCancelled)
    assert left.reason == "person-left"
    again = a_request("again", "nursing-visit")
    assert await told(world, INTERIOR, again, CASE) == []
    assert len(world.bodies(INTERIOR, referral.TaskOffered)) == 2


@pytest.mark.parametrize("crosses", [False, True])
async def test_what_came_of_help_that_was_called_off_reaches_who_asked_for_it(
    world: World, crosses: bool
) -> None:
    task_id = await helped(world, assistance.EpisodeStarted)
    if crosses:
        world.held_back = lambda sent: sent.name == "OfferWithdrawn"
    assert await told(world, INTERIOR, cancel(reason="person-left"), CASE) == []
    given = {"outcome": "person-left", "unit": "visit", "total": 2, "reason": "person-left"}
    for _ in range(2):
        ended = an_episode(assistance.EpisodeEndedEarly, task_id, **given)
        await world.nodes[REDCROSS].feed("assistance", ended, THERE)
        await world.release()
    for node in (INTERIOR, REDCROSS):
        (done,) = world.bodies(node, referral.TaskCompleted)
        assert (done.outcome, done.quantity) == ("person-left", 2)
        (row,) = await world.nodes[node].rows("SELECT state, outcome FROM task")
        assert row["outcome"] == "person-left"
        assert row["state"] == ("completed" if crosses and node == REDCROSS else "cancelled")
    assert len(world.bodies(INTERIOR, referral.LoopClosed)) == 1
    assert await over(world) == {True}


async def test_what_was_completed_is_not_called_off_and_a_return_is_a_new_linked_request(
    world: World,
) -> None:
    back = a_request("back", "nursing-visit", return_of=REQUEST)
    assert await told(world, INTERIOR, back, CASE) == ["unknown-request"]
    await helped(world)
    assert await told(world, INTERIOR, back, CASE) == ["loop-not-closed"]
    assert await over(world) == {False}
    task_id = world.bodies(INTERIOR, referral.TaskOffered)[0].task_id
    done = an_episode(
        assistance.EpisodeCompleted, task_id, outcome="need-met", unit="visit", total=1
    )
    await world.nodes[REDCROSS].feed("assistance", done, THERE)
    await world.settle()
    assert await told(world, INTERIOR, cancel(), CASE) == ["already-completed"]
    assert await told(world, INTERIOR, choose(REDCROSS), CASE) == ["already-completed"]
    assert await over(world) == {True}, "what a page may offer to come back after"
    assert await told(world, INTERIOR, back, CASE) == []
    assert world.bodies(INTERIOR, referral.RequestOpened)[-1].return_of == REQUEST
    assert len(world.bodies(INTERIOR, referral.TaskOffered)) == 2


async def test_help_rests_and_goes_on_and_the_sender_knows(world: World) -> None:
    task_id = await helped(world, assistance.EpisodeStarted)
    paused = intake.HelpPaused(task_id=task_id, reason="person-away")
    resumed = intake.HelpResumed(task_id=task_id)
    assert await told(world, REDCROSS, resumed, THERE) == ["wrong-state"]
    assert await told(world, REDCROSS, paused, THERE) == []
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "on-hold")]
    (here,) = world.bodies(INTERIOR, referral.TaskPaused)
    assert (here.side, here.reason) == ("sender", "person-away")
    assert await told(world, REDCROSS, paused, THERE) == ["wrong-state"]
    assert await told(world, REDCROSS, resumed, THERE) == []
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "in-progress")]
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "in-progress")]
    assert await told(world, INTERIOR, paused, CASE) == ["wrong-agency"]


async def test_each_answer_that_comes_too_late_has_a_name_of_its_own(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    assert await told(world, INTERIOR, answered(task_id, "accepted"), CASE) == ["wrong-agency"]
    assert await told(world, REDCROSS, answered(task_id, "accepted"), THERE) == []
    assert await told(world, REDCROSS, answered(task_id, "accepted"), THERE) == ["already-answered"]
    never = gateway.RestrictionSet(restriction_id=an_id("never"), agency=REDCROSS)
    await world.nodes[INTERIOR].feed("gateway", never, CASE)
    await world.settle()
    assert await told(world, REDCROSS, answered(task_id, "seen"), THERE) == ["sharing-stopped"]


async def test_an_offer_that_expired_is_not_answered(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    world.clock.advance(timedelta(days=3))
    await world.settle()
    assert await told(world, REDCROSS, answered(task_id, "accepted"), THERE) == ["offer-expired"]


async def test_a_provider_that_the_person_refused_is_never_offered_again(world: World) -> None:
    two_nurses(world)
    interior = world.nodes[INTERIOR]
    await interior.feed("gateway", a_consent("yes", REDCROSS, NGO), CASE)
    first = a_request("request", "nursing-visit", preferred_providers=(REDCROSS,))
    await interior.feed("gateway", first, CASE)
    await world.settle()
    refusal = intake.ProviderRefused(provider=REDCROSS)
    assert await told(world, INTERIOR, refusal, CASE) == []
    assert await told(world, INTERIOR, refusal, CASE) == []
    assert sorted(await interior.states()) == [
        ("sender", NGO, "delivered"),
        ("sender", REDCROSS, "cancelled"),
    ]
    assert [each.agency for each in world.bodies(INTERIOR, referral.ProviderRefused)] == [REDCROSS]
    assert "ProviderRefused" not in {s.name for s in world.sent if s.envelope.recipient}
    again = a_request("later", "nursing-visit", preferred_providers=(REDCROSS,))
    await interior.feed("gateway", again, CASE)
    await world.settle()
    (task,) = world.bodies(NGO, referral.OfferReceived)[-1:]
    declined = answered(task.task_id, "declined", "at-capacity")
    await world.nodes[NGO].feed("gateway", declined, AT_NGO)
    await world.settle()
    codes = await told(world, INTERIOR, choose(REDCROSS, "later"), CASE)
    assert codes == ["refused-by-the-person"]
    offered = [s for s in world.sent if s.name == "TaskOffered"]
    assert [s.envelope.recipient for s in offered] == [REDCROSS, NGO, NGO]


async def test_an_emergency_that_nobody_took_is_re_routed_by_a_person_only(world: World) -> None:
    two_nurses(world)
    interior = world.nodes[INTERIOR]
    await interior.feed("gateway", a_consent("yes", REDCROSS), CASE)
    request = a_request("request", "nursing-visit", urgency="emergency")
    await interior.feed("gateway", request, CASE)
    await world.settle()
    assert await interior.states() == [("sender", REDCROSS, "delivered")]
    assert await told(world, INTERIOR, choose(REDCROSS), CASE) == ["wrong-state"]
    assert await told(world, INTERIOR, choose(NGO), CASE) == ["no-consent"]
    await interior.feed("gateway", a_consent("also", NGO), CASE)
    assert await told(world, INTERIOR, choose(NGO), CASE) == []
    assert sorted(await interior.states()) == [
        ("sender", NGO, "delivered"),
        ("sender", REDCROSS, "cancelled"),
    ]
    world.clock.advance(timedelta(minutes=61))
    await world.settle()
    assert await told(world, INTERIOR, choose(REDCROSS), CASE) == []
    (chosen, *_) = world.bodies(INTERIOR, referral.ProviderChosen)
    assert chosen.agency == NGO
    verdicts = await interior.rows("SELECT verdicts FROM consideration WHERE round = 2")
    assert [row["verdicts"] for row in verdicts] == [["chosen-by-hand", "offered"]]


async def test_every_objection_to_a_choice_is_told_at_once(world: World) -> None:
    interior = world.nodes[INTERIOR]
    never = gateway.RestrictionSet(restriction_id=an_id("never"), agency=NGO)
    await interior.feed("gateway", never, CASE)
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await world.settle()
    codes = await told(world, INTERIOR, choose(NGO), CASE)
    assert set(codes) == {"restricted", "no-consent", "provider-not-listed"}
    codes = await told(world, INTERIOR, choose("nobody-here"), CASE)
    assert set(codes) == {"not-a-participant", "pair-not-permitted", "no-consent"} | {
        "provider-not-listed"
    }


async def test_a_family_is_asked_for_and_offered_together(world: World) -> None:
    interior = world.nodes[INTERIOR]
    hers = a_case(audience_class="women")
    await interior.feed("identification", hers, CASE)
    await interior.feed("gateway", a_consent("yes", NGO), CASE)
    request = a_request("family", "crisis-room", "free-legal-aid", dependants=2)
    await interior.feed("gateway", request, CASE)
    await world.settle()
    asked = world.bodies(INTERIOR, referral.CapacityQueried)
    classes = {each.service_type: each.audience_class for each in asked}
    assert classes == {"crisis-room": "carer-with-children", "free-legal-aid": "women"}
    received = world.bodies(NGO, referral.OfferReceived)
    assert {each.dependants for each in received} == {2}


async def test_a_place_that_would_part_a_family_needs_a_recorded_reason(world: World) -> None:
    interior = world.nodes[INTERIOR]
    (room,) = interior.directory.of_type("crisis-room")
    alone = replace(room, audiences=frozenset({"women"}))
    interior.read(replace(interior.directory, listings=(alone,)))
    await interior.feed("identification", a_case(audience_class="women"), CASE)
    await interior.feed("gateway", a_consent("yes", NGO), CASE)
    await interior.feed("gateway", a_request("family", "crisis-room", dependants=2), CASE)
    await world.settle()
    (row,) = await interior.rows("SELECT verdicts FROM consideration")
    assert row["verdicts"] == ["family-would-be-separated"]
    apart = a_request(
        "apart", "crisis-room", dependants=2, separation_reason="dependants-cared-for"
    )
    await interior.feed("gateway", apart, CASE)
    await world.settle()
    assert len(world.bodies(INTERIOR, referral.TaskOffered)) == 1
    opened = world.bodies(INTERIOR, referral.RequestOpened)[-1]
    assert opened.separation_reason == "dependants-cared-for"


async def test_dependants_of_the_case_come_along_to_where_somebody_lives(world: World) -> None:
    interior = world.nodes[INTERIOR]
    hers = a_case(audience_class="women", dependants=2)
    await interior.feed("identification", hers, CASE)
    await interior.feed("gateway", a_consent("yes", NGO), CASE)
    apart = a_request("apart", "crisis-room", dependants=1)
    assert await told(world, INTERIOR, apart, CASE) == ["reason-missing"]
    await interior.feed("gateway", a_request("all", "crisis-room", "free-legal-aid"), CASE)
    await world.settle()
    received = {each.service_type: each for each in world.bodies(NGO, referral.OfferReceived)}
    assert received["crisis-room"].audience_class == "carer-with-children"
    assert {name: each.dependants for name, each in received.items()} == {
        "crisis-room": 2,
        "free-legal-aid": None,
    }


async def test_a_room_that_suits_a_family_is_answered_for(world: World) -> None:
    full = a_pool("carers", audience_class="carer-with-children", status="none")
    free = a_pool("women", audience_class="women", suits=("dependants",), status="capacity")
    for pool in (full, free):
        await world.nodes[NGO].feed("assistance", pool, pool.pool_id)
    interior = world.nodes[INTERIOR]
    await interior.feed("identification", a_case(dependants=2), CASE)
    await interior.feed("gateway", a_consent("yes", NGO), CASE)
    await interior.feed("gateway", a_request("family", "crisis-room"), CASE)
    await world.settle()
    assert [each.status for each in world.bodies(NGO, referral.CapacityAnswered)] == ["capacity"]


async def test_onward_referral_is_the_providers_own_and_the_first_sender_hears_nothing(
    world: World,
) -> None:
    await helped(world, assistance.EpisodeStarted)
    heard = len([s for s in world.sent if s.envelope.recipient == INTERIOR])
    redcross = world.nodes[REDCROSS]
    onward = a_request("onward", "free-legal-aid")
    await redcross.feed("gateway", onward, THERE)
    await world.settle()
    assert world.bodies(REDCROSS, referral.TaskOffered) == []
    await redcross.feed("gateway", a_consent("onward yes", NGO), THERE)
    await world.settle()
    (offer,) = world.bodies(REDCROSS, referral.TaskOffered)
    assert offer.counted_by == INTERIOR
    assert len([s for s in world.sent if s.envelope.recipient == INTERIOR]) == heard
