"""How many statements a real command costs, and that none of them walks through a whole table."""

from services.chassis.clock import new_id
from tests.integration.identification.events import POLICY, a_detection, a_policy
from tests.support.service_bench import Bench
from tests.support.statements import Statements

STORE = (
    "INSERT INTO person_case SELECT gen_random_uuid(), 'detected', 'node', '{}', 'detected', '{}',"
    " now(), now(), NULL FROM generate_series(1, 20000)",
    "INSERT INTO case_freeze SELECT case_id, now() FROM person_case",
    "INSERT INTO inbox_mark SELECT 'identification', case_id::text, 'urn:nrm:node:bulk',"
    " 'commands', 1, 1 FROM person_case",
    "INSERT INTO outbox_counter SELECT 'urn:nrm:node:bulk', 1, 'cases', case_id::text, 1"
    " FROM person_case",
    "INSERT INTO audit (actor, action, subject, reason)"
    " SELECT 'bulk', 'detect-person', case_id::text, '' FROM person_case",
    "INSERT INTO deadline (id, kind, subject, due_at, detail)"
    " SELECT case_id, 'bulk', case_id::text, 'infinity', '{}' FROM person_case",
)
SCANS = (
    "SELECT relname, seq_scan FROM pg_stat_user_tables"
    " WHERE schemaname = 'identification' AND n_live_tup >= 1000 ORDER BY relname"
)


async def test_a_detection_takes_twelve_round_trips(statements: Statements, border: Bench) -> None:
    """One enters, eight are the domain's, one writes all it tells; around it BEGIN and COMMIT."""
    await border.bring(a_policy(), POLICY)
    await border.bring(a_detection(), new_id())
    async with statements.during() as told:
        assert await border.bring(a_detection(), new_id()) == "handled"
    assert len(told) == 12, told


async def test_a_command_walks_through_no_table_however_many_cases_are_stored(
    statements: Statements, border: Bench
) -> None:
    owner = await border.postgres.connect()
    try:
        await owner.execute("SET search_path = identification")
        for statement in (*STORE, "ANALYZE"):
            await owner.execute(statement)
        await owner.execute("SELECT pg_stat_force_next_flush()")
        before = {row["relname"]: row["seq_scan"] for row in await owner.fetch(SCANS)}
        assert len(before) == len(STORE), before
        for _ in range(5):
            assert await border.bring(a_detection(), new_id()) == "handled"
        await border.frame.database.close()
        after = {row["relname"]: row["seq_scan"] for row in await owner.fetch(SCANS)}
    finally:
        await owner.close()
    assert after == before
    assert statements.about("inbox_enter")
