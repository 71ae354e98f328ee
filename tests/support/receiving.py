"""A service without a domain that receives events: its types, its one table, its consumer.

The table notes every effect in the handler's own transaction, so that a test can see what was
handled, how often and in which order.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text

from contracts.envelope import Envelope
from services.chassis.cipher import KeyRing
from services.chassis.clock import SystemClock
from services.chassis.database import Database, Statement
from services.chassis.environment import ServiceSettings
from services.chassis.messaging.batch import Batch, Batched
from services.chassis.messaging.broker import BrokerRecord, OutgoingRecord
from services.chassis.messaging.codec import encode
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.reading import Contracts
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Answer, Handler, Park, Received, Waits, Work
from services.chassis.telemetry import Telemetry
from tests.support.postgres import ROLE, SCHEMA, Postgres

THINGS = "nrm.local.node-one.things.v1"
OTHERS = "nrm.local.node-one.others.v1"
SOURCE = "urn:nrm:node-one:maker"
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
QUICK = Limits(
    fetch_seconds=0.05,
    commit_seconds=0.02,
    sweep_seconds=0.05,
    try_again_seconds=0.001,
    drain_seconds=2.0,
)

NOTE = Statement(
    text(
        "INSERT INTO effect (event_id, subject, epoch, sequence, type)"
        " VALUES (:event_id, :subject, :epoch, :sequence, :type)"
    )
)
EFFECTS = Statement(text("SELECT subject, epoch, sequence, type FROM effect ORDER BY id"))
ROWS = Statement(text("SELECT subject, sequence, state, done, error FROM inbox_row ORDER BY 1, 2"))


class Thing(BaseModel):
    """The one body."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    number: int = 0


@dataclass(frozen=True)
class Type:
    """A type as the catalogue lists it."""

    type: str
    model: Any = Thing
    never_waits: bool = False
    gives_up: bool = False


def name_of(kind: str) -> str:
    """The whole name of a type."""
    return f"org.nrm.maker.{kind}.v1"


TYPES = {
    name_of("plain"): Type(name_of("plain")),
    name_of("unlisted"): Type(name_of("unlisted")),
    name_of("need"): Type(name_of("need"), gives_up=True),
    name_of("fact"): Type(name_of("fact")),
    name_of("ended"): Type(name_of("ended"), never_waits=True),
}
CONTRACTS = Contracts(catalogue=TYPES)


def keys() -> KeyRing:
    """A ring for tests."""
    return KeyRing(keys={"0" * 8: b"k" * 32}, current="0" * 8, digest_key=b"d" * 32)


async def each_in_turn(handle: Handler, batch: Batch) -> list[Answer]:
    """What a handler of one event answers for a list: nothing behind what was not handled."""
    held: dict[str, Answer] = {}
    answers: list[Answer] = []
    for received in batch.events:
        subject = received.envelope.subject
        if subject not in held:
            answer = await handle(received, batch.work(received))
            if answer is not None:
                held[subject] = answer
        answers.append(held.get(subject))
    return answers


@dataclass
class House:
    """What the handlers do, and what they saw; change ``behave`` to make them fail or wait."""

    behave: Callable[[Received, Work], Answer | Awaitable[Answer]] | None = None
    calls: list[tuple[str, int]] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    """How many events each list had that was handled to its end."""

    async def handle(self, received: Received, work: Work) -> Answer:
        """Note the effect, after ``behave`` had its say."""
        envelope = received.envelope
        self.calls.append((envelope.subject, envelope.sequence or 0))
        if self.behave is not None:
            answer = self.behave(received, work)
            if isinstance(answer, Awaitable):
                answer = await answer
            if isinstance(answer, Waits | Park):
                return answer
        await work.transaction.execute(
            NOTE,
            event_id=envelope.id,
            subject=envelope.subject,
            epoch=envelope.epoch,
            sequence=envelope.sequence,
            type=envelope.type,
        )
        return None

    async def handle_all(self, batch: Batch) -> list[Answer]:
        """The same for a list: nothing behind what was not handled."""
        answers = await each_in_turn(self.handle, batch)
        self.batches.append(len(batch.events))
        return answers

    async def give_up(self, received: Received, work: Work) -> None:
        """Answer what waited too long."""
        self.gave_up.append(received.envelope.id)

    def subscriptions(self, *, together: bool = False) -> Subscriptions:
        """Everything but ``unlisted``; in lists where ``together``."""
        handler: Handler = Batched(self.handle_all) if together else self.handle
        return Subscriptions(
            consumer="house",
            topics=("things", "others"),
            handlers={name: handler for name in TYPES if name != name_of("unlisted")},
            gave_up=self.give_up,
        )


def context_of(
    house: House, database: Database, settings: ServiceSettings, **changes: Any
) -> ConsumerContext:
    """A consumer's surroundings, with ``changes`` (limits, clock, failpoints, subscriptions)."""
    given = ConsumerContext(
        node=settings.node,
        service=settings.service,
        subscriptions=house.subscriptions(),
        contracts=CONTRACTS,
        database=database,
        clock=SystemClock(),
        keys=keys(),
        telemetry=Telemetry(settings),
        limits=QUICK,
    )
    return replace(given, **changes)


async def make_effects(postgres: Postgres) -> None:
    """The service's one table, and rights on it."""
    await postgres.run(
        f"CREATE TABLE {SCHEMA}.effect (id bigint GENERATED ALWAYS AS IDENTITY, event_id text,"
        " subject text, epoch bigint, sequence bigint, type text)",
        f"GRANT SELECT, INSERT ON {SCHEMA}.effect TO {ROLE}",
    )


def envelope_of(
    subject: str, sequence: int | None, kind: str = "plain", **changes: Any
) -> Envelope:
    """An envelope of the maker's; its id follows from subject, epoch and sequence."""
    epoch = changes.get("epoch", 1)
    given: dict[str, Any] = {
        "id": f"{subject}-{epoch}-{sequence}",
        "source": SOURCE,
        "type": name_of(kind),
        "time": AT,
        "subject": subject,
        "dataschema": "urn:nrm:schema:test",
        "sequence": sequence,
        "epoch": epoch,
        **changes,
    }
    return Envelope(**given)


def sent(envelope: Envelope, body: bytes | None = None, topic: str = THINGS) -> OutgoingRecord:
    """The record a relay would send."""
    content = orjson.dumps({"number": envelope.sequence}) if body is None else body
    headers, value = encode(envelope, content)
    return OutgoingRecord(topic, envelope.subject.encode(), value, headers)


def read_back(record: OutgoingRecord, offset: int = 0, partition: int = 0) -> BrokerRecord:
    """The record as a consumer would see it."""
    return BrokerRecord(
        record.topic, partition, offset, record.key, record.value, record.headers, 1
    )


async def effects(database: Database) -> list[tuple[str, int]]:
    """(subject, sequence) of every effect, in the order of commits."""
    async with database.transaction() as tx:
        return [(row["subject"], row["sequence"]) for row in await tx.fetch(EFFECTS)]


async def rows(database: Database) -> list[tuple[str, int, str]]:
    """(subject, sequence, state) of every row; ``done`` for a gap row without bytes."""
    async with database.transaction() as tx:
        return [
            (row["subject"], row["sequence"], "done" if row["done"] else row["state"])
            for row in await tx.fetch(ROWS)
        ]
