"""Migrations: the owner brings a schema to the newest revision of both branches and grants rights.

The chassis's branch first, then the service's own, each with its own table of revisions in the
schema. Forward only. The service's role gets rows, never definitions. Only deploy tooling may call
this: a service has no right to, and refuses to start on anything else than what it expects.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from services.chassis.database import (
    CHASSIS_MIGRATIONS,
    CHASSIS_VERSION_TABLE,
    SERVICE_VERSION_TABLE,
    translated,
)
from services.chassis.errors import Misuse, NrmError

MIGRATIONS_LOCK: Final = 7_310_001
"""Advisory lock: one migration at a time in one database."""
APPEND_ONLY_TABLES: Final = ("audit", "key_probe")


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaTarget:
    """One schema to bring up to date: its name, who will use it, and the service's migrations."""

    schema: str
    role: str | None = None
    service_migrations: Path | None = None


async def migrate(
    owner_url: str,
    schema: str,
    role: str | None = None,
    service_migrations_path: Path | None = None,
) -> None:
    """Bring one schema to the newest revision of both branches."""
    target = SchemaTarget(schema=schema, role=role, service_migrations=service_migrations_path)
    await migrate_all(owner_url, [target])


async def migrate_all(owner_url: str, targets: Iterable[SchemaTarget]) -> None:
    """Bring every schema of one database up to date, over one connection, each in a transaction."""
    scheme, _, rest = owner_url.partition("://")
    if scheme.split("+")[0] not in {"postgresql", "postgres"}:
        raise Misuse("the owner's address is not one of PostgreSQL")
    engine = create_async_engine(f"postgresql+asyncpg://{rest}", poolclass=NullPool)
    failure: NrmError | None = None
    scripts: dict[Path, ScriptDirectory] = {}
    try:
        async with engine.connect() as connection:
            for target in targets:
                await _migrate_one(connection, target, scripts)
    except SQLAlchemyError as error:
        failure = translated(_driver_error(error))
    except OSError as error:
        failure = translated(error)
    finally:
        await engine.dispose()
    if failure is not None:
        raise failure


def _driver_error(error: SQLAlchemyError) -> BaseException:
    adapted = getattr(error, "orig", None)
    return getattr(adapted, "__cause__", None) or adapted or error


async def _migrate_one(
    connection: AsyncConnection, target: SchemaTarget, scripts: dict[Path, ScriptDirectory]
) -> None:
    schema = _name(target.schema)
    async with connection.begin():
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATIONS_LOCK})"))
        await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        await connection.execute(text(f"SET LOCAL search_path TO {schema}"))
        await connection.run_sync(_upgrade, CHASSIS_MIGRATIONS, CHASSIS_VERSION_TABLE, scripts)
        if target.service_migrations is not None:
            await connection.run_sync(
                _upgrade, target.service_migrations, SERVICE_VERSION_TABLE, scripts
            )
        if target.role is not None:
            read_only = [CHASSIS_VERSION_TABLE]
            if target.service_migrations is not None:
                read_only.append(SERVICE_VERSION_TABLE)
            for statement in _grants(schema, _name(target.role), read_only):
                await connection.execute(text(statement))


def _name(name: str) -> str:
    if not name.replace("_", "a").isalnum() or not name.isascii() or name.lower() != name:
        raise Misuse("a schema or role has a name that is not lower case letters and underscores")
    return f'"{name}"'


def _upgrade(
    connection: Connection,
    migrations: Path,
    version_table: str,
    scripts: dict[Path, ScriptDirectory],
) -> None:
    script = scripts.get(migrations)
    if script is None:
        script = ScriptDirectory(str(migrations), version_locations=[str(migrations)])
        scripts[migrations] = script
    known = script

    def steps(revision: Any, _context: MigrationContext) -> Any:
        return known._upgrade_revs("head", revision)

    context = MigrationContext.configure(
        connection=connection,
        opts={"version_table": version_table, "fn": steps, "script": known},
    )
    with Operations.context(context):
        context.run_migrations()


def _grants(schema: str, role: str, tables: list[str]) -> list[str]:
    read_only = ", ".join(f"{schema}.{table}" for table in tables)
    append_only = ", ".join(f"{schema}.{table}" for table in APPEND_ONLY_TABLES)
    return [
        f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC",
        f"REVOKE CREATE ON SCHEMA {schema} FROM {role}",
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        f"REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON {read_only} FROM {role}",
        f"REVOKE UPDATE, DELETE ON {append_only} FROM {role}",
    ]
