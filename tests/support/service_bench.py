"""A service on a bench: a real PostgreSQL schema, its real inbox, a clock that stands still.

Events are brought as records, so that duplicates, gaps, waits and what never waits behave as in
a node; what the service would send is read from its outbox. No bus is needed.
"""

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import httpx
import orjson
from fastapi import FastAPI

from contracts.catalogue import spec_for
from contracts.envelope import Contract, Envelope, source_of
from services.chassis.cipher import KeyRing
from services.chassis.clock import Clock, FrozenClock, new_id
from services.chassis.database import Database
from services.chassis.deadlines import DeadlinePoller
from services.chassis.frame import Frame, contracts
from services.chassis.identity import Caller, Tokens, digest_of_token
from services.chassis.inside import add_inside
from services.chassis.messaging.arrival import Arrival, Stream
from services.chassis.messaging.broker import BrokerRecord
from services.chassis.messaging.codec import encode
from services.chassis.messaging.handling import Handling
from services.chassis.messaging.limits import Limits, ParkingLimit
from services.chassis.messaging.outbox import Outbox
from services.chassis.messaging.subscriptions import Subscriptions, full_topic
from services.chassis.messaging.work import Work
from services.chassis.runnable import Health
from services.chassis.schema import SchemaTarget, migrate_all
from services.chassis.telemetry import NONE, MetricSpec, Telemetry
from services.chassis.web import check_access, make_app
from tests.support.databases import own_database
from tests.support.postgres import Postgres

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
"""A Monday."""
ROLES = (
    *("case-officer", "supervisor", "capacity-clerk", "provider-intake", "agency-system"),
    *("operator", "statistician", "report-writer", "data-protection-officer"),
)


@dataclass(frozen=True)
class Told:
    """One event in the outbox."""

    kind: str
    body: dict[str, Any]
    subject: str
    headers: dict[str, str]
    id: UUID


@dataclass
class Bench:
    """One service of one node."""

    frame: Frame
    clock: FrozenClock
    handling: Handling
    poller: DeadlinePoller[Work]
    app: FastAPI
    postgres: Postgres
    numbers: Counter[tuple[str, str, int]] = field(default_factory=Counter)

    async def bring(self, body: Contract, subject: UUID, **about: Any) -> str:
        """Bring an event; what became of it (``handled``, ``waiting``, ``duplicate``, …)."""
        return await self.settle(self.arrival(body, subject, **about))

    async def settle(self, arrival: Arrival) -> str:
        """Bring a record that was made before."""
        return str((await self.handling.receive(arrival)).outcome)

    def arrival(self, body: Contract, subject: UUID, **about: Any) -> Arrival:
        """A record of ``publisher`` (the gateway unless said), numbered as its store would."""
        publisher = about.get("publisher", "gateway")
        spec = spec_for(publisher, type(body))
        node = self.frame.settings.node
        sender = about.get("sender")
        source = source_of(node, "gateway" if sender else publisher)
        topic = full_topic("incoming" if spec.topic == "outgoing" else spec.topic, node)
        epoch = about.get("epoch", 1)
        self.numbers[topic, str(subject), epoch] += 1
        envelope = Envelope(
            id=str(about.get("id") or new_id()),
            source=source,
            type=spec.type,
            time=self.clock.now(),
            subject=str(subject),
            dataschema=spec.dataschema,
            sequence=about.get("sequence", self.numbers[topic, str(subject), epoch]),
            epoch=epoch,
            correlationid=str(about.get("correlation") or new_id()),
            sender=sender,
        )
        headers, value = encode(envelope, about.get("raw") or body.model_dump_json().encode())
        record = BrokerRecord(topic, 0, 0, str(subject).encode(), value, headers, 1)
        return self.handling.arriving.of(record)

    async def try_again(self, arrival: Arrival) -> str:
        """Let a stored record of this stream move if it can."""
        stream: Stream = arrival.stream
        return str((await self.handling.advance(stream)).outcome)

    async def let_time_pass(self, **by: Any) -> None:
        """Move the clock and fire what is due, in order."""
        self.clock.advance(timedelta(**by))
        await self.poller.poll()

    async def told(self, suffix: str, subject: UUID | None = None) -> list[Told]:
        """What stands in the outbox for a local topic, oldest first."""
        rows = await self.rows(
            "SELECT id, type, aggregateid, headers, payload FROM outbox"
            " WHERE aggregatetype = $1 ORDER BY epoch, created_at, aggregateid, sequence",
            suffix,
        )
        return [
            Told(
                kind=row["type"].split(".")[-2],
                body=orjson.loads(row["payload"]),
                subject=row["aggregateid"],
                headers=row["headers"],
                id=row["id"],
            )
            for row in rows
            if subject is None or row["aggregateid"] == str(subject)
        ]

    async def kinds(self, suffix: str, subject: UUID | None = None) -> list[str]:
        """The kinds of what stands in the outbox."""
        return [told.kind for told in await self.told(suffix, subject)]

    async def answers(self) -> list[Any]:
        """Each answer: True when accepted, else the codes of the refusal."""
        return [
            True
            if told.kind == "intake-accepted"
            else [reason["code"] for reason in told.body["reasons"]]
            for told in await self.told("answers")
        ]

    async def rows(self, sql: str, *arguments: Any) -> list[Mapping[str, Any]]:
        """What a statement of the test's own finds."""
        async with self.frame.database.transaction() as tx:
            return [dict(row) for row in await tx.connection.fetch(sql, *arguments)]

    async def audited(self) -> list[str]:
        """The acts in the audit, in order."""
        return [row["action"] for row in await self.rows("SELECT action FROM audit ORDER BY id")]

    def client(self, role: str = "case-officer") -> httpx.AsyncClient:
        """A caller in this role."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://bench",
            headers={"authorization": f"Bearer token-of-{role}"},
        )


async def template_of(server: Postgres, service: str, migrations: Path) -> str:
    """A database with one migrated schema of the service, to be copied; also the role's name."""
    name = f"{service}_{secrets.token_hex(4)}"
    await server.run(f"CREATE DATABASE {name} TEMPLATE template0", f"CREATE ROLE {name} LOGIN")
    target = SchemaTarget(schema=service, role=name, service_migrations=migrations)
    await migrate_all(server.on(name).url(), [target])
    return name


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """The service that goes on the bench: its ``main``, and what it listens to and shows."""

    main: ModuleType
    node: str
    subscriptions: Subscriptions
    deadlines: Mapping[str, Any]
    routes: Mapping[tuple[str, str], frozenset[str]]
    numbers: Mapping[str, MetricSpec] = field(default_factory=lambda: NONE)
    inside: Callable[[Database, Telemetry, Clock], Awaitable[None]] | None = None
    add_routes: Callable[[FastAPI, Database], None] | None = None
    """Where the service's own takes more than these two."""


@asynccontextmanager
async def open_bench(
    server: Postgres, template: str, folder: Path, fitting: Fitting
) -> AsyncIterator[Bench]:
    """A service of a node on a fresh database."""
    async with (
        own_database(server, template) as postgres,
        join_bench(postgres, template, folder, fitting) as bench,
    ):
        yield bench


@asynccontextmanager
async def join_bench(
    server: Postgres, role: str, folder: Path, fitting: Fitting
) -> AsyncIterator[Bench]:
    """Another copy of the service on a database that is there, as ``role``."""
    settings = fitting.main.Settings(
        node=fitting.node,
        database_url=server.url(role),
        port=0,
        state_dir=folder,
        local_bootstrap="127.0.0.1:1",
    )
    telemetry = Telemetry(settings, fitting.numbers)
    database = await Database.open(settings, telemetry, migrations=fitting.main.MIGRATIONS)
    try:
        yield _bench(settings, database, telemetry, (fitting, server))
    finally:
        await database.close()
        telemetry.close()


def _bench(
    settings: Any, database: Database, telemetry: Telemetry, on: tuple[Fitting, Postgres]
) -> Bench:
    fitting, postgres = on
    clock = FrozenClock(NOW)
    outbox = Outbox(spec_for=spec_for, telemetry=telemetry)
    outbox.install(database)
    frame = Frame(
        settings=settings,
        database=database,
        clock=clock,
        telemetry=telemetry,
        keys=KeyRing(keys={"0" * 8: b"k" * 32}, current="0" * 8, digest_key=b"d" * 32),
        tokens=_tokens(fitting.node),
        contracts=contracts(),
        brokers={},
        outbox=outbox,
    )
    limits = Limits()
    context = frame.consumer_context(fitting.subscriptions, limits)
    app = make_app("bench", telemetry, Health(), frame.tokens, fitting.routes)
    (fitting.add_routes or fitting.main.add_routes)(app, database)
    if fitting.inside is not None:
        add_inside(app, telemetry, partial(fitting.inside, database, telemetry, clock))
    check_access(app, app.state.access_table)
    return Bench(
        frame=frame,
        clock=clock,
        handling=Handling(context, ParkingLimit(limits)),
        poller=frame.poller(fitting.deadlines),
        app=app,
        postgres=postgres,
    )


def _tokens(node: str) -> Tokens:
    return Tokens(
        {
            digest_of_token(f"token-of-{role}"): Caller(
                name=f"{node}.{role}", roles=frozenset({role}), node=node
            )
            for role in ROLES
        }
    )
