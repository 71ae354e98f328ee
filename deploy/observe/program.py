"""The process that observes an embedded stack: Zipkin and the bridge, until it is told to stop.

When Zipkin ends by itself this process ends too, and the supervisor starts both anew.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Mapping

import uvicorn
from fastapi import FastAPI

from deploy.declared import inside_roles
from deploy.local import control, ports
from deploy.local.layout import StateFolder
from deploy.local.tokens import read_token
from deploy.observe.bridge import Bridge, Source, make_app
from deploy.observe.zipkin import Zipkin

OPERATOR = "operator"
LOOK_SECONDS = 0.5
GRACE_SECONDS = 3
ENDED_WELL, ZIPKIN_ENDED = 0, 71
STOPPING = (signal.SIGTERM, signal.SIGINT)


def run(state: StateFolder, *, bridge: int, zipkin: int) -> None:
    """Serve on these two ports until SIGTERM; Zipkin ends with this process, however that ends."""
    traces = Zipkin(zipkin, state.logs)
    traces.start()
    try:
        app = make_app(Bridge(traces.address, lambda: sources_of(state)))
        code = asyncio.run(serve(_Server(_configuration(app, bridge)), traces))
    finally:
        traces.stop()
    raise SystemExit(code)


async def serve(server: uvicorn.Server, traces: Zipkin) -> int:
    """Serve until a signal, or until Zipkin ends by itself; return the exit code."""
    loop = asyncio.get_running_loop()
    for number in STOPPING:
        loop.add_signal_handler(number, server.handle_exit, number, None)
    serving, code = asyncio.create_task(server.serve()), ENDED_WELL
    while not serving.done():
        await asyncio.wait({serving}, timeout=LOOK_SECONDS)
        if not server.should_exit and not traces.running():
            server.should_exit, code = True, ZIPKIN_ENDED
    serving.result()
    return code


def _configuration(app: FastAPI, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=ports.LOOPBACK,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


class _Server(uvicorn.Server):
    """Leaves the process's signals alone: uvicorn would end it before Zipkin is ended."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)


def sources_of(state: StateFolder) -> Mapping[str, Source]:
    """Every service of the stack, with tokens of its own node."""
    return {
        name: Source(address, _at_the_door(state, name, OPERATOR), _inside(state, name))
        for name, address in control.addresses(state)
    }


def _inside(state: StateFolder, name: str) -> dict[str, str] | None:
    """As one of those to whom the service tells what stays in its node."""
    roles = inside_roles(name.partition(".")[2])
    return _at_the_door(state, name, min(roles)) if roles else None


def _at_the_door(state: StateFolder, name: str, role: str) -> dict[str, str]:
    """The token of a role at a service's node; without one the service counts as silent."""
    try:
        token = read_token(state, name.partition(".")[0], role)
    except OSError:
        return {}
    return {"authorization": f"Bearer {token}"}
