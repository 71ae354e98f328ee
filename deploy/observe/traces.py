"""Spans as OTLP brings them, as Zipkin wants them: what is not on the allow-list stays out.

Links become tags, because Zipkin has none. Events and texts of a status are never carried over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from services.chassis.spans import allowed_attributes, allowed_name

KINDS = {
    Span.SPAN_KIND_SERVER: "SERVER",
    Span.SPAN_KIND_CLIENT: "CLIENT",
    Span.SPAN_KIND_PRODUCER: "PRODUCER",
    Span.SPAN_KIND_CONSUMER: "CONSUMER",
}
BUS = {"serviceName": "kafka"}
UNKNOWN = "unknown"
WORD_LIMIT = 40
PLAIN = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")


def zipkin_spans(request: ExportTraceServiceRequest) -> list[dict[str, Any]]:
    """Every span of a request in Zipkin's second form (JSON)."""
    return list(_spans(request))


def _spans(request: ExportTraceServiceRequest) -> Iterator[dict[str, Any]]:
    for of_resource in request.resource_spans:
        unit = _unit(_plain(of_resource.resource.attributes))
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield _span(span, unit)


def _unit(resource: dict[str, Any]) -> str:
    """`<node>.<service>`, as the stack calls it."""
    named = [resource.get("service.namespace"), resource.get("service.name")]
    return (
        ".".join(each for each in named if isinstance(each, str) and _plain_word(each)) or UNKNOWN
    )


def _plain_word(text: str) -> bool:
    return len(text) <= WORD_LIMIT and PLAIN.fullmatch(text) is not None


def _span(span: Span, unit: str) -> dict[str, Any]:
    converted: dict[str, Any] = {
        "traceId": span.trace_id.hex(),
        "id": span.span_id.hex(),
        "name": allowed_name(span.name),
        "timestamp": span.start_time_unix_nano // 1000,
        "duration": max(1, (span.end_time_unix_nano - span.start_time_unix_nano) // 1000),
        "localEndpoint": {"serviceName": unit},
        "tags": _tags(span),
    }
    if span.parent_span_id:
        converted["parentId"] = span.parent_span_id.hex()
    if kind := KINDS.get(span.kind):
        converted["kind"] = kind
    if span.kind in (Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER):
        converted["remoteEndpoint"] = BUS
    return converted


def _tags(span: Span) -> dict[str, str]:
    tags = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in allowed_attributes(_plain(span.attributes)).items()
    }
    for number, link in enumerate(span.links):
        tags[f"link.{number}"] = f"{link.trace_id.hex()}/{link.span_id.hex()}"
    if span.status.code == Status.STATUS_CODE_ERROR:
        tags["error"] = tags.get("error.type", "true")
    return tags


def _plain(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    """Names and values; lists and maps are on no list of ours and fall."""
    found = {}
    for each in attributes:
        kind = each.value.WhichOneof("value")
        if kind in ("string_value", "bool_value", "int_value", "double_value"):
            found[each.key] = getattr(each.value, kind)
    return found
