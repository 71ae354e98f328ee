"""What a collector of spans receives: listed attributes with plain values, and nothing beside."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from services.chassis import telemetry as telemetry_module
from services.chassis.spans import RESOURCE_ATTRIBUTES, SPAN_ATTRIBUTES
from services.chassis.telemetry import Telemetry
from tests.support.canary import canary
from tests.support.settings import plain_settings
from tests.support.span_sink import Received, SpanSink, span_sink

PLACES = ("value", "listed", "status", "event", "resource", "scope", "state", "link", "name")


@pytest.fixture
def sink() -> Iterator[SpanSink]:
    with span_sink() as listening:
        yield listening


def telling(sink: SpanSink, folder: Path) -> Telemetry:
    return Telemetry(plain_settings(folder, otlp_endpoint=sink.address + "/"))


def test_spans_of_a_service_reach_the_collector_with_listed_attributes_only(
    sink: SpanSink, tmp_path: Path
) -> None:
    telemetry = telling(sink, tmp_path)
    words = canary("value")
    with suppress(KeyError), telemetry.span("process nrm.local.a.commands.v1") as span:
        span.set_attribute("nrm.bus", "local")
        span.set_attribute("nrm.subject", words)
        span.set_attribute("nrm.outcome", words + "!")
        span.set_status(StatusCode.ERROR, words)
        span.add_event("exception", {"exception.message": words})
        span.record_exception(ValueError(words))
        raise KeyError(words)
    telemetry.close()
    assert [each.path for each in sink.received] == ["/v1/traces"]
    assert {"nrm.bus", "error.type"} == attributes(sink.received[0])
    assert words.encode() not in everything(sink)
    assert not (tmp_path / "spans").exists()


def test_numbers_do_not_go_to_the_collector(sink: SpanSink, tmp_path: Path) -> None:
    telemetry = telling(sink, tmp_path)
    telemetry.counter("events_handled").labels(bus="local").inc()
    telemetry.close()
    assert sink.received == []


def test_no_canary_in_any_place_of_a_foreign_span_arrives(sink: SpanSink, tmp_path: Path) -> None:
    export_a_talkative_span(exporter(sink, tmp_path))
    (received,) = sink.received
    assert attributes(received) <= SPAN_ATTRIBUTES
    assert resource_attributes(received) <= RESOURCE_ATTRIBUTES
    assert found(sink) == []


def test_planted_without_the_allow_list_every_canary_arrives(
    sink: SpanSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry_module, "AllowListExporter", lambda bare: bare)
    export_a_talkative_span(exporter(sink, tmp_path))
    assert found(sink) == sorted(PLACES)


def exporter(sink: SpanSink, folder: Path) -> SpanExporter:
    """What a service's spans pass, from its settings."""
    settings = plain_settings(folder, otlp_endpoint=sink.address)
    return telemetry_module.span_exporter(settings)


def export_a_talkative_span(last: SpanExporter) -> None:
    """A span of the SDK, as a library would make it, with a canary wherever one can stand."""
    resource = Resource({"service.name": "house", "host.name": canary("resource")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(last))
    state = TraceState([("vendor", canary("state"))])
    parent = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1), trace_state=state)
    above = set_span_in_context(NonRecordingSpan(parent))
    span = provider.get_tracer(canary("scope")).start_span(
        f"{canary('name')} x", above, links=[Link(parent, {"nrm.bus": canary("link")})]
    )
    span.set_attribute("person.name", canary("value"))
    span.set_attribute("nrm.outcome", canary("listed") + "!")
    span.add_event("exception", {"exception.message": canary("event")})
    span.set_status(Status(StatusCode.ERROR, canary("status")))
    span.end()
    provider.shutdown()


def attributes(received: Received) -> set[str]:
    return {
        attribute.key
        for resource in received.spans.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
        for attribute in span.attributes
    }


def resource_attributes(received: Received) -> set[str]:
    return {
        attribute.key
        for resource in received.spans.resource_spans
        for attribute in resource.resource.attributes
    }


def everything(sink: SpanSink) -> bytes:
    return b"".join(str(each.headers).encode() + each.body for each in sink.received)


def found(sink: SpanSink) -> list[str]:
    return sorted(place for place in PLACES if canary(place).encode() in everything(sink))
