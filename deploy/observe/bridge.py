"""The bridge: spans in by OTLP and on to Zipkin; every service's numbers read and shown on a page.

It answers a sender at once, whatever Zipkin does: what it cannot pass on in time is dropped and
counted. It listens on loopback and keeps nothing on disk. Only for a demo's stack: whoever has an
account on the machine can read it, and numbers of a small node can be people; a node in earnest
has a collector of its own.
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
from fastapi import FastAPI, Request, Response
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from deploy.observe.numbers import Look, Numbers
from deploy.observe.panels import questions
from deploy.observe.traces import zipkin_spans

PAGE = Path(__file__).with_name("page.html")
PROTOBUF, JSON = "application/x-protobuf", "application/json"
LOOK_SECONDS = 2.0
ASK_SECONDS = 1.5
PASS_SECONDS = 5.0
RETRY_SECONDS = 0.5
TRIES = 60
"""Half a minute: Zipkin needs some seconds to start."""
QUEUE_LIMIT = 2_000
BODY_LIMIT = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """Where one service tells its numbers, and what to show at the door."""

    address: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Bridge:
    """What the bridge holds while it runs."""

    zipkin: str
    sources: Callable[[], Mapping[str, Source]]
    """By `<node>.<service>`, asked at each look: services move and come."""
    clock: Callable[[], float] = time.time
    numbers: Numbers = field(default_factory=lambda: Numbers(questions()))
    waiting: asyncio.Queue[list[dict[str, Any]]] = field(
        default_factory=lambda: asyncio.Queue(QUEUE_LIMIT)
    )
    passed: int = 0
    dropped: int = 0
    silent: tuple[str, ...] = ()
    """Services that did not answer at the last look."""

    def take(self, body: bytes) -> None:
        """Queue the spans of a request; DecodeError for what is no request."""
        spans = zipkin_spans(ExportTraceServiceRequest.FromString(body))
        if not spans:
            return
        try:
            self.waiting.put_nowait(spans)
        except asyncio.QueueFull:
            self.dropped += len(spans)

    async def pass_on(self, client: httpx.AsyncClient) -> None:
        """Bring queued spans to Zipkin, for ever."""
        while True:
            spans = await self.waiting.get()
            if await self._passed(client, spans):
                self.passed += len(spans)
            else:
                self.dropped += len(spans)

    async def _passed(self, client: httpx.AsyncClient, spans: list[dict[str, Any]]) -> bool:
        for _ in range(TRIES):
            with suppress(httpx.HTTPError):
                answer = await client.post(
                    f"{self.zipkin}/api/v2/spans",
                    content=orjson.dumps(spans),
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
        """Read every service's numbers once."""
        sources = self.sources()
        at = self.clock()
        told = await asyncio.gather(*(_text(client, source) for source in sources.values()))
        texts = {unit: text for unit, text in zip(sources, told, strict=True) if text is not None}
        look = Look.of(at, texts)
        self.silent = tuple(sorted(sources.keys() - look.read.keys()))
        self.numbers.add(look)

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
        }


async def _text(client: httpx.AsyncClient, source: Source) -> str | None:
    with suppress(httpx.HTTPError):
        answer = await client.get(
            f"{source.address}/metrics", headers=dict(source.headers), timeout=ASK_SECONDS
        )
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

    @app.get("/")
    def page() -> Response:
        return Response(PAGE.read_bytes(), media_type="text/html; charset=utf-8")

    @app.get("/v1/panels")
    def panels() -> Response:
        shown = {"bridge": bridge.state(), "questions": bridge.numbers.shown()}
        return Response(orjson.dumps(shown), media_type=JSON)

    return app


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
