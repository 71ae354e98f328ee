"""One broker and one database for a whole run, in a temporary folder, fsync on as everywhere.

Each measurement gets a fresh database (a copy of a migrated one) and topics of its own, so that no
round meets what another left.
"""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks import detection, event
from deploy.local import broker_admin
from deploy.local.kafka import KafkaServer
from deploy.local.postgres import PostgresServer
from deploy.local.shapes import TopicShape
from services.chassis.cipher import KeyRing
from services.chassis.schema import SchemaTarget, migrate_all

PARTITIONS = 4
ROLE = "house"
SCHEMAS = ("house", "source", "middle", "sink")
TEMPLATE = "house_template"
TOPICS = (event.THINGS, event.OUTCOMES, detection.TOPIC)


@dataclass(frozen=True, slots=True)
class Place:
    """A fresh node: its name, its database, its topics."""

    node: str
    url: str
    owner_url: str
    bootstrap: str
    state: Path
    key_file: Path

    def topic(self, suffix: str) -> str:
        """The whole name of a local topic."""
        return f"nrm.local.{self.node}.{suffix}.v1"


@dataclass(slots=True)
class Servers:
    """Both servers."""

    folder: Path
    kafka: KafkaServer
    postgres: PostgresServer
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    filled: set[str] = field(default_factory=set)
    """Databases that are filled already, to be copied."""

    def prepare(self) -> None:
        """Make the database that every measurement copies."""
        asyncio.run(self._prepare())

    async def _prepare(self) -> None:
        await self._run(
            "postgres",
            f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self.password}'",
            f"CREATE DATABASE {TEMPLATE} TEMPLATE template0",
        )
        targets = [SchemaTarget(schema=schema, role=ROLE) for schema in SCHEMAS]
        targets.append(
            SchemaTarget(
                schema=detection.SERVICE,
                role=ROLE,
                service_migrations=detection.MIGRATIONS,
            )
        )
        await migrate_all(self.postgres.superuser_url(TEMPLATE), targets)
        tables = [sql for schema in SCHEMAS for sql in event.tables(schema, ROLE)]
        await self._run(TEMPLATE, *tables)

    async def _run(self, database: str, *statements: str) -> None:
        connection: Any = await asyncpg.connect(self.postgres.superuser_url(database))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    def template(self, name: str, fill: Callable[[str], Awaitable[None]]) -> str:
        """A filled database to copy: made once for a whole run."""
        if name not in self.filled:
            asyncio.run(self._run("postgres", f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
            asyncio.run(_awaited(fill(self.postgres.superuser_url(name))))
            self.filled.add(name)
        return name

    @contextmanager
    def place(self, template: str = TEMPLATE) -> Iterator[Place]:
        """A fresh node with its topics; dropped afterwards."""
        name = f"n{secrets.token_hex(5)}"
        asyncio.run(self._run("postgres", f"CREATE DATABASE {name} TEMPLATE {template}"))
        state = self.folder / name
        state.mkdir()
        KeyRing.create(state / "key.json")
        place = Place(
            node=name,
            url=self.postgres.url(ROLE, self.password, name),
            owner_url=self.postgres.superuser_url(name),
            bootstrap=self.kafka.bootstrap,
            state=state,
            key_file=state / "key.json",
        )
        names = [place.topic(suffix) for suffix in TOPICS]
        shapes = [TopicShape(each, PARTITIONS, {}) for each in names]
        broker_admin.create(self.kafka.bootstrap, shapes)
        try:
            yield place
        finally:
            asyncio.run(self._run("postgres", f"DROP DATABASE {name} WITH (FORCE)"))
            shutil.rmtree(state, ignore_errors=True)


async def _awaited(work: Awaitable[None]) -> None:
    await work


@contextmanager
def servers() -> Iterator[Servers]:
    """Start both, stop both, leave nothing."""
    folder = Path(tempfile.mkdtemp(prefix="nrm-bench-"))
    kafka, postgres = KafkaServer(folder / "kafka"), PostgresServer(folder / "postgres")
    try:
        postgres.start()
        kafka.start()
        both = Servers(folder, kafka, postgres)
        both.prepare()
        yield both
    finally:
        kafka.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
