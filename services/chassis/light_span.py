"""A span that costs little: one object, a dictionary, and an exporter behind a queue.

The span of the SDK locks and checks every attribute as it is set; two of its spans took a fifth of
what one event may cost. Ours are checked once, by the allow-list behind the queue. It keeps no
events and no texts, so that an error's words cannot be in it.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Thread
from time import time_ns
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
NOT_SAMPLED: Final = TraceFlags(TraceFlags.DEFAULT)
_OK: Final = Status()
_SCOPE: Final = InstrumentationScope("nrm")
_IDS: Final = random
"""Ids are no secrets; asking the system for chance cost as much as the rest of a span. This source
is seeded by the system, and anew in every forked process."""
_TRACE_SPACE: Final = 2**64


class LightSpan(Span):
    """See ``opentelemetry.trace.Span``."""

    __slots__ = ("_context", "_frozen", "_kind", "_links", "_name", "_parent", "_sink", "_started")

    def __init__(
        self, sink: "Sink", name: str, context: SpanContext, parent: SpanContext | None
    ) -> None:
        self._sink = sink
        self._name = name
        self._context = context
        self._parent = parent
        self._kind = SpanKind.INTERNAL
        self._links: Sequence[Link] = ()
        self._attributes: dict[str, Any] = {}
        self._status = _OK
        self._started = time_ns()
        self._frozen = False

    def end(self, end_time: int | None = None) -> None:
        """Hand it on, once."""
        if self._frozen:
            return
        self._frozen = True
        self._sink.processor.on_end(
            ReadableSpan(
                name=self._name,
                context=self._context,
                parent=self._parent,
                resource=self._sink.resource,
                attributes=self._attributes,
                links=self._links,
                kind=self._kind,
                status=self._status,
                instrumentation_scope=_SCOPE,
                start_time=self._started,
                end_time=end_time or time_ns(),
            )
        )

    def get_span_context(self) -> SpanContext:
        """Which span it is."""
        return self._context

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Note these."""
        self._attributes.update(attributes)

    def set_attribute(self, key: str, value: Any) -> None:
        """Note this."""
        self._attributes[key] = value

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        """Nothing is kept: events of foreign code hold words."""

    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Nothing is kept but what ``Telemetry.span`` notes: the class."""

    def update_name(self, name: str) -> None:
        """Call it so."""
        self._name = name

    def is_recording(self) -> bool:
        """Until it ended."""
        return not self._frozen

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """How it went; no description is kept."""
        self._status = status if isinstance(status, Status) else Status(status)


@dataclass(frozen=True, slots=True)
class Sink:
    """Where spans of one instance go, and how many of its own traces are kept."""

    processor: BatchSpanProcessor
    resource: Resource
    ratio: float

    def start(
        self, name: str, kind: SpanKind, parent: SpanContext | None, links: Sequence[Link]
    ) -> Span:
        """A span that runs from now on; one that keeps nothing where its trace is not kept."""
        trace_id = parent.trace_id if parent else _IDS.getrandbits(128) or 1
        kept = bool(parent.trace_flags & 1) if parent else self._kept(trace_id)
        context = SpanContext(
            trace_id,
            _IDS.getrandbits(64) or 1,
            is_remote=False,
            trace_flags=SAMPLED if kept else NOT_SAMPLED,
        )
        if not kept:
            return NonRecordingSpan(context)
        span = LightSpan(self, name, context, parent)
        span._kind = kind
        span._links = links
        return span

    def _kept(self, trace_id: int) -> bool:
        return trace_id % _TRACE_SPACE < self.ratio * _TRACE_SPACE

    def close(self, milliseconds: int) -> None:
        """Write out what is left, for a bounded time.

        The SDK bounds neither its flush nor, behind a collector that is silent, its end.
        """
        ending = Thread(target=self.processor.shutdown, name="end of spans", daemon=True)
        ending.start()
        ending.join(milliseconds / 1000)
