"""Several nodes' referral services on one database server, and a courier in place of gateways.

Handlers, store, outbox and deadlines are the real ones. The courier does what gateways do: maps the
case id of one node to that of the other, names the sender, refuses what it is told to refuse.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import orjson

from contracts import assistance, gateway, identification, intake
from contracts.catalogue import CATALOGUE, spec_for, type_of
from contracts.envelope import Envelope
from contracts.vocabulary import load_profile
from services.chassis.clock import FrozenClock
from services.chassis.database import Database, Transaction
from services.chassis.deadlines import Deadline, DeadlineContext, DeadlinePoller
from services.chassis.messaging.locking import lock_subject
from services.chassis.messaging.outbox import Outbox
from services.chassis.messaging.work import Answer, Cause, Received, Work
from services.chassis.telemetry import Telemetry
from services.referral.domain.listings import Directory
from services.referral.handlers import Context, deadlines, subscriptions
from services.referral.settings import Settings
from services.referral.store.directory import load_directory

ROOT = Path(__file__).parents[3]
DIRECTORY = load_directory(ROOT / "deploy" / "local" / "directory.yaml")
MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""A Monday without a holiday."""
SPACE = UUID("6f0c1a54-6f1c-4f0e-9d0c-0d6f0c1a546f")
INTERIOR, REDCROSS, NGO = "interior-brest", "redcross-vitebsk", "ngo-brest"
ROUNDS_LIMIT = 50


def an_id(name: str) -> UUID:
    """The same name, the same id."""
    return uuid5(SPACE, name)


@dataclass(frozen=True)
class Sent:
    """One event out of an outbox."""

    node: str
    envelope: Envelope
    body: Any

    @property
    def name(self) -> str:
        """The body's class: short to compare with."""
        return type(self.body).__name__


@dataclass
class Node:
    """One node's referral service."""

    name: str
    database: Database
    clock: FrozenClock
    telemetry: Telemetry
    directory: Directory = DIRECTORY
    sequences: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        Outbox(spec_for=spec_for).install(self.database)
        self.read(self.directory)

    def read(self, directory: Directory) -> None:
        """Work with this directory from now on."""
        self.directory = directory
        self.context = Context(
            node=self.name, profile=load_profile("BY-draft"), directory=directory
        )
        self.handlers = subscriptions(self.context).handlers
        self.gave_up = subscriptions(self.context).gave_up

    def profile_says(self, **values: int) -> None:
        """Work with these values of the profile from now on."""
        profile = self.context.profile
        changed = replace(profile, values={**profile.values, **values})
        self.context = replace(self.context, profile=changed)
        self.handlers = subscriptions(self.context).handlers

    def work(self, tx: Transaction, now: datetime, cause: Cause) -> Work:
        """Work as the frame makes it."""
        return Work(
            transaction=tx,
            now=now,
            cause=cause,
            caller="consumer",
            node=self.name,
            service="referral",
        )

    def received(self, publisher: str, body: Any, subject: UUID, **changes: Any) -> Received:
        """An event as the consumer would hand it over."""
        event_type = type_of(publisher, type(body))
        topic = CATALOGUE[event_type].topic
        self.sequences[f"{topic} {subject}"] += 1
        number = self.sequences[f"{topic} {subject}"]
        given: dict[str, Any] = {
            "id": str(an_id(f"{self.name} {topic} {subject} {number}")),
            "source": f"urn:nrm:{self.name}:{publisher}",
            "type": event_type,
            "time": self.clock.now(),
            "subject": str(subject),
            "dataschema": "urn:nrm:schema:test",
            "sequence": number,
            "epoch": 1,
            **changes,
        }
        if topic == "commands":
            given["correlationid"] = str(an_id(f"intake {given['id']}"))
        return Received(envelope=Envelope(**given), body=body)

    async def handle(self, received: Received) -> Answer:
        """One event, one transaction."""
        async with self.database.transaction() as tx:
            await lock_subject(tx, "referral", received.envelope.subject)
            work = self.work(tx, self.clock.now(), Cause.of(received.envelope))
            return await self.handlers[received.envelope.type](received, work)

    async def feed(self, publisher: str, body: Any, subject: UUID, **changes: Any) -> Answer:
        """Make an event and handle it."""
        return await self.handle(self.received(publisher, body, subject, **changes))

    async def take(self) -> list[Sent]:
        """What the relay would send, in order; the outbox is empty after."""
        async with self.database.transaction() as tx:
            rows = await tx.connection.fetch(
                "SELECT type, payload, headers FROM outbox ORDER BY position"
            )
            await tx.connection.execute("DELETE FROM outbox")
        taken = []
        for row in rows:
            headers = row["headers"]
            envelope = Envelope(
                **{name: headers.get(name) for name in ("id", "source", "type", "subject")},
                time=self.clock.now(),
                dataschema="",
                correlationid=headers.get("correlationid"),
                recipient=headers.get("recipient"),
                purpose=headers.get("purpose"),
            )
            body = CATALOGUE[row["type"]].model.model_validate(orjson.loads(row["payload"]))
            taken.append(Sent(self.name, envelope, body))
        return taken

    async def poll(self) -> None:
        """Fire what is due."""

        def make_work(tx: Transaction, now: datetime, deadline: Deadline) -> Work:
            return self.work(tx, now, Cause(id=str(deadline.cause)))

        async def lock(tx: Transaction, subject: str) -> None:
            await lock_subject(tx, "referral", subject)

        context = DeadlineContext(
            database=self.database,
            clock=self.clock,
            telemetry=self.telemetry,
            lock=lock,
            make_work=make_work,
        )
        await DeadlinePoller(context, deadlines(self.context)).poll()

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        """A look into the tables."""
        async with self.database.transaction() as tx:
            return list(await tx.connection.fetch(sql, *arguments))

    async def states(self) -> list[tuple[str, str, str]]:
        """(side, other agency, state) of every task, in order of making."""
        found = await self.rows(
            "SELECT side, other_agency, state FROM task ORDER BY offered_at, side DESC, task_id"
        )
        return [(row["side"], row["other_agency"], row["state"]) for row in found]


@dataclass
class World:
    """The nodes, one clock, and everything that was sent so far."""

    nodes: dict[str, Node]
    clock: FrozenClock
    sent: list[Sent] = field(default_factory=list)
    held_back: Callable[[Sent], bool] = lambda _sent: False
    refused: Callable[[Sent], str | None] = lambda _sent: None
    keeps_places: bool = True
    """Whether assistance (played here) answers that it holds a place."""
    waiting: list[Sent] = field(default_factory=list)

    def names(self, node: str) -> list[str]:
        """The classes of everything that a node sent, in order."""
        return [each.name for each in self.sent if each.node == node]

    def bodies(self, node: str, kind: type[Any]) -> list[Any]:
        """Every body of a class that a node sent."""
        return [each.body for each in self.sent if each.node == node and type(each.body) is kind]

    async def settle(self) -> None:
        """Deliver and fire until nothing moves any more."""
        for _ in range(ROUNDS_LIMIT):
            moved = False
            for node in self.nodes.values():
                await node.poll()
                for each in await node.take():
                    moved = True
                    self.sent.append(each)
                    await self._pass_on(node, each)
            if not moved:
                return
        raise AssertionError("the nodes never come to rest")

    async def release(self) -> None:
        """Deliver what was held back, in order."""
        self.held_back = lambda _sent: False
        held, self.waiting = self.waiting, []
        for each in held:
            await self._deliver(each)
        await self.settle()

    async def _pass_on(self, node: Node, each: Sent) -> None:
        if each.envelope.recipient is not None:
            reason = self.refused(each)
            if reason is not None:
                await self._refuse(node, each, reason)
            elif self.held_back(each):
                self.waiting.append(each)
            else:
                await self._deliver(each)
        elif each.name == "HoldRequested" and self.keeps_places:
            body = assistance.HoldPlaced(task_id=each.body.task_id, expires_at=each.body.expires_at)
            await node.feed("assistance", body, UUID(each.envelope.subject))

    async def _refuse(self, node: Node, each: Sent, reason: str) -> None:
        body = gateway.SendingRefused(
            outgoing_id=UUID(each.envelope.id),
            recipient=each.envelope.recipient or "",
            outgoing_type="org.nrm.test",
            reason=reason,
        )
        await node.feed("gateway", body, UUID(each.envelope.subject))

    async def _deliver(self, each: Sent) -> None:
        recipient = self.nodes[each.envelope.recipient or ""]
        subject = case_at(recipient.name, UUID(each.envelope.subject), each.name)
        waits = await recipient.feed("referral", each.body, subject, sender=each.node)
        assert waits is None


_HOME: dict[UUID, UUID] = {}


def case_at(node: str, subject: UUID, name: str) -> UUID:
    """The local id of a case at a node; queries keep theirs."""
    if name.startswith("Capacity"):
        return subject
    home = _HOME.get(subject, subject)
    local = home if node == INTERIOR else an_id(f"{node} {home}")
    _HOME[local] = home
    return local


def settings_of(node: str, url: str, schema: str, state_dir: Path) -> Settings:
    """Settings of one node's referral."""
    return Settings(
        node=node,
        database_url=url,
        database_schema=schema,
        port=0,
        state_dir=state_dir,
        directory_file=ROOT / "deploy" / "local" / "directory.yaml",
    )


def policy(version: int = 1, **status: str) -> gateway.PolicyCopied:
    """The demo's memorandum; ``redcross_vitebsk="suspended"`` changes a participant."""
    kinds = {
        INTERIOR: ("interior-affairs", ("identify",), ("BY-BR",)),
        REDCROSS: ("red-cross", ("detect-only", "provide"), ("BY-VI", "BY-BR")),
        NGO: ("ngo", ("detect-only", "provide"), ("BY-BR",)),
    }
    participants = tuple(
        gateway.PolicyParticipant(
            node=node,
            agency_type=kind,
            sector="non-state",
            status=status.get(node.replace("-", "_"), "active"),
            powers=powers,
            oblasts=oblasts,
        )
        for node, (kind, powers, oblasts) in kinds.items()
    )
    pairs = tuple(
        gateway.PermittedPair(sender=one, recipient=other, purposes=("referral", "feedback"))
        for one in kinds
        for other in kinds
        if one != other
    )
    return gateway.PolicyCopied(
        version=version,
        valid_until=MORNING.replace(year=2028),
        participants=participants,
        pairs=pairs,
    )


def a_case(**changes: Any) -> identification.CaseOpened:
    """A man back from abroad."""
    given: dict[str, Any] = {
        "origin": "detected",
        "counted_by": INTERIOR,
        "case_type": "trafficking",
        "majority": "adult",
        "immediate_danger": False,
        "oblast": "BY-BR",
        "citizenship": "BY",
        "country_of_exploitation": "not-yet-known",
        "exploitation": ("forced-labour",),
        "industry": "F",
        "audience_class": "men",
        "language": "ru",
        "occurred_at": MORNING,
        **changes,
    }
    return identification.CaseOpened(**given)


def a_pool(name: str, **changes: Any) -> assistance.PoolChanged:
    """What assistance says of the last place of a pool."""
    free = changes["status"] == "capacity"
    given: dict[str, Any] = {
        "pool_id": an_id(name),
        "service_type": "crisis-room",
        "maximum": 1,
        "available": int(free),
        "held": 0,
        "occupied": int(not free),
        "out_of_service": 0,
        "reported_at": MORNING,
        **changes,
    }
    return assistance.PoolChanged(**given)


def a_consent(name: str, *recipients: str, **changes: Any) -> gateway.ConsentGranted:
    """The person agrees that these agencies are asked for help."""
    given: dict[str, Any] = {
        "consent_id": an_id(name),
        "purposes": ("referral",),
        "categories": ("needs",),
        "expires_at": MORNING.replace(year=2027),
        "recipients": recipients,
        **changes,
    }
    return gateway.ConsentGranted(**given)


def a_request(name: str, *services: str, **changes: Any) -> intake.ReferralRequested:
    """Needs by service type."""
    needs = tuple(
        intake.Need(need_id=an_id(f"{name} {service}"), service_type=service)
        for service in services
    )
    given: dict[str, Any] = {
        "request_id": an_id(name),
        "needs": needs,
        "urgency": "routine",
        **changes,
    }
    return intake.ReferralRequested(**given)


def answered(task_id: UUID, said: str, reason: str | None = None) -> intake.OfferAnswered:
    """What a person at the provider does with an offer."""
    return intake.OfferAnswered(task_id=task_id, answer=said, reason=reason)
