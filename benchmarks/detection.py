"""The real event that is measured with: a person was detected; one new case for each.

The bodies are made up and say the same of everybody; nothing here may look like a person.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from benchmarks.event import AT, TRACEPARENT
from contracts.catalogue import spec_for
from contracts.envelope import Envelope, source_of
from contracts.intake import PersonDetected
from services.chassis.clock import derived_id
from services.chassis.messaging.broker import OutgoingRecord
from services.chassis.messaging.codec import encode
from services.identification import main
from services.identification.settings import SERVICE as IDENTIFICATION

SERVICE: Final = IDENTIFICATION
MIGRATIONS: Final = main.MIGRATIONS
TOPIC: Final = "commands"
SPEC: Final = spec_for("gateway", PersonDetected)


def case_of(number: int) -> UUID:
    """The id of a case."""
    return derived_id("benchmarks", "case", "subject", number)


def body_at(node: str) -> PersonDetected:
    """Somebody was met."""
    return PersonDetected(
        detecting_agency=node,
        case_type="trafficking",
        majority="adult",
        immediate_danger=False,
        oblast="BY-BR",
    )


def records(topic: str, node: str, count: int, first: int = 0) -> Sequence[OutgoingRecord]:
    """Commands as the gateway's relay would have sent them, each for a new case."""
    body = body_at(node).model_dump_json().encode()
    sent = []
    for number in range(first, first + count):
        case_id = str(case_of(number))
        envelope = Envelope(
            id=str(derived_id("benchmarks", "command", case_id, number)),
            source=source_of(node, "gateway"),
            type=SPEC.type,
            time=AT,
            subject=case_id,
            dataschema=SPEC.dataschema,
            sequence=1,
            epoch=1,
            correlationid=str(derived_id("benchmarks", "intake", case_id, number)),
            causationid=case_id,
            traceparent=TRACEPARENT,
            dataclassification=str(SPEC.classification),
        )
        headers, value = encode(envelope, body)
        sent.append(OutgoingRecord(topic, case_id.encode(), value, headers))
    return sent
