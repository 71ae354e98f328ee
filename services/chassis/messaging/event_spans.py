"""The span of what is worked on: one event, or a list; linked to where each event was created.

The span of one event stands, at home, under the one that it was created in. A list has one span
of its own: what comes of each event is created in the trace of that event.

What a span says of an event is decided here alone: never a subject, a key, a body or free words.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from opentelemetry.trace import Span

from services.chassis.messaging.arrival import Arrival
from services.chassis.messaging.broker import LOCAL
from services.chassis.messaging.context import ConsumerContext


@dataclass(frozen=True, slots=True)
class EventSpans:
    """Makes the spans of one consumer."""

    context: ConsumerContext

    @contextmanager
    def around(self, arrival: Arrival) -> Iterator[Span]:
        """A span around the work on one event."""
        with self.context.telemetry.span(**self._told(arrival)) as span:
            span.set_attributes(self._attributes(arrival))
            yield span

    def begin(self, arrivals: Sequence[Arrival]) -> Span:
        """The span of a list; whoever begins it ends it."""
        topics = {arrival.stream.topic for arrival in arrivals}
        links = dict.fromkeys(each.traceparent for each in arrivals if each.traceparent)
        name = f"process {topics.pop()}" if len(topics) == 1 else "process"
        span = self.context.telemetry.begin(name, "consumer", tuple(links))
        span.set_attributes(
            {
                "messaging.system": "kafka",
                "messaging.operation.name": "process",
                "messaging.operation.type": "process",
                "messaging.consumer.group.name": self.context.group,
                "messaging.batch.message_count": len(arrivals),
            }
        )
        return span

    def _told(self, arrival: Arrival) -> dict[str, Any]:
        created = arrival.traceparent
        return {
            "name": f"process {arrival.stream.topic}",
            "kind": "consumer",
            "links": (created,) if created else (),
            "parent": created if self.context.subscriptions.bus == LOCAL else None,
        }

    def _attributes(self, arrival: Arrival) -> Mapping[str, str | int]:
        return {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": arrival.stream.topic,
            "messaging.destination.partition.id": str(arrival.record.partition),
            "messaging.kafka.offset": arrival.record.offset,
            "messaging.consumer.group.name": self.context.group,
            "nrm.event.type": self._type_told(arrival.event_type),
        }

    def _type_told(self, event_type: str) -> str:
        """The type, if it is one of ours: any other text came with the event."""
        contracts = self.context.contracts
        known = event_type in contracts.catalogue or event_type in contracts.upcasters
        return event_type if known else "unknown"
