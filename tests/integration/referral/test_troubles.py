"""Duplicates, crossings, declines, deadlines, withdrawals: what goes wrong on the way."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from contracts import assistance, gateway, identification, intake, referral
from services.chassis.messaging.work import Cause, Waits
from services.referral.domain.listings import Directory
from tests.integration.referral.test_loop import CASE, THERE, offered_to_redcross
from tests.integration.referral.world import (
    INTERIOR,
    NGO,
    REDCROSS,
    Sent,
    World,
    a_case,
    a_consent,
    a_request,
    an_id,
    answered,
)

ALL = gateway.ConsentEnded(kind="stop-sharing")


def is_acceptance(sent: Sent) -> bool:
    return isinstance(sent.body, referral.TaskProgressed) and sent.body.state == "accepted"


async def accepted_by_redcross(world: World) -> UUID:
    task_id = await offered_to_redcross(world, "nursing-visit")
    await world.nodes[REDCROSS].feed("gateway", answered(task_id, "accepted"), THERE)
    await world.settle()
    return task_id


async def test_an_offer_that_arrives_twice_is_one_task(world: World) -> None:
    await offered_to_redcross(world, "nursing-visit")
    offered = world.bodies(INTERIOR, referral.TaskOffered)[0]
    before = len(world.sent)
    await world.nodes[REDCROSS].feed("referral", offered, THERE, sender=INTERIOR)
    await world.settle()
    assert len(world.sent) == before
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "delivered")]


async def test_progress_that_arrives_twice_changes_nothing(world: World) -> None:
    await accepted_by_redcross(world)
    before = len(world.sent)
    for progress in world.bodies(REDCROSS, referral.TaskProgressed):
        await world.nodes[INTERIOR].feed("referral", progress, CASE, sender=REDCROSS)
    await world.settle()
    assert len(world.sent) == before
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "accepted")]


async def test_when_acceptance_and_expiry_cross_the_senders_receipt_decides(world: World) -> None:
    world.held_back = is_acceptance
    task_id = await accepted_by_redcross(world)
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "accepted")]
    world.clock.advance(timedelta(days=3))
    await world.settle()
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "expired")]
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "expired")]
    await world.release()
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "expired")]
    withdrawn = world.bodies(INTERIOR, referral.OfferWithdrawn)
    assert [(each.task_id, each.state) for each in withdrawn] == [(task_id, "expired")] * 2
    assert len(world.bodies(REDCROSS, referral.HoldAbandoned)) == 1
    assert len(world.bodies(INTERIOR, referral.ProviderNotFound)) == 1


async def test_a_late_acceptance_expires_even_before_the_deadline_fired(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    world.clock.advance(timedelta(days=3))
    late = referral.TaskProgressed(
        task_id=task_id,
        state="accepted",
        happened_at=world.clock.now(),
        hand_over_reference=an_id("reference"),
    )
    await world.nodes[INTERIOR].feed("referral", late, CASE, sender=REDCROSS)
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "expired")]


async def test_a_decline_leads_to_the_next_candidate(world: World) -> None:
    interior = world.nodes[INTERIOR]
    interior.read(_two_nurses(interior.directory))
    await interior.feed("gateway", a_consent("yes", REDCROSS, NGO), CASE)
    request = a_request("request", "nursing-visit", preferred_providers=(REDCROSS,))
    await interior.feed("gateway", request, CASE)
    await world.settle()
    (first,) = world.bodies(INTERIOR, referral.TaskOffered)
    declined = answered(first.task_id, "declined", "at-capacity")
    await world.nodes[REDCROSS].feed("gateway", declined, THERE)
    await world.settle()
    states = await interior.states()
    assert sorted(states) == [("sender", NGO, "delivered"), ("sender", REDCROSS, "declined")]
    (need,) = await interior.rows("SELECT state, round FROM need")
    assert (need["state"], need["round"]) == ("offered", 2)
    verdicts = await interior.rows(
        "SELECT agency, round, verdicts FROM consideration ORDER BY round, agency"
    )
    assert [(row["agency"], row["round"], row["verdicts"]) for row in verdicts] == [
        (NGO, 1, ["ask", "not-offered"]),
        (REDCROSS, 1, ["ask", "offered"]),
        (NGO, 2, ["ask", "offered"]),
        (REDCROSS, 2, ["cooling-down"]),
    ]


def _two_nurses(known: Directory) -> Directory:
    (nurse,) = known.of_type("nursing-visit")
    other = replace(nurse, agency=NGO, service_id="ngo-brest.nursing-visit")
    return replace(known, listings=(*known.listings, other))


async def test_a_decline_needs_a_reason(world: World) -> None:
    task_id = await offered_to_redcross(world, "nursing-visit")
    await world.nodes[REDCROSS].feed("gateway", answered(task_id, "declined"), THERE)
    await world.settle()
    (refused,) = world.bodies(REDCROSS, intake.IntakeRefused)
    assert [(each.code, each.field) for each in refused.reasons] == [("reason-missing", "reason")]
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "delivered")]


async def test_an_emergency_is_not_rerouted_without_a_person(world: World) -> None:
    interior = world.nodes[INTERIOR]
    hers = a_case(audience_class="women")
    await interior.feed("identification", hers, CASE)
    await interior.feed("gateway", a_consent("yes", NGO), CASE)
    await interior.feed("gateway", a_request("now", "crisis-room", urgency="emergency"), CASE)
    await world.settle()
    assert await interior.states() == [("sender", NGO, "delivered")]
    world.clock.advance(timedelta(minutes=61))
    await world.settle()
    assert await interior.states() == [("sender", NGO, "expired")]
    assert await world.nodes[NGO].states() == [("provider", INTERIOR, "expired")]
    assert len(world.bodies(INTERIOR, referral.ProviderNotFound)) == 1
    (need,) = await interior.rows("SELECT state, round FROM need")
    assert (need["state"], need["round"]) == ("escalated", 1)


async def test_nobody_is_asked_without_consent(world: World) -> None:
    interior = world.nodes[INTERIOR]
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await world.settle()
    assert world.names(INTERIOR) == ["RequestOpened", "IntakeAccepted", "ProviderNotFound"]
    (why,) = await interior.rows("SELECT agency, verdicts FROM consideration")
    assert (why["agency"], why["verdicts"]) == (REDCROSS, ["no-consent"])


async def test_a_consent_that_comes_right_after_the_request_still_counts(world: World) -> None:
    interior = world.nodes[INTERIOR]
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await interior.feed("gateway", a_consent("other", NGO), CASE)
    await world.settle()
    assert await interior.states() == []
    await interior.feed("gateway", a_consent("yes", REDCROSS), CASE)
    await world.settle()
    assert await interior.states() == [("sender", REDCROSS, "delivered")]


async def test_a_consent_that_comes_much_later_offers_nothing_by_itself(world: World) -> None:
    interior = world.nodes[INTERIOR]
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    world.clock.advance(timedelta(minutes=11))
    await interior.feed("gateway", a_consent("yes", REDCROSS), CASE)
    await world.settle()
    assert await interior.states() == []


async def test_a_withdrawal_before_the_grant_is_never_undone(world: World) -> None:
    interior = world.nodes[INTERIOR]
    grant = interior.received("gateway", a_consent("yes", REDCROSS), CASE)
    await interior.feed("gateway", ALL, CASE)
    await interior.handle(grant)
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await world.settle()
    assert world.names(INTERIOR)[-1] == "ProviderNotFound"


async def test_a_later_grant_counts_again(world: World) -> None:
    await world.nodes[INTERIOR].feed("gateway", ALL, CASE)
    await offered_to_redcross(world, "nursing-visit")
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "delivered")]


async def test_a_withdrawal_stops_what_is_no_longer_covered(world: World) -> None:
    await accepted_by_redcross(world)
    await world.nodes[INTERIOR].feed("gateway", ALL, CASE)
    await world.settle()
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "sharing-stopped")]
    (letter,) = world.bodies(INTERIOR, referral.OfferWithdrawn)
    assert letter.state == "sharing-stopped"


async def test_consent_withdrawn_while_capacity_is_asked_makes_no_offer(world: World) -> None:
    interior = world.nodes[INTERIOR]
    world.held_back = lambda sent: sent.name == "CapacityAnswered"
    await interior.feed("gateway", a_consent("yes", REDCROSS), CASE)
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await world.settle()
    await interior.feed("gateway", ALL, CASE)
    await world.release()
    assert "TaskOffered" not in world.names(INTERIOR)
    assert world.names(INTERIOR)[-1] == "ProviderNotFound"


async def test_a_restriction_takes_the_offer_back(world: World) -> None:
    await accepted_by_redcross(world)
    never = gateway.RestrictionSet(restriction_id=an_id("never"), agency=REDCROSS)
    await world.nodes[INTERIOR].feed("gateway", never, CASE)
    await world.settle()
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "sharing-stopped")]
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "sharing-stopped")]
    assert len(world.bodies(REDCROSS, referral.HoldAbandoned)) == 1


async def test_sharing_stopped_freezes_the_providers_task(world: World) -> None:
    task_id = await accepted_by_redcross(world)
    redcross = world.nodes[REDCROSS]
    await redcross.feed("gateway", gateway.SharingStopped(reference_known=True), THERE)
    await redcross.feed("gateway", answered(task_id, "seen"), THERE)
    await world.settle()
    assert await redcross.states() == [("provider", INTERIOR, "sharing-stopped")]
    (refused,) = world.bodies(REDCROSS, intake.IntakeRefused)
    assert "case-frozen" in [reason.code for reason in refused.reasons]


async def test_a_stop_before_the_offer_makes_no_task(world: World) -> None:
    redcross = world.nodes[REDCROSS]
    await redcross.feed("gateway", gateway.SharingStopped(reference_known=True), THERE)
    await offered_to_redcross(world, "nursing-visit")
    assert await redcross.states() == []


async def test_who_does_not_answer_in_time_still_gets_the_offer(world: World) -> None:
    interior = world.nodes[INTERIOR]
    world.held_back = lambda sent: sent.name == "CapacityAnswered"
    await interior.feed("gateway", a_consent("yes", REDCROSS), CASE)
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await world.settle()
    assert "TaskOffered" not in world.names(INTERIOR)
    world.clock.advance(timedelta(minutes=11))
    await world.settle()
    assert "TaskOffered" in world.names(INTERIOR)
    await world.release()
    assert world.names(INTERIOR).count("TaskOffered") == 1


async def test_an_answer_from_a_stranger_counts_for_nothing(world: World) -> None:
    interior = world.nodes[INTERIOR]
    world.held_back = lambda sent: sent.name == "CapacityAnswered"
    await interior.feed("gateway", a_consent("yes", REDCROSS), CASE)
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await world.settle()
    (query,) = world.bodies(INTERIOR, referral.CapacityQueried)
    none = referral.CapacityAnswered(query_id=query.query_id, status="none")
    await interior.feed("referral", none, query.query_id, sender=NGO)
    await world.release()
    assert "TaskOffered" in world.names(INTERIOR)


async def test_full_pools_answer_none_and_get_no_offer(world: World) -> None:
    full = assistance.PoolChanged(
        pool_id=an_id("pool"),
        service_type="nursing-visit",
        audience_class="any-adult",
        status="none",
        maximum=1,
        available=0,
        held=0,
        occupied=1,
        out_of_service=0,
        reported_at=world.clock.now(),
    )
    await world.nodes[REDCROSS].feed("assistance", full, an_id("pool"))
    interior = world.nodes[INTERIOR]
    await interior.feed("gateway", a_consent("yes", REDCROSS), CASE)
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await world.settle()
    (missing,) = world.bodies(INTERIOR, referral.ProviderNotFound)
    assert missing.asked == 1
    assert [each.status for each in world.bodies(REDCROSS, referral.CapacityAnswered)] == ["none"]


async def test_an_offer_that_may_not_leave_is_noted(world: World) -> None:
    world.refused = lambda sent: "no-consent" if sent.name == "TaskOffered" else None
    await offered_to_redcross(world, "nursing-visit")
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "not-sent")]
    (not_sent,) = world.bodies(INTERIOR, referral.TaskNotSent)
    assert not_sent.reason == "no-consent"
    assert world.names(INTERIOR)[-1] == "ProviderNotFound"


async def test_a_question_that_may_not_leave_counts_as_answered(world: World) -> None:
    world.refused = lambda sent: "pair-not-permitted" if sent.name == "CapacityQueried" else None
    interior = world.nodes[INTERIOR]
    await interior.feed("gateway", a_consent("yes", REDCROSS), CASE)
    await interior.feed("gateway", a_request("request", "nursing-visit"), CASE)
    await world.settle()
    assert world.names(INTERIOR)[-1] == "ProviderNotFound"


async def test_a_hold_that_never_comes_declines_the_offer(world: World) -> None:
    world.keeps_places = False
    await accepted_by_redcross(world)
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "accepting")]
    world.clock.advance(timedelta(minutes=16))
    await world.settle()
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "declined")]
    (declined,) = world.bodies(INTERIOR, referral.TaskDeclined)
    assert declined.reason == "hold-expired"
    assert len(world.bodies(REDCROSS, referral.HoldAbandoned)) == 1


async def test_a_closed_case_takes_its_open_offers_back(world: World) -> None:
    await accepted_by_redcross(world)
    ended = identification.CaseEnded(reason="no-longer-needed", closed_at=world.clock.now())
    await world.nodes[INTERIOR].feed("identification", ended, CASE)
    await world.nodes[INTERIOR].feed("gateway", a_request("more", "vocational"), CASE)
    await world.settle()
    assert await world.nodes[INTERIOR].states() == [("sender", REDCROSS, "cancelled")]
    assert await world.nodes[REDCROSS].states() == [("provider", INTERIOR, "cancelled")]
    (refused,) = world.bodies(INTERIOR, intake.IntakeRefused)
    assert [reason.code for reason in refused.reasons] == ["case-closed"]


async def test_a_command_waits_for_what_is_not_known_and_then_is_refused(world: World) -> None:
    interior, stranger = world.nodes[INTERIOR], an_id("stranger")
    asked = interior.received("gateway", a_request("other", "nursing-visit"), stranger)
    assert await interior.handle(asked) == Waits("case", str(stranger))
    said = interior.received("gateway", answered(an_id("no task"), "seen"), CASE)
    assert await interior.handle(said) == Waits("task", str(an_id("no task")))
    for received in (asked, said):
        async with interior.database.transaction() as tx:
            work = interior.work(tx, world.clock.now(), Cause.of(received.envelope))
            assert interior.gave_up is not None
            await interior.gave_up(received, work)
    await world.settle()
    codes = [each.reasons[0].code for each in world.bodies(INTERIOR, intake.IntakeRefused)]
    assert codes == ["unknown-case", "unknown-task"]
