"""One record on its way into an inbox: its stream and number, or why it cannot be read.

A stream is (source, epoch, topic, subject); a record that names none gets one of its own, made
of the place where it was read, so that it is remembered, parked and redriven like any other.
Nothing here asks the database, and no body is read here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from contracts.envelope import Envelope
from services.chassis.errors import MalformedEvent
from services.chassis.messaging.broker import BrokerRecord, Headers
from services.chassis.messaging.codec import decode
from services.chassis.messaging.reading import Contracts
from services.chassis.messaging.subscriptions import Kind, Subscriptions

UNREADABLE: Final = "unreadable"
"""Source and type of a record whose envelope cannot be read."""

Digest = Callable[[bytes], str]


class Stream(NamedTuple):
    """The unit of order: without ``epoch`` it is a key."""

    subject: str
    source: str
    topic: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One record with everything the inbox asks about it."""

    record: BrokerRecord
    stream: Stream
    sequence: int
    kind: Kind
    event_id: str
    event_type: str
    body: bytes
    body_digest: str
    subject_digest: str
    envelope: Envelope | None
    """None when the record cannot be read at all."""

    @property
    def sender(self) -> str:
        """Whose record it is where agencies write; empty otherwise."""
        return (self.envelope.sender or "") if self.envelope else ""

    @property
    def traceparent(self) -> str | None:
        """The context in which it was created."""
        return self.envelope.traceparent if self.envelope else None


@dataclass(frozen=True, slots=True)
class Arriving:
    """Makes arrivals for one consumer."""

    subscriptions: Subscriptions
    contracts: Contracts
    digest: Digest

    def of(self, record: BrokerRecord) -> Arrival:
        """The arrival that a record is; never raises for what came from outside."""
        try:
            return self._read(record)
        except Exception:  # noqa: BLE001 - whatever it is, the same record would raise it for ever
            return self.unreadable(record)

    def _read(self, record: BrokerRecord) -> Arrival:
        envelope, body = decode(record)
        if envelope.sequence is None or envelope.epoch is None or envelope.sequence < 1:
            raise MalformedEvent("no sequence")
        skip = self.subscriptions.kind_of(self.contracts, envelope.type)
        return Arrival(
            record=record,
            stream=Stream(envelope.subject, envelope.source, record.topic, envelope.epoch),
            sequence=envelope.sequence,
            kind=skip,
            event_id=envelope.id,
            event_type=envelope.type,
            body=body,
            body_digest=self.digest(body) if skip is not Kind.SKIP else "",
            subject_digest=self.digest(envelope.subject.encode()),
            envelope=envelope,
        )

    def unreadable(self, record: BrokerRecord) -> Arrival:
        """The arrival of a record that is known by nothing but its place, and when it came there.

        A broker that was made anew gives the same places again, to other records.
        """
        place = f"{record.partition}/{record.offset}/{record.timestamp}"
        return Arrival(
            record=record,
            stream=Stream(place, UNREADABLE, record.topic, 0),
            sequence=1,
            kind=Kind.PLAIN,
            event_id=f"{record.topic}/{place}",
            event_type=UNREADABLE,
            body=record.value or b"",
            body_digest=self.digest(record.value or b""),
            subject_digest=self.digest(place.encode()),
            envelope=None,
        )


def pack(record: BrokerRecord) -> bytes:
    """Everything of a record that a later reading needs, as bytes to be sealed."""
    return orjson.dumps(
        {
            "key": _text(record.key),
            "value": _text(record.value),
            "timestamp": record.timestamp,
            "headers": [[name, _text(value)] for name, value in record.headers],
        }
    )


def unpack(packed: bytes, topic: str, partition: int, offset: int) -> BrokerRecord:
    """The record again."""
    content: dict[str, Any] = orjson.loads(packed)
    headers: Headers = tuple((name, _bytes(value)) for name, value in content["headers"])
    return BrokerRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        key=_bytes(content["key"]),
        value=_bytes(content["value"]),
        headers=headers,
        timestamp=content["timestamp"],
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("latin-1")
