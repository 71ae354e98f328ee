"""The bridge: spans in by OTLP and on to Zipkin; services' numbers read, and dashboards drawn.

What a node tells its own people alone is on a page of that node, drawn from that node's answers and
from no other's. A sender is answered at once, whatever Zipkin does: what cannot be passed on in
time is dropped and counted. It listens on loopback and keeps nothing on disk. Only for a demo's
stack: whoever has an account on the machine can read it, and numbers of a small node can be people;
a node in earnest has a collector of its own.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from deploy.observe.dashboards import INSIDE, SHARED, Dashboard, read_dashboards
from deploy.observe.numbers import Look, Numbers
from deploy.observe.traces import zipkin_spans
from deploy.observe.waiting import Batch, Waiting
from services.chassis.inside import INSIDE_PATH

PAGE = Path(__file__).with_name("page.html")
METRICS, METRICS_INSIDE = "/metrics", INSIDE_PATH
PROTOBUF, JSON = "application/x-protobuf", "application/json"
LOOK_SECONDS = 2.0
ASK_SECONDS = 1.5
PASS_SECONDS = 5.0
RETRY_SECONDS = 0.5
TRIES = 60
"""Half a minute: Zipkin needs some seconds to start."""
NODES_LIMIT = 100
BODY_LIMIT = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """Where one service tells its numbers, and what to show at the door."""

    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    inside: Mapping[str, str] | None = None
    """What to show where it tells its own node's people; None: it has nothing for them."""


def _shared() -> Numbers:
    return Numbers(read_dashboards(SHARED))


def _inside() -> tuple[Dashboard, ...]:
    return tuple(each for folder in INSIDE.values() for each in read_dashboards(folder))


@dataclass(slots=True)
class Bridge:
    """What the bridge holds while it runs."""

    zipkin: str
    sources: Callable[[], Mapping[str, Source]]
    """By `<node>.<service>`, asked at each look: services move and come."""
    clock: Callable[[], float] = time.time
    numbers: Numbers = field(default_factory=_shared)
    inside: dict[str, Numbers] = field(default_factory=dict)
    """By node: what it tells its own people."""
    inside_dashboards: tuple[Dashboard, ...] = field(default_factory=_inside)
    waiting: Waiting = field(default_factory=Waiting)
    passed: int = 0
    dropped: int = 0
    silent: tuple[str, ...] = ()
    """Services that did not answer at the last look."""

    def take(self, body: bytes) -> None:
        """Queue the spans of a request; DecodeError for what is no request."""
        spans = zipkin_spans(ExportTraceServiceRequest.FromString(body))
        if spans and not self.waiting.put(spans):
            self.dropped += len(spans)

    async def pass_on(self, client: httpx.AsyncClient) -> None:
        """Bring queued spans to Zipkin, for ever."""
        while True:
            batch = await self.waiting.first()
            if await self._passed(client, batch):
                self.passed += batch.spans
            else:
                self.dropped += batch.spans
            self.waiting.settle()

    async def _passed(self, client: httpx.AsyncClient, batch: Batch) -> bool:
        for _ in range(TRIES):
            with suppress(httpx.HTTPError):
                answer = await client.post(
                    f"{self.zipkin}/api/v2/spans",
                    content=batch.body,
                    headers={"content-type": JSON},
                    timeout=PASS_SECONDS,
                )
                if answer.status_code < 500:
                    return answer.is_success
            await asyncio.sleep(RETRY_SECONDS)
        return False

    async def look_always(self, client: httpx.AsyncClient) -> None:
        """Read every service's numbers, every few seconds, for ever."""
        while True:
            await self.look(client)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self, client: httpx.AsyncClient) -> None:
        """Read every service's numbers once, those inside a node for that node alone."""
        sources, at = self.sources(), self.clock()
        look = Look.of(at, await _texts(client, METRICS, _outside(sources)))
        self.silent = tuple(sorted(sources.keys() - look.answered))
        self.numbers.add(look)
        nodes = dict.fromkeys(name.partition(".")[0] for name in _within(sources))
        self.inside = {
            node: self.inside.get(node) or Numbers(self.inside_dashboards)
            for node in list(nodes)[:NODES_LIMIT]
        }
        for node, numbers in self.inside.items():
            own = _within(sources, f"{node}.")
            numbers.add(Look.of(at, await _texts(client, METRICS_INSIDE, own)))

    async def zipkin_answers(self, client: httpx.AsyncClient) -> bool:
        """Whether traces can be looked at now."""
        with suppress(httpx.HTTPError):
            answer = await client.get(f"{self.zipkin}/health", timeout=ASK_SECONDS)
            return answer.is_success
        return False

    def state(self) -> dict[str, Any]:
        """What the page shows of the bridge itself."""
        return {
            "zipkin": f"{self.zipkin}/zipkin/",
            "passed": self.passed,
            "dropped": self.dropped,
            "silent": self.silent,
            "inside": list(self.inside),
        }

    def shown(self, node: str | None) -> dict[str, Any] | None:
        """What a page draws: everybody's, or one node's own; None where it has none."""
        numbers = self.numbers if node is None else self.inside.get(node)
        if numbers is None:
            return None
        return {"node": node, "bridge": self.state(), "dashboards": numbers.shown()}


Asked = tuple[str, Mapping[str, str]]
"""An address, and what to show at its door."""


def _outside(sources: Mapping[str, Source]) -> dict[str, Asked]:
    return {name: (source.address, source.headers) for name, source in sources.items()}


def _within(sources: Mapping[str, Source], whose: str = "") -> dict[str, Asked]:
    return {
        name: (source.address, source.inside)
        for name, source in sources.items()
        if source.inside is not None and name.startswith(whose)
    }


async def _texts(
    client: httpx.AsyncClient, path: str, asked: Mapping[str, Asked]
) -> dict[str, str]:
    """What each says there, by its name; who does not answer is missing."""
    told = await asyncio.gather(*(_text(client, path, each) for each in asked.values()))
    return {name: text for name, text in zip(asked, told, strict=True) if text is not None}


async def _text(client: httpx.AsyncClient, path: str, asked: Asked) -> str | None:
    address, headers = asked
    with suppress(httpx.HTTPError):
        answer = await client.get(address + path, headers=dict(headers), timeout=ASK_SECONDS)
        return answer.text if answer.is_success else None
    return None


@asynccontextmanager
async def _working(bridge: Bridge) -> AsyncIterator[None]:
    async with httpx.AsyncClient(trust_env=False) as client:
        tasks = [
            asyncio.create_task(bridge.pass_on(client)),
            asyncio.create_task(bridge.look_always(client)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def make_app(bridge: Bridge) -> FastAPI:
    """The bridge as an application; its two tasks run as long as it does."""
    app = FastAPI(
        title="observation of the embedded stack",
        lifespan=lambda _app: _working(bridge),
        openapi_url=None,
    )

    @app.post("/v1/traces")
    async def take_spans(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        try:
            bridge.take(body)
        except DecodeError:
            return Response(status_code=400)
        return Response(ExportTraceServiceResponse().SerializeToString(), media_type=PROTOBUF)

    @app.get("/health/ready")
    async def ready() -> Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            answers = await bridge.zipkin_answers(client)
        told = {"parts": {"zipkin": {"ok": answers}}}
        return Response(orjson.dumps(told), 200 if answers else 503, media_type=JSON)

    app.include_router(_pages(bridge))
    return app


def _pages(bridge: Bridge) -> APIRouter:
    """Everybody's page and those inside a node, and what they draw."""
    routes = APIRouter()

    @routes.get("/")
    @routes.get("/nodes/{node}")
    def page(node: str | None = None) -> Response:
        code = 200 if bridge.shown(node) else 404
        return Response(PAGE.read_bytes(), code, media_type="text/html; charset=utf-8")

    @routes.get("/v1/dashboards")
    @routes.get("/v1/nodes/{node}/dashboards")
    def dashboards(node: str | None = None) -> Response:
        shown = bridge.shown(node)
        return Response(orjson.dumps(shown), 200 if shown else 404, media_type=JSON)

    return routes


async def _body(request: Request) -> bytes | None:
    """The whole body, unpacked; None when it is larger than any batch of ours."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    if request.headers.get("content-encoding") != "gzip":
        return bytes(body)
    return _unpacked(bytes(body))


def _unpacked(body: bytes) -> bytes | None:
    packed = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        unpacked = packed.decompress(body, BODY_LIMIT)
    except zlib.error:
        return b"\xff"  # no request either: refused like one
    return None if packed.unconsumed_tail else unpacked
