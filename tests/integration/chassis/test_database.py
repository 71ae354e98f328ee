"""The database of the chassis on a real PostgreSQL."""
# ruff: noqa: PT012, S608

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from traceback import format_exception
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from deploy.local.ports import free_ports
from services.chassis.clock import new_id
from services.chassis.database import Database, Statement, Transaction
from services.chassis.environment import ServiceSettings
from services.chassis.errors import (
    DatabaseUnavailable,
    SettingsWrong,
    StatementRefused,
    TransactionConflict,
)
from services.chassis.schema import migrate
from tests.support.postgres import ROLE, SCHEMA, Postgres, settings_for

TABLES = sa.MetaData()
THING = sa.Table(
    "thing",
    TABLES,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer),
    sa.Column("detail", JSONB),
)
ADD = Statement(sa.insert(THING), columns=("id", "number", "detail"))
READ = Statement(sa.select(THING).where(THING.c.id == sa.bindparam("id")))
READ_SOME = Statement(
    sa.select(THING.c.number)
    .where(THING.c.number == sa.any_(sa.bindparam("numbers", type_=sa.ARRAY(sa.Integer))))
    .order_by(THING.c.number)
    .limit(10)
)
CHANGE = Statement(
    sa.update(THING).where(THING.c.number == sa.bindparam("old")).values(number=sa.bindparam("new"))
)
CANARY = "Canary-Kowalska"


@pytest.fixture
async def things(house: Postgres, database: Database) -> Database:
    await house.run(
        f"CREATE TABLE {SCHEMA}.thing (id uuid PRIMARY KEY, number integer, detail jsonb)",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {SCHEMA}.thing TO {ROLE}",
    )
    return database


async def add(tx: Transaction, number: int) -> UUID:
    thing = new_id()
    await tx.execute(ADD, id=thing, number=number, detail={"at": [number]})
    return thing


async def test_a_statement_takes_named_parameters_and_keeps_json(things: Database) -> None:
    async with things.transaction() as tx:
        thing = await add(tx, 7)
        await tx.execute_many(
            ADD, [{"id": new_id(), "number": number, "detail": None} for number in (8, 9)]
        )
    async with things.transaction() as tx:
        row = await tx.fetch_one(READ, id=thing)
        numbers = await tx.fetch(READ_SOME, numbers=[7, 9, 11])
        changed = await tx.execute(CHANGE, old=8, new=80)
    assert row is not None
    assert row["detail"] == {"at": [7]}
    assert [each["number"] for each in numbers] == [7, 9]
    assert changed == 1
    assert things.statements == 5


async def test_hooks_run_once_in_order_before_the_commit_and_others_after_it(
    things: Database,
) -> None:
    told: list[str] = []

    async def first(tx: Transaction) -> None:
        told.append("first")
        tx.before_commit("second", second)
        await add(tx, 1)

    async def second(_tx: Transaction) -> None:
        told.append("second")

    async with things.transaction() as tx:
        tx.before_commit("first", first)
        tx.before_commit("first", first)
        tx.after_commit("told", lambda: told.append("after"))
    assert told == ["first", "second", "after"]


async def test_an_exception_rolls_everything_back_and_runs_no_hook(things: Database) -> None:
    told: list[str] = []
    with pytest.raises(KeyError):
        async with things.transaction() as tx:
            thing = await add(tx, 1)
            tx.after_commit("told", lambda: told.append("after"))
            raise KeyError
    async with things.transaction() as tx:
        assert await tx.fetch_one(READ, id=thing) is None
    assert told == []


async def test_a_time_out_of_the_callers_own_stays_a_time_out(things: Database) -> None:
    with pytest.raises(TimeoutError):
        async with things.transaction():
            async with asyncio.timeout(0):
                await asyncio.Event().wait()


@pytest.mark.parametrize("raw", [False, True])
async def test_no_value_is_in_the_error_of_a_refused_statement(things: Database, raw: bool) -> None:
    thing = new_id()
    with pytest.raises(StatementRefused) as refused:
        async with things.transaction() as tx:
            for _ in range(2):
                if raw:
                    await tx.connection.execute(ADD.sql, thing, 1, CANARY)
                else:
                    await tx.execute(ADD, id=thing, number=1, detail=CANARY)
    assert refused.value.already_there
    assert refused.value.constraint == "thing_pkey"
    assert str(thing) not in str(refused.value)
    assert refused.value.__cause__ is None
    told = "".join(format_exception(refused.value)) + str(refused.value.__context__)
    assert str(thing) not in told


async def test_no_value_is_in_the_error_of_a_wrong_argument(things: Database) -> None:
    with pytest.raises(StatementRefused) as refused:
        async with things.transaction() as tx:
            await tx.execute(ADD, id=new_id(), number=CANARY, detail=None)
    assert CANARY not in repr(refused.value)
    assert refused.value.__context__ is None


async def test_a_deadlock_is_run_again_until_both_are_through(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, 1)
        await add(tx, 2)
    ready = [asyncio.Event(), asyncio.Event()]
    runs = 0

    async def cross(tx: Transaction, me: int) -> None:
        nonlocal runs
        runs += 1
        mine, other = (1, 2) if me == 0 else (2, 1)
        await tx.execute(CHANGE, old=mine, new=mine)
        ready[me].set()
        await ready[1 - me].wait()
        await tx.execute(CHANGE, old=other, new=other)

    async with asyncio.timeout(20):
        await asyncio.gather(*(things.run(partial(cross, me=me)) for me in (0, 1)))
    assert runs > 2


async def test_conflicts_and_lost_connections_count_as_infrastructure(things: Database) -> None:
    with pytest.raises(TransactionConflict):
        async with things.transaction() as tx:
            await tx.connection.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")
    with pytest.raises(DatabaseUnavailable):
        async with things.transaction() as tx:
            await tx.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert await things.alive()


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """The server's process of one connection stands still."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_what_looks_committed_after_a_begin_that_came_too_late_is_there(
    house_settings: ServiceSettings, things: Database
) -> None:
    """The driver takes the next transaction for an inner one: what it released was never kept."""
    settings = house_settings.model_copy(
        update={"database_seconds": 0.5, "database_connections": 1}
    )
    impatient = await Database.open(settings)
    try:
        async with impatient.transaction() as tx:
            pid = await tx.connection.fetchval("SELECT pg_backend_pid()")
        with frozen(pid):
            with pytest.raises(DatabaseUnavailable):
                async with impatient.transaction() as tx:
                    await add(tx, 1)
            again = asyncio.create_task(added(impatient, 2))
            await asyncio.sleep(0.1)
        thing = await again
        async with things.transaction() as tx:
            assert await tx.fetch_one(READ, id=thing) is not None
    finally:
        await impatient.close()


async def added(database: Database, number: int) -> UUID:
    async with database.transaction() as tx:
        return await add(tx, number)


async def test_a_commit_that_ends_no_transaction_is_not_taken_for_one(things: Database) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with things.transaction() as tx:
            await add(tx, 3)
            await tx.connection.execute("COMMIT; BEGIN; SAVEPOINT deeper")
            tx.connection._top_xact._nested, tx.connection._top_xact._id = True, "deeper"


async def test_the_service_role_has_rows_but_no_definitions(
    house: Postgres, database: Database
) -> None:
    await house.run("CREATE SCHEMA other", "CREATE TABLE other.thing (n integer)")
    forbidden = [
        f"CREATE TABLE {SCHEMA}.mine (n integer)",
        "CREATE TABLE public.mine (n integer)",
        f"DROP TABLE {SCHEMA}.audit",
        f"UPDATE {SCHEMA}.audit SET actor = 'nobody'",
        f"DELETE FROM {SCHEMA}.audit",
        f"UPDATE {SCHEMA}.chassis_revision SET version_num = '9999'",
        "SELECT * FROM other.thing",
    ]
    for sql in forbidden:
        with pytest.raises(StatementRefused) as refused:
            async with database.transaction() as tx:
                await tx.connection.execute(sql)
        assert refused.value.sqlstate == "42501", sql


async def test_a_schema_of_another_version_is_refused_with_the_way_out(
    house: Postgres, postgres: Postgres, house_settings: ServiceSettings, tmp_path: Path
) -> None:
    await house.run(f"UPDATE {SCHEMA}.chassis_revision SET version_num = '0000'")
    with pytest.raises(SettingsWrong, match="nrm migrate"):
        await Database.open(house_settings)
    with pytest.raises(SettingsWrong, match="nrm migrate"):
        await Database.open(settings_for(postgres, tmp_path))


async def test_migrating_twice_changes_nothing_and_takes_the_services_own_branch_too(
    postgres: Postgres, house_template: str, tmp_path: Path
) -> None:
    assert house_template
    migrations = tmp_path / "migrations"
    migrations.mkdir()
    (migrations / "0001_thing.py").write_text(
        'from alembic import op\nrevision = "0001"\ndown_revision = None\n'
        'def upgrade():\n    op.execute("CREATE TABLE thing (n integer)")\n'
    )
    settings = settings_for(postgres, tmp_path)
    for _ in range(2):
        await migrate(postgres.url(), SCHEMA, ROLE, migrations)
    opened = await Database.open(settings, migrations=migrations)
    try:
        async with opened.transaction() as tx:
            await tx.connection.execute("INSERT INTO thing VALUES (1)")
        assert opened.epoch == 1
    finally:
        await opened.close()
    (migrations / "0002_more.py").write_text(
        'revision = "0002"\ndown_revision = "0001"\ndef upgrade():\n    pass\n'
    )
    with pytest.raises(SettingsWrong):
        await Database.open(settings, migrations=migrations)


async def test_a_database_that_is_not_there_is_said_without_the_address(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    nowhere = settings_for(Postgres(port=port), tmp_path)
    with pytest.raises(DatabaseUnavailable) as failure:
        await Database.open(nowhere)
    assert str(port) not in str(failure.value)


async def test_a_connection_of_ones_own_is_on_the_schema(database: Database) -> None:
    connection: asyncpg.Connection = await database.connect()
    try:
        assert await connection.fetchval("SHOW search_path") == SCHEMA
    finally:
        await connection.close()
