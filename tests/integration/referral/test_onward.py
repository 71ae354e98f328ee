"""A provider refers onward: by its own consent, after the best interests, and told back or not."""

from typing import Any
from uuid import UUID

from contracts import gateway, referral
from tests.integration.referral.test_by_hand import helped, told
from tests.integration.referral.test_loop import CASE, THERE
from tests.integration.referral.world import (
    INTERIOR,
    NGO,
    REDCROSS,
    World,
    a_case,
    a_consent,
    a_request,
    an_id,
)

GIRL = {"majority": "child", "audience_class": "girls", "to_dos": ()}
ONWARD = {"categories": ("onward-referral",)}
BOTH = {"categories": ("needs", "onward-referral")}


def heard(world: World) -> list[Any]:
    """What interior was told of an onward referral."""
    return world.bodies(INTERIOR, referral.TaskReferredOnward)


async def asked_onward(world: World, *consents: gateway.ConsentGranted) -> UUID:
    """Redcross helps, has these consents of the person, and asks for a lawyer."""
    task_id = await helped(world)
    for consent in consents:
        await world.nodes[REDCROSS].feed("gateway", consent, THERE)
    assert await told(world, REDCROSS, a_request("onward", "free-legal-aid"), THERE) == []
    return task_id


async def test_without_the_persons_consent_the_first_sender_hears_nothing(world: World) -> None:
    await asked_onward(world)
    for number, consent in enumerate(
        (
            a_consent("offers alone", NGO, INTERIOR),
            a_consent("another agency", NGO, **BOTH),
            a_consent("another purpose", INTERIOR, purposes=("hand-over",), **ONWARD),
        )
    ):
        await world.nodes[REDCROSS].feed("gateway", consent, THERE)
        onward = a_request(f"onward {number}", "free-legal-aid")
        assert await told(world, REDCROSS, onward, THERE) == []
        assert heard(world) == []
    assert world.bodies(REDCROSS, referral.OnwardReferralTold) == []


async def test_with_it_the_first_sender_hears_that_others_were_asked_and_never_whom(
    world: World,
) -> None:
    task_id = await asked_onward(world, a_consent("yes they may", INTERIOR, NGO, **BOTH))
    (letter,) = world.bodies(REDCROSS, referral.OnwardReferralTold)
    assert set(letter.model_dump()) == {"task_id", "service_types", "happened_at"}
    (fact,) = heard(world)
    assert (fact.task_id, fact.service_types) == (task_id, ("free-legal-aid",))
    assert (fact.side, fact.other_agency) == ("sender", REDCROSS)
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "accepted")]
    await world.nodes[INTERIOR].feed("referral", letter, CASE, sender=NGO)
    await world.settle()
    assert len(heard(world)) == 1, "a stranger to the task tells nothing"


async def test_a_consent_that_comes_right_after_the_request_tells_once(world: World) -> None:
    await asked_onward(world)
    for name in ("yes", "yes again"):
        consent = a_consent(f"onward {name}", INTERIOR, **ONWARD)
        await world.nodes[REDCROSS].feed("gateway", consent, THERE)
        await world.settle()
    assert len(heard(world)) == 1


async def test_a_restriction_is_stronger_than_the_consent(world: World) -> None:
    await helped(world)
    never = gateway.RestrictionSet(restriction_id=an_id("never"), agency=INTERIOR)
    await world.nodes[REDCROSS].feed("gateway", never, THERE)
    consent = a_consent("they may", INTERIOR, **BOTH)
    await world.nodes[REDCROSS].feed("gateway", consent, THERE)
    assert await told(world, REDCROSS, a_request("onward", "free-legal-aid"), THERE) == []
    assert heard(world) == []


async def test_a_child_is_referred_onward_to_a_place_only_with_its_best_interests(
    world: World,
) -> None:
    await world.nodes[INTERIOR].feed("identification", a_case(**GIRL), CASE)
    await helped(world)
    asked = a_request("place", "child-3-17", audience_class="girls")
    assert await told(world, REDCROSS, asked, THERE) == ["best-interests-missing"]
    assert await told(world, REDCROSS, a_request("talk", "psychological"), THERE) == []
    said = asked.model_copy(update={"best_interests": "in-care"})
    assert await told(world, REDCROSS, said, THERE) == []
    kept = [each.best_interests for each in world.bodies(REDCROSS, referral.RequestOpened)]
    assert kept == [None, "in-care"]
    sql = "SELECT best_interests FROM request WHERE request_id = $1"
    (row,) = await world.nodes[REDCROSS].rows(sql, an_id("place"))
    assert row["best_interests"] == "in-care"
    now = a_request("now", "child-3-17", audience_class="girls", urgency="emergency")
    assert await told(world, REDCROSS, now, THERE) == []


async def test_the_word_of_a_request_stands_for_no_record_of_our_own(world: World) -> None:
    waiting = {**GIRL, "to_dos": ("best-interests",)}
    interior = world.nodes[INTERIOR]
    await interior.feed("identification", a_case(**waiting), CASE)
    asked = a_request("place", "child-3-17", audience_class="girls", best_interests="in-care")
    assert await interior.feed("gateway", asked, CASE) is not None
    assert await interior.rows("SELECT 1 FROM request") == []
