"""The environment of each service: what it is told, and nothing else.

A domain service is not told where the exchange bus is: only the gateway may speak to it, and the
services of nodes that have none.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from deploy.local.buses import Buses
from deploy.local.credentials import Credentials
from deploy.local.keys import key_path
from deploy.local.layout import StateFolder
from deploy.local.ports import LOOPBACK
from deploy.local.postgres import PostgresServer
from deploy.local.tokens import digests_path
from deploy.local.topology import DOOR, Topology, Unit

OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT"


@dataclass(frozen=True)
class Stack:
    """What the settings of every service are made from."""

    state: StateFolder
    topology: Topology
    database: PostgresServer
    credentials: Credentials
    buses: Buses
    service_ports: dict[str, int]
    demo: bool = False
    bridge_port: int | None = None
    """Where the spans go when the stack is observed; they stay files too."""


def environment_of(stack: Stack, unit: Unit) -> dict[str, str]:
    """Return every variable of one service process."""
    fields = _fields(stack, unit)
    settings, places = stack.topology.file.settings, _places(stack, unit)
    for key, value in {**settings.get(unit.service, {}), **settings.get(unit.name, {})}.items():
        fields[key] = value.format_map(places)
    variables = {unit.variable_prefix + key.upper(): value for key, value in fields.items()}
    if stack.demo:
        variables |= {"NRM_DEMO": "1", "NRM_CLOCK": f"file:{stack.state.clock}"}
    return variables


def _fields(stack: Stack, unit: Unit) -> dict[str, str]:
    has_bus = unit.node in stack.topology.agencies
    fields = {
        "node": unit.node,
        "service": unit.service,
        "database_url": stack.credentials.unit_url(stack.database, unit),
        "database_schema": unit.schema,
        "port": str(stack.service_ports[unit.name]),
        "state_dir": str(stack.state.root),
        "tokens_file": str(_absolute(digests_path(stack.state, unit.node))),
        "key_file": str(_absolute(key_path(stack.state, unit.node))),
    }
    if has_bus:
        fields["local_bootstrap"] = stack.buses.local
    if unit.service == DOOR or not has_bus:
        fields["hub_bootstrap"] = stack.buses.hub
    if stack.bridge_port is not None:
        fields |= {"otlp_endpoint": f"http://{LOOPBACK}:{stack.bridge_port}", "span_files": "1"}
    elif endpoint := os.environ.get(OTLP):
        fields["otlp_endpoint"] = endpoint
    return fields


def _places(stack: Stack, unit: Unit) -> dict[str, str]:
    return {
        "files": str(stack.topology.folder),
        "state": str(stack.state.root),
        "node": unit.node,
        "services": json.dumps(stack.topology.domain_services(unit.node)),
    }


def _absolute(path: Path) -> Path:
    return path.absolute()
