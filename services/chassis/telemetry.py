"""What an operator may see: spans and numbers, each through an allow-list, one set per service.

There is no global tracer and no global registry, because a small agency runs several services in
one process. Ids of subjects, keys, payloads and texts of errors may never be in a span or a label:
what is not listed here is dropped. No label may count the cases of one kind. What a service
declares of its own domain is kept apart, and told inside the node alone (``chassis.inside``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Final, Literal, TypeVar

from opentelemetry.context import attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from services.chassis.environment import ServiceSettings
from services.chassis.errors import Misuse
from services.chassis.light_span import Sink
from services.chassis.spans import AllowListExporter, FileSpanExporter

SPAN_QUEUE_LIMIT: Final = 4096
SPAN_BATCH_LIMIT: Final = 512
SPAN_DELAY_MILLIS: Final = 1000
STOP_MILLIS: Final = 3000
LINKS_LIMIT: Final = 128
PARSED_LIMIT: Final = 1024
SECONDS_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)

MetricKind = Literal["counter", "gauge", "histogram"]
KindName = Literal["internal", "producer", "consumer", "server", "client"]


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One number that may be shown: its kind, its sentence, its labels."""

    kind: MetricKind
    meaning: str
    labels: tuple[str, ...] = ()


METRICS: Final[Mapping[str, MetricSpec]] = MappingProxyType(
    {
        "outbox_age_seconds": MetricSpec("gauge", "age of the oldest unsent row", ("bus",)),
        "outbox_depth": MetricSpec("gauge", "rows that wait to be sent", ("bus",)),
        "outbox_parked": MetricSpec("gauge", "rows put aside unsent; keys wait", ("bus",)),
        "consumer_lag": MetricSpec("gauge", "records not yet finished", ("bus", "lane")),
        "events_sent": MetricSpec("counter", "events written to the outbox", ("bus",)),
        "events_handled": MetricSpec("counter", "events whose handler committed", ("bus",)),
        "events_skipped": MetricSpec("counter", "events nobody here handles", ("bus",)),
        "events_duplicate": MetricSpec("counter", "events seen before", ("bus",)),
        "events_gap": MetricSpec("gauge", "events beyond a missing one", ("bus",)),
        "events_behind": MetricSpec("gauge", "events behind an unfinished one", ("bus",)),
        "events_parked": MetricSpec("gauge", "events put aside because they fail", ("bus",)),
        "events_parked_age_seconds": MetricSpec("gauge", "age of the oldest parked one", ("bus",)),
        "events_ignored": MetricSpec("counter", "events nobody may act on here: an alarm"),
        "senders_over_limit": MetricSpec(
            "gauge", "senders whose events fail: an alarm", ("bus", "lane")
        ),
        "events_waiting": MetricSpec("gauge", "events that wait for something here", ("bus",)),
        "batches_repeated": MetricSpec("counter", "batches repeated event by event", ("bus",)),
        "events_older_epoch": MetricSpec("counter", "events of an older epoch", ("bus",)),
        "events_id_reused": MetricSpec("counter", "same id, other body: an alarm", ("bus",)),
        "handler_seconds": MetricSpec("histogram", "one event, from lock to commit", ("bus",)),
        "consumer_paused": MetricSpec("gauge", "1 while a consumer is held back", ("bus",)),
        "deadlines_late": MetricSpec("gauge", "deadlines due for longer than the limit"),
        "deadlines_fired": MetricSpec("counter", "deadlines whose handler committed"),
        "deadlines_failed": MetricSpec("counter", "attempts at a deadline that failed"),
        "clock_jumped": MetricSpec("gauge", "1 while wall and monotonic time disagree"),
        "relay_sent": MetricSpec("counter", "records acknowledged by the bus", ("bus",)),
        "relay_retried": MetricSpec("counter", "records handed to a producer again", ("bus",)),
        "relay_leads": MetricSpec("gauge", "1 on the relay that holds the lock", ("bus",)),
        "abandoned_producers": MetricSpec("counter", "producers that got stuck", ("bus",)),
        "feed_depth": MetricSpec("gauge", "committed rows without a position"),
        "door_refused": MetricSpec("counter", "intake records answered with a refusal"),
        "door_accepted": MetricSpec("counter", "intake records taken"),
        "deletion_age_seconds": MetricSpec("gauge", "age of the oldest record to be deleted"),
        "exchange_depth": MetricSpec("gauge", "events to leave, or without a receipt yet"),
        "exchange_age_seconds": MetricSpec("gauge", "age of the oldest event to leave"),
        "exchange_alarms": MetricSpec("gauge", "other nodes with whom something is wrong"),
        "exchange_parked": MetricSpec("gauge", "records of other nodes put aside"),
        "exchange_full": MetricSpec("gauge", "other nodes not read: too much of theirs is aside"),
        "exchange_parked_age_seconds": MetricSpec("gauge", "age of the oldest parked record"),
        "route_stalled_seconds": MetricSpec(
            "gauge", "age of what an agency's node should have taken by now", ("route",)
        ),
        "database_statements": MetricSpec("gauge", "statements run in transactions so far"),
        "requests": MetricSpec("counter", "requests by outcome class", ("outcome",)),
        "request_seconds": MetricSpec("histogram", "one request, whole"),
    }
)

_KINDS: Final[Mapping[KindName, SpanKind]] = {
    "internal": SpanKind.INTERNAL,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
}
_Metric = TypeVar("_Metric", Counter, Gauge, Histogram)
NONE: Final[Mapping[str, MetricSpec]] = MappingProxyType({})


class Telemetry:
    """Spans and numbers of one instance of one service."""

    def __init__(self, settings: ServiceSettings, inside: Mapping[str, MetricSpec] = NONE) -> None:
        if twice := sorted(inside.keys() & METRICS.keys()):
            raise Misuse(f"declared by every service already: {', '.join(twice)}")
        self._inside = inside
        self._registry = CollectorRegistry()
        self._registry_inside = CollectorRegistry()
        self._metrics: dict[str, Counter | Gauge | Histogram] = {}
        processor = BatchSpanProcessor(
            span_exporter(settings),
            max_queue_size=SPAN_QUEUE_LIMIT,
            max_export_batch_size=SPAN_BATCH_LIMIT,
            schedule_delay_millis=SPAN_DELAY_MILLIS,
        )
        resource = Resource(
            {
                "service.name": settings.service,
                "service.namespace": settings.node,
                "service.instance.id": f"{settings.node}.{settings.service}.{settings.slot}",
            }
        )
        self._sink = Sink(processor, resource, settings.trace_ratio)

    @contextmanager
    def span(
        self,
        name: str,
        kind: KindName = "internal",
        links: Sequence[str] = (),
        parent: str | None = None,
    ) -> Iterator[Span]:
        """A span around a block; ``links`` and ``parent`` are W3C traceparents.

        Without ``parent`` it stands under the span that is current, if any. An exception leaves
        the name of its class, nothing else.
        """
        span = self.begin(name, kind, links, parent)
        token = attach(set_span_in_context(span))
        try:
            yield span
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            detach(token)
            span.end()

    def begin(
        self,
        name: str,
        kind: KindName = "internal",
        links: Sequence[str] = (),
        parent: str | None = None,
    ) -> Span:
        """A span that becomes nobody's current one; whoever begins it ends it."""
        above = span_context(parent) if parent else _current()
        contexts = [known for link in links[:LINKS_LIMIT] if (known := span_context(link))]
        return self._sink.start(name, _KINDS[kind], above, tuple(map(Link, contexts)))

    def moment(
        self, name: str, kind: KindName, parent: str | None, attributes: Mapping[str, str]
    ) -> str:
        """The traceparent of a span that begins and ends now.

        It stands under the current span, or else under ``parent``.
        """
        above = _current() or (span_context(parent) if parent else None)
        span = self._sink.start(name, _KINDS[kind], above, ())
        span.set_attributes(attributes)
        span.end()
        return _told(span.get_span_context())

    def counter(self, name: str) -> Counter:
        """The declared counter ``name``."""
        return self._metric(name, "counter", Counter)

    def gauge(self, name: str) -> Gauge:
        """The declared gauge ``name``."""
        return self._metric(name, "gauge", Gauge)

    def histogram(self, name: str) -> Histogram:
        """The declared histogram ``name``."""

        return self._metric(name, "histogram", partial(Histogram, buckets=SECONDS_BUCKETS))

    def _metric(self, name: str, kind: MetricKind, make: Callable[..., _Metric]) -> _Metric:
        spec = METRICS.get(name) or self._inside.get(name)
        if spec is None or spec.kind != kind:
            raise Misuse(f"no {kind} is declared as {name}")
        found = self._metrics.get(name)
        if found is None:
            registry = self._registry_inside if name in self._inside else self._registry
            found = make(name, spec.meaning, spec.labels, namespace="nrm", registry=registry)
            self._metrics[name] = found
        return found  # type: ignore[return-value]

    def render_metrics(self) -> bytes:
        """What every service tells, as text for a collector; nothing of its domain."""
        return generate_latest(self._registry)

    def render_inside(self) -> bytes:
        """What the service declared itself, as text for its own node's people alone."""
        return generate_latest(self._registry_inside)

    def close(self) -> None:
        """Write out what is left, for a bounded time."""
        self._sink.close(STOP_MILLIS)


def span_exporter(settings: ServiceSettings) -> SpanExporter:
    """Where spans go, behind the allow-list: a collector, or files of the state folder."""
    return AllowListExporter(*_last_exporters(settings))


def _last_exporters(settings: ServiceSettings) -> Iterator[SpanExporter]:
    if settings.span_files or not settings.otlp_endpoint:
        yield _file_exporter(settings)
    if settings.otlp_endpoint:
        yield OTLPSpanExporter(endpoint=settings.otlp_endpoint.rstrip("/") + "/v1/traces")


def _file_exporter(settings: ServiceSettings) -> SpanExporter:
    name = f"{settings.node}.{settings.service}"
    if settings.slot:
        name = f"{name}.{settings.slot}"
    return FileSpanExporter(settings.state_dir / "spans" / f"{name}.jsonl")


def _current() -> SpanContext | None:
    """What the current span is, where there is one."""
    context = get_current_span().get_span_context()
    return context if context.is_valid else None


def traceparent(span: Span | None = None) -> str | None:
    """The W3C traceparent of ``span``, or of the current one; nothing outside any span."""
    context = (span or get_current_span()).get_span_context()
    return _told(context) if context.is_valid else None


def _told(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & 1:02x}"


@lru_cache(maxsize=PARSED_LIMIT)
def span_context(text: str) -> SpanContext | None:
    """What a W3C traceparent names; nothing when it is not well formed."""
    parts = text.split("-")
    if [len(part) for part in parts] != [2, 32, 16, 2] or parts[0] == "ff":
        return None
    try:
        trace_id, span_id, flags = (int(part, 16) for part in parts[1:])
    except ValueError:
        return None
    context = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags & 1))
    return context if context.is_valid else None


def trace_id_of(text: str | None) -> str | None:
    """The trace id in a W3C traceparent, as 32 hexadecimal digits."""
    context = span_context(text) if text else None
    return f"{context.trace_id:032x}" if context else None
