"""The bridge: what reaches Zipkin, and that a sender never waits for it."""

import asyncio
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from deploy.observe import bridge as bridge_module
from deploy.observe import grafana
from deploy.observe.bridge import BODY_LIMIT, Bridge, Source, make_app
from deploy.observe.traces import zipkin_spans
from deploy.observe.waiting import Waiting
from tests.support import canary
from tests.support.waiting import until

NAME = canary.canary("span")


def attribute(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def a_request(**more: Any) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    named = {"service.namespace": "ngo-brest", "service.name": "referral", "host.name": NAME}
    of_resource.resource.attributes.extend(attribute(*each) for each in named.items())
    span = Span(
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        parent_span_id=bytes(range(8, 16)),
        name="process nrm.local.ngo-brest.commands.v1",
        kind=Span.SPAN_KIND_CONSUMER,
        start_time_unix_nano=5_000_000,
        end_time_unix_nano=9_000_000,
        attributes=[attribute("nrm.bus", "local"), attribute("patient", NAME)],
        events=[Span.Event(name=NAME, attributes=[attribute("exception.message", NAME)])],
        links=[Span.Link(trace_id=b"t" * 16, span_id=b"s" * 8, attributes=[attribute("a", NAME)])],
        status=Status(code=Status.STATUS_CODE_ERROR, message=NAME),
        **more,
    )
    of_resource.scope_spans.add().spans.append(span)
    return request


def test_a_span_arrives_with_its_place_in_the_trace_and_its_links_as_tags() -> None:
    (span,) = zipkin_spans(a_request())
    assert span == {
        "traceId": bytes(range(16)).hex(),
        "id": bytes(range(8)).hex(),
        "parentId": bytes(range(8, 16)).hex(),
        "name": "process nrm.local.ngo-brest.commands.v1",
        "kind": "CONSUMER",
        "timestamp": 5_000,
        "duration": 4_000,
        "localEndpoint": {"serviceName": "ngo-brest.referral"},
        "remoteEndpoint": {"serviceName": "kafka"},
        "tags": {
            "nrm.bus": "local",
            "link.0": f"{(b't' * 16).hex()}/{(b's' * 8).hex()}",
            "error": "true",
        },
    }


def test_no_name_reaches_zipkin_wherever_a_sender_puts_it() -> None:
    request = a_request()
    request.resource_spans[0].scope_spans[0].scope.name = NAME
    request.resource_spans[0].scope_spans[0].spans[0].name = f"request {NAME}"
    request.resource_spans[0].scope_spans[0].spans[0].trace_state = NAME
    for named in request.resource_spans[0].resource.attributes:
        named.value.string_value = NAME
    assert canary.found_in(request.SerializeToString())
    assert canary.found_in(json.dumps(zipkin_spans(request))) == []


def client_of(app_of: Bridge) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(make_app(app_of))
    return httpx.AsyncClient(transport=transport, base_url="http://bridge")


def zipkin_that(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


ONE = len(orjson.dumps(zipkin_spans(a_request())))


@pytest.mark.parametrize(
    ("waiting", "kept"),
    [
        (Waiting(spans_limit=2), 2),
        (Waiting(bytes_limit=3 * ONE), 3),
        (Waiting(bytes_limit=3 * ONE - 1), 2),
    ],
)
async def test_a_sender_is_answered_while_zipkin_is_away_and_what_is_too_much_is_counted(
    waiting: Waiting, kept: int
) -> None:
    bridge = Bridge("http://nowhere", dict, waiting=waiting)
    body = a_request().SerializeToString()
    async with client_of(bridge) as client:
        codes = [(await client.post("/v1/traces", content=body)).status_code for _ in range(5)]
    assert codes == [200] * 5
    assert (waiting.spans, waiting.size, bridge.dropped) == (kept, kept * ONE, 5 - kept)


def test_many_spans_in_one_request_count_as_many() -> None:
    waiting = Waiting(spans_limit=10)
    spans = zipkin_spans(a_request())
    assert waiting.put(spans * 9)
    assert not waiting.put(spans * 2)
    assert waiting.put(spans)


async def test_what_is_being_sent_takes_room_until_it_is_settled() -> None:
    waiting = Waiting(spans_limit=1)
    spans = zipkin_spans(a_request())
    assert waiting.put(spans)
    assert (await waiting.first()).spans == 1
    assert not waiting.put(spans)
    waiting.settle()
    assert waiting.put(spans)


async def test_spans_wait_until_zipkin_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_module, "RETRY_SECONDS", 0)
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.content)
        return httpx.Response(503 if len(asked) < 3 else 202)

    bridge = Bridge("http://zipkin", dict)
    bridge.take(a_request().SerializeToString())
    async with zipkin_that(answer) as client:
        passing = asyncio.create_task(bridge.pass_on(client))
        await until(lambda: bridge.passed > 0)
        passing.cancel()
    assert (len(asked), len(set(asked)), bridge.dropped) == (3, 1, 0)


async def test_what_zipkin_refuses_is_dropped_and_the_next_goes_on() -> None:
    bridge = Bridge("http://zipkin", dict)
    codes = iter((400, 202))
    for _ in range(2):
        bridge.take(a_request().SerializeToString())
    async with zipkin_that(lambda _: httpx.Response(next(codes))) as client:
        passing = asyncio.create_task(bridge.pass_on(client))
        await until(lambda: bridge.passed > 0)
        passing.cancel()
    assert (bridge.passed, bridge.dropped) == (1, 1)


@pytest.mark.parametrize(
    ("body", "packed", "code"),
    [
        (a_request().SerializeToString(), False, 200),
        (gzip.compress(a_request().SerializeToString()), True, 200),
        (b"\xff\xff nonsense", False, 400),
        (b"\xff\xff nonsense", True, 400),
        (b"0" * (BODY_LIMIT + 1), False, 413),
        (gzip.compress(b"0" * (BODY_LIMIT + 1)), True, 413),
    ],
)
async def test_nonsense_and_too_much_are_refused(body: bytes, packed: bool, code: int) -> None:
    bridge = Bridge("http://zipkin", dict)
    headers = {"content-encoding": "gzip"} if packed else {}
    async with client_of(bridge) as client:
        answer = await client.post("/v1/traces", content=body, headers=headers)
    assert (answer.status_code, bridge.waiting.spans) == (code, int(code == 200))


def lines_of_deadlines(dashboards: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    (late,) = [each for each in dashboards if each["key"] == "nrm-late"]
    (panel,) = [each for each in late["panels"] if each["title"] == "Deadlines due for too long"]
    lines: list[dict[str, Any]] = panel["lines"]
    return lines


async def test_the_page_says_who_is_silent_and_asks_with_a_token() -> None:
    sources = {
        "a.gateway": Source("http://a", {"authorization": "Bearer t"}),
        "b.x": Source("http://b"),
    }

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != "Bearer t":
            return httpx.Response(401, text="nrm_deadlines_late 9.0")
        return httpx.Response(200, text="nrm_deadlines_late 3.0")

    bridge = Bridge("http://zipkin", lambda: sources)
    async with zipkin_that(answer) as client:
        await bridge.look(client)
    async with client_of(bridge) as client:
        told = (await client.get("/v1/dashboards")).json()
        page = await client.get("/")
    assert told["bridge"]["silent"] == ["b.x"]
    lines = lines_of_deadlines(told["dashboards"])
    assert lines == [{"name": "a.gateway", "now": 3.0, "points": [3.0]}]
    assert "/v1/dashboards" in page.text


@pytest.mark.parametrize("nonsense", ["<html>", "nrm_deadlines_late", 'a{b="c'])
async def test_who_answers_nonsense_is_silent_and_the_others_are_shown(nonsense: str) -> None:
    sources = {"a.gateway": Source("http://a"), "b.x": Source("http://b")}
    texts = {"a": "nrm_deadlines_late 3.0", "b": nonsense}
    bridge = Bridge("http://zipkin", lambda: sources)
    async with zipkin_that(lambda asked: httpx.Response(200, text=texts[asked.url.host])) as client:
        await bridge.look(client)
    assert bridge.silent == ("b.x",)
    assert [line["name"] for line in lines_of_deadlines(bridge.numbers.shown())] == ["a.gateway"]


def test_only_a_silent_service_of_ours_is_an_alarm() -> None:
    assert grafana.SILENT["expr"] == 'up{node!="", service!=""} == 0'


def test_the_provisioned_dashboards_and_alerts_are_as_the_list_of_panels_says() -> None:
    for path, text in grafana.files().items():
        assert path.read_text() == text, f"{path.name}: run `make docs`"
