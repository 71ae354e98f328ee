"""A migration of a table that grows does not write its rows anew while everybody waits."""

import importlib

from tests.support.databases import an_empty_database
from tests.support.postgres import Postgres

LETTERS = importlib.import_module("services.referral.migrations.0005_letters_have_an_age")


async def test_letters_get_their_age_without_being_written_anew(postgres_server: Postgres) -> None:
    async with an_empty_database(postgres_server) as connection:
        await connection.execute("CREATE TABLE progress_letter AS SELECT 1 AS letter")
        await connection.execute("CREATE TABLE withdrawn_offer (withdrawn_at timestamptz)")
        file = "SELECT pg_relation_filenode('progress_letter')"
        before = await connection.fetchval(file)
        for statement in LETTERS.STATEMENTS:
            await connection.execute(statement)
        assert await connection.fetchval(file) == before
        await connection.execute("BEGIN")
        for letter in (2, 3):
            await connection.execute("INSERT INTO progress_letter VALUES ($1)", letter)
        ages = await connection.fetch("SELECT DISTINCT written_at FROM progress_letter")
        assert len(ages) == 3
