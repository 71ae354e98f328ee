"""A restriction that came by a mistaken link and was lifted keeps nobody from being asked."""

from contracts import gateway
from tests.integration.referral.test_loop import CASE, offered_to_redcross
from tests.integration.referral.world import INTERIOR, MORNING, REDCROSS, World, a_request, an_id


async def test_whoever_it_named_is_asked_from_then_on(world: World) -> None:
    await offered_to_redcross(world, "nursing-visit")
    interior, never = world.nodes[INTERIOR], an_id("never")
    await interior.feed(
        "gateway", gateway.RestrictionSet(restriction_id=never, agency=REDCROSS), CASE
    )
    await world.settle()
    assert [state for _, _, state in await interior.states()] == ["sharing-stopped"]
    other = gateway.RestrictionLifted(restriction_id=an_id("other"), lifted_at=MORNING)
    lifted = gateway.RestrictionLifted(restriction_id=never, lifted_at=MORNING)
    for number, fact in enumerate((other, lifted)):
        await interior.feed("gateway", fact, CASE)
        await interior.feed("gateway", a_request(f"again {number}", "nursing-visit"), CASE)
        await world.settle()
        waits = [agency for _, agency, state in await interior.states() if state == "delivered"]
        assert waits == [REDCROSS] * number
