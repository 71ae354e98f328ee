"""Three services without a domain in one real PostgreSQL: what the model's words mean in tables.

Handlers do what the model's do; each looks first whether something older of its key is unfinished,
which no handler may ever see. A backup is a copy of every table of a schema.
"""

# ruff: noqa: S608 - names of tables are put together here, never values

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from services.chassis.clock import FrozenClock
from services.chassis.database import Database, Statement
from services.chassis.messaging.batch import Batch, Batched
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.inbox import erase
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.outbox import Outbox, publish
from services.chassis.messaging.reading import Contracts, Upcaster
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Answer, Cause, Handler, Received, Waits, Work
from services.chassis.schema import SchemaTarget, migrate_all
from services.chassis.telemetry import Telemetry
from tests.faults.story import (
    CONSEQUENCES,
    NEVER_WAIT,
    READS,
    SERVICES,
    SKIPPED,
)
from tests.faults.types_of_three import CATALOGUE, MARK, NEWER, TYPES, lifted, name_of, spec_for
from tests.support.postgres import Postgres, settings_for
from tests.support.receiving import AT, each_in_turn, keys

NODE = "node-one"
LIMITS = Limits(
    tries=1, parked_in_a_row=10**6, parked_window=10**6, sweep_steps_each_stream=50, in_flight=100
)
OWN_TABLES = (
    "CREATE TABLE {s}.effect (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id text,"
    " source text, topic text, subject text, epoch bigint, sequence bigint, kind text,"
    " origin text)",
    "CREATE TABLE {s}.consent (subject text PRIMARY KEY, given boolean NOT NULL)",
    "CREATE TABLE {s}.withdrawn (source text, topic text, subject text, epoch bigint,"
    " sequence bigint, PRIMARY KEY (source, topic, subject))",
    "CREATE TABLE {s}.there (subject text PRIMARY KEY)",
    "CREATE TABLE {s}.refused (event_id text)",
    "CREATE TABLE {s}.discarded (source text, topic text, subject text, epoch bigint,"
    " sequence bigint)",
    "CREATE TABLE {s}.published (event_id text, source text, topic text, subject text,"
    " epoch bigint, sequence bigint, kind text)",
    """
    CREATE FUNCTION {s}.note_published() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO {s}.published VALUES (NEW.id::text, '{source}', NEW.topic,
            NEW.aggregateid, NEW.epoch, NEW.sequence, split_part(NEW.type, '.', 4));
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER noted AFTER INSERT ON {s}.outbox"
    " FOR EACH ROW EXECUTE FUNCTION {s}.note_published()",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {s} TO {role}",
    "CREATE SCHEMA {s}_backup",
)

_OLDER = Statement(
    text(
        "SELECT 1 FROM inbox_row WHERE consumer = :consumer AND subject = :subject"
        " AND source = :source AND topic = :topic AND state <> 'gap'"
        " AND (epoch, sequence) < (:epoch, :sequence)"
    )
)
_EFFECT = Statement(
    text(
        "INSERT INTO effect (event_id, source, topic, subject, epoch, sequence, kind, origin)"
        " VALUES (:event_id, :source, :topic, :subject, :epoch, :sequence, :kind, :origin)"
    )
)
_GIVE = Statement(
    text(
        "INSERT INTO consent SELECT :subject, true WHERE NOT EXISTS (SELECT 1 FROM withdrawn"
        " WHERE source = :source AND topic = :topic AND subject = :subject"
        " AND (epoch, sequence) > (CAST(:epoch AS bigint), CAST(:sequence AS bigint)))"
        " ON CONFLICT (subject) DO UPDATE SET given = true"
    )
)
_WITHDRAW = Statement(
    text(
        "INSERT INTO withdrawn AS w VALUES (:source, :topic, :subject, :epoch, :sequence)"
        " ON CONFLICT (source, topic, subject) DO UPDATE SET"
        " epoch = excluded.epoch, sequence = excluded.sequence"
        " WHERE (w.epoch, w.sequence) < (excluded.epoch, excluded.sequence)"
    )
)
_TAKEN_BACK = Statement(
    text(
        "INSERT INTO consent VALUES (:subject, false)"
        " ON CONFLICT (subject) DO UPDATE SET given = false"
    )
)
_THERE = Statement(text("INSERT INTO there VALUES (:subject) ON CONFLICT DO NOTHING"))
_IS_THERE = Statement(text("SELECT 1 FROM there WHERE subject = :subject"))
_REFUSED = Statement(text("INSERT INTO refused VALUES (:event_id)"))


class Died(BaseException):
    """A process ended here and now."""


class Broken(BaseException):
    """A handler saw what it may never see; nothing may swallow it."""


@dataclass
class Service:
    """One service: its schema, and whether its bugs are mended."""

    name: str
    database: Database
    clock: FrozenClock
    telemetry: Telemetry
    repaired: bool = False
    calls: int = 0
    published: int = field(default=0)
    together: bool = False
    """Whether its consumer handles lists of events."""

    async def publish(self, kind: str, subject: str) -> None:
        """Commit one event into the outbox."""
        self.published += 1
        async with self.database.transaction() as tx:
            Work(
                transaction=tx,
                now=AT,
                cause=Cause(id=f"{self.database.epoch}-{self.published}"),
                caller="test",
                node=NODE,
                service=self.name,
            )
            publish(tx, TYPES[name_of(self.name, kind)].model(), subject=subject)

    def context(self, slot: int) -> ConsumerContext:
        """What one process of its consumer is given."""
        skipped = SKIPPED[self.name]
        handler: Handler = Batched(self.handle_all) if self.together else self.handle
        handlers = {
            name: handler
            for name, spec in CATALOGUE.items()
            if spec.topic in READS[self.name] and name.split(".")[3] not in skipped
        }
        return ConsumerContext(
            node=NODE,
            service=self.name,
            subscriptions=Subscriptions(
                consumer=self.name,
                topics=READS[self.name],
                handlers=handlers,
                gave_up=self.give_up,
            ),
            contracts=Contracts(catalogue=CATALOGUE, upcasters=Upcasters(self)),
            database=self.database,
            clock=self.clock,
            keys=keys(),
            telemetry=self.telemetry,
            slot=slot,
            limits=LIMITS,
        )

    async def handle(self, received: Received, work: Work) -> Waits | None:
        """What the model's handler does."""
        envelope, tx = received.envelope, work.transaction
        kind = envelope.type.split(".")[3]
        self.calls += 1
        if kind == "killer" and not self.repaired and self.name == "reader":
            raise Died
        if kind == "poison" and not self.repaired:
            raise ValueError
        if received.body.mark != MARK:
            raise Broken(f"{self.name} reads another body than was written")
        about = {"subject": envelope.subject}
        if kind == "need" and await tx.fetch_one(_IS_THERE, **about) is None:
            return Waits("case", envelope.subject)
        place = {
            **about,
            "source": envelope.source,
            "topic": f"nrm.local.{NODE}.{TYPES[envelope.type].topic}.v1",
            "epoch": envelope.epoch,
            "sequence": envelope.sequence,
        }
        if kind not in NEVER_WAIT and await tx.fetch(_OLDER, consumer=self.name, **place):
            raise Broken(f"{self.name} overtakes a stored record of {place}")
        await tx.execute(
            _EFFECT, **place, event_id=envelope.id, kind=kind, origin=envelope.causationid
        )
        await self._change(received, work, kind, place)
        return None

    async def handle_all(self, batch: Batch) -> list[Answer]:
        """The same for a list; nothing behind one that waits."""
        return await each_in_turn(self.handle, batch)

    async def _change(
        self, received: Received, work: Work, kind: str, place: dict[str, Any]
    ) -> None:
        tx, subject = work.transaction, received.envelope.subject
        if kind == "grant":
            await tx.execute(_GIVE, **place)
        elif kind == "withdraw":
            await tx.execute(_WITHDRAW, **place)
            await tx.execute(_TAKEN_BACK, subject=subject)
        elif kind == "opened":
            await tx.execute(_THERE, subject=subject)
        elif kind == "erase":
            digest = keys().digest(subject.encode())
            await erase(tx, subject=subject, subject_digest=digest, at=AT)
        if self.name == "doer" and kind in CONSEQUENCES:
            model = TYPES[name_of("doer", CONSEQUENCES[kind])].model
            publish(tx, model(), subject=subject)

    async def give_up(self, received: Received, work: Work) -> None:
        """Answer what waited too long."""
        await work.transaction.execute(_REFUSED, event_id=received.envelope.id)


class Upcasters(Mapping[str, tuple[str, Upcaster]]):
    """What a service's code of today lifts: one was forgotten until the bugs were mended."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def _now(self) -> dict[str, tuple[str, Upcaster]]:
        ahead = set() if self._service.repaired else {name_of("maker", "ahead")}
        return {old: (new, lifted) for old, new in NEWER.items() if old not in ahead}

    def __getitem__(self, name: str) -> tuple[str, Upcaster]:
        return self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


class Keeper:
    """The databases of the three: made once, emptied for each schedule, copied and restored."""

    def __init__(self, postgres: Postgres, folder: Path) -> None:
        self._postgres = postgres
        self._folder = folder
        self._tables: dict[str, dict[str, str]] = {}
        self._owner: Any = None

    @asynccontextmanager
    async def services(self) -> AsyncIterator[dict[str, Service]]:
        """Make the schemas and open the three services."""
        targets = [SchemaTarget(schema=name, role=f"test_{name}") for name in SERVICES]
        for name in SERVICES:
            await self._postgres.run(
                f"DO $$ BEGIN CREATE ROLE test_{name} LOGIN;"
                " EXCEPTION WHEN duplicate_object THEN NULL; END $$"
            )
        await migrate_all(self._postgres.url(), targets)
        await self._postgres.run(
            f"ALTER DATABASE {self._postgres.database} SET synchronous_commit = off"
        )
        for name in SERVICES:
            values = {"s": name, "role": f"test_{name}", "source": f"urn:nrm:{NODE}:{name}"}
            await self._postgres.run(*(each.format(**values) for each in OWN_TABLES))
        self._owner = await self._postgres.connect()
        opened: dict[str, Service] = {}
        try:
            for name in SERVICES:
                await self._note_tables(name)
                opened[name] = await self._open(name)
            yield opened
        finally:
            for service in opened.values():
                await service.database.close()
            await self._owner.close()

    async def _open(self, name: str) -> Service:
        settings = settings_for(
            self._postgres,
            self._folder,
            service=name,
            database_url=self._postgres.url(f"test_{name}"),
            database_schema=name,
        )
        database = await Database.open(settings)
        Outbox(spec_for=spec_for).install(database)
        return Service(name, database, FrozenClock(AT), Telemetry(settings))

    async def _note_tables(self, name: str) -> None:
        found = await self._owner.fetch(
            "SELECT table_name, string_agg(quote_ident(column_name), ', '"
            " ORDER BY ordinal_position) AS columns FROM information_schema.columns"
            " JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_schema = $1 AND table_type = 'BASE TABLE' AND is_generated = 'NEVER'"
            " AND table_name NOT LIKE '%revision' GROUP BY table_name",
            name,
        )
        self._tables[name] = {row["table_name"]: row["columns"] for row in found}
        for table in self._tables[name]:
            await self._owner.execute(
                f"CREATE TABLE {name}_backup.{table} (LIKE {name}.{table} INCLUDING GENERATED)"
            )

    async def empty(self) -> None:
        """Forget everything, backups too."""
        for name in SERVICES:
            await self._owner.execute(
                ";".join(
                    f"DELETE FROM {name}.{table}; DELETE FROM {name}_backup.{table}"
                    for table in self._tables[name]
                )
            )
            await self._owner.execute(f"INSERT INTO {name}.instance (epoch) VALUES (1)")
            await self.backup(name)

    async def backup(self, name: str) -> None:
        """Copy every table."""
        await self._copy(f"{name}", f"{name}_backup", self._tables[name])

    async def restore(self, name: str, epoch: int) -> None:
        """Everything as it was, in a new epoch."""
        await self._copy(f"{name}_backup", f"{name}", self._tables[name])
        await self._owner.execute(f"UPDATE {name}.instance SET epoch = {epoch}")

    async def _copy(self, source: str, target: str, tables: dict[str, str]) -> None:
        async with self._owner.transaction():
            await self._owner.execute("SET LOCAL session_replication_role = replica")
            await self._owner.execute(
                ";".join(
                    f"DELETE FROM {target}.{table}; INSERT INTO {target}.{table} ({columns})"
                    f" OVERRIDING SYSTEM VALUE SELECT {columns} FROM {source}.{table}"
                    for table, columns in tables.items()
                )
            )

    async def plant(self, function: str, old: str, new: str) -> None:
        """Put a fault into a function of the inbox, in every schema; the test's own database."""
        for name in READS:
            source = await self._owner.fetchval(
                f"SELECT pg_get_functiondef('{name}.{function}'::regproc)"
            )
            assert old in source, f"{function} no longer says: {old}"
            await self._owner.execute(f"SET search_path = {name}")
            await self._owner.execute(source.replace(old, new, 1))

    async def fetch(self, query: str) -> list[Any]:
        """What the test wants to know, as the owner."""
        found: list[Any] = await self._owner.fetch(query)
        return found
