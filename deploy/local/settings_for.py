"""The environment of each service: what it is told, and nothing else.

A domain service is not told where the exchange bus is: only the gateway may speak to it, and the
services of nodes that have none.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from deploy.local import jurisdiction
from deploy.local.addresses import DatabaseAddress
from deploy.local.buses import Buses
from deploy.local.credentials import Credentials
from deploy.local.keys import key_path
from deploy.local.layout import StateFolder
from deploy.local.ports import LOOPBACK
from deploy.local.tokens import digests_path
from deploy.local.topology import DOOR, PAGES, Topology, Unit

OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT"


@dataclass(frozen=True)
class Places:
    """Where one service finds what it needs, in its own file system and network."""

    port: int
    state: Path
    tokens: Path
    key: Path
    clock: Path
    files: Path
    """The folder of the registry and the directory."""
    directory: Path | None = None
    """The directory of services, where it is not in that folder."""
    spans_to: str | None = None
    """A collector of its own node; the spans stay files too."""
    host: str | None = None
    """The address that HTTP listens on; loopback when nothing is said."""


@dataclass(frozen=True)
class Stack:
    """What the settings of every service are made from."""

    state: StateFolder
    topology: Topology
    database: DatabaseAddress
    credentials: Credentials
    buses: Buses
    service_ports: dict[str, int]
    demo: bool = False
    bridge_port: int | None = None
    """Where the spans go when the stack is observed; they stay files too."""

    def places(self, unit: Unit) -> Places:
        """Return where a service finds what it needs, as the service sees it."""
        bridge = f"http://{LOOPBACK}:{self.bridge_port}" if self.bridge_port is not None else None
        return Places(
            port=self.service_ports[unit.name],
            state=self.state.root,
            tokens=digests_path(self.state, unit.node).absolute(),
            key=key_path(self.state, unit.node).absolute(),
            clock=self.state.clock,
            files=self.topology.folder,
            directory=self.state.directory if self.state.directory.exists() else None,
            spans_to=bridge,
        )

    def neighbours(self, unit: Unit) -> dict[str, str]:
        """Return where the services of the same node listen, by name, as the unit sees them."""
        return {
            name.removeprefix(f"{unit.node}."): f"http://{LOOPBACK}:{port}"
            for name, port in self.service_ports.items()
            if name.startswith(f"{unit.node}.") and name != unit.name
        }


def environment_of(stack: Stack, unit: Unit) -> dict[str, str]:
    """Return every variable of one service process."""
    places = stack.places(unit)
    fields = _fields(stack, unit, places)
    settings, words = stack.topology.file.settings, _words(stack, unit, places)
    for key, value in {**settings.get(unit.service, {}), **settings.get(unit.name, {})}.items():
        fields[key] = value.format_map(words)
    variables = {unit.variable_prefix + key.upper(): value for key, value in fields.items()}
    if (profile := jurisdiction.wanted_profile()) is not None:
        variables[jurisdiction.SETTING] = profile
    if stack.demo:
        variables |= {"NRM_DEMO": "1", "NRM_CLOCK": f"file:{places.clock}"}
    return variables


def _fields(stack: Stack, unit: Unit, places: Places) -> dict[str, str]:
    if unit.service == PAGES:
        return _fields_of_pages(stack, unit, places)
    has_bus = unit.node in stack.topology.agencies
    fields = {
        "node": unit.node,
        "service": unit.service,
        "database_url": stack.credentials.unit_url(stack.database, unit),
        "database_schema": unit.schema,
        "port": str(places.port),
        "state_dir": str(places.state),
        "tokens_file": str(places.tokens),
        "key_file": str(places.key),
    }
    if has_bus:
        fields["local_bootstrap"] = stack.buses.of_node(unit.node)
    if unit.service == DOOR or not has_bus:
        fields["hub_bootstrap"] = stack.buses.hub
    if places.host is not None:
        fields["host"] = places.host
    if places.spans_to is not None:
        fields |= {"otlp_endpoint": places.spans_to, "span_files": "1"}
    elif endpoint := os.environ.get(OTLP):
        fields["otlp_endpoint"] = endpoint
    return fields


def _fields_of_pages(stack: Stack, unit: Unit, places: Places) -> dict[str, str]:
    """No database, no bus, no key: only where the node's own services listen."""
    fields = {
        "node": unit.node,
        "port": str(places.port),
        "state_dir": str(places.state),
        "tokens_file": str(places.tokens),
        "addresses": json.dumps(stack.neighbours(unit)),
        "secure_cookie": "0",  # loopback, without TLS
    }
    return fields | ({"host": places.host} if places.host is not None else {})


def _words(stack: Stack, unit: Unit, places: Places) -> dict[str, str]:
    return {
        "files": str(places.files),
        "directory": str(places.directory or places.files / "directory.yaml"),
        "state": str(places.state),
        "node": unit.node,
        "services": json.dumps(stack.topology.domain_services(unit.node)),
    }
