"""Two gateways for tests: each on its own real PostgreSQL schema, one hub between them."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from contracts.catalogue import CATALOGUE, spec_for
from contracts.envelope import Contract, Envelope
from contracts.identification import (
    ChildNotified,
    DecisionClockTold,
    HandOverOffered,
    HandOverReceived,
    HandOverRequired,
    NoRemoval,
)
from contracts.referral import CapacityQueried, OfferWithdrawn, TaskOffered, TaskProgressed
from contracts.vocabulary import load_profile
from services.chassis.cipher import KeyRing
from services.chassis.clock import Clock, SystemClock, new_id
from services.chassis.database import Database
from services.chassis.frame import contracts
from services.chassis.messaging.broker import Broker, BrokerRecord, TopicPartition
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.outbox import Outbox
from services.chassis.messaging.work import Received
from services.chassis.telemetry import Telemetry
from services.gateway.domain.consent import Consent
from services.gateway.handlers.exchange import (
    ExchangeContext,
    ExchangeLimits,
    outgoing_subscriptions,
    stop_sharing,
)
from services.gateway.handlers.exchange.context import exchange_topic
from services.gateway.handlers.exchange.line import Line
from services.gateway.handlers.exchange.receipts import give
from services.gateway.handlers.exchange.receiving import Receiver, Settled
from services.gateway.handlers.exchange.sending import Writer
from services.gateway.main import MIGRATIONS
from services.gateway.store import cases, consent, policy
from services.gateway.store.policy import PolicyRow
from tests.support.databases import own_database
from tests.support.gateway_door import SCHEMA
from tests.support.postgres import Postgres, settings_for

SENDER, RECEIVER, THIRD = "interior-brest", "redcross-vitebsk", "ngo-brest"
CUSTODIAN = "custodian-one"
NODES = (SENDER, RECEIVER, THIRD)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
QUICK = ExchangeLimits(
    receipt_seconds=0.2,
    repeat_seconds=0.3,
    look_seconds=0.05,
    fetch_seconds=0.05,
    wait_seconds=0.05,
    acknowledge_seconds=5.0,
)
BY_IDENTIFICATION = (
    HandOverOffered | HandOverReceived | DecisionClockTold | ChildNotified | NoRemoval
)
PURPOSES = ["hand-over", "referral", "capacity-query", "child-notification", "no-removal"]


def hub_topics(tag: str = "") -> dict[str, int]:
    """Every exchange topic between the nodes; ``tag`` makes names of a test's own."""
    return {
        exchange_topic(tag + one, tag + other): 1
        for one in NODES
        for other in NODES
        if one != other
    }


def a_policy_row(version: int = 1, tag: str = "", **changes: Any) -> PolicyRow:
    """Every agency active, every pair permitted."""
    suspended = changes.pop("suspended", ())
    document = {
        "participants": [
            {
                "node": tag + node,
                "agency_type": "ngo",
                "sector": "state",
                "status": "suspended" if node in suspended else "active",
                "powers": ["identify"],
                "oblasts": ["BY-BR"],
            }
            for node in (*NODES, CUSTODIAN)
        ],
        "pairs": [
            {"sender": tag + one, "recipient": tag + other, "purposes": PURPOSES}
            for one in NODES
            for other in NODES
            if one != other
        ],
    }
    row = PolicyRow(
        version=version,
        digest=f"{version:064x}",
        valid_until=NOW + timedelta(days=4000),
        document=document,
    )
    return replace(row, **changes)


@dataclass
class Gateway:
    """One node's exchange half, driven step by step or run as a part."""

    name: str
    context: ExchangeContext
    line: Line

    @property
    def database(self) -> Database:
        """Its own database."""
        return self.context.database

    async def rows(self, sql: str, *arguments: Any) -> list[dict[str, Any]]:
        """What a statement of the test's own finds."""
        async with self.database.transaction() as tx:
            return [dict(row) for row in await tx.connection.fetch(sql, *arguments)]

    async def facts(self, happened: str = "%") -> list[dict[str, Any]]:
        """What was published on ``incoming``, oldest first."""
        rows = await self.rows(
            "SELECT type, key, payload, headers FROM outbox WHERE topic = $1 AND type LIKE $2"
            " ORDER BY position",
            f"nrm.local.{self.name}.incoming.v1",
            f"%.{happened}.v1",
        )
        return [{**row, "body": orjson.loads(row["payload"])} for row in rows]

    async def take_policy(self, row: PolicyRow) -> None:
        """A newer version of the registry."""
        async with self.database.transaction() as tx:
            assert await policy.replace_policy(tx, row, NOW)

    async def consent_to(self, case_id: UUID, *agencies: str, purpose: str = "referral") -> UUID:
        """A live consent for these agencies."""
        given = Consent(
            consent_id=new_id(),
            case_id=case_id,
            purposes=frozenset({purpose}),
            categories=frozenset({"coded-case", "needs", "no-removal"}),
            given_by="person",
            expires_at=NOW + timedelta(days=4000),
            recipients=frozenset(agencies),
        )
        recorded = {
            "text_version": "2026.1",
            "language": "be",
            "interpreter": False,
            "occurred_at": None,
            "granted_at": NOW,
        }
        async with self.database.transaction() as tx:
            await cases.lock_case(tx, case_id, NOW)
            await consent.add_consent(tx, given, recorded)
        return given.consent_id

    async def withdraw(self, case_id: UUID, consent_id: UUID | None = None) -> tuple[str, ...]:
        """The person withdraws one consent, or all."""
        async with self.database.transaction() as tx:
            work = self.context.work(tx, new_id())
            await cases.lock_case(tx, case_id, work.now)
            known = await consent.read_consents(tx, case_id)
            ended = frozenset(
                each.consent_id for each in known if consent_id in (None, each.consent_id)
            )
            await consent.end_consents(tx, case_id, consent_id, kind="stop-sharing", now=work.now)
            return await stop_sharing(tx, case_id, everything=consent_id is None, withdrawn=ended)

    async def outgoing(self, body: Contract, recipient: str | None, subject: UUID) -> UUID:
        """What a service of this node addresses to another agency."""
        owner = "identification" if isinstance(body, BY_IDENTIFICATION) else "referral"
        owner = "contributor" if type(body).__name__ == "CountsContributed" else owner
        event_type = spec_for(owner, type(body)).type
        envelope = an_envelope(self.name, event_type, subject, recipient)
        handler = outgoing_subscriptions(self.context).handlers[event_type]
        async with self.database.transaction() as tx:
            work = self.context.work(tx, envelope.id)
            await handler(Received(envelope=envelope, body=body), work)
        return UUID(envelope.id)

    async def write(self, agency: str) -> Writer:
        """One round of a writer that has just begun."""
        writer = Writer(self.context, agency, self.line)
        await writer.round()
        return writer

    async def read(self, agency: str) -> list[Settled]:
        """Settle everything on the pair's topic from the stored offset on."""
        receiver = Receiver(self.context, agency, asyncio.Event())
        found = await self.database.run(partial(_offset_of, agency))
        hub = self.context.hub
        assert isinstance(hub, MemoryBroker)
        log = hub.log(TopicPartition(exchange_topic(agency, self.name), 0))
        records: list[BrokerRecord] = log.read(max(found or 0, log.start), 1000)
        return [await receiver.settle(record) for record in records]

    async def report(self, agency: str) -> None:
        """Give a receipt."""
        record = await self.database.run(partial(give, self.context, agency))
        assert record is not None
        assert await self.line.send(exchange_topic(self.name, agency), [record])


def an_envelope(
    node: str, event_type: str, subject: UUID, recipient: str | None = None
) -> Envelope:
    """What surrounds an event of a service of ``node``."""
    spec = CATALOGUE[event_type]
    return Envelope(
        id=str(new_id()),
        source=f"urn:nrm:{node}:{spec.owner}",
        type=event_type,
        time=NOW,
        subject=str(subject),
        dataschema=spec.dataschema,
        recipient=recipient,
        purpose="referral" if recipient else None,
    )


async def _offset_of(agency: str, tx: Any) -> int | None:
    sql = "SELECT read_offset FROM exchange_pair_in WHERE agency = $1"
    offset: int | None = await tx.connection.fetchval(sql, agency)
    return offset


@asynccontextmanager
async def open_gateway(
    postgres: Postgres, role: str, hub: Broker, name: str, **changes: Any
) -> AsyncIterator[Gateway]:
    """A gateway named ``name`` on a fresh copy of the template."""
    folder = Path(changes.pop("folder"))
    clock: Clock = changes.pop("clock", SystemClock())
    limits: ExchangeLimits = changes.pop("limits", QUICK)
    settings = settings_for(
        postgres, folder, database_url=postgres.url(role), database_schema=SCHEMA
    )
    database = await Database.open(settings, migrations=MIGRATIONS)
    Outbox(spec_for=spec_for).install(database)
    context = ExchangeContext(
        node=name,
        database=database,
        hub=hub,
        clock=clock,
        keys=KeyRing.create(folder / f"{name}-{secrets.token_hex(4)}.json"),
        profile=load_profile("BY-draft"),
        contracts=contracts(),
        telemetry=Telemetry(settings),
        limits=limits,
    )
    context.install()
    gateway = Gateway(name=name, context=context, line=Line(hub, limits.acknowledge_seconds))
    try:
        await gateway.take_policy(changes.pop("policy", a_policy_row()))
        yield gateway
    finally:
        await gateway.line.close()
        await database.close()
        context.telemetry.close()


@asynccontextmanager
async def two_gateways(
    server: Postgres, template: str, folder: Path, hub: Broker | None = None, **changes: Any
) -> AsyncIterator[tuple[Gateway, Gateway]]:
    """A sender and a receiver, with a hub in memory unless one is given."""
    bus = hub or MemoryBroker("hub", hub_topics())
    tag = changes.pop("tag", "")
    row = a_policy_row(tag=tag)
    async with (
        own_database(server, template) as first,
        own_database(server, template) as second,
        open_gateway(
            first, template, bus, tag + SENDER, folder=folder, policy=row, **changes
        ) as sender,
        open_gateway(
            second, template, bus, tag + RECEIVER, folder=folder, policy=row, **changes
        ) as receiver,
    ):
        yield sender, receiver


def an_offer(**changes: Any) -> TaskOffered:
    """A task for another agency."""
    given = {
        "task_id": new_id(),
        "service_type": "nursing-visit",
        "urgency": "routine",
        "majority": "adult",
        "audience_class": "women",
        "answer_by": NOW + timedelta(days=2),
        "counted_by": SENDER,
    }
    return TaskOffered(**{**given, **changes})


def a_hand_over(**changes: Any) -> HandOverOffered:
    """A case for an agency that may identify."""
    given = {
        "offer_id": new_id(),
        "counted_by": SENDER,
        "case_type": "trafficking",
        "majority": "adult",
        "immediate_danger": False,
        "occurred_at": NOW,
    }
    return HandOverOffered(**{**given, **changes})


def a_required_hand_over() -> HandOverRequired:
    """A case that a law hands over."""
    return HandOverRequired(**a_hand_over().model_dump(), ground="child-route")


def a_child_notification() -> ChildNotified:
    """That there is a child, for an authority that the profile names."""
    return ChildNotified(
        notification_id=new_id(),
        majority="child",
        immediate_danger=False,
        guardian_request="temporary-guardian",
    )


def progress_on(task_id: UUID, state: str = "delivered") -> TaskProgressed:
    """What the provider says back."""
    return TaskProgressed(task_id=task_id, state=state, happened_at=NOW)


def a_query() -> CapacityQueried:
    """A question without a case."""
    return CapacityQueried(
        query_id=new_id(), service_type="nursing-visit", audience_class="women", urgency="urgent"
    )


def a_cancellation(task_id: UUID) -> OfferWithdrawn:
    """The offer is no longer needed."""
    return OfferWithdrawn(task_id=task_id, state="cancelled")


Both = tuple[Gateway, Gateway]
FORTH, BACK = exchange_topic(SENDER, RECEIVER), exchange_topic(RECEIVER, SENDER)


def hub_of(gateway: Gateway) -> MemoryBroker:
    assert isinstance(gateway.context.hub, MemoryBroker)
    return gateway.context.hub


def on_the_hub(gateway: Gateway, topic: str = FORTH) -> list[bytes]:
    log = hub_of(gateway).log(TopicPartition(topic, 0))
    records = log.read(log.start, 1000)
    return [record.value or b"" for record in records]


def lose(gateway: Gateway, count: int = 1000) -> None:
    """The hub forgets its oldest records of the pair."""
    log = hub_of(gateway).log(TopicPartition(FORTH, 0))
    log.delete_before(log.start + count)


async def offer(sender: Gateway, case_id: UUID) -> UUID:
    return await sender.outgoing(an_offer(), RECEIVER, case_id)


async def one_sent(sender: Gateway) -> tuple[UUID, UUID]:
    """A case that consent covers, with one offer on its way: its id and the outgoing id."""
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    outgoing_id = await offer(sender, case_id)
    await sender.write(RECEIVER)
    return case_id, outgoing_id


async def settle_both(sender: Gateway, receiver: Gateway) -> None:
    """Everything on its way arrives, receipts too."""
    await sender.write(RECEIVER)
    await receiver.read(SENDER)
    await receiver.report(SENDER)
    await sender.read(RECEIVER)
