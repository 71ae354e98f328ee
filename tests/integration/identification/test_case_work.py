"""Working a case: decisions, clocks, freeze, end, and reading, on a real database."""

from datetime import timedelta
from pathlib import Path

import pytest

from contracts.gateway import SharingStopped
from contracts.intake import CaseClosed, CaseCorrected, CaseEnteredInError
from services.chassis.cipher import KeyRing
from services.chassis.clock import new_id
from services.chassis.errors import StatementRefused
from services.identification import main
from services.identification.settings import Settings
from tests.integration.identification.events import (
    BORDER,
    POLICY,
    a_consent,
    a_decision,
    a_detection,
    a_participant,
    a_policy,
    a_screening,
    take_over,
)
from tests.support.service_bench import Bench

CLOCKS = "SELECT kind, due_at FROM deadline ORDER BY due_at"


async def test_a_person_is_identified_after_reflection(interior: Bench) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    await interior.bring(a_screening(exploitation=("forced-labour",)), case_id)
    await interior.bring(a_decision(), case_id)
    await interior.bring(a_decision("conclusive"), case_id)
    await interior.let_time_pass(days=31)
    await interior.bring(a_decision("conclusive"), case_id)
    assert await interior.answers() == [True, True, ["too-early"], True]
    assert await interior.kinds("identification") == [
        "case-opened",
        "person-screened",
        "case-changed",
        "person-presumed",
        "reflection-started",
        "reflection-ended",
        "person-identified",
    ]
    identified = (await interior.told("identification"))[-1]
    assert identified.body["counted_by"] == BORDER
    assert await interior.rows(CLOCKS) == []


async def test_a_decision_behind_the_end_of_reflection_does_not_wait_for_the_clock(
    interior: Bench,
) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    await interior.bring(a_decision(), case_id)
    interior.clock.advance(timedelta(days=31))
    await interior.bring(a_decision("conclusive"), case_id)
    await interior.let_time_pass(days=30)
    assert (await interior.kinds("identification"))[-2:] == [
        "reflection-ended",
        "person-identified",
    ]


async def test_clocks_run_as_the_profile_says_and_a_missed_one_is_told_once(
    interior: Bench,
) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    (due,) = await interior.rows(CLOCKS)
    assert due["kind"] == "reasonable-grounds-due"
    await interior.let_time_pass(days=6)
    assert await interior.kinds("identification") == ["case-opened"]
    await interior.let_time_pass(days=1)
    await interior.let_time_pass(days=60)
    assert await interior.kinds("identification") == ["case-opened", "decision-overdue"]
    await interior.bring(a_decision(), case_id)
    assert [row["kind"] for row in await interior.rows(CLOCKS)] == [
        "reflection-ends",
        "conclusive-due",
    ]
    await interior.let_time_pass(days=90)
    overdue = (await interior.told("identification"))[-1]
    assert overdue.body["decision"] == "conclusive"
    (case,) = await interior.rows("SELECT state FROM person_case")
    assert case["state"] == "presumed"


async def test_a_negative_decision_is_recorded_with_reasons_only(interior: Bench) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    await interior.bring(a_decision(outcome="negative"), case_id)
    await interior.bring(a_decision(outcome="negative", reasons=("means-not-shown",)), case_id)
    await interior.bring(a_screening(), case_id)
    assert await interior.answers() == [["reason-missing"], True, ["wrong-state"]]
    assert (await interior.told("identification"))[-1].body["reasons"] == ["means-not-shown"]


async def test_a_node_without_the_power_neither_screens_nor_decides(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(a_screening(), case_id)
    await border.bring(a_decision(), case_id)
    assert await border.answers() == [True, ["not-allowed"], ["not-allowed"]]


async def test_a_node_that_gets_the_power_later_starts_the_clock(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    assert await border.rows(CLOCKS) == []
    more = (a_participant(BORDER, "border-guard", "identify"),)
    await border.bring(a_policy(2, participants=more), POLICY)
    await border.let_time_pass(seconds=1)
    assert [row["kind"] for row in await border.rows(CLOCKS)] == ["reasonable-grounds-due"]


async def test_an_older_policy_changes_nothing(border: Bench) -> None:
    await border.bring(a_policy(2), POLICY)
    await border.bring(a_policy(1, participants=()), POLICY)
    (row,) = await border.rows("SELECT version, document FROM policy_copy")
    assert row["version"] == 2
    assert len(row["document"]["participants"]) == 2


async def test_a_command_for_an_unknown_case_waits_and_is_handled_when_the_case_comes(
    interior: Bench,
) -> None:
    case_id = new_id()
    early = interior.arrival(CaseCorrected(oblast="BY-BR"), case_id)
    assert await interior.settle(early) == "waiting"
    assert await interior.answers() == []
    await take_over(interior, case_id)
    assert await interior.try_again(early) == "handled"
    assert await interior.answers() == [True]
    assert await interior.kinds("identification") == ["case-opened", "case-changed"]


async def test_a_command_gives_up_in_the_end(border: Bench) -> None:
    case_id = new_id()
    early = border.arrival(CaseCorrected(oblast="BY-BR"), case_id)
    assert await border.settle(early) == "waiting"
    border.clock.advance(timedelta(minutes=5))
    assert await border.try_again(early) == "refused"
    assert await border.answers() == [["unknown-case"]]
    assert "correct-case-refused" in await border.audited()


async def test_a_freeze_of_an_unknown_case_holds_for_all_that_follows(border: Bench) -> None:
    case_id = new_id()
    await border.bring(SharingStopped(reference_known=False), case_id)
    await border.bring(SharingStopped(reference_known=False), case_id)
    await border.bring(CaseCorrected(oblast="BY-BR"), case_id)
    await border.bring(a_detection(), case_id)
    assert await border.answers() == [["case-frozen"], ["case-frozen"]]
    assert await border.kinds("identification") == ["case-frozen"]


async def test_a_frozen_case_takes_no_command_and_its_clocks_stop(interior: Bench) -> None:
    case_id = new_id()
    await take_over(interior, case_id)
    await interior.bring(SharingStopped(reference_known=True), case_id)
    for body in (
        a_screening(),
        a_decision(),
        CaseCorrected(oblast="BY-BR"),
        CaseClosed(reason="needs-met"),
        CaseEnteredInError(reason="test-entry"),
    ):
        await interior.bring(body, case_id)
    assert await interior.answers() == [["case-frozen"]] * 5
    (left,) = await interior.rows(CLOCKS)
    assert left["kind"] == "destruction-due"


@pytest.mark.parametrize("known", [True, False])
async def test_whoever_froze_a_case_hears_when_it_is_to_be_destroyed(
    interior: Bench, known: bool
) -> None:
    case_id = new_id()
    if known:
        await take_over(interior, case_id)
    await interior.bring(SharingStopped(reference_known=known), case_id)
    await interior.let_time_pass(hours=71)
    assert (await interior.kinds("identification", case_id))[-1] == "case-frozen"
    await interior.bring(SharingStopped(reference_known=known), case_id)
    await interior.let_time_pass(hours=1)
    assert (await interior.kinds("identification", case_id))[-1] == "destruction-due"
    assert await interior.rows(CLOCKS) == []


async def test_after_the_end_every_command_is_refused(border: Bench) -> None:
    await border.bring(a_policy(), POLICY)
    for body in (CaseClosed(reason="needs-met"), CaseEnteredInError(reason="test-entry")):
        case_id = new_id()
        await border.bring(a_detection(), case_id)
        await border.bring(body, case_id)
        await border.bring(CaseCorrected(oblast="BY-BR"), case_id)
        await border.bring(a_consent(), case_id)
    assert await border.answers() == [True, True, ["case-closed"]] * 2
    assert await border.kinds("outgoing") == []


async def test_a_correction_tells_the_codes_and_what_is_left_to_do(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_detection(majority="believed-child"), case_id)
    await border.bring(CaseCorrected(oblast="BY-BR", dependants=0), case_id)
    opened, changed = await border.told("identification")
    assert "guardian-status" in opened.body["to_dos"]
    assert set(opened.body["to_dos"]) - set(changed.body["to_dos"]) == {"oblast", "dependants"}


async def test_reading_needs_a_role_and_is_recorded(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_detection(oblast="BY-BR"), case_id)
    async with border.client("agency-system") as stranger:
        assert (await stranger.get(f"/v1/cases/{case_id}")).status_code == 403
    async with border.client() as officer:
        shown = (await officer.get(f"/v1/cases/{case_id}")).json()
        assert (shown["state"], shown["codes"]["oblast"]) == ("detected", "BY-BR")
        assert [case["case_id"] for case in (await officer.get("/v1/cases")).json()] == [
            str(case_id)
        ]
        assert (await officer.get("/v1/cases", params={"state": "closed"})).json() == []
        assert (await officer.get(f"/v1/cases/{new_id()}")).status_code == 404
    assert (await border.audited())[-3:] == ["read-case", "list-case", "read-case"]


async def test_form_and_recruiter_are_kept_and_stay_in_the_node(interior: Bench) -> None:
    case_id = new_id()
    await take_over(interior, case_id, exploitation=("sexual",))
    found = a_screening(sexual_forms=("pornography",), recruiter_relation="friend")
    await interior.bring(found, case_id)
    await interior.bring(CaseCorrected(recruiter_relation="family"), case_id)
    assert await interior.answers() == [True, True]
    async with interior.client() as officer:
        codes = (await officer.get(f"/v1/cases/{case_id}")).json()["codes"]
    assert (codes["sexual_forms"], codes["recruiter_relation"]) == (["pornography"], "family")
    for stream in ("identification", "outgoing"):
        for each in await interior.told(stream):
            assert not {"sexual_forms", "recruiter_relation"} & each.body.keys()


async def test_a_case_says_who_counts_it_and_why_it_was_closed(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_detection(), case_id)
    async with border.client() as officer:

        async def read() -> list[tuple[str | None, str | None]]:
            one = (await officer.get(f"/v1/cases/{case_id}")).json()
            (listed,) = (await officer.get("/v1/cases")).json()
            return [(each["counted_by_type"], each["close_reason"]) for each in (one, listed)]

        assert await read() == [(None, None)] * 2
        await border.bring(a_policy(), POLICY)
        assert await read() == [("border-guard", None)] * 2
        await border.bring(CaseClosed(reason="needs-met"), case_id)
        assert await read() == [("border-guard", "needs-met")] * 2


async def test_a_case_says_that_its_events_are_stuck_and_nothing_of_them(border: Bench) -> None:
    case_id, well = new_id(), new_id()
    await border.bring(a_detection(), well)
    detection = border.arrival(a_detection(), case_id)
    await border.handling.park(detection, "ValueError")
    async with border.client() as officer:
        path = f"/v1/cases/{case_id}"
        shown = (await officer.get(path)).json()
        kept = {name: value for name, value in shown.items() if value not in (None, [])}
        stuck = {"stuck": True, "parked": 1, "waiting": 0, "behind": 0, "gap": 0, "unsent": 0}
        assert kept == {"case_id": str(case_id), "unfinished": stuck}
        assert (await officer.get("/v1/cases")).json()[0]["unfinished"]["stuck"] is False
        await border.rows("UPDATE inbox_row SET state = 'behind'")
        assert await border.try_again(detection) == "handled"
        shown = (await officer.get(path)).json()
        assert (shown["state"], shown["unfinished"]["stuck"]) == ("detected", False)
        await border.handling.park(border.arrival(a_detection(), case_id), "ValueError")
        listed = {each["case_id"]: each for each in (await officer.get("/v1/cases")).json()}
        assert listed[str(case_id)]["unfinished"] == stuck
        assert listed[str(well)]["unfinished"]["stuck"] is False


async def test_a_frozen_case_shows_nothing_but_its_freeze(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_detection(oblast="BY-BR"), case_id)
    await border.bring(SharingStopped(reference_known=True), case_id)
    async with border.client() as officer:
        for shown in (
            (await officer.get(f"/v1/cases/{case_id}")).json(),
            (await officer.get("/v1/cases")).json()[0],
        ):
            kept = {name: value for name, value in shown.items() if value not in (None, [])}
            assert set(kept) == {"case_id", "frozen_at"}


async def test_the_database_itself_holds_one_standing_offer(border: Bench) -> None:
    case_id = new_id()
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), case_id)
    await border.bring(a_consent(), case_id)
    second = (
        "INSERT INTO hand_over SELECT gen_random_uuid(), case_id, direction, agency, outgoing_id,"
        " state, reason, hand_over_reference, changed_at FROM hand_over"
    )
    with pytest.raises(StatementRefused) as refused:
        await border.rows(second)
    assert refused.value.constraint == "one_offer_stands"


async def test_the_service_is_built_from_its_settings(border: Bench, tmp_path: Path) -> None:
    key_file = tmp_path / "keys.json"
    KeyRing.create(key_file)
    assert isinstance(border.frame.settings, Settings)
    settings = border.frame.settings.model_copy(update={"key_file": key_file})
    runnable = await main.build(settings)
    parts = set(runnable.health.report())
    assert {"deadlines"} < parts
    for close in runnable._closing:
        await close()
