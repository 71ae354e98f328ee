"""Nobody left: who is told, when, and never an agency that a restriction of the case names."""

from datetime import timedelta
from typing import Any

from contracts import gateway, referral
from tests.integration.referral.conftest import POLICY_SUBJECT
from tests.integration.referral.test_by_hand import cancel, told
from tests.integration.referral.test_doors import get
from tests.integration.referral.test_loop import CASE, THERE, offered_to_redcross
from tests.integration.referral.world import (
    INTERIOR,
    REDCROSS,
    World,
    a_request,
    an_id,
    answered,
    policy,
)

OBLAST, CAPITAL = "executive-brest", "migration-minsk"
DAY = timedelta(hours=24)


async def with_coordinators(world: World) -> None:
    """Two agencies decide on the mechanism: one in the oblast, one for the whole country."""
    known = policy(2)
    kinds = {OBLAST: ("local-executive", ("BY-BR",)), CAPITAL: ("citizenship-and-migration", ())}
    coordinators = tuple(
        gateway.PolicyParticipant(
            node=node,
            agency_type=kind,
            sector="state",
            status="active",
            powers=("decide",),
            oblasts=oblasts,
        )
        for node, (kind, oblasts) in kinds.items()
    )
    given = known.model_copy(update={"participants": (*known.participants, *coordinators)})
    await world.nodes[INTERIOR].feed("gateway", given, POLICY_SUBJECT)


async def a_need_without_provider(world: World, **restriction: Any) -> None:
    await with_coordinators(world)
    interior = world.nodes[INTERIOR]
    for number, (name, value) in enumerate(restriction.items()):
        never = gateway.RestrictionSet(restriction_id=an_id(f"never {number}"), **{name: value})
        await interior.feed("gateway", never, CASE)
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await world.settle()


def contacts(world: World) -> list[tuple[str, str | None]]:
    escalated = world.bodies(INTERIOR, referral.NeedEscalated)
    return [(each.contact, each.agency) for each in escalated]


async def after_two_days(world: World) -> list[tuple[str, str | None]]:
    for _ in range(4):
        world.clock.advance(DAY)
        await world.settle()
    return contacts(world)


async def test_the_supervisor_then_the_coordinator_of_the_oblast_each_once(world: World) -> None:
    await a_need_without_provider(world)
    assert contacts(world) == []
    assert "ProviderNotFound" in world.names(INTERIOR)
    assert await after_two_days(world) == [("supervisor", None), ("oblast-coordinator", OBLAST)]
    (need,) = await world.nodes[INTERIOR].rows("SELECT state, told, due_at FROM need")
    assert tuple(need) == ("escalated", "oblast-coordinator", None)
    assert await world.nodes[INTERIOR].rows("SELECT * FROM deadline") == []
    assert all(each.envelope.recipient is None for each in world.sent)


async def turned_to(world: World) -> list[tuple[str, str | None]]:
    """What the worker is shown of the need: who was told, and which agency may be asked."""
    shown = (await get(world.nodes[INTERIOR], f"/v1/requests/{an_id('request')}")).json()
    return [(need["told"], need["told_agency"]) for need in shown["needs"]]


async def test_the_request_says_to_which_agency_to_turn_until_a_restriction_names_it(
    world: World,
) -> None:
    await a_need_without_provider(world)
    assert [told for told, _ in await turned_to(world)] == [None]
    world.clock.advance(DAY)
    await world.settle()
    assert await turned_to(world) == [("supervisor", None)]
    await after_two_days(world)
    assert await turned_to(world) == [("oblast-coordinator", OBLAST)]
    other = gateway.RestrictionSet(restriction_id=an_id("other"), agency=CAPITAL)
    await world.nodes[INTERIOR].feed("gateway", other, CASE)
    assert await turned_to(world) == [("oblast-coordinator", OBLAST)]
    never = gateway.RestrictionSet(restriction_id=an_id("late"), oblast="BY-BR")
    await world.nodes[INTERIOR].feed("gateway", never, CASE)
    assert await turned_to(world) == [("nobody-allowed", None)]
    await world.settle()
    assert contacts(world)[-1] == ("nobody-allowed", None)
    assert await after_two_days(world) == [
        *(("supervisor", None), ("oblast-coordinator", OBLAST), ("nobody-allowed", None)),
    ]


async def test_whoever_is_restricted_after_they_were_told_is_replaced_by_the_next_at_once(
    world: World,
) -> None:
    await a_need_without_provider(world)
    await after_two_days(world)
    for agency, then in (
        (OBLAST, ("national-coordinator", CAPITAL)),
        (CAPITAL, ("nobody-allowed", None)),
    ):
        never = gateway.RestrictionSet(restriction_id=an_id(f"never {agency}"), agency=agency)
        await world.nodes[INTERIOR].feed("gateway", never, CASE)
        await world.settle()
        assert contacts(world)[-1] == then
        assert await turned_to(world) == [then]
    assert len(await after_two_days(world)) == 4


async def test_no_escalation_reaches_a_restricted_agency(world: World) -> None:
    await a_need_without_provider(world, agency=OBLAST)
    assert (await after_two_days(world))[-1] == ("national-coordinator", CAPITAL)


async def test_no_escalation_reaches_a_restricted_type_or_oblast(world: World) -> None:
    await a_need_without_provider(world, agency_type="citizenship-and-migration", oblast="BY-BR")
    assert (await after_two_days(world))[-1] == ("nobody-allowed", None)


async def test_a_restriction_set_after_the_supervisor_was_told_counts(world: World) -> None:
    await a_need_without_provider(world)
    world.clock.advance(DAY)
    await world.settle()
    never = gateway.RestrictionSet(restriction_id=an_id("late"), agency=OBLAST)
    await world.nodes[INTERIOR].feed("gateway", never, CASE)
    assert (await after_two_days(world))[-1] == ("national-coordinator", CAPITAL)


async def test_who_acted_stops_the_clock(world: World) -> None:
    await a_need_without_provider(world)
    assert await told(world, INTERIOR, cancel(), CASE) == []
    assert await world.nodes[INTERIOR].rows("SELECT * FROM deadline") == []
    assert await after_two_days(world) == []


async def test_after_the_hops_of_the_profile_the_supervisor_is_told_at_once(world: World) -> None:
    interior = world.nodes[INTERIOR]
    task_id = await offered_to_redcross(world, "nursing-visit")
    interior.profile_says(reroute_hops=0)
    declined = answered(task_id, "declined", "at-capacity")
    await world.nodes[REDCROSS].feed("gateway", declined, THERE)
    await world.settle()
    assert contacts(world) == [("supervisor", None)]
