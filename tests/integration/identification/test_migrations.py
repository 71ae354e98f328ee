"""A migration keeps what the version before wrote."""

import importlib
import secrets
from typing import Final

import asyncpg
import pytest

from services.chassis.clock import new_id
from tests.support.postgres import Postgres

FIRST = importlib.import_module("services.identification.migrations.0001_cases")
CLOCK = importlib.import_module(
    "services.identification.migrations.0006_clock_of_the_first_decision"
)
CASE: Final = (
    "INSERT INTO person_case VALUES ($1, 'hand-over', 'border-brest', '{}', 'detected', '{}',"
    " now(), now(), now())"
)
OLD: Final = new_id()
HAND_OVER: Final = (
    "INSERT INTO hand_over (offer_id, case_id, direction, agency, outgoing_id, state, changed_at)"
    " VALUES ($1, $1, 'incoming', 'border-brest', $1, 'confirmed', now())"
)


async def test_what_was_handed_over_before_has_no_clock_and_none_has_a_word_beside_the_list(
    postgres_server: Postgres,
) -> None:
    name = f"test_{secrets.token_hex(6)}"
    await postgres_server.run(f"CREATE DATABASE {name} TEMPLATE template0")
    connection = await asyncpg.connect(postgres_server.on(name).url())
    try:
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
    finally:
        await connection.close()
        await postgres_server.run(f"DROP DATABASE {name} WITH (FORCE)")
