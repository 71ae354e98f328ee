"""A real PostgreSQL for the tests: the embedded one, or a container.

One server for a session, for each test a database as if it were fresh. A server that cannot start
is a failure that says so: these tests may never be skipped in silence. Nobody pulls this machine's
plug, so this server does not wait for the disk; what must outlive a killed server is proved on the
stack and by `tests/integration/deploy/test_servers.py`, whose servers do.
"""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.failures import StackFailure
from deploy.local.ports import LOOPBACK
from deploy.local.postgres import PostgresServer
from deploy.local.processes import write_whole
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.schema import SchemaTarget, migrate_all
from tests.support.containers import in_containers, postgres_container
from tests.support.databases import dropped_database, own_database

ACCESS = f"host all all {LOOPBACK}/32 trust\n"
WITHOUT_THE_DISK = {"fsync": "off", "full_page_writes": "off"}
OWNER = "postgres"
SCHEMA = "house"
ROLE = "test_house"


@dataclass(frozen=True, slots=True)
class Postgres:
    """The port on which the server listens, and one database of it."""

    port: int
    database: str = "postgres"

    def url(self, role: str = OWNER) -> str:
        """The address of the database for ``role``; nobody needs a password here."""
        return f"postgresql://{role}@{LOOPBACK}:{self.port}/{self.database}"

    def on(self, database: str) -> "Postgres":
        """The same server, another database."""
        return replace(self, database=database)

    async def connect(self, role: str = OWNER) -> Any:
        """A bare connection."""
        return await asyncpg.connect(self.url(role))

    async def run(self, *statements: str) -> None:
        """Statements outside any transaction, as the owner."""
        connection = await self.connect()
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The server of this session; the embedded one dies with it, however that ends."""
    if in_containers():
        with postgres_container() as port:
            yield Postgres(port=port)
        return
    folder = Path(tempfile.mkdtemp(prefix="nrm-test-postgres-"))
    settings = {"hba_file": str(folder / "access.conf"), **WITHOUT_THE_DISK}
    server = PostgresServer(folder / "server", settings=settings)
    try:
        write_whole(folder / "access.conf", ACCESS, mode=0o644)
        try:
            server.start()
        except StackFailure as failure:
            pytest.fail(f"the embedded PostgreSQL does not start: {failure}", pytrace=False)
        yield Postgres(port=server.port)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture
async def postgres(postgres_server: Postgres) -> AsyncIterator[Postgres]:
    """An empty database of its own."""
    async with dropped_database(postgres_server, "template0") as fresh:
        yield fresh


@pytest.fixture(scope="session")
def house_template(postgres_server: Postgres) -> str:
    """A database that holds one migrated schema of the chassis, to be copied."""
    name = f"template_{secrets.token_hex(4)}"

    async def make() -> None:
        await postgres_server.run(
            f"CREATE DATABASE {name} TEMPLATE template0", f"CREATE ROLE {ROLE} LOGIN"
        )
        await migrate_all(postgres_server.on(name).url(), [SchemaTarget(schema=SCHEMA, role=ROLE)])

    asyncio.run(make())
    return name


@pytest_asyncio.fixture
async def house(postgres_server: Postgres, house_template: str) -> AsyncIterator[Postgres]:
    """A database of its own with one migrated schema (``SCHEMA``) and its role (``ROLE``)."""
    async with own_database(postgres_server, house_template) as fresh:
        yield fresh


@pytest.fixture
def house_settings(house: Postgres, tmp_path: Path) -> ServiceSettings:
    """Settings of a service without a domain on that schema."""
    return settings_for(house, tmp_path)


@pytest_asyncio.fixture
async def database(house_settings: ServiceSettings) -> AsyncIterator[Database]:
    """That schema, opened as the service's role."""
    opened = await Database.open(house_settings)
    try:
        yield opened
    finally:
        await opened.close()


def settings_for(postgres: Postgres, state_dir: Path, **changes: Any) -> ServiceSettings:
    """Settings of a service without a domain, on ``postgres``."""
    given = {
        "node": "node-one",
        "service": "house",
        "database_url": postgres.url(ROLE),
        "database_schema": SCHEMA,
        "port": 0,
        "state_dir": state_dir,
    }
    return ServiceSettings(**{**given, **changes})
