"""A migration keeps what the version before wrote."""

import importlib
from datetime import datetime
from typing import Final

import asyncpg
import pytest

from contracts.gateway import SharingStopped
from services.chassis.clock import new_id
from tests.integration.identification.events import (
    POLICY,
    a_consent,
    a_detection,
    a_policy,
    take_over,
)
from tests.support.databases import an_empty_database
from tests.support.postgres import Postgres
from tests.support.service_bench import NOW, Bench

FIRST = importlib.import_module("services.identification.migrations.0001_cases")
CLOCK = importlib.import_module(
    "services.identification.migrations.0006_clock_of_the_first_decision"
)
CHASSIS = importlib.import_module("services.chassis.migrations.versions.0001_audit_and_deadlines")
BEFORE: Final = (
    "ALTER TABLE person_case ADD COLUMN record jsonb NOT NULL DEFAULT '{}'",
    "CREATE TABLE record_need (case_id uuid, need_id uuid, ended_at timestamptz)",
)
DESTROYED = importlib.import_module("services.identification.migrations.0008_what_was_destroyed")
SAID = importlib.import_module("services.identification.migrations.0009_when_it_was_said")
CASE: Final = (
    "INSERT INTO person_case VALUES ($1, 'hand-over', 'border-brest', '{}', 'detected', '{}',"
    " now(), now(), now())"
)
OLD: Final = new_id()
AT_ONCE: Final = "UPDATE deadline SET due_at = $1 WHERE kind = 'majority-review' AND subject <> $2"
"""The bench has its own time; the migration takes the database's."""
FORGET: Final = "UPDATE person_case SET record = record - 'majority_review_at' WHERE case_id = $1"
REVIEWS: Final = "SELECT case_id::text, record->>'majority_review_at' AS at FROM person_case"
HAND_OVER: Final = (
    "INSERT INTO hand_over (offer_id, case_id, direction, agency, outgoing_id, state, changed_at)"
    " VALUES ($1, $1, 'incoming', 'border-brest', $1, 'confirmed', now())"
)

TAKEN_BACK: Final = (
    "INSERT INTO consent_copy (case_id, consent_id, purposes, recipients, class_oblasts,"
    " class_except, expires_at, recorded_at, epoch, sequence, ended)"
    " VALUES ($1, $1, '{hand-over}', '{}', '{}', '{}', now(), now(), 1, 1, true)"
)


async def test_what_was_handed_over_before_has_no_clock_and_none_has_a_word_beside_the_list(
    postgres_server: Postgres,
) -> None:
    async with an_empty_database(postgres_server) as connection:
        for statement in FIRST.STATEMENTS:
            await connection.execute(statement)
        for row in (CASE, HAND_OVER):
            await connection.execute(row, OLD)
        for statement in CLOCK.STATEMENTS:
            await connection.execute(statement)
        (found,) = await connection.fetch("SELECT decision_clock, decision_due_at FROM hand_over")
        assert tuple(found) == (None, None)
        for word in ("running", "passed", "over", "not-told"):
            await connection.execute("UPDATE hand_over SET decision_clock = $1", word)
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("UPDATE hand_over SET decision_clock = 'identified'")


async def test_what_needs_a_record_when_the_upgrade_comes_is_marked_and_nothing_later_is(
    postgres_server: Postgres,
) -> None:
    async with an_empty_database(postgres_server) as connection:
        for statement in (*CHASSIS.STATEMENTS, *FIRST.STATEMENTS, *BEFORE):
            await connection.execute(statement)
        running, over, later = new_id(), new_id(), new_id()
        need = "INSERT INTO record_need (case_id, need_id, ended_at) VALUES ($1, $1, $2)"
        for need_id, ended_at in ((running, None), (over, NOW)):
            await connection.execute(need, need_id, ended_at)
        for statement in DESTROYED.STATEMENTS:
            await connection.execute(statement)
        await connection.execute(need, later, None)
        found = await connection.fetch("SELECT need_id FROM record_need WHERE of_before")
        assert [row["need_id"] for row in found] == [running]


async def test_of_what_was_taken_back_or_let_go_before_the_upgrade_nobody_knows_when(
    postgres_server: Postgres,
) -> None:
    async with an_empty_database(postgres_server) as connection:
        for statement in FIRST.STATEMENTS:
            await connection.execute(statement)
        for row in (CASE, HAND_OVER, TAKEN_BACK):
            await connection.execute(row, OLD)
        for statement in SAID.STATEMENTS:
            await connection.execute(statement)
        (row,) = await connection.fetch("SELECT ended, ended_at FROM consent_copy")
        assert tuple(row) == (True, None)
        (row,) = await connection.fetch("SELECT state, let_go_at FROM hand_over")
        assert tuple(row) == ("confirmed", None)


async def test_what_was_taken_back_before_the_upgrade_counts_from_when_it_was_agreed_to(
    border: Bench,
) -> None:
    case_id, elsewhere = new_id(), a_consent(recipients=("ngo-brest",))
    for body, subject in ((a_policy(), POLICY), (a_detection(), case_id), (elsewhere, case_id)):
        await border.bring(body, subject)
    await border.let_time_pass(hours=1)
    async with border.frame.database.transaction() as tx:
        await tx.connection.execute("UPDATE consent_copy SET ended = true, ended_at = NULL")
    await border.bring(a_policy(2), POLICY)
    await border.let_time_pass(seconds=1)
    (case,) = await border.rows("SELECT state_detail->>'since' AS since FROM person_case")
    assert datetime.fromisoformat(case["since"]) == NOW


async def reviewed(bench: Bench) -> list[str]:
    told = await bench.told("identification")
    return [each.subject for each in told if each.kind == "majority-review-due"]


async def test_who_was_taken_over_as_believed_to_be_a_child_is_looked_at_again_from_now_on(
    interior: Bench,
) -> None:
    before, here, frozen, adult = (new_id() for _ in range(4))
    for case_id in (before, here, frozen):
        await take_over(interior, case_id, majority="believed-child")
    await take_over(interior, adult)
    async with interior.frame.database.transaction() as tx:
        for case_id in (before, frozen):
            await tx.connection.execute(FORGET, case_id)
            await tx.connection.execute("DELETE FROM deadline WHERE subject = $1", str(case_id))
    await interior.bring(SharingStopped(reference_known=True), frozen)
    *_, ring = DESTROYED.STATEMENTS
    async with interior.frame.database.transaction() as tx:
        await tx.connection.execute(ring)
        await tx.connection.execute(AT_ONCE, NOW, str(here))
    for _ in range(2):
        await interior.let_time_pass(hours=1)
        assert await reviewed(interior) == [str(before)]
    rows = await interior.rows(REVIEWS)
    assert {row["case_id"] for row in rows if row["at"] is not None} == {str(before), str(here)}
    await interior.let_time_pass(days=14)
    assert sorted(await reviewed(interior)) == sorted([str(before), str(before), str(here)])
