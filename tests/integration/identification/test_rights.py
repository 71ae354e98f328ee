"""More time, a second look, no removal, everyday facts and numbers: on a real database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest_asyncio

from contracts import intake
from contracts.gateway import PermittedPair, SendingDelivered, SharingStopped
from contracts.identification import AnonymousNotification, NoRemoval, NoRemovalEnded
from services.chassis.clock import new_id
from services.chassis.telemetry import Telemetry
from tests.integration.identification.conftest import fitting_at
from tests.integration.identification.events import (
    BORDER,
    INTERIOR,
    POLICY,
    a_consent,
    a_decision,
    a_detection,
    a_participant,
    a_policy,
    a_restriction,
    a_screening,
    an_offer,
    take_over,
)
from tests.support.postgres import Postgres
from tests.support.service_bench import Bench, open_bench

MIGRATION, COURT = "migration-brest", "court-brest"
TOLD_BEFORE = ["hand-over-received", "decision-clock-told"]
"""To the border, of a case that interior took over and decided first."""
NEGATIVE = {"outcome": "negative", "reasons": ("act-not-shown",)}


def a_wide_policy(version: int = 1) -> Any:
    return a_policy(
        version,
        participants=(
            a_participant(BORDER, "border-guard", "detect-only"),
            a_participant(INTERIOR, "interior-affairs", "identify"),
            a_participant(MIGRATION, "citizenship-and-migration", "observe"),
            a_participant(COURT, "court", "decide"),
        ),
        pairs=(
            PermittedPair(sender=INTERIOR, recipient=MIGRATION, purposes=("no-removal",)),
            PermittedPair(sender=BORDER, recipient=INTERIOR, purposes=("anonymous-notification",)),
        ),
    )


@pytest_asyncio.fixture
async def kingdom(
    postgres_server: Postgres, identification_template: str, tmp_path: Path, counted: Telemetry
) -> AsyncIterator[Bench]:
    """The border's node under a profile that cites a law for anonymous numbers."""
    fitting = fitting_at(BORDER, counted, "UK")
    async with open_bench(postgres_server, identification_template, tmp_path, fitting) as bench:
        yield bench


async def reflecting(bench: Bench, case_id: UUID, **changes: Any) -> None:
    await bench.bring(a_wide_policy(), POLICY)
    offer = an_offer(**{"citizenship": "UA"} | changes)
    await bench.bring(offer, case_id, publisher="identification", sender=BORDER)
    await bench.bring(a_decision(), case_id)


def no_removal_permitted() -> Any:
    return a_consent(purposes=("no-removal",), categories=("no-removal",), recipients=(MIGRATION,))


async def test_time_is_extended_and_then_ended_for_a_reason(interior: Bench) -> None:
    case_id = new_id()
    await reflecting(interior, case_id)
    await interior.bring(intake.ReflectionExtended(reason="serious-health"), case_id)
    await interior.let_time_pass(days=31)
    assert "reflection-review-due" in await interior.kinds("identification")
    assert "reflection-ended" not in await interior.kinds("identification")
    await interior.bring(intake.ReflectionEndedEarly(reason="other"), case_id)
    await interior.bring(intake.ReflectionEndedEarly(reason="person-asked"), case_id)
    assert await interior.answers() == [True, True, ["reason-missing"], True]
    (row,) = await interior.rows("SELECT kind FROM deadline")
    assert row["kind"] == "conclusive-due"


async def test_a_negative_decision_is_looked_at_again_in_time_and_a_status_taken_back(
    interior: Bench,
) -> None:
    case_id = new_id()
    await reflecting(interior, case_id)
    await interior.let_time_pass(days=31)
    revocation = intake.IdentificationRevoked(ground="facts-were-wrong", second_authority=COURT)
    again = intake.ReconsiderationAsked(ground="new-facts")
    for body in (
        a_decision("conclusive", **NEGATIVE),
        again,
        a_decision("conclusive"),
        revocation.model_copy(update={"second_authority": INTERIOR}),
        revocation,
    ):
        await interior.bring(body, case_id)
    assert (await interior.answers())[1:] == [
        True,
        True,
        True,
        ["second-authority-missing"],
        True,
    ]
    async with interior.client() as officer:
        shown = (await officer.get(f"/v1/cases/{case_id}")).json()
    assert shown["state"] == "revoked"
    assert shown["clocks"]["reconsider_until"] is not None
    await interior.let_time_pass(days=31)
    await interior.bring(again, case_id)
    assert (await interior.answers())[-1] == ["deadline-passed"]


async def test_migration_is_told_no_removal_and_when_it_ends_and_nothing_more(
    interior: Bench,
) -> None:
    case_id = new_id()
    await reflecting(interior, case_id)
    assert await interior.kinds("outgoing") == TOLD_BEFORE
    await interior.bring(no_removal_permitted(), case_id)
    await interior.bring(no_removal_permitted(), case_id)
    *_, told = await interior.told("outgoing")
    assert await interior.kinds("outgoing") == [*TOLD_BEFORE, "no-removal"]
    assert told.headers["recipient"] == MIGRATION
    assert set(told.body) == {"notification_id"}
    await interior.bring(SendingDelivered(outgoing_id=told.id, recipient=MIGRATION), case_id)
    assert "no-removal-told" in await interior.kinds("identification")
    await interior.let_time_pass(days=31)
    assert "reflection-ended" in await interior.kinds("identification")
    assert "no-removal-ended" not in await interior.kinds("outgoing")
    await interior.bring(a_decision("conclusive"), case_id)
    ended = (await interior.told("outgoing"))[-1]
    assert (ended.kind, ended.headers["recipient"]) == ("no-removal-ended", MIGRATION)
    assert ended.body == told.body
    assert "no-removal-lifted" in await interior.kinds("identification")


async def test_without_consent_nobody_hears_of_no_removal(interior: Bench) -> None:
    case_id = new_id()
    await reflecting(interior, case_id)
    await interior.bring(a_consent(recipients=(MIGRATION,)), case_id)
    assert await interior.kinds("outgoing") == TOLD_BEFORE


async def test_whoever_may_not_remove_sees_it_and_sees_that_it_ended(border: Bench) -> None:
    case_id, notification_id = new_id(), new_id()
    about: dict[str, Any] = {"publisher": "identification", "sender": INTERIOR}
    await border.bring(NoRemoval(notification_id=notification_id), case_id, **about)
    async with border.client() as officer:
        (shown,) = (await officer.get("/v1/notices?kind=no-removal")).json()
        assert (shown["agency"], shown["state"]) == (INTERIOR, "received")
        await border.bring(NoRemovalEnded(notification_id=notification_id), case_id, **about)
        (shown,) = (await officer.get("/v1/notices?kind=no-removal")).json()
        assert shown["state"] == "ended"
    assert await border.kinds("identification") == ["removal-forbidden", "removal-not-forbidden"]


async def test_numbers_are_told_once_a_month_without_a_case(kingdom: Bench) -> None:
    cases = [new_id() for _ in range(3)]
    await kingdom.bring(a_wide_policy(), POLICY)
    for case_id in cases:
        refused = a_detection(
            consent_outcome="refused", citizenship="UA", exploitation=("forced-labour",)
        )
        await kingdom.bring(refused, case_id)
    assert await kingdom.kinds("outgoing") == []
    await kingdom.let_time_pass(days=40)
    (told,) = await kingdom.told("outgoing")
    assert (told.kind, told.headers["recipient"]) == ("anonymous-notification", INTERIOR)
    assert told.body["counts"] == [
        {"citizen_group": "foreign", "exploitation_group": "labour", "persons": 3}
    ]
    assert told.subject not in {str(case_id) for case_id in cases}
    assert not any(str(case_id) in str(told.body) for case_id in cases)
    await kingdom.let_time_pass(days=40)
    assert len(await kingdom.told("outgoing")) == 1


async def test_a_batch_that_is_due_is_not_put_off_by_whoever_is_counted_next(
    kingdom: Bench,
) -> None:
    await kingdom.bring(a_wide_policy(), POLICY)
    await kingdom.bring(a_detection(consent_outcome="refused"), new_id())
    due = "SELECT due_at FROM deadline WHERE kind = 'anonymous-batch' ORDER BY due_at"
    (first,) = await kingdom.rows(due)
    kingdom.clock.advance(timedelta(days=31))  # and nothing fires: the node was down
    await kingdom.bring(a_detection(consent_outcome="refused"), new_id())
    assert (await kingdom.rows(due))[0]["due_at"] == first["due_at"]
    assert len(await kingdom.rows(due)) == 2
    await kingdom.let_time_pass(seconds=1)
    assert [len(told.body["counts"]) for told in await kingdom.told("outgoing")] == [1]
    await kingdom.let_time_pass(days=40)
    assert len(await kingdom.told("outgoing")) == 2


async def test_whoever_may_not_be_told_when_the_batch_is_sent_is_told_no_number(
    kingdom: Bench,
) -> None:
    await kingdom.bring(a_wide_policy(), POLICY)
    counted, never, frozen, mistaken = (new_id() for _ in range(4))
    for case_id in (counted, never, frozen, mistaken):
        await kingdom.bring(a_detection(consent_outcome="refused"), case_id)
        assert "tell-of-notification" in (await to_dos(kingdom, case_id))
    await kingdom.bring(a_restriction(agency=INTERIOR), never)
    await kingdom.bring(SharingStopped(reference_known=True), frozen)
    await kingdom.bring(intake.CaseEnteredInError(reason="test-entry"), mistaken)
    await kingdom.let_time_pass(days=40)
    (told,) = await kingdom.told("outgoing")
    assert [each["persons"] for each in told.body["counts"]] == [1]
    await kingdom.let_time_pass(seconds=1)
    assert "tell-of-notification" in (await to_dos(kingdom, counted))
    assert "tell-of-notification" not in (await to_dos(kingdom, never))
    assert await kingdom.rows("SELECT 1 FROM anonymous_count") == []
    assert (await kingdom.kinds("identification", mistaken))[-1] == "case-voided"
    assert (await kingdom.audited()).count("anonymous-notification-left-out") == 3


async def to_dos(bench: Bench, case_id: UUID) -> list[str]:
    async with bench.client() as officer:
        shown: dict[str, Any] = (await officer.get(f"/v1/cases/{case_id}")).json()
    found: list[str] = shown["to_dos"]
    return found


async def test_no_number_is_told_where_no_law_is_cited(border: Bench) -> None:
    await border.bring(a_wide_policy(), POLICY)
    await border.bring(a_detection(consent_outcome="refused"), new_id())
    await border.let_time_pass(days=40)
    assert await border.kinds("outgoing") == []


async def test_numbers_that_come_are_shown_to_whoever_reads_notices(interior: Bench) -> None:
    counts = ({"citizen_group": "own", "exploitation_group": "sexual", "persons": 2},)
    body = AnonymousNotification(notification_id=new_id(), counts=counts)
    await interior.bring(body, new_id(), publisher="identification", sender=BORDER)
    async with interior.client() as officer:
        (shown,) = (await officer.get("/v1/notices?kind=anonymous-notification")).json()
    assert (shown["counts"], shown["case_id"]) == ([["own", "sexual", 2]], None)
    assert await interior.rows("SELECT 1 FROM person_case") == []


async def test_that_numbers_came_is_told_once_to_the_nodes_own_people_with_no_case(
    interior: Bench,
) -> None:
    counts = ({"citizen_group": "own", "exploitation_group": "sexual", "persons": 2},)
    body, subject = AnonymousNotification(notification_id=new_id(), counts=counts), new_id()
    for _ in range(2):
        await interior.bring(body, subject, publisher="identification", sender=BORDER)
    (told,) = await interior.told("identification")
    assert (told.kind, told.subject) == (
        "anonymous-notification-received",
        str(body.notification_id),
    )
    assert told.body == {
        "notification_id": str(body.notification_id),
        "agency": BORDER,
        "counts": list(counts),
    }
    assert str(subject) not in str(told.body)
    assert await interior.kinds("outgoing") == []


async def test_everyday_facts_are_recorded_and_shown(border: Bench) -> None:
    case_id, other, officer_id = new_id(), new_id(), new_id()
    await border.bring(a_detection(), other)
    await border.bring(a_detection(citizenship="BY", majority="child"), case_id)
    form = intake.QuestionnaireRecorded(
        form="child-indicators",
        form_version="2026.1",
        answers=(intake.Answer(question="debt", answer="yes"),),
    )
    for body in (
        intake.CaseLinked(linked_case=other, kind="retrafficked"),
        intake.OwnershipTransferred(officer_id=officer_id, reason="workload"),
        intake.ContactChanged(reachable=False),
        intake.ChildMissing(missing=True),
        intake.SafeContactChanged(safe_channel="in-person"),
        intake.RepresentativeAppointed(kind="advocate"),
        intake.DependantsAdded(added=2),
        intake.ReturnRecorded(channel="border"),
        form,
        intake.CaseLinked(linked_case=new_id(), kind="family"),
    ):
        await border.bring(body, case_id)
    assert (await border.answers())[2:] == [*[True] * 9, ["unknown-linked-case"]]
    async with border.client() as officer:
        shown = (await officer.get(f"/v1/cases/{case_id}")).json()
        back = (await officer.get(f"/v1/cases/{other}")).json()
    assert shown["links"] == [{"case_id": str(other), "kind": "retrafficked"}]
    assert back["links"] == [{"case_id": str(case_id), "kind": "retrafficked"}]
    assert shown["record"]["officer_id"] == str(officer_id)
    assert shown["record"]["return_channel"] == "border"
    assert shown["questionnaires"][0]["answers"] == {"debt": "yes"}
    assert {"find-child", "find-contact"} <= set(shown["to_dos"])
    assert (shown["codes"]["dependants"], shown["codes"]["safe_channel"]) == (2, "in-person")


async def test_a_duplicate_a_death_and_a_case_that_goes_on_from_a_closed_one(
    border: Bench,
) -> None:
    first, again, next_one = new_id(), new_id(), new_id()
    await border.bring(a_detection(), first)
    await border.bring(a_detection(), again)
    await border.bring(intake.DuplicateFound(into_case=first), again)
    await border.bring(intake.PersonDied(), first)
    await border.bring(a_screening(), first)
    reopened = a_detection(linked_case=first, link_kind="reopened")
    await border.bring(reopened, next_one)
    await border.bring(a_detection(linked_case=new_id()), new_id())
    answers = await border.answers()
    assert answers[2:4] == [True, True]
    assert "case-closed" in answers[4]
    assert answers[5:] == [True, ["unknown-linked-case"]]
    assert await border.kinds("identification", again) == [
        "case-opened",
        "case-merged",
        "case-voided",
    ]
    assert await border.kinds("identification", first) == [
        "case-opened",
        "person-died",
        "case-ended",
    ]


async def test_domestic_violence_found_by_the_questions_is_a_case_of_its_own(
    interior: Bench,
) -> None:
    case_id = new_id()
    await take_over(interior, case_id, oblast="BY-BR", language="ru")
    await interior.bring(a_screening(also_found=("domestic-violence", "trafficking")), case_id)
    await interior.let_time_pass(seconds=1)
    opened, linked = [
        told for told in await interior.told("identification") if told.subject != str(case_id)
    ]
    assert (opened.body["case_type"], opened.body["oblast"]) == ("domestic-violence", "BY-BR")
    assert (linked.kind, linked.body) == (
        "case-linked",
        {"linked_case": str(case_id), "kind": "found-while-screening", "same_person": True},
    )
    kinds = "SELECT kind FROM deadline WHERE subject = $1"
    assert await interior.rows(kinds, opened.subject) == []
    corrected = intake.CaseCorrected(case_type="trafficking")
    await interior.bring(corrected, UUID(opened.subject))
    (row,) = await interior.rows(kinds, opened.subject)
    assert row["kind"] == "reasonable-grounds-due"


async def test_a_frozen_case_takes_none_of_all_this(interior: Bench) -> None:
    case_id = new_id()
    await reflecting(interior, case_id)
    await interior.bring(SharingStopped(reference_known=True), case_id)
    bodies = (
        intake.ReflectionExtended(reason="person-asked"),
        intake.PersonDied(),
        intake.DependantsAdded(added=1),
        intake.MajorityReached(),
    )
    for body in bodies:
        await interior.bring(body, case_id)
    refused = (await interior.answers())[1:]
    assert all(codes[0] == "case-frozen" for codes in refused)
    assert "not-a-child" in refused[-1]
    kinds = [row["kind"] for row in await interior.rows("SELECT kind FROM deadline")]
    assert kinds == ["destruction-due"]


async def test_only_a_type_that_the_profile_names_detects_and_identifies(border: Bench) -> None:
    media = (a_participant(BORDER, "media", "identify"),)
    await border.bring(a_policy(participants=media), POLICY)
    await border.bring(a_detection(), new_id())
    assert await border.answers() == [["not-allowed"]]


async def test_the_officer_reads_who_looked_at_a_case_and_nobody_else_does(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_detection(), case_id)
    async with border.client() as officer:
        await officer.get(f"/v1/cases/{case_id}")
        refused = await officer.get(f"/v1/cases/{case_id}/audit")
    async with border.client("data-protection-officer") as privacy:
        told = (await privacy.get(f"/v1/cases/{case_id}/audit")).json()["audit"]
        again = (await privacy.get(f"/v1/cases/{case_id}/audit")).json()["audit"]
    assert refused.status_code == 403
    assert (told[0]["action"], told[0]["actor"]) == ("read-case", f"{BORDER}.case-officer")
    assert (again[0]["action"], again[1:]) == ("audit-read", told)
