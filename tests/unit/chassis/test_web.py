"""What a web app built on the chassis lets through, and what its answers may say."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict

from services.chassis.errors import (
    Conflict,
    DatabaseUnavailable,
    InfrastructureFailure,
    MalformedEvent,
    Misuse,
    NotFound,
)
from services.chassis.gate import Gate, GateContext
from services.chassis.identity import Caller, Tokens, digest_of_token
from services.chassis.runnable import Health, Readiness
from services.chassis.telemetry import Telemetry
from services.chassis.web import BODY_LIMIT_BYTES, PUBLIC, WebPart, caller, make_app
from tests.support.settings import plain_settings
from tests.support.waiting import until

CANARY = "Canary-Kowalska"
WRITER, READER, LOOKER = "writer-token", "reader-token", "operator-token"
TOKENS = Tokens(
    {
        digest_of_token(WRITER): Caller("desk", frozenset({"writer"})),
        digest_of_token(READER): Caller("page", frozenset({"reader"})),
        digest_of_token(LOOKER): Caller("keeper", frozenset({"operator"})),
    }
)
TABLE = {
    ("POST", "/v1/things/{thing}"): frozenset({"writer"}),
    ("GET", "/v1/failing/{how}"): frozenset({"writer", "reader"}),
    ("GET", "/v1/open"): PUBLIC,
}
FAILURES = {
    "missing": NotFound(CANARY),
    "conflict": Conflict(CANARY),
    "malformed": MalformedEvent(CANARY),
    "away": DatabaseUnavailable(),
    "bug": KeyError(CANARY),
    "misuse": Misuse(CANARY),
}


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int
    parts: dict[str, int] = {}


def router() -> APIRouter:
    routes = APIRouter(prefix="/v1")

    @routes.post("/things/{thing}")
    async def add(thing: str, body: Thing, request: Request) -> dict[str, Any]:
        return {"by": caller(request).name, "number": body.number}

    @routes.get("/failing/{how}")
    async def fail(how: str) -> None:
        raise FAILURES[how]

    @routes.get("/open")
    async def look() -> dict[str, bool]:
        return {"open": True}

    return routes


class Idle:
    name = "idle"
    ready = Readiness(True)

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()

    def readiness(self) -> Readiness:
        return self.ready


@pytest.fixture
def telemetry(tmp_path: Path) -> Telemetry:
    return Telemetry(plain_settings(tmp_path))


@pytest.fixture
def app(telemetry: Telemetry) -> FastAPI:
    made = make_app("things", telemetry, Health([Idle()]), TOKENS, TABLE)
    made.include_router(router())
    return made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_the_right_role_passes_and_is_known_to_the_handler(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/things/one", json={"number": 3}, headers=bearer(WRITER))
    assert answer.json() == {"by": "desk", "number": 3}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), (bearer("wrong"), 401), ({"Authorization": WRITER}, 401), (bearer(READER), 403)],
)
async def test_nobody_else_passes_even_before_the_body_is_read(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    answer = await client.post("/v1/things/one", content=b"{not json", headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "one" not in answer.json()


async def test_public_routes_need_no_token(client: httpx.AsyncClient) -> None:
    for path in ("/v1/open", "/health/live", "/health/ready", "/openapi.json"):
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize("headers", [{}, bearer(WRITER), bearer("wrong")])
async def test_only_an_operator_sees_numbers_and_parts(
    client: httpx.AsyncClient, telemetry: Telemetry, headers: dict[str, str]
) -> None:
    telemetry.counter("door_accepted").inc()
    numbers = await client.get("/metrics", headers=headers)
    assert numbers.status_code == (403 if headers == bearer(WRITER) else 401)
    assert "door_accepted" not in numbers.text
    ready = await client.get("/health/ready", headers=headers)
    assert (ready.status_code, ready.json()) == (200, {"ready": True})
    told = await client.get("/metrics", headers=bearer(LOOKER))
    assert "nrm_door_accepted_total 1.0" in told.text


async def test_a_route_without_a_row_of_access_does_not_start_and_stays_shut(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    forgotten = APIRouter()

    @forgotten.get("/v1/forgotten")
    async def forgot() -> None:
        raise AssertionError

    app.include_router(forgotten)
    with pytest.raises(Misuse, match="forgotten"):
        WebPart(app, "127.0.0.1", 0)
    answer = await client.get("/v1/forgotten", headers=bearer(WRITER))
    assert answer.status_code == 403


async def test_a_row_of_access_without_a_route_does_not_start(telemetry: Telemetry) -> None:
    app = make_app("things", telemetry, Health(), TOKENS, TABLE)
    with pytest.raises(Misuse, match="rows without a route"):
        WebPart(app, "127.0.0.1", 0)


async def test_no_handler_runs_that_the_gate_did_not_open_for(app: FastAPI) -> None:
    def is_the_gate(part: object) -> bool:
        return part is Gate

    app.user_middleware = [each for each in app.user_middleware if not is_the_gate(each.cls)]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as bare:
        assert (await bare.get("/v1/open")).status_code == 403


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("missing", 404),
        ("conflict", 409),
        ("malformed", 422),
        ("away", 503),
        ("bug", 500),
        ("misuse", 500),
    ],
)
async def test_every_error_is_a_problem_that_repeats_nothing(
    client: httpx.AsyncClient, how: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await client.get(f"/v1/failing/{how}", headers=bearer(READER))
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert answer.json()["type"].startswith("urn:nrm:problem:")
    told = capsys.readouterr()
    assert CANARY not in answer.text + str(answer.headers) + told.out + told.err


@pytest.mark.parametrize(
    ("asked", "language", "title"),
    [
        ({}, "en", "Not found"),
        ({"accept-language": "pl, ru-RU;q=0.8"}, "ru", "Не найдено"),
        ({"accept-language": "be"}, "be", "Не знойдзена"),
    ],
)
async def test_a_problem_has_its_title_in_the_language_of_the_caller(
    client: httpx.AsyncClient, asked: dict[str, str], language: str, title: str
) -> None:
    for path, who in (("/v1/failing/missing", READER), ("/v1/nothing-here", READER)):
        answer = await client.get(path, headers={**bearer(who), **asked})
        assert (answer.status_code, answer.json()["title"]) == (404, title)
        assert answer.headers["content-language"] == language
    assert (await client.get("/v1/nothing-here")).json()["title"] == "Not found", "not kept"


async def test_unknown_paths_and_methods_are_problems_without_the_path(
    client: httpx.AsyncClient,
) -> None:
    missing = await client.get(f"/v1/{CANARY}", headers=bearer(WRITER))
    wrong = await client.put("/v1/things/one", headers=bearer(WRITER))
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert wrong.headers["allow"] == "POST"
    assert CANARY not in missing.text


@pytest.mark.parametrize(
    ("body", "location", "type_"),
    [
        ({"number": CANARY}, ["body", "number"], "int_parsing"),
        ({}, ["body", "number"], "missing"),
        ({"number": 1, CANARY: 2}, ["body", "?"], "extra_forbidden"),
        ({"number": 1, "parts": {CANARY: "x"}}, ["body", "parts", "?"], "int_parsing"),
    ],
)
async def test_what_is_not_valid_is_named_by_place_and_type_only(
    client: httpx.AsyncClient, body: dict[str, Any], location: list[str], type_: str
) -> None:
    answer = await client.post("/v1/things/one", json=body, headers=bearer(WRITER))
    assert answer.status_code == 422
    assert {"location": location, "type": type_} in answer.json()["errors"]
    assert CANARY not in answer.text


async def test_a_body_that_is_too_large_or_no_json_is_refused(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * (BODY_LIMIT_BYTES // 2)

    url, headers = "/v1/things/one", bearer(WRITER) | {"Content-Type": "application/json"}
    large = await client.post(url, content=b" " * (BODY_LIMIT_BYTES + 1), headers=headers)
    streamed = await client.post(url, content=chunks(), headers=headers)
    broken = await client.post(url, content=CANARY.encode(), headers=headers)
    assert [each.status_code for each in (large, streamed, broken)] == [413, 413, 422]
    for each in (large, streamed, broken):
        assert each.headers["content-type"] == "application/problem+json"
        assert CANARY not in each.text


async def test_a_request_that_takes_too_long_is_ended(telemetry: Telemetry) -> None:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    context = GateContext(table={}, tokens=TOKENS, telemetry=telemetry, seconds=0.01)
    gate = Gate(never, api=FastAPI(), context=context)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(gate), base_url="http://test"
    ) as client:
        assert (await client.get("/")).status_code == 503


async def test_readiness_names_the_part_that_is_not_ready(telemetry: Telemetry) -> None:
    idle = Idle()
    idle.ready = Readiness(False, "waits for the bus")
    app = make_app("things", telemetry, Health([idle]), TOKENS, {})
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        bare = await client.get("/health/ready")
        answer = await client.get("/health/ready", headers=bearer(LOOKER))
    assert (bare.status_code, bare.json()) == (503, {"ready": False})
    assert answer.status_code == 503
    assert answer.json()["parts"] == {"idle": {"ok": False, "detail": "waits for the bus"}}


async def test_spans_and_numbers_hold_the_template_never_the_path(
    client: httpx.AsyncClient, telemetry: Telemetry, tmp_path: Path
) -> None:
    await client.post(f"/v1/things/{CANARY}", json={"number": 1}, headers=bearer(WRITER))
    await client.get(f"/{CANARY}?q={CANARY}")
    telemetry.close()
    spans = (tmp_path / "spans" / "node-one.house.jsonl").read_text()
    assert "request POST /v1/things/{thing}" in spans
    numbers = telemetry.render_metrics().decode()
    assert 'nrm_requests_total{outcome="2xx"} 1.0' in numbers
    assert CANARY not in spans + numbers


async def test_the_web_part_listens_on_a_free_port_and_stops(app: FastAPI) -> None:
    part = WebPart(app, "127.0.0.1", 0)
    stop = asyncio.Event()
    async with asyncio.timeout(20):
        running = asyncio.create_task(part.run(stop))
        await until(lambda: part.readiness().ok)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{part.port}") as client:
            answer = await client.get("/v1/open")
        assert answer.json() == {"open": True}
        assert "server" not in answer.headers
        taken = WebPart(app, "127.0.0.1", part.port)
        with pytest.raises(InfrastructureFailure):
            await taken.run(asyncio.Event())
        stop.set()
        await running
