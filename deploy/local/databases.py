"""Databases, schemas and roles: one database per node, one schema and one role per service.

The owner role owns all schemas and runs the migrations; a service's role may only use its own
schema and has no right to change its form. Nobody reaches another node's database.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from itertools import groupby

import asyncpg

from deploy.local.addresses import DatabaseAddress
from deploy.local.credentials import OWNER, Credentials
from deploy.local.failures import StackFailure
from deploy.local.topology import Topology, Unit

NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
PASSWORD = re.compile(r"^[A-Za-z0-9_-]{16,128}$")
CONNECT_SECONDS = 10


async def provision(server: DatabaseAddress, topology: Topology, credentials: Credentials) -> None:
    """Make every role, database and schema that is missing; doing it again changes nothing."""
    connection = await _connect(server, "postgres")
    try:
        for role in (OWNER, *(unit.role for unit in topology.units)):
            await _make_role(connection, role, credentials.passwords[role])
        for database in dict.fromkeys(unit.database for unit in topology.units):
            await _make_database(connection, database)
    finally:
        await connection.close()
    nodes = groupby(topology.units, key=lambda unit: unit.database)
    await asyncio.gather(*[_make_schemas(server, name, list(units)) for name, units in nodes])


async def missing_schemas(server: DatabaseAddress, topology: Topology) -> list[str]:
    """Tell which schemas are not there, as `database.schema`."""
    missing = []
    for database, units in groupby(topology.units, key=lambda unit: unit.database):
        wanted = {unit.schema for unit in units}
        try:
            connection = await _connect(server, database)
        except asyncpg.InvalidCatalogNameError:
            missing += [f"{database}.{schema}" for schema in wanted]
            continue
        try:
            rows = await connection.fetch("SELECT nspname FROM pg_namespace")
        finally:
            await connection.close()
        missing += [f"{database}.{schema}" for schema in wanted - {row[0] for row in rows}]
    return sorted(missing)


async def _connect(server: DatabaseAddress, database: str) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(server.superuser_url(database), timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError) as error:
        raise StackFailure(
            "The database does not answer: run `nrm status`, then `nrm up`."
        ) from error


async def _make_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    _check(role)
    if not PASSWORD.match(password):
        raise StackFailure(
            f"credentials.json holds a password for {role} that cannot be used: take its line "
            "out, and `nrm up` makes a new one. No case is lost by that."
        )
    known = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if known else "CREATE"
    await connection.execute(
        f"{verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{password}'"
    )


async def _make_database(connection: asyncpg.Connection, database: str) -> None:
    _check(database)
    known = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database)
    if not known:
        await connection.execute(f"CREATE DATABASE {database} OWNER {OWNER} STRATEGY file_copy")
    await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")


async def _make_schemas(server: DatabaseAddress, database: str, units: Iterable[Unit]) -> None:
    connection = await _connect(server, database)
    try:
        await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        for unit in units:
            _check(unit.schema, unit.role)
            await connection.execute(
                f"CREATE SCHEMA IF NOT EXISTS {unit.schema} AUTHORIZATION {OWNER};"
                f"GRANT CONNECT ON DATABASE {database} TO {unit.role};"
                f"GRANT USAGE ON SCHEMA {unit.schema} TO {unit.role};"
            )
    finally:
        await connection.close()


def _check(*names: str) -> None:
    for name in names:
        if not NAME.match(name):
            raise StackFailure(f"{name!r} cannot be a name in the database: see nodes.yaml.")
