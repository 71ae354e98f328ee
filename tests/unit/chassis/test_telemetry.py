"""What spans and numbers may hold."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Any

import orjson
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

from services.chassis import telemetry as module
from services.chassis.errors import Misuse
from services.chassis.spans import (
    FILES_KEPT,
    SPAN_ATTRIBUTES,
    FileSpanExporter,
    allowed_attributes,
    allowed_name,
)
from services.chassis.telemetry import METRICS, Telemetry, span_context, trace_id_of, traceparent
from tests.support.settings import plain_settings

CANARY = "Canary-Kowalska"
REFERENCE = "6f1c2d3e-1111-4222-8333-444455556666"


@pytest.fixture
def telemetry(tmp_path: Path) -> Telemetry:
    return Telemetry(plain_settings(tmp_path))


def written(telemetry: Telemetry, tmp_path: Path) -> list[dict[str, Any]]:
    telemetry.close()
    path = tmp_path / "spans" / "node-one.house.jsonl"
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_only_listed_attributes_with_plain_values_are_written(
    telemetry: Telemetry, tmp_path: Path
) -> None:
    with telemetry.span("process nrm.local.node-one.commands.v1", "consumer") as span:
        span.set_attribute("nrm.bus", "local")
        span.set_attribute("messaging.kafka.offset", 7)
        span.set_attribute("nrm.event.type", REFERENCE)
        span.set_attribute("nrm.exchange.record", REFERENCE)
        span.set_attribute("nrm.subject", CANARY)
        span.set_attribute("nrm.outcome", CANARY + "!")
        span.add_event("exception", {"exception.message": CANARY})
    (line,) = written(telemetry, tmp_path)
    assert line["name"] == "process nrm.local.node-one.commands.v1"
    assert line["kind"] == "consumer"
    assert line["node"] == "node-one"
    assert line["attributes"] == {
        "nrm.bus": "local",
        "messaging.kafka.offset": 7,
        "nrm.exchange.record": REFERENCE,
    }
    assert CANARY not in str(line)


def test_an_exception_leaves_its_class_only(telemetry: Telemetry, tmp_path: Path) -> None:
    with pytest.raises(KeyError), telemetry.span("process x"):
        raise KeyError(CANARY)
    (line,) = written(telemetry, tmp_path)
    assert line["status"] == "error"
    assert line["attributes"] == {"error.type": "KeyError"}
    assert CANARY not in str(line)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("send nrm.local.node-one.answers.v1", "send nrm.local.node-one.answers.v1"),
        (f"process {REFERENCE}", "process"),
        ("process 19851224", "process"),
        (f"{CANARY} x", "unlisted"),
        ("process Ivan Petrov", "process"),
        ("create ivan petrov", "create"),
        ("request IVAN /v1/intake", "request"),
        ("request GET /v1/Ivan", "request"),
        ("request GET /v1/persons/{case_id}", "request GET /v1/persons/{case_id}"),
    ],
)
def test_names_of_spans_are_an_operation_and_something_plain(given: str, kept: str) -> None:
    assert allowed_name(given) == kept


@pytest.mark.parametrize("name", ["Ivan Petrov", "Ivan-Petrov", "IvanPetrov", "ivan petrov"])
@pytest.mark.parametrize("key", sorted(SPAN_ATTRIBUTES))
def test_no_listed_attribute_takes_a_name_as_people_write_it(key: str, name: str) -> None:
    assert allowed_attributes({key: name}) == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("error.type", "KeyError"),
        ("http.request.method", "POST"),
        ("http.route", "/v1/persons/{case_id}"),
        ("messaging.consumer.group.name", "node-one.gateway.door"),
        ("messaging.destination.name", "nrm.exchange.node-one.node-two.v1"),
        ("messaging.destination.partition.id", "3"),
        ("messaging.operation.name", "process"),
        ("nrm.deadline.kind", "hold-expires"),
        ("nrm.event.type", "org.nrm.gateway.detect-person.v1"),
        ("nrm.outcome", "handled"),
    ],
)
def test_what_a_span_tells_passes(key: str, value: str) -> None:
    assert allowed_attributes({key: value}) == {key: value}


def test_parents_and_links_cross_as_traceparents(telemetry: Telemetry, tmp_path: Path) -> None:
    with telemetry.span("create x", "producer") as created:
        parent = traceparent(created)
        with telemetry.span("process inner"):
            pass
    assert parent is not None
    with telemetry.span("process x", links=[parent, "nonsense"], parent=parent):
        assert trace_id_of(traceparent()) == trace_id_of(parent)
    lines = {line["name"]: line for line in written(telemetry, tmp_path)}
    outer = lines["create x"]
    assert lines["process inner"]["parent_id"] == outer["span_id"]
    assert lines["process x"]["parent_id"] == outer["span_id"]
    assert lines["process x"]["trace_id"] == outer["trace_id"]
    assert lines["process x"]["links"] == [
        {"trace_id": outer["trace_id"], "span_id": outer["span_id"]}
    ]


def test_a_moment_stands_under_what_is_current_and_else_under_its_parent(
    telemetry: Telemetry, tmp_path: Path
) -> None:
    above = f"00-{'1' * 32}-{'2' * 16}-01"
    listed = {"nrm.event.type": "org.nrm.x.y.v1", "nrm.subject": CANARY}
    alone = telemetry.moment("create alone", "producer", above, listed)
    with telemetry.span("process x") as current:
        inside = telemetry.moment("create inside", "producer", above, {})
        assert trace_id_of(inside) == trace_id_of(traceparent(current))
        assert traceparent() == traceparent(current)
    lines = {line["name"]: line for line in written(telemetry, tmp_path)}
    assert lines["create alone"]["parent_id"] == "2" * 16
    assert alone == f"00-{'1' * 32}-{lines['create alone']['span_id']}-01"
    assert lines["create alone"]["attributes"] == {"nrm.event.type": "org.nrm.x.y.v1"}
    assert lines["create inside"]["parent_id"] == lines["process x"]["span_id"]


def test_forked_processes_draw_ids_of_their_own() -> None:
    program = (
        "import os\n"
        "from services.chassis.light_span import _IDS\n"
        "for _ in range(2):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        print(_IDS.getrandbits(128), flush=True)\n"
        "        os._exit(0)\n"
        "    os.waitpid(child, 0)\n"
        "print(_IDS.getrandbits(128))\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert len(set(told.stdout.split())) == 3


@pytest.mark.parametrize(
    "text",
    ["", "00", CANARY, "00-" + "0" * 32 + "-" + "0" * 16 + "-01", f"ff-{'1' * 32}-{'1' * 16}-01"],
)
def test_a_traceparent_that_is_not_well_formed_is_nothing(text: str) -> None:
    assert span_context(text) is None
    assert traceparent() is None


def test_files_of_spans_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(FileSpanExporter(path, limit_bytes=2000)))
    tracer = provider.get_tracer("test")
    for _ in range(60):
        tracer.start_span("process x").end()
    files = sorted(tmp_path.iterdir())
    assert len(files) == FILES_KEPT
    assert all(file.stat().st_size <= 2000 for file in files)


def test_numbers_are_declared_and_belong_to_one_instance(
    telemetry: Telemetry, tmp_path: Path
) -> None:
    other = Telemetry(plain_settings(tmp_path, service="other"))
    telemetry.counter("events_handled").labels(bus="local").inc(2)
    telemetry.gauge("deadlines_late").set(1)
    telemetry.histogram("handler_seconds").labels(bus="local").observe(0.01)
    assert b'nrm_events_handled_total{bus="local"} 2.0' in telemetry.render_metrics()
    assert b"events_handled" not in other.render_metrics()
    for ask in (telemetry.counter, telemetry.gauge, telemetry.histogram):
        with pytest.raises(Misuse):
            ask("persons_by_gender")
    with pytest.raises(Misuse):
        telemetry.gauge("events_handled")
    telemetry.close()
    other.close()


def test_no_number_has_a_label_that_could_count_cases_of_a_kind() -> None:
    allowed = {"bus", "lane", "outcome"}
    routed = {name for name, spec in METRICS.items() if "route" in spec.labels}
    assert routed == {"route_stalled_seconds"}  # an age for an agency, and none while all is well
    others = (spec for name, spec in METRICS.items() if name not in routed)
    assert {label for spec in others for label in spec.labels} <= allowed


def test_a_silent_collector_does_not_keep_a_process_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, asked = Event(), Event()

    class Silent(FileSpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            asked.set()
            let_go.wait(30)
            return SpanExportResult.FAILURE

    monkeypatch.setattr(module, "_file_exporter", lambda _settings: Silent(tmp_path / "none"))
    monkeypatch.setattr(module, "STOP_MILLIS", 50)
    telemetry = Telemetry(plain_settings(tmp_path))
    with telemetry.span("process a.b"):
        pass
    closing = Thread(target=telemetry.close, daemon=True)
    closing.start()
    try:
        assert asked.wait(10)
        closing.join(10)
        assert not closing.is_alive()
    finally:
        let_go.set()
