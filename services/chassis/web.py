"""HTTP: an app whose every route is shut unless the access table opens it, and who serves it.

Bound to loopback unless a setting says otherwise; no access log, no page of documentation, no
answer that repeats what was asked. Handlers and their words belong to the services.
"""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import uvicorn
from fastapi import Depends, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.chassis.errors import InfrastructureFailure
from services.chassis.gate import (
    BODY_LIMIT_BYTES,
    PUBLIC,
    AccessTable,
    Gate,
    GateContext,
    caller,
    caller_if_known,
    check_access,
    has_passed,
)
from services.chassis.identity import Tokens
from services.chassis.problems import answer_with_problems, problem
from services.chassis.runnable import Health, Readiness
from services.chassis.telemetry import Telemetry

CONNECTIONS_LIMIT: Final = 200
BACKLOG: Final = 128
KEEP_ALIVE_SECONDS: Final = 30
GRACE_SECONDS: Final = 5
METRICS_MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

NO_FOREIGN_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""The framework's own spans hold addresses and texts of errors; the gate writes ours."""
OPERATOR: Final = "operator"
"""The role that keeps a node running; it sees processes, never persons."""
OPEN_ROUTES: Final[AccessTable] = {
    ("GET", "/health/live"): PUBLIC,
    ("GET", "/health/ready"): PUBLIC,
    ("GET", "/metrics"): frozenset({OPERATOR}),
    ("GET", "/openapi.json"): PUBLIC,
}
"""In every service. Whether it lives and is ready, everybody on the machine may ask; how much it
does, with whom, and what is wrong, only its operator: numbers of a small node can be people."""

__all__ = [
    "BODY_LIMIT_BYTES",
    "PUBLIC",
    "AccessTable",
    "WebPart",
    "caller",
    "check_access",
    "make_app",
    "problem",
]


def make_app(
    title: str,
    telemetry: Telemetry,
    health: Health,
    tokens: Tokens,
    access_table: AccessTable,
) -> FastAPI:
    """An app with health, metrics and OpenAPI; add routers, then hand it to ``WebPart``."""
    table = {**OPEN_ROUTES, **access_table}
    app = FastAPI(
        title=title,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_FOREIGN_TELEMETRY,
        dependencies=[Depends(has_passed)],
    )
    app.state.access_table = table
    context = GateContext(table=table, tokens=tokens, telemetry=telemetry)
    app.user_middleware.append(Middleware(Gate, api=app, context=context))
    answer_with_problems(app)
    _add_open_routes(app, telemetry, health)
    return app


def _add_open_routes(app: FastAPI, telemetry: Telemetry, health: Health) -> None:
    @app.get("/health/live", include_in_schema=False)
    async def live() -> Response:
        return JSONResponse({"live": True})

    @app.get("/health/ready", include_in_schema=False)
    async def ready(request: Request) -> Response:
        report = health.report()
        good = all(state.ok for state in report.values())
        asking = caller_if_known(request)
        told: dict[str, Any] = {"ready": good}
        if asking is not None and OPERATOR in asking.roles:
            told["parts"] = _told(report)
        return JSONResponse(told, 200 if good else 503)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(app.openapi())

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(telemetry.render_metrics(), media_type=METRICS_MEDIA_TYPE)


def _told(report: Mapping[str, Readiness]) -> dict[str, Any]:
    return {name: {"ok": state.ok, "detail": state.detail} for name, state in report.items()}


class WebPart:
    """Serves an app: a part of the process. Port 0 takes a free one; ``port`` then says which."""

    name = "web"

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        check_access(app, app.state.access_table)
        self._app = app
        self._host = host
        self.port = port
        self._server: uvicorn.Server | None = None

    def readiness(self) -> Readiness:
        """Ready once it listens."""
        listens = self._server is not None and self._server.started
        return Readiness(listens, "" if listens else "does not listen yet")

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``, then let requests end for a while."""
        with self._listen() as listening:
            self.port = listening.getsockname()[1]
            self._server = _Server(self._configuration())
            serving = asyncio.create_task(self._server.serve(sockets=[listening]))
            stopping = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stopping.cancel()
                self._server.should_exit = True
                await serving

    def _configuration(self) -> uvicorn.Config:
        return uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            backlog=BACKLOG,
            limit_concurrency=CONNECTIONS_LIMIT,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            listening.bind((self._host, self.port))
            listening.listen(BACKLOG)
            listening.setblocking(False)
            return listening
        listening.close()
        raise InfrastructureFailure(f"port {self.port} is taken or not ours to listen on")


class _Server(uvicorn.Server):
    """Leaves the process's signals alone: ``runnable`` owns them."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)
