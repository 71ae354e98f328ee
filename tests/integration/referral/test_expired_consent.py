"""A consent that expires early: nobody is asked under it any more, and what runs goes on."""

from datetime import timedelta
from uuid import UUID

from contracts import gateway, referral
from tests.integration.referral.test_by_hand import helped
from tests.integration.referral.test_loop import CASE
from tests.integration.referral.world import INTERIOR, MORNING, REDCROSS, World, a_request


async def expire(world: World, consent_id: UUID) -> None:
    body = gateway.ConsentExpired(consent_id=consent_id, expired_at=MORNING)
    await world.nodes[INTERIOR].feed("gateway", body, CASE)
    await world.settle()


async def consent_of(world: World) -> UUID:
    (row,) = await world.nodes[INTERIOR].rows("SELECT consent_id FROM consent")
    consent_id: UUID = row["consent_id"]
    return consent_id


async def test_help_goes_on_and_nobody_is_asked_anew(world: World) -> None:
    await helped(world)
    before = await world.nodes[INTERIOR].states()
    await expire(world, await consent_of(world))
    assert await world.nodes[INTERIOR].states() == before
    assert world.bodies(INTERIOR, referral.OfferWithdrawn) == []
    asked = len(world.bodies(INTERIOR, referral.CapacityQueried))
    offered = len(world.bodies(INTERIOR, referral.TaskOffered))
    again = a_request("again", "nursing-visit")
    await world.nodes[INTERIOR].feed("gateway", again, CASE)
    await world.settle()
    assert len(world.bodies(INTERIOR, referral.CapacityQueried)) == asked
    assert len(world.bodies(INTERIOR, referral.TaskOffered)) == offered
    assert world.names(INTERIOR)[-1] == "ProviderNotFound"


async def test_one_that_ended_earlier_is_made_no_longer_by_it(world: World) -> None:
    await helped(world)
    consent_id = await consent_of(world)
    await expire(world, consent_id)
    body = gateway.ConsentExpired(consent_id=consent_id, expired_at=MORNING + timedelta(days=30))
    await world.nodes[INTERIOR].feed("gateway", body, CASE)
    (row,) = await world.nodes[INTERIOR].rows("SELECT expires_at FROM consent")
    assert row["expires_at"] == MORNING
    assert (await world.nodes[REDCROSS].states())[0][2] == "accepted"
