"""The one event that is measured with: about 400 bytes of JSON, 200 subjects, one small table.

The body is neutral: nothing of the domain is needed to measure what surrounds a handler.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.envelope import CODE_PATTERN, Classification, Envelope, source_of
from services.chassis.clock import derived_id
from services.chassis.database import Statement
from services.chassis.messaging.broker import OutgoingRecord
from services.chassis.messaging.codec import encode
from services.chassis.messaging.reading import Contracts
from services.chassis.messaging.work import Received, Work

THINGS: Final = "things"
OUTCOMES: Final = "outcomes"
SUBJECTS: Final = 200
AT: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TRACEPARENT: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PADDING: Final = "abcdefghij" * 20


class Thing(BaseModel):
    """What happened to one thing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    thing: UUID
    number: int = Field(ge=0, le=10_000_000)
    occurred_at: AwareDatetime
    kind: str = Field(pattern=CODE_PATTERN)
    sent_at: float = 0.0
    """Seconds on the machine's monotonic clock: the same for every process on it."""
    padding: str = Field(default=PADDING, max_length=1_000)


class Outcome(Thing):
    """What came of it."""


@dataclass(frozen=True, slots=True)
class Type:
    """One type, as a catalogue lists it."""

    type: str
    model: Any
    topic: str
    classification: Classification = Classification.NODE_CODED
    never_waits: bool = False
    gives_up: bool = False

    @property
    def dataschema(self) -> str:
        """The name of its schema."""
        return f"urn:nrm:schema:{self.type}.0"


THING: Final = Type("org.nrm.house.thing-recorded.v1", Thing, THINGS)
OUTCOME: Final = Type("org.nrm.house.outcome-recorded.v1", Outcome, OUTCOMES)
CONTRACTS: Final = Contracts(catalogue={each.type: each for each in (THING, OUTCOME)})


def spec_for(_publisher: str, model: Any) -> Type:
    """The type that a body is published under."""
    return {Thing: THING, Outcome: OUTCOME}[model]


def subjects() -> list[str]:
    """The ids of all things."""
    return [str(derived_id("benchmarks", "thing", "subject", number)) for number in range(SUBJECTS)]


def body_of(subject: str, number: int, sent_at: float = 0.0) -> Thing:
    """The body of one event."""
    return Thing(
        thing=UUID(subject), number=number, occurred_at=AT, kind="recorded", sent_at=sent_at
    )


def outcome_of(thing: Thing) -> Outcome:
    """What a handler publishes because of a thing."""
    return Outcome(**{**thing.model_dump(), "kind": "settled"})


def records(topic: str, node: str, count: int) -> Sequence[OutgoingRecord]:
    """Events as a relay would have sent them: numbered per subject, traced, in order."""
    names = subjects()
    sent = []
    for number in range(count):
        subject = names[number % SUBJECTS]
        envelope = Envelope(
            id=str(derived_id("benchmarks", "event", subject, number)),
            source=source_of(node, "maker"),
            type=THING.type,
            time=AT,
            subject=subject,
            dataschema=THING.dataschema,
            sequence=number // SUBJECTS + 1,
            epoch=1,
            correlationid=subject,
            causationid=subject,
            traceparent=TRACEPARENT,
            dataclassification=str(THING.classification),
        )
        headers, value = encode(envelope, body_of(subject, number).model_dump_json().encode())
        sent.append(OutgoingRecord(topic, subject.encode(), value, headers))
    return sent


def tables(schema: str, role: str) -> list[str]:
    """The one table of the domain, filled, and the rights on it."""
    values = ", ".join(f"('{subject}', 0)" for subject in subjects())
    return [
        f"CREATE TABLE {schema}.thing (id uuid PRIMARY KEY, number bigint NOT NULL,"
        " changed_at timestamptz) WITH (fillfactor = 50)",
        f"INSERT INTO {schema}.thing (id, number) VALUES {values}",  # noqa: S608 - ids of ours
        f"GRANT SELECT, INSERT, UPDATE ON {schema}.thing TO {role}",
    ]


CHANGE_TEXT: Final = "UPDATE thing SET number = $1, changed_at = $2 WHERE id = $3"
CHANGE: Final = Statement(
    sa.text("UPDATE thing SET number = :number, changed_at = :at WHERE id = :id")
)


async def change(received: Received, work: Work) -> None:
    """The one domain statement of every measured handler."""
    body: Thing = received.body
    await work.transaction.execute(CHANGE, number=body.number, at=work.now, id=body.thing)
