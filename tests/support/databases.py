"""Databases for the tests: each test has a copy of a template; most copies serve many tests.

To make a copy and to drop it costs more than most tests do. So a copy whose definitions are still
the template's is given the template's rows again and waits for the next test. One that a test
altered otherwise (tables, rights, functions, settings, size) is dropped: nobody gets it again.
"""

import io
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import asyncpg

CATALOGUES = (
    *("pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_default_acl"),
    *("pg_event_trigger", "pg_extension", "pg_index", "pg_largeobject_metadata", "pg_namespace"),
    *("pg_policy", "pg_proc", "pg_rewrite", "pg_sequence", "pg_trigger", "pg_type"),
)
DEFINITIONS = """
    SELECT ROW({},
        (SELECT (datdba, datallowconn, datconnlimit, datacl)
         FROM pg_database WHERE datname = current_database()),
        (SELECT array_agg((setrole, setconfig) ORDER BY setrole) FROM pg_db_role_setting
         JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = current_database())
    )::text
""".format(  # noqa: S608
    ", ".join(f"(SELECT (count(*), sum(xmin::text::bigint)) FROM {it})" for it in CATALOGUES)  # noqa: S608
)
"""Who changes a definition writes or removes a row there; a later row has a later ``xmin``. What
the server itself learns of rows (``pg_statistic``) is no definition: it may do so at any time."""
TABLES = """
    SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema')
    ORDER BY nspname, relname
"""
SEQUENCES = """
    SELECT format('%I.%I', schemaname, sequencename) AS name,
        coalesce(last_value, start_value) AS value, last_value IS NOT NULL AS called
    FROM pg_sequences
"""
OTHERS_LEAVE = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
MAY_GROW_BYTES = 2_000_000

Table = tuple[str, str]
"""Schema and name."""


class Server(Protocol):
    """What is needed of a server here; a ``Postgres``."""

    @property
    def port(self) -> int: ...

    def on(self, database: str) -> Any: ...

    async def run(self, *statements: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Original:
    """What a copy is before any test had it."""

    definitions: str
    size: int
    tables: tuple[Table, ...]
    rows: dict[Table, bytes]
    """Of the tables that have any."""
    sequences: tuple[Any, ...]


_originals: dict[tuple[int, str], Original] = {}
_waiting: dict[tuple[int, str], list[str]] = defaultdict(list)


@asynccontextmanager
async def own_database(server: Server, template: str) -> AsyncIterator[Any]:
    """A copy of the template for one test, as if nobody had ever had it."""
    waiting = _waiting[server.port, template]
    name = waiting.pop() if waiting else await _a_copy(server, template)
    try:
        yield server.on(name)
    finally:
        if await _is_as_it_was(server.on(name), _originals[server.port, template]):
            waiting.append(name)
        else:
            await server.run(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def dropped_database(server: Server, template: str) -> AsyncIterator[Any]:
    """A copy of the template that nobody gets again."""
    name = f"test_{secrets.token_hex(6)}"
    await server.run(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield server.on(name)
    finally:
        await server.run(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def an_empty_database(server: Server) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database in which nothing is: a test writes there what an earlier version
    left, and runs the migration.
    """
    async with dropped_database(server, "template0") as own:
        connection = await asyncpg.connect(own.url())
        try:
            yield connection
        finally:
            await connection.close()


async def _a_copy(server: Server, template: str) -> str:
    name = f"test_{secrets.token_hex(6)}"
    await server.run(f"CREATE DATABASE {name} TEMPLATE {template}")
    if (server.port, template) not in _originals:
        connection = await server.on(name).connect()
        try:
            _originals[server.port, template] = await _look(connection)
        finally:
            await connection.close()
    return name


async def _look(connection: Any) -> Original:
    tables = tuple((each["nspname"], each["relname"]) for each in await connection.fetch(TABLES))
    return Original(
        definitions=await connection.fetchval(DEFINITIONS),
        size=await _size(connection),
        tables=tables,
        rows={table: rows for table in tables if (rows := await _rows(connection, table))},
        sequences=tuple(await connection.fetch(SEQUENCES)),
    )


async def _is_as_it_was(postgres: Any, original: Original) -> bool:
    """Make it so if that can be done by rows alone."""
    try:
        connection = await postgres.connect()
    except (asyncpg.PostgresError, OSError):
        return False
    try:
        await connection.execute(OTHERS_LEAVE)
        if await connection.fetchval(DEFINITIONS) != original.definitions:
            return False
        if await _size(connection) > original.size + MAY_GROW_BYTES:
            return False
        await _restore_rows(connection, original)
        return True
    finally:
        await connection.close()


async def _restore_rows(connection: Any, original: Original) -> None:
    await connection.execute("SET session_replication_role = replica")  # no trigger, no foreign key
    for table in await _filled(connection, original.tables):
        if table not in original.rows or await _rows(connection, table) != original.rows[table]:
            await connection.execute(f"DELETE FROM {_name(table)}")  # noqa: S608
    for table, rows in original.rows.items():
        if table not in await _filled(connection, (table,)):
            schema, name = table
            await connection.copy_to_table(name, schema_name=schema, source=io.BytesIO(rows))
    for name, value, called in original.sequences:
        await connection.execute("SELECT setval($1::regclass, $2, $3)", name, value, called)
    await connection.execute("SELECT pg_stat_reset()")


async def _filled(connection: Any, tables: tuple[Table, ...]) -> set[Table]:
    asked = " UNION ALL ".join(
        f"SELECT {number} WHERE EXISTS (SELECT FROM {_name(table)})"  # noqa: S608
        for number, table in enumerate(tables)
    )
    return {tables[row[0]] for row in await connection.fetch(asked)} if tables else set()


async def _rows(connection: Any, table: Table) -> bytes:
    found = io.BytesIO()
    schema, name = table
    await connection.copy_from_table(name, schema_name=schema, output=found)
    return b"".join(sorted(found.getvalue().splitlines(keepends=True)))


async def _size(connection: Any) -> int:
    return int(await connection.fetchval("SELECT pg_database_size(current_database())"))


def _name(table: Table) -> str:
    schema, name = table
    return f'"{schema}"."{name}"'
