"""A child is placed after its best interests were recorded; another stream is waited for."""

from typing import Any

from contracts import identification, intake
from services.chassis.messaging.work import Cause, Waits
from tests.integration.referral.test_loop import CASE
from tests.integration.referral.world import INTERIOR, World, a_case, a_request, an_id

GIRL = {"majority": "child", "audience_class": "girls", "to_dos": ("best-interests",)}
REQUEST = a_request("placement", "child-3-17", audience_class="girls")


def it_is_recorded() -> identification.CaseChanged:
    known = a_case(**GIRL).model_dump(include=set(identification.CaseChanged.model_fields))
    return identification.CaseChanged(**known | {"to_dos": ("childs-view",)})


async def answers(world: World) -> list[Any]:
    await world.settle()
    said = (intake.IntakeAccepted, intake.IntakeRefused)
    return [each.body for each in world.sent if isinstance(each.body, said)]


async def test_a_placement_waits_for_the_best_interests_and_is_opened_then(world: World) -> None:
    interior = world.nodes[INTERIOR]
    await interior.feed("identification", a_case(**GIRL), CASE)
    asked = interior.received("gateway", REQUEST, CASE)
    assert await interior.handle(asked) == Waits("best-interests", str(CASE))
    assert await answers(world) == []
    await interior.feed("identification", it_is_recorded(), CASE)
    assert await interior.handle(asked) is None
    (accepted,) = await answers(world)
    assert isinstance(accepted, intake.IntakeAccepted)


async def test_nobody_recorded_them_in_time_and_the_placement_is_refused(world: World) -> None:
    interior = world.nodes[INTERIOR]
    await interior.feed("identification", a_case(**GIRL), CASE)
    asked = interior.received("gateway", REQUEST, CASE)
    assert await interior.handle(asked) == Waits("best-interests", str(CASE))
    gave_up = interior.gave_up
    assert gave_up is not None
    async with interior.database.transaction() as tx:
        cause = Cause.of(asked.envelope)
        assert await gave_up(asked, interior.work(tx, world.clock.now(), cause)) is None
    (refused,) = await answers(world)
    assert [each.code for each in refused.reasons] == ["best-interests-missing"]
    assert await interior.rows("SELECT 1 FROM request") == []


async def test_in_an_emergency_a_child_is_placed_first(world: World) -> None:
    interior = world.nodes[INTERIOR]
    await interior.feed("identification", a_case(**GIRL), CASE)
    asked = a_request("now", "child-3-17", audience_class="girls", urgency="emergency")
    assert await interior.feed("gateway", asked, CASE) is None
    (accepted,) = await answers(world)
    assert isinstance(accepted, intake.IntakeAccepted)
    assert accepted.case_id == CASE
    assert await interior.rows("SELECT 1 FROM request WHERE request_id = $1", an_id("now"))


async def test_whoever_came_of_age_is_placed_as_an_adult_and_waits_for_nothing(
    world: World,
) -> None:
    interior = world.nodes[INTERIOR]
    await interior.feed("identification", a_case(**GIRL), CASE)
    asked = interior.received("gateway", a_request("place", "crisis-room"), CASE)
    known = a_case(**GIRL).model_dump(include=set(identification.CaseChanged.model_fields))
    of_age = {"majority": "adult", "audience_class": "women", "to_dos": ("placement-review",)}
    await interior.feed("identification", identification.CaseChanged(**known | of_age), CASE)
    assert await interior.handle(asked) is None
    (accepted,) = await answers(world)
    assert isinstance(accepted, intake.IntakeAccepted)
    (case,) = await interior.rows("SELECT majority, audience_class FROM known_case")
    assert (case["majority"], case["audience_class"]) == ("adult", "women")
