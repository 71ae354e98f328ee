"""The last gate before a span is written: names, attributes and values that are not listed fall.

Each value has the form of its key: no blank and no capital letter, so no name as people write it.

No subject, key, payload or text of an error may pass, whoever put it into the span.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, overload

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status

from services.chassis.plain import BUSES, METHODS, TOPIC, is_exception_class

FILE_LIMIT_BYTES: Final = 8 * 1024 * 1024
FILES_KEPT: Final = 3
VALUE_LIMIT: Final = 120
JUDGED_LIMIT: Final = 1_024
"""How many names and values are remembered with their judgement: the same few come all day."""

SPAN_OPERATIONS: Final = frozenset(
    {"request", "create", "send", "receive", "process", "settle", "deadline", "sweep", "migrate"}
)
"""The first word of a span's name; the rest is a topic, a type, a kind or a path template."""
SPAN_ATTRIBUTES: Final = frozenset(
    {
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "messaging.batch.message_count",
        "messaging.consumer.group.name",
        "messaging.destination.name",
        "messaging.destination.partition.id",
        "messaging.kafka.offset",
        "messaging.operation.name",
        "messaging.operation.type",
        "messaging.system",
        "nrm.attempt",
        "nrm.bus",
        "nrm.deadline.kind",
        "nrm.event.type",
        "nrm.exchange.record",
        "nrm.outcome",
    }
)
RESOURCE_ATTRIBUTES: Final = frozenset({"service.name", "service.namespace", "service.instance.id"})
"""Who made a span: its node and service; never the machine, the user or the command line."""
_RECORD_ATTRIBUTE: Final = "nrm.exchange.record"
"""The random id of an exchange record: the one id that may pass; it names no subject."""
_SCOPE: Final = InstrumentationScope("nrm")
_NAMED: Final = re.compile(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*")
"""A topic, a type, a kind: one word in lower case."""
_ROUTE: Final = re.compile(r"/[a-z0-9_{}/.-]*")
_LOOKS_LIKE_ID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-|[0-9]{6}|[0-9a-fA-F]{16}")


@lru_cache(maxsize=JUDGED_LIMIT)
def allowed_name(name: str) -> str:
    """``name`` if its first word is an operation and the rest is plain, else what is left of it."""
    operation, _, rest = name.partition(" ")
    if operation not in SPAN_OPERATIONS:
        return "unlisted"
    method, _, route = rest.partition(" ")
    asked = method in METHODS and _is_of(_ROUTE, route)
    return name if asked or not rest or _is_of(_NAMED, rest) else operation


def _is_of(form: re.Pattern[str], text: str) -> bool:
    short = len(text) <= VALUE_LIMIT and form.fullmatch(text) is not None
    return short and _LOOKS_LIKE_ID.search(text) is None


_FORMS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "error.type": is_exception_class,
        "http.request.method": METHODS.__contains__,
        "http.route": partial(_is_of, _ROUTE),
        "messaging.destination.name": partial(_is_of, TOPIC),
        "messaging.destination.partition.id": str.isdecimal,
        "nrm.bus": BUSES.__contains__,
    }
)


def allowed_attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Listed attributes with plain values."""
    kept: dict[str, Any] = {}
    for key, value in (attributes or {}).items():
        if key in SPAN_ATTRIBUTES and _allowed_value(key, value):
            kept[key] = value
    return kept


def _allowed_value(key: str, value: Any) -> bool:
    if isinstance(value, str):
        return _allowed_text(key, value)
    return isinstance(value, bool | int | float)


@lru_cache(maxsize=JUDGED_LIMIT)
def _allowed_text(key: str, text: str) -> bool:
    form = _FORMS.get(key, partial(_is_of, _NAMED))
    return form(text) or _is_record_id(key, text)


def _is_record_id(key: str, value: str) -> bool:
    return key == _RECORD_ATTRIBUTE and re.fullmatch(r"[0-9a-f-]{36}", value) is not None


class AllowListExporter(SpanExporter):
    """Hands on spans that hold listed things only: no events, no texts of status."""

    def __init__(self, *next_exporters: SpanExporter) -> None:
        self._next = next_exporters
        self._resource = (Resource({}), Resource({}))
        """The last one that was judged, and what is left of it: an instance has but one."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Rewrite, then hand on."""
        cleaned = [_cleaned(span, self._allowed(span.resource)) for span in spans]
        results = [each.export(cleaned) for each in self._next]
        return max(results, key=lambda result: result.value)

    def _allowed(self, resource: Resource) -> Resource:
        judged, left = self._resource
        if resource is not judged:
            left = _allowed_resource(resource)
            self._resource = (resource, left)
        return left

    def shutdown(self) -> None:
        """End the exporters behind."""
        for each in self._next:
            each.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the exporters behind."""
        flushed = [each.force_flush(timeout_millis) for each in self._next]
        return all(flushed)


def _cleaned(span: ReadableSpan, resource: Resource) -> ReadableSpan:
    return ReadableSpan(
        name=allowed_name(span.name),
        context=_bare(span.get_span_context()),
        parent=_bare(span.parent),
        resource=resource,
        attributes=allowed_attributes(span.attributes),
        events=(),
        links=tuple(Link(_bare(link.context)) for link in span.links),
        kind=span.kind,
        instrumentation_scope=_SCOPE,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _allowed_resource(resource: Resource) -> Resource:
    return Resource(
        {
            key: value
            for key, value in resource.attributes.items()
            if key in RESOURCE_ATTRIBUTES and isinstance(value, str) and _is_of(_NAMED, value)
        }
    )


@overload
def _bare(context: SpanContext) -> SpanContext: ...
@overload
def _bare(context: SpanContext | None) -> SpanContext | None: ...
def _bare(context: SpanContext | None) -> SpanContext | None:
    """The ids alone: whatever stands in a trace state came from somebody else."""
    if context is None or not context.trace_state:
        return context
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)


class FileSpanExporter(SpanExporter):
    """Spans as lines of JSON in a file of bounded size; older files are ``.1``, ``.2``."""

    def __init__(self, path: Path, limit_bytes: int = FILE_LIMIT_BYTES) -> None:
        self._path = path
        self._limit = limit_bytes

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append; a file that cannot be written loses spans, never the work."""
        lines = b"".join(orjson.dumps(_line(span)) + b"\n" for span in spans)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists() and self._path.stat().st_size + len(lines) > self._limit:
                self._rotate()
            with self._path.open("ab") as file:
                file.write(lines)
        except OSError:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def _rotate(self) -> None:
        for number in range(FILES_KEPT - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path.with_name(f"{self._path.name}.{number - 1}")
            source = newer if number > 1 else self._path
            if source.exists():
                source.replace(older)

    def shutdown(self) -> None:
        """Nothing is held open."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held back."""
        return timeout_millis >= 0


def _line(span: ReadableSpan) -> dict[str, Any]:
    context = span.get_span_context()
    resource = span.resource.attributes
    return {
        "trace_id": f"{context.trace_id:032x}" if context else "",
        "span_id": f"{context.span_id:016x}" if context else "",
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
        "name": span.name,
        "kind": span.kind.name.lower(),
        "node": resource.get("service.namespace"),
        "service": resource.get("service.name"),
        "start_ns": span.start_time,
        "end_ns": span.end_time,
        "status": span.status.status_code.name.lower(),
        "attributes": dict(span.attributes or MappingProxyType({})),
        "links": [
            {"trace_id": f"{link.context.trace_id:032x}", "span_id": f"{link.context.span_id:016x}"}
            for link in span.links
        ],
    }
