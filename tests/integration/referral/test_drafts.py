"""A draft waits at the sender: nobody is asked, people are warned, and nothing is left of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts import gateway, identification, intake, referral
from contracts.vocabulary import load_profile
from services.chassis.messaging.work import Cause, Waits
from tests.integration.referral.test_by_hand import told
from tests.integration.referral.test_doors import INTAKE, get
from tests.integration.referral.world import (
    INTERIOR,
    MORNING,
    REDCROSS,
    World,
    a_case,
    a_consent,
    a_request,
    an_id,
)

CASE, REQUEST = an_id("case"), an_id("request")
OPEN = intake.ReferralOpened(request_id=REQUEST)
DROP = intake.NeedCancelled(request_id=REQUEST, reason="other")
PROFILE = load_profile("BY-draft")
IN_A_DAY = PROFILE.hours("urgent_accepted_hours")
WARNING, KEPT = PROFILE.days("draft_warning_days"), PROFILE.days("draft_kept_days")


def a_draft(name: str = "request", urgency: str = "routine") -> intake.ReferralRequested:
    asked = a_request(name, "nursing-visit", urgency=urgency)
    return asked.model_copy(update={"draft": True})


async def drafted(world: World, urgency: str = "routine") -> None:
    await world.nodes[INTERIOR].feed("gateway", a_consent("yes", REDCROSS), CASE)
    assert await told(world, INTERIOR, a_draft(urgency=urgency), CASE) == []


async def left(world: World, node: str = INTERIOR) -> tuple[int, int]:
    """How many drafts there are, and clocks of drafts."""
    rows = await world.nodes[node].rows(
        "SELECT (SELECT count(*) FROM draft_request) AS drafts,"
        " (SELECT count(*) FROM deadline WHERE kind LIKE 'draft-%') AS clocks"
    )
    return rows[0]["drafts"], rows[0]["clocks"]


async def test_of_a_draft_nobody_hears_and_nobody_is_asked(world: World) -> None:
    await drafted(world)
    assert world.names(INTERIOR) == ["IntakeAccepted"]
    assert not [each for each in world.sent if each.envelope.recipient]
    assert await world.nodes[INTERIOR].rows("SELECT * FROM need") == []
    assert await world.nodes[INTERIOR].rows("SELECT * FROM request") == []
    assert await left(world) == (1, 2)


async def test_a_draft_that_is_opened_is_asked_for_as_it_was_written(world: World) -> None:
    await drafted(world)
    world.clock.advance(timedelta(days=2))
    assert await told(world, INTERIOR, OPEN, CASE) == []
    (opened,) = world.bodies(INTERIOR, referral.RequestOpened)
    assert (opened.request_id, [need.service_type for need in opened.needs]) == (
        REQUEST,
        ["nursing-visit"],
    )
    assert len(world.bodies(REDCROSS, referral.OfferReceived)) == 1
    assert await left(world) == (0, 0)
    (row,) = await world.nodes[INTERIOR].rows("SELECT opened_at FROM request")
    assert row["opened_at"] == MORNING + timedelta(days=2)
    assert await told(world, INTERIOR, OPEN, CASE) == ["request-exists"]


async def test_people_are_warned_once_and_then_it_is_gone(world: World) -> None:
    await drafted(world)
    world.clock.advance(WARNING - timedelta(minutes=1))
    await world.settle()
    assert world.bodies(INTERIOR, referral.DraftEndNear) == []
    world.clock.advance(timedelta(minutes=1))
    await world.settle()
    (near,) = world.bodies(INTERIOR, referral.DraftEndNear)
    assert (near.request_id, near.ends_at) == (REQUEST, MORNING + KEPT)
    world.clock.advance(KEPT - WARNING)
    await world.settle()
    assert len(world.bodies(INTERIOR, referral.DraftEndNear)) == 1
    (ended,) = world.bodies(INTERIOR, referral.DraftEnded)
    assert (ended.request_id, ended.happened_at) == (REQUEST, MORNING + KEPT)
    assert await left(world) == (0, 0)
    assert not [each for each in world.sent if each.envelope.recipient]
    assert await told(world, INTERIOR, OPEN, CASE) == ["unknown-request"]


async def test_of_an_urgent_draft_people_are_told_in_a_day_and_again_before_it_is_gone(
    world: World,
) -> None:
    await drafted(world, "urgent")
    world.clock.advance(IN_A_DAY - timedelta(minutes=1))
    await world.settle()
    assert world.bodies(INTERIOR, referral.DraftEndNear) == []
    world.clock.advance(timedelta(minutes=1))
    await world.settle()
    (near,) = world.bodies(INTERIOR, referral.DraftEndNear)
    assert (near.request_id, near.ends_at) == (REQUEST, MORNING + KEPT)
    assert await left(world) == (1, 2)
    world.clock.advance(WARNING - IN_A_DAY)
    await world.settle()
    assert len(world.bodies(INTERIOR, referral.DraftEndNear)) == 2
    assert len({each.envelope.id for each in world.sent if each.name == "DraftEndNear"}) == 2
    assert await left(world) == (1, 1)
    world.clock.advance(KEPT - WARNING)
    await world.settle()
    assert len(world.bodies(INTERIOR, referral.DraftEndNear)) == 2
    assert await left(world) == (0, 0)


async def test_after_a_long_sleep_people_are_told_of_an_urgent_draft_once(world: World) -> None:
    await drafted(world, "urgent")
    world.clock.advance(WARNING)
    await world.settle()
    assert len(world.bodies(INTERIOR, referral.DraftEndNear)) == 1
    assert await left(world) == (1, 1)


async def test_a_draft_is_dropped_by_hand_as_a_whole(world: World) -> None:
    await drafted(world)
    assert await told(world, INTERIOR, DROP, CASE) == []
    assert await left(world) == (0, 0)
    assert world.bodies(INTERIOR, referral.NeedCancelled) == []
    assert await told(world, INTERIOR, DROP, CASE) == ["unknown-request"]


@pytest.mark.parametrize(
    ("publisher", "body"),
    [
        (
            "identification",
            identification.CaseEnded(reason="other", closed_at=MORNING),
        ),
        ("identification", identification.CaseVoided(reason="other")),
        ("gateway", gateway.SharingStopped(reference_known=True)),
    ],
    ids=lambda given: type(given).__name__,
)
async def test_of_a_case_that_is_over_or_frozen_no_draft_is_left(
    world: World, publisher: str, body: Any
) -> None:
    await drafted(world)
    await world.nodes[INTERIOR].feed(publisher, body, CASE)
    assert await left(world) == (0, 0)
    world.clock.advance(KEPT)
    await world.settle()
    assert world.bodies(INTERIOR, referral.DraftEnded) == []
    (refused,) = await told(world, INTERIOR, OPEN, CASE)
    assert refused in ("case-closed", "case-frozen")


async def test_an_emergency_and_an_id_that_is_taken_are_refused(world: World) -> None:
    await drafted(world)
    emergency = a_draft("another", urgency="emergency")
    assert await told(world, INTERIOR, emergency, CASE) == ["not-as-a-draft"]
    assert await told(world, INTERIOR, a_draft(), CASE) == ["request-exists"]
    asked = a_draft().model_copy(update={"draft": False})
    assert await told(world, INTERIOR, asked, CASE) == ["request-exists"]
    assert await left(world) == (1, 2)


async def test_a_draft_of_another_case_is_none_of_this_one(world: World) -> None:
    await drafted(world)
    other, interior = an_id("other"), world.nodes[INTERIOR]
    await interior.feed("identification", a_case(), other)
    assert await told(world, INTERIOR, OPEN, other) == ["unknown-request"]
    assert await told(world, INTERIOR, DROP, other) == ["unknown-request"]
    assert await left(world) == (1, 2)


async def test_a_draft_of_a_duplicate_is_opened_under_the_case_that_goes_on(world: World) -> None:
    await drafted(world)
    goes_on, interior = an_id("goes on"), world.nodes[INTERIOR]
    await interior.feed("identification", a_case(), goes_on)
    await interior.feed("gateway", a_consent("also", REDCROSS), goes_on)
    merged = identification.CaseMerged(into_case=goes_on)
    await interior.feed("identification", merged, CASE)
    world.clock.advance(WARNING)
    await world.settle()
    (near,) = [each for each in world.sent if each.name == "DraftEndNear"]
    assert near.envelope.subject == str(goes_on)
    assert await told(world, INTERIOR, OPEN, goes_on) == []
    (opened,) = [each for each in world.sent if each.name == "RequestOpened"]
    assert opened.envelope.subject == str(goes_on)
    assert await left(world) == (0, 0)


async def test_what_is_best_for_a_child_is_waited_for_when_its_draft_is_opened(
    world: World,
) -> None:
    child, interior = an_id("child"), world.nodes[INTERIOR]
    girl = a_case(majority="child", to_dos=("best-interests",), audience_class="girls")
    await interior.feed("identification", girl, child)
    place = a_request("place", "child-3-17").model_copy(update={"draft": True})
    assert await told(world, INTERIOR, place, child) == []
    received = interior.received("gateway", intake.ReferralOpened(request_id=an_id("place")), child)
    assert await interior.handle(received) == Waits("best-interests", str(child))
    gave_up = interior.gave_up
    assert gave_up is not None
    async with interior.database.transaction() as tx:
        work = interior.work(tx, world.clock.now(), Cause.of(received.envelope))
        assert await gave_up(received, work) is None
    await world.settle()
    (refused,) = world.bodies(INTERIOR, intake.IntakeRefused)
    assert [reason.code for reason in refused.reasons] == ["best-interests-missing"]
    assert await left(world) == (1, 2)


async def test_workers_see_the_drafts_of_a_case_and_nobody_sees_those_of_a_frozen_one(
    world: World,
) -> None:
    await drafted(world)
    interior, path = world.nodes[INTERIOR], f"/v1/cases/{CASE}/drafts"
    (draft,) = (await get(interior, path)).json()
    assert (draft["request_id"], draft["case_id"]) == (str(REQUEST), str(CASE))
    assert [need["service_type"] for need in draft["needs"]] == ["nursing-visit"]
    assert datetime.fromisoformat(draft["ends_at"]) == MORNING + KEPT
    assert (await get(interior, path, INTAKE)).status_code == 403
    await interior.rows("UPDATE known_case SET frozen = true")
    assert (await get(interior, path)).json() == []
