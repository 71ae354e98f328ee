"""What a transaction publishes: collected while it works, numbered and written as it commits.

One statement before the commit locks the counters in a fixed order, numbers the events per
(source, epoch, topic, subject) without gaps and writes the rows; nothing is locked after it. This
is the only way to publish. Nothing may be sent from here: the relay does, after the commit.
"""

import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypedDict, Unpack
from uuid import UUID

import sqlalchemy as sa

from contracts.envelope import Envelope, source_of
from services.chassis.clock import derived_id
from services.chassis.database import Database, Statement, Transaction
from services.chassis.errors import Misuse
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.broker import (
    LOCAL,
    RECORD_LIMIT_BYTES,
    OutgoingRecord,
    bus_of,
    check_size,
)
from services.chassis.messaging.codec import attributes_of, encode
from services.chassis.messaging.work import Work, work_of
from services.chassis.telemetry import traceparent

if TYPE_CHECKING:
    from services.chassis.telemetry import Telemetry

OUTBOX_NOTE: Final = "outbox"
_DRAFTS: Final = "outbox drafts"
_NUMBERS: Final = "outbox numbers"
SHARDS: Final = 16
DRAFTS_LIMIT: Final = 1_000
UTF8_LONGEST: Final = 4
FRAMES_ROOM: Final = 4_096
"""More than the names and frames of all headers take, and both numbers."""
HUB_TOPIC_PREFIX: Final = "nrm."

_APPEND: Final = Statement(
    sa.text(
        """
        WITH draft AS (
            SELECT * FROM unnest(
                CAST(:id AS uuid[]), CAST(:aggregatetype AS text[]),
                CAST(:aggregateid AS text[]), CAST(:type AS text[]), CAST(:payload AS bytea[]),
                CAST(:topic AS text[]), CAST(:key AS text[]), CAST(:headers AS jsonb[]),
                CAST(:shard AS smallint[]), CAST(:following AS integer[])
            ) WITH ORDINALITY AS drafts(
                id, aggregatetype, aggregateid, type, payload, topic, key, headers, shard,
                following, ordinal
            )
        ), counted AS (
            INSERT INTO outbox_counter AS counter (source, epoch, topic, subject, last)
            SELECT CAST(:source AS text), (SELECT epoch FROM instance), topic, aggregateid,
                   count(*)
            FROM draft GROUP BY topic, aggregateid ORDER BY topic, aggregateid
            ON CONFLICT (source, epoch, topic, subject)
                DO UPDATE SET last = counter.last + excluded.last
            RETURNING topic, subject, epoch, last
        )
        INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, topic, key, headers,
                            shard, sequence, epoch)
        SELECT draft.id, draft.aggregatetype, draft.aggregateid, draft.type, draft.payload,
               draft.topic, draft.key, draft.headers, draft.shard,
               counted.last - draft.following, counted.epoch
        FROM draft JOIN counted
            ON counted.topic = draft.topic AND counted.subject = draft.aggregateid
        ORDER BY draft.ordinal
        """
    )
)

_APPEND_ONE: Final = Statement(
    sa.text(
        """
        WITH counted AS (
            INSERT INTO outbox_counter AS counter (source, epoch, topic, subject, last)
            SELECT CAST(:source AS text), epoch, CAST(:topic AS text),
                   CAST(:aggregateid AS text), 1
            FROM instance
            ON CONFLICT (source, epoch, topic, subject) DO UPDATE SET last = counter.last + 1
            RETURNING last, epoch
        )
        INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, topic, key, headers,
                            shard, sequence, epoch)
        SELECT CAST(:id AS uuid), CAST(:aggregatetype AS text), CAST(:aggregateid AS text),
               CAST(:type AS text), CAST(:payload AS bytea), CAST(:topic AS text),
               CAST(:key AS text), CAST(:headers AS jsonb), CAST(:shard AS smallint),
               counted.last, counted.epoch
        FROM counted
        """
    )
)
"""The same for the one event that most transactions publish: arrays cost twice as much to send."""


class Spec(Protocol):
    """What publishing needs to know about an event type."""

    @property
    def type(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def dataschema(self) -> str: ...
    @property
    def classification(self) -> Any: ...


@dataclass(slots=True, kw_only=True)
class Outbox:
    """What the frame gives to every transaction of one database, so that it can publish."""

    spec_for: Callable[[str, Any], Spec]
    """The catalogue's: which type a publisher publishes a body under; KeyError if it does not."""
    telemetry: "Telemetry | None" = None
    wake: dict[str, Callable[[], None]] = field(default_factory=dict)
    """By bus: what wakes the relay of this process after a commit."""

    def install(self, database: Database) -> None:
        """Let every transaction of the database publish."""
        database.notes[OUTBOX_NOTE] = self


class Attributes(TypedDict, total=False):
    """What may be said about an event beside its body and subject."""

    topic: str | None
    """Suffix of a local topic or a whole topic, where it is not the catalogue's."""
    publisher: str | None
    """Whose contract the body is, where it is not the service's own."""
    recipient: str | None
    purpose: str | None
    sender: str | None
    correlation: str | None
    mouversion: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """One event, complete but for its number."""

    id: UUID
    envelope: Envelope
    aggregatetype: str
    topic: str
    key: str
    body: bytes
    headers: dict[str, str]

    def row(self) -> dict[str, Any]:
        """The columns of its row."""
        return {
            "id": self.id,
            "aggregatetype": self.aggregatetype,
            "aggregateid": self.envelope.subject,
            "type": self.envelope.type,
            "payload": self.body,
            "topic": self.topic,
            "key": self.key,
            "headers": self.headers,
            "shard": shard_of(self.key, self.topic),
        }


def publish(tx: Transaction, model: Any, *, subject: str, **attributes: Unpack[Attributes]) -> UUID:
    """Publish ``model`` when ``tx`` commits; the id follows from the cause of the work.

    Raises RecordTooLarge at once for what the bus would refuse.
    """
    work = work_of(tx)
    outbox = tx.notes.get(OUTBOX_NOTE)
    if not isinstance(outbox, Outbox):
        raise Misuse("this database has no outbox: Outbox(...).install(database)")
    spec = _spec(outbox, attributes.get("publisher") or work.service.rpartition(".")[2], model)
    drafts = _drafts(tx)
    event_id = _next_id(tx, work, spec.type)
    topic = topic_name(attributes.get("topic") or spec.topic, work.node)
    origin = _origin(outbox, work, spec.type, (topic, attributes.get("correlation")))
    envelope = Envelope(
        id=str(event_id),
        source=source_of(work.node, work.service),
        type=spec.type,
        time=work.now,
        subject=subject,
        dataschema=spec.dataschema,
        correlationid=origin.correlation,
        causationid=origin.id,
        traceparent=origin.traceparent,
        dataclassification=str(spec.classification),
        mouversion=attributes.get("mouversion"),
        recipient=attributes.get("recipient"),
        purpose=attributes.get("purpose"),
        sender=attributes.get("sender"),
    )
    body = model.model_dump_json().encode()
    headers = _stored(envelope)
    draft = Draft(event_id, envelope, spec.topic, topic, subject, body, headers)
    _check(draft)
    drafts.append(draft)
    tx.before_commit(OUTBOX_NOTE, _flush)
    return event_id


def topic_name(topic: str, node: str) -> str:
    """The whole name of a topic: the hub's as it is, a suffix as a local topic of the node."""
    return topic if topic.startswith(HUB_TOPIC_PREFIX) else f"nrm.local.{node}.{topic}.v1"


def shard_of(key: str | None, topic: str) -> int:
    """The share of the outbox that a row belongs to, should relays divide it one day."""
    return zlib.crc32((key or topic).encode()) % SHARDS


def _spec(outbox: Outbox, publisher: str, model: Any) -> Spec:
    try:
        return outbox.spec_for(publisher, type(model))
    except KeyError:
        raise Misuse(f"{publisher} does not publish {type(model).__name__}") from None


def _drafts(tx: Transaction) -> list[Draft]:
    drafts: list[Draft] | None = tx.notes.setdefault(_DRAFTS, [])
    if drafts is None:
        raise Misuse("the events of this transaction are already written")
    if len(drafts) >= DRAFTS_LIMIT:
        raise Misuse("too many events in one transaction")
    return drafts


def _next_id(tx: Transaction, work: Work, event_type: str) -> UUID:
    numbers: dict[tuple[str, str], int] = tx.notes.setdefault(_NUMBERS, {})
    number = numbers.get((work.cause.id, event_type), 0) + 1
    numbers[work.cause.id, event_type] = number
    return derived_id(source_of(work.node, work.service), work.cause.id, event_type, number)


@dataclass(frozen=True, slots=True)
class _Origin:
    """What an event says of where it comes from."""

    id: str | None = None
    correlation: str | None = None
    traceparent: str | None = None


def _origin(outbox: Outbox, work: Work, event_type: str, to: tuple[str, str | None]) -> _Origin:
    """Within a node everything, outside it nothing: it would join what others know.

    ``to``: the topic, and the correlation asked for.
    """
    topic, correlation = to
    span = _create_span(outbox, work, event_type)
    if bus_of(topic) != LOCAL:
        return _Origin()
    cause = work.cause
    return _Origin(cause.id, correlation or cause.correlation or cause.id, span)


def _create_span(outbox: Outbox, work: Work, event_type: str) -> str | None:
    if outbox.telemetry is None:
        return traceparent() or work.cause.traceparent
    return outbox.telemetry.moment(
        f"create {event_type}",
        "producer",
        parent=work.cause.traceparent,
        attributes={"nrm.event.type": event_type},
    )


def _check(draft: Draft) -> None:
    """Raise RecordTooLarge; counted exactly only where a first look is not enough."""
    characters = len(draft.key) + sum(map(len, draft.headers.values()))
    if len(draft.body) + UTF8_LONGEST * characters + FRAMES_ROOM < RECORD_LIMIT_BYTES:
        return
    headers, value = encode(draft.envelope.with_(sequence=2**53 - 1, epoch=2**31 - 1), draft.body)
    check_size(OutgoingRecord(draft.topic, draft.key.encode(), value, headers))


async def _flush(tx: Transaction) -> None:
    tx.failpoints.reach(Failpoint.OUTBOX_BEFORE_WRITE)
    drafts: list[Draft] = tx.notes[_DRAFTS]
    tx.notes[_DRAFTS] = None
    outbox: Outbox = tx.notes[OUTBOX_NOTE]
    source = drafts[0].envelope.source
    if any(draft.envelope.source != source for draft in drafts):
        raise Misuse("the events of one transaction have one source")
    rows = [draft.row() for draft in drafts]
    if len(rows) == 1:
        tx.write_last(_APPEND_ONE, source=source, **rows[0])
    else:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        tx.write_last(_APPEND, source=source, following=_following(drafts), **columns)
    _ring_after_commit(tx, outbox, [bus_of(draft.topic) for draft in drafts])


def _stored(envelope: Envelope) -> dict[str, str]:
    return attributes_of(envelope) | {"datacontenttype": envelope.datacontenttype}


def _following(drafts: list[Draft]) -> list[int]:
    """How many events of the same stream come after each one in this transaction."""
    left = Counter((draft.topic, draft.envelope.subject) for draft in drafts)
    following = []
    for draft in drafts:
        left[draft.topic, draft.envelope.subject] -= 1
        following.append(left[draft.topic, draft.envelope.subject])
    return following


def _ring_after_commit(tx: Transaction, outbox: Outbox, written: list[str]) -> None:
    def ring() -> None:
        tx.failpoints.reach(Failpoint.OUTBOX_AFTER_COMMIT)
        for bus in set(written):
            if outbox.telemetry is not None:
                outbox.telemetry.counter("events_sent").labels(bus).inc(written.count(bus))
            if bus in outbox.wake:
                outbox.wake[bus]()

    tx.after_commit(OUTBOX_NOTE, ring)
