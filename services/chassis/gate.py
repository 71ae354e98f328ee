"""The gate in front of every route: who may pass, how long, and what of it is seen.

A route that the service's access table does not name is shut. No path, query, header or body may
be in a span, a number or a log line: the template of the path stands for it.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from re import Pattern
from typing import Final

from fastapi import FastAPI, HTTPException
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.errors import Misuse, NotAllowed
from services.chassis.identity import Caller, Tokens
from services.chassis.language import answer_in
from services.chassis.problems import problem, problem_of
from services.chassis.telemetry import Telemetry

BODY_LIMIT_BYTES: Final = 1024 * 1024
REQUEST_SECONDS: Final = 60.0
PUBLIC: Final = frozenset({"public"})
"""In an access table: whoever asks, without a token."""

AccessTable = Mapping[tuple[str, str], frozenset[str]]

_PASSED: Final = "nrm_passed"
_CALLER: Final = "nrm_caller"
_HEADERS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


@dataclass(frozen=True, slots=True)
class GateContext:
    """What the gate knows: the table, the tokens, and where numbers go."""

    table: AccessTable
    tokens: Tokens
    telemetry: Telemetry
    seconds: float = REQUEST_SECONDS


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    """(method, template) of every route, in the order in which they are tried."""
    found: list[tuple[str, str]] = []
    for route in iter_route_contexts(app.routes):
        if route.path is None or not route.methods:
            raise Misuse("a route without methods cannot be guarded")
        found.extend((method, route.path) for method in sorted(route.methods))
    return found


class Templates:
    """Which route a request is for; looked up late, as routes are added behind the gate."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._matchers: list[tuple[Pattern[str], str, str]] | None = None

    def of(self, scope: Scope) -> str | None:
        """The template of the route's path; None where no route would answer."""
        if self._matchers is None:
            self._matchers = [
                (compile_path(path)[0], method, path) for method, path in routes_of(self._app)
            ]
        for pattern, method, path in self._matchers:
            if method == scope["method"] and pattern.match(scope["path"]):
                return path
        return None


def check_access(app: FastAPI, table: AccessTable) -> None:
    """Refuse to start when routes and table differ, either way."""
    routes = set(routes_of(app))
    bare = sorted(routes - table.keys())
    idle = sorted(table.keys() - routes)
    if bare or idle:
        raise Misuse(f"routes without a row of access: {bare}; rows without a route: {idle}")


class Gate:
    """ASGI middleware; the outermost of ours."""

    def __init__(self, app: ASGIApp, *, api: FastAPI, context: GateContext) -> None:
        self._app = app
        self._templates = Templates(api)
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        answer_in(_header(scope, b"accept-language"))
        telemetry = self._context.telemetry
        template = self._templates.of(scope)
        watched = _Watched(send)
        name = f"request {scope['method']} {template}" if template else "request"
        with telemetry.span(name, "server") as span:
            if template is not None:
                span.set_attribute("http.request.method", scope["method"])
                span.set_attribute("http.route", template)
            try:
                await self._answer(scope, receive, watched, template)
            except Exception as error:  # noqa: BLE001 - the caller gets a problem, the log a place
                if not watched.started:
                    await problem_of(error)(scope, receive, watched)
            span.set_attribute("http.response.status_code", watched.status)
        telemetry.counter("requests").labels(outcome=f"{watched.status // 100}xx").inc()
        telemetry.histogram("request_seconds").observe(time.perf_counter() - began)

    async def _answer(
        self, scope: Scope, receive: Receive, send: "_Watched", template: str | None
    ) -> None:
        refusal = self._refusal(scope, template)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._context.seconds):
                await self._app(scope, _limited(receive), send)
        except TimeoutError:
            if not send.started:
                await problem(503, "took-too-long")(scope, receive, send)

    def _refusal(self, scope: Scope, template: str | None) -> Response | None:
        """Why the caller may not pass; nothing also where no route would answer (404, 405)."""
        state = scope.setdefault("state", {})
        if _announced_bytes(scope) > BODY_LIMIT_BYTES:
            return problem(413, "too-large")
        if template is None:
            return None
        allowed = self._context.table.get((scope["method"], template), frozenset())
        caller = self._context.tokens.authenticate(_header(scope, b"authorization"))
        if allowed != PUBLIC:
            if caller is None:
                return problem(401, "not-authenticated", WWW_Authenticate="Bearer")
            if not caller.roles & allowed:
                return problem(403, "not-allowed")
        state[_PASSED] = True
        state[_CALLER] = caller
        return None


def _header(scope: Scope, wanted: bytes) -> str:
    found = next((value for name, value in scope["headers"] if name == wanted), b"")
    return str(found.decode("latin-1"))


def _announced_bytes(scope: Scope) -> int:
    length = _header(scope, b"content-length")
    return int(length) if length.isdecimal() else 0


def _limited(receive: Receive) -> Receive:
    """``receive`` that takes no more of a body than the limit."""
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > BODY_LIMIT_BYTES:
            raise HTTPException(413)
        return message

    return limited


class _Watched:
    """``send`` that remembers the status and adds the headers every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
        await self._send(message)


async def has_passed(request: Request) -> None:
    """A dependency of the whole app: no handler runs that the gate did not open for."""
    if not request.scope.get("state", {}).get(_PASSED):
        raise NotAllowed("the gate did not open")


def caller(request: Request) -> Caller:
    """Who asks; NotAllowed on a public route asked without a token."""
    found = caller_if_known(request)
    if found is None:
        raise NotAllowed("nobody is known to ask")
    return found


def caller_if_known(request: Request) -> Caller | None:
    """Who asks; nobody on a public route asked without a valid token."""
    found = request.scope.get("state", {}).get(_CALLER)
    return found if isinstance(found, Caller) else None
