"""What a node knew before an upgrade is told by its registers, as far as they can tell it."""

import importlib

from services.chassis.clock import new_id
from tests.support.databases import an_empty_database
from tests.support.postgres import Postgres

BEGAN = importlib.import_module("services.gateway.migrations.0009_what_a_case_began_with")
BEFORE = """
    CREATE TABLE case_row (case_id uuid, created_at timestamptz NOT NULL);
    CREATE TABLE consent (
        case_id uuid, granted_at timestamptz, ended_at timestamptz, ended_kind text
    );
    CREATE TABLE audit (subject text, action text, recorded_at timestamptz);
"""
CONSENTS: dict[str, list[tuple[str, str | None, str | None]]] = {
    "all stopped": [("01", "05", "stop-sharing"), ("02", "05", "stop-sharing"), ("06", None, None)],
    "one taken back": [("01", "05", "stop-sharing"), ("02", None, None)],
    "left": [("01", "05", "leave-service")],
    "stopped one, later all": [("01", "03", "stop-sharing"), ("02", "04", "stop-sharing")],
    "never asked": [],
}
GOES_ON = importlib.import_module("services.gateway.migrations.0011_which_case_goes_on")
MERGED = importlib.import_module("services.gateway.migrations.0006_merged_cases")


async def test_every_old_row_of_two_cases_came_from_a_merge(postgres_server: Postgres) -> None:
    async with an_empty_database(postgres_server) as connection:
        for statement in MERGED.STATEMENTS:
            await connection.execute(statement)
        ids = [new_id(), new_id()]
        row = "INSERT INTO merged_case (case_id, into_case, merged_at) VALUES ($1, $2, now())"
        await connection.execute(row, *ids)
        for statement in GOES_ON.STATEMENTS:
            await connection.execute(statement)
        await connection.execute(row, ids[0], new_id())
        found = await connection.fetch("SELECT into_case, merged FROM merged_case")
        assert [each["into_case"] for each in found if each["merged"]] == [ids[1]]
        assert len(found) == 2


async def test_a_stop_of_all_sharing_is_known_of_old_rows(postgres_server: Postgres) -> None:
    async with an_empty_database(postgres_server) as connection:
        await connection.execute(BEFORE)
        ids = {}
        for case, consents in CONSENTS.items():
            row = "INSERT INTO case_row VALUES (gen_random_uuid(), '2026-01-01') RETURNING case_id"
            ids[case] = await connection.fetchval(row)
            for granted, ended, kind in consents:
                at = [f"2026-02-{day}" if day else None for day in (granted, ended)]
                consent = (
                    "INSERT INTO consent VALUES"
                    " ($1, $2::text::timestamptz, $3::text::timestamptz, $4)"
                )
                await connection.execute(consent, ids[case], *at, kind)
        expired = "INSERT INTO audit VALUES ($1, 'guardians-consent-expired', '2026-03-01')"
        await connection.execute(expired, str(ids["left"]))
        for statement in BEGAN.STATEMENTS:
            await connection.execute(statement)
        rows = {row["case_id"]: row for row in await connection.fetch("SELECT * FROM case_row")}
        stopped = {case: rows[its_id]["all_stopped_at"] for case, its_id in ids.items()}
        days = {case: at.day for case, at in stopped.items() if at is not None}
        assert days == {"all stopped": 5, "stopped one, later all": 4}
        assert [case for case, its_id in ids.items() if rows[its_id]["of_age_at"]] == ["left"]
        assert all(row["known_at"] == row["created_at"] for row in rows.values())
