"""No test can see in its database that another had it before."""

import pytest

from tests.support.databases import own_database
from tests.support.postgres import Postgres

AUDITED = "INSERT INTO house.audit (actor, action, subject, reason) VALUES ('a', 'b', 'c', '')"
ALTERED = (
    "CREATE TABLE public.more ()",
    "DROP TABLE house.audit",
    "TRUNCATE house.audit",
    "ALTER TABLE house.audit ADD more int",
    "CREATE INDEX ON house.audit (actor)",
    "REVOKE SELECT ON house.audit FROM test_house",
    "GRANT CREATE ON SCHEMA house TO test_house",
    "CREATE FUNCTION public.more() RETURNS int LANGUAGE sql RETURN 1",
    "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET jit = off'; END $$",
    "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' CONNECTION LIMIT 3'; END $$",
    "INSERT INTO house.audit (actor, action, subject, reason)"
    " SELECT 'a', 'b', repeat(md5(n::text), 99), '' FROM generate_series(1, 20000) n",
)


async def test_rows_of_another_test_are_gone_and_numbers_begin_again(
    postgres_server: Postgres, house_template: str
) -> None:
    names = set()
    for _ in range(2):
        async with own_database(postgres_server, house_template) as own:
            names.add(own.database)
            lingering = await own.connect()
            assert await lingering.fetchval(f"{AUDITED} RETURNING id") == 1
            assert await lingering.fetchval("SELECT count(*) FROM house.audit") == 1
            assert await lingering.fetchval("SELECT version_num FROM house.chassis_revision") != "0"
            await lingering.execute("UPDATE house.chassis_revision SET version_num = '0'")
            await lingering.execute("BEGIN")
            await lingering.execute("LOCK TABLE house.audit")
    assert len(names) == 1


@pytest.mark.parametrize("statement", ALTERED)
async def test_who_altered_more_than_rows_leaves_it_to_nobody(
    statement: str, postgres_server: Postgres, house_template: str
) -> None:
    async with own_database(postgres_server, house_template) as own:
        await own.run(statement)
    async with own_database(postgres_server, house_template) as next_own:
        assert next_own.database != own.database
