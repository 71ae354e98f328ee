"""The process that observes an embedded stack: Zipkin and the bridge, until it is told to stop."""

from __future__ import annotations

from collections.abc import Mapping

import uvicorn

from deploy.local import control, ports
from deploy.local.layout import StateFolder
from deploy.local.tokens import read_token
from deploy.observe.bridge import Bridge, Source, make_app
from deploy.observe.zipkin import Zipkin

OPERATOR = "operator"


def run(state: StateFolder, *, bridge: int, zipkin: int) -> None:
    """Serve on these two ports until SIGTERM; Zipkin ends with this process, however that ends."""
    traces = Zipkin(zipkin, state.logs)
    traces.start()
    try:
        uvicorn.run(
            make_app(Bridge(traces.address, lambda: sources_of(state))),
            host=ports.LOOPBACK,
            port=bridge,
            log_config=None,
            access_log=False,
            server_header=False,
        )
    finally:
        traces.stop()


def sources_of(state: StateFolder) -> Mapping[str, Source]:
    """Every service of the stack, with its node's operator's token."""
    return {
        name: Source(address, {"authorization": f"Bearer {_token(state, name)}"})
        for name, address in control.addresses(state)
    }


def _token(state: StateFolder, name: str) -> str:
    return read_token(state, name.partition(".")[0], OPERATOR)
