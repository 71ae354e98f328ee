"""A gateway for tests: a real PostgreSQL schema, buses in memory, callers, invented people."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from contracts.catalogue import spec_for
from contracts.gateway import PolicyCopied
from services.chassis.cipher import KeyRing
from services.chassis.clock import Clock, SystemClock, new_id
from services.chassis.database import Database
from services.chassis.frame import Frame, contracts
from services.chassis.identity import Tokens, digest_of_token
from services.chassis.messaging.broker import OutgoingRecord
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.outbox import Outbox
from services.chassis.runnable import Health
from services.chassis.schema import SchemaTarget, migrate_all
from services.chassis.telemetry import Telemetry
from services.chassis.web import check_access, make_app
from services.gateway.access.routes import ROUTES
from services.gateway.api.ages import age_routes
from services.gateway.api.cases import case_routes
from services.gateway.api.intake import intake_routes
from services.gateway.api.news import news_routes
from services.gateway.api.participants import participant_routes
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.registry import offered
from services.gateway.main import MIGRATIONS, door_context
from services.gateway.settings import Settings
from services.gateway.store.policy import PolicyRow, replace_policy
from tests.support.postgres import Postgres

NODE = "border-brest"
OTHER = "interior-brest"
SCHEMA = "gateway"
INTAKE_TOPIC = f"nrm.local.{NODE}.intake.v1"
CANARY = "Ivan Petrovich Canary"
ROLES = (
    *("agency-system", "case-officer", "operator", "data-protection-officer"),
    *("capacity-clerk", "provider-intake", "detector", "supervisor", "statistician"),
    "report-writer",
)
TOKENS = {role: f"token-of-{role}" for role in ROLES}
LOCAL_TOPICS = (
    *("intake", "answers", "commands", "consent", "identification", "referral", "assistance"),
    *("capacity", "outgoing", "incoming", "registry", "statistics"),
)
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


async def gateway_template(server: Postgres) -> str:
    """A database with one migrated schema of the gateway, to be copied."""
    name = f"gateway_{secrets.token_hex(4)}"
    await server.run(f"CREATE DATABASE {name} TEMPLATE template0", f"CREATE ROLE {name} LOGIN")
    target = SchemaTarget(schema=SCHEMA, role=name, service_migrations=MIGRATIONS)
    await migrate_all(server.on(name).url(), [target])
    return name


def a_registry(**changes: Any) -> dict[str, Any]:
    """A sound registry of two agencies."""

    def participant(node: str, agency_type: str, power: str) -> dict[str, Any]:
        return {
            "node": node,
            "agency_type": agency_type,
            "sector": "state",
            "status": "active",
            "powers": [power],
            "oblasts": ["BY-BR"],
        }

    return {
        "version": 1,
        "valid_until": "2036-01-01T00:00:00Z",
        "participants": [
            participant(NODE, "border-guard", "detect-only"),
            participant(OTHER, "interior-affairs", "identify"),
        ],
        "pairs": [
            {"sender": NODE, "recipient": OTHER, "purposes": ["hand-over"]},
            {"sender": OTHER, "recipient": NODE, "purposes": ["feedback"]},
        ],
        **changes,
    }


def write_registry(path: Path, **changes: Any) -> None:
    """JSON is YAML."""
    path.write_text(json.dumps(a_registry(**changes)), encoding="utf-8")


@dataclass(frozen=True)
class Door:
    """A gateway's door, its database and its buses."""

    context: GatewayContext
    frame: Frame
    client: httpx.AsyncClient
    local: MemoryBroker

    @property
    def database(self) -> Database:
        return self.context.database

    async def rows(self, sql: str, *arguments: Any) -> list[dict[str, Any]]:
        """What a statement of the test's own finds."""
        async with self.database.transaction() as tx:
            return [dict(row) for row in await tx.connection.fetch(sql, *arguments)]

    async def published(self, suffix: str) -> list[dict[str, Any]]:
        """What stands in the outbox for a local topic, oldest first."""
        rows = await self.rows(
            "SELECT type, key, headers, payload FROM outbox WHERE topic = $1 ORDER BY sequence, id",
            f"nrm.local.{NODE}.{suffix}.v1",
        )
        return [{**row, "body": orjson.loads(row["payload"])} for row in rows]

    async def post(self, event: dict[str, Any], **headers: str) -> httpx.Response:
        """Post an intake event in structured mode."""
        return await self.client.post(
            "/v1/intake",
            content=orjson.dumps(event),
            headers={"content-type": "application/cloudevents+json", **headers},
        )


def as_(role: str) -> dict[str, str]:
    """The header of a caller in this role."""
    return {"authorization": f"Bearer {TOKENS[role]}"}


async def know_registry(database: Database) -> None:
    """Remember who takes part, as the registry's file says it."""
    about = offered(PolicyCopied.model_validate(a_registry()))
    known = PolicyRow(
        version=about.version,
        digest=about.digest,
        valid_until=about.valid_until,
        document=a_registry(),
    )
    async with database.transaction() as tx:
        assert await replace_policy(tx, known, NOW)


@asynccontextmanager
async def open_door(
    postgres: Postgres, role: str, folder: Path, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[Door]:
    """A door on a fresh database; it knows who takes part, unless ``knows_registry=False``."""
    knows_registry = changes.pop("knows_registry", True)
    settings = door_settings(postgres, role, folder, **changes)
    telemetry = Telemetry(settings)
    database = await Database.open(settings, telemetry, migrations=MIGRATIONS)
    if knows_registry:
        await know_registry(database)
    try:
        frame = a_frame(settings, database, telemetry, clock or SystemClock())
        context = door_context(frame, settings)
        app = make_app("door", telemetry, Health(), frame.tokens, ROUTES)
        app.include_router(intake_routes(context))
        app.include_router(case_routes(context))
        app.include_router(age_routes(context))
        app.include_router(participant_routes(context))
        app.include_router(news_routes(context))
        check_access(app, app.state.access_table)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://door", headers=as_("agency-system")
        ) as client:
            local = frame.brokers["local"]
            assert isinstance(local, MemoryBroker)
            yield Door(context=context, frame=frame, client=client, local=local)
    finally:
        await database.close()
        telemetry.close()


def door_settings(postgres: Postgres, role: str, folder: Path, **changes: Any) -> Settings:
    """Settings whose files are in ``folder``."""
    key_file, tokens_file = folder / "keys.json", folder / "tokens.json"
    registry_file = folder / "registry.yaml"
    if not key_file.exists():
        KeyRing.create(key_file)
        write_registry(registry_file)
        tokens = {
            digest_of_token(token): {"name": f"{NODE}.{name}", "roles": [name]}
            for name, token in TOKENS.items()
        }
        tokens_file.write_bytes(orjson.dumps(tokens))
    given: dict[str, Any] = {
        "node": NODE,
        "services": ("identification",),
        "database_url": postgres.url(role),
        "database_schema": SCHEMA,
        "port": 0,
        "state_dir": folder,
        "key_file": key_file,
        "tokens_file": tokens_file,
        "registry_file": registry_file,
    }
    return Settings(**{**given, **changes})


def a_frame(settings: Settings, database: Database, telemetry: Telemetry, clock: Clock) -> Frame:
    """A frame whose buses are in memory."""
    outbox = Outbox(spec_for=spec_for, telemetry=telemetry)
    outbox.install(database)
    local = {f"nrm.local.{NODE}.{suffix}.v1": 4 for suffix in LOCAL_TOPICS}
    hub = {
        f"nrm.exchange.{NODE}.{OTHER}.v1": 1,
        f"nrm.exchange.{OTHER}.{NODE}.v1": 1,
        **{
            f"nrm.statistics.{name}.v1": 1
            for name in ("plan", "contribution", "manifest", "partial", "release")
        },
    }
    assert settings.key_file is not None
    return Frame(
        settings=settings,
        database=database,
        clock=clock,
        telemetry=telemetry,
        keys=KeyRing.from_file(settings.key_file),
        tokens=Tokens.from_file(settings.tokens_file, settings.node),
        contracts=contracts(),
        brokers={"local": MemoryBroker("local", local), "hub": MemoryBroker("hub", hub)},
        outbox=outbox,
    )


def an_event(happened: str, body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An intake event in structured mode."""
    return {
        "specversion": "1.0",
        "id": str(new_id()),
        "source": "urn:nrm:border-brest:registration-desk",
        "type": f"org.nrm.intake.{happened}.v1",
        "subject": str(new_id()),
        "data": body,
        **changes,
    }


def a_detection(**changes: Any) -> dict[str, Any]:
    """The body of a detection with what is hard-required."""
    return {
        "detecting_agency": NODE,
        "case_type": "trafficking",
        "majority": "adult",
        "immediate_danger": False,
        **changes,
    }


def a_consent(**changes: Any) -> dict[str, Any]:
    """The body of a consent to hand over to the other agency."""
    return {
        "consent_id": str(new_id()),
        "purposes": ["hand-over"],
        "categories": ["coded-case"],
        "expires_at": "2030-01-01T00:00:00Z",
        "text_version": "2026.1",
        "language": "ru",
        "interpreter": False,
        "recipients": [OTHER],
        **changes,
    }


def a_record(event: dict[str, Any], key: str | None = None) -> OutgoingRecord:
    """The event as an agency's system posts it on Kafka, binary mode."""
    headers = tuple(
        (f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"
    )
    return OutgoingRecord(
        topic=INTAKE_TOPIC,
        key=(key or event["subject"]).encode(),
        value=orjson.dumps(event["data"]),
        headers=(*headers, ("content-type", b"application/json")),
    )
