"""What docker-compose.yml must keep to, as one list of sentences; empty when it does.

Read with PyYAML alone: the rules are ours, and whether it is a Compose file at all Compose itself
is asked in deploy/containers/stand_in.sh. Variables are taken with their defaults.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.containers import inside
from deploy.local.topology import Topology, read_topology

Card = Mapping[str, Any]
KEYS = {
    *("image", "build", "command", "environment", "env_file", "user", "init"),
    *("cap_drop", "read_only", "security_opt", "tmpfs", "volumes", "networks", "ports"),
    *("depends_on", "healthcheck", "logging", "profiles", "restart", "stop_signal"),
}
TOP = frozenset({"services", "networks", "volumes"})
VERSION = re.compile(r":v?\d+\.\d+(\.\d+)?(-[a-z]+)?$")
SECRET = re.compile(r"PASSWORD|TOKEN|SECRET|CREDENTIAL|_KEY$")
EXCHANGE, OBSERVER, OBSERVE = "exchange", "observer", "observe"
SHARED = ("./deploy/",)
HIDDEN = "./.nrm/containers/"
LOOPBACK = "127.0.0.1:"
TOKENS = f"{HIDDEN}tokens/{{}}.json"


def faults_of(compose: Card, topology: Topology | None = None) -> list[str]:
    """Every rule that the file breaks, as sentences."""
    topology = topology or read_topology()
    services: Mapping[str, Card] = compose["services"]
    found = [f"{key} is not for us" for key in compose if key not in TOP and key[:2] != "x-"]
    found += _missing(services, topology)
    for name, card in services.items():
        found += [f"{name}: {fault}" for fault in _hardening(name, card)]
        found += [f"{name}: {fault}" for fault in _secrets(card)]
    for node in topology.file.nodes:
        found += _separation(services, topology, node)
    for desk in topology.desks:
        name = inside.container_of(desk)
        found += [f"{name}: {fault}" for fault in _pages(services.get(name, {}), desk.node)]
    return found


def _pages(card: Card, node: str) -> Iterator[str]:
    """The work list has the tokens of its node, and no key, database or bus."""
    seen = {str(volume).split(":")[0] for volume in card.get("volumes", ())}
    yield from (f"pages see {source}" for source in sorted(seen - {TOKENS.format(node)}))
    if card.get("networks") != [node]:
        yield "pages are not in their node's network alone"


def _missing(services: Mapping[str, Card], topology: Topology) -> Iterator[str]:
    wanted = {inside.container_of(unit) for unit in (*topology.units, *topology.desks)}
    for node in topology.file.nodes:
        wanted |= {f"{node}-{role}" for role in ("set-up", "postgres", "collector")}
    wanted |= {inside.broker_of(node) for node in (*topology.agencies, inside.HUB)}
    wanted |= {"jaeger", "prometheus", "grafana"}
    yield from (f"{name} is missing" for name in sorted(wanted - services.keys()))
    yield from (f"{name} is in no node" for name in sorted(services.keys() - wanted))


def _hardening(name: str, card: Card) -> Iterator[str]:
    yield from (f"{key} is no key of ours" for key in card if key not in KEYS)
    if not VERSION.search(str(card.get("image", ""))):
        yield "its image has no version"
    if str(card.get("user", "0")).split(":")[0] in ("0", "root"):
        yield "it runs as root"
    if card.get("read_only") is not True:
        yield "its file system can be written"
    if card.get("cap_drop") != ["ALL"]:
        yield "it keeps capabilities"
    if card.get("security_opt") != ["no-new-privileges:true"]:
        yield "it can gain privileges"
    health = card.get("healthcheck", {})
    if not health.get("test") and not (health.get("disable") and name.endswith("-set-up")):
        yield "nobody asks whether it is well"
    for port in card.get("ports", ()):
        if not str(port).startswith(LOOPBACK):
            yield f"{port} is open to the network"


def _secrets(card: Card) -> Iterator[str]:
    yield from (f"{key} is a secret" for key in card.get("environment", {}) if SECRET.search(key))
    file = card.get("env_file")
    if file is not None and not f"./{file}".startswith(HIDDEN):
        yield f"{file} is not in the ignored folder"


def _separation(services: Mapping[str, Card], topology: Topology, node: str) -> Iterator[str]:
    members = {name for name, card in services.items() if node in card.get("networks", ())}
    own = {name for name in services if node_of(name, topology) == node}
    yield from (f"{name} is in the network of {node}" for name in sorted(members - own))
    database = services.get(inside.database_of(node), {})
    if database.get("networks") != [node]:
        yield f"the database of {node} is not in its network alone"
    broker = services.get(inside.broker_of(node))
    if broker is not None and broker["networks"] != [EXCHANGE if node == inside.HUB else node]:
        yield f"the broker of {node} is not on its own bus alone"
    for name in sorted(own):
        yield from _reach(name, services[name], node)


def _reach(name: str, card: Card, node: str) -> Iterator[str]:
    collector = name == f"{node}-collector"
    allowed = {node, OBSERVER} if collector else {node, EXCHANGE}
    yield from (f"{name} is in {each}" for each in card.get("networks", ()) if each not in allowed)
    if collector and (card.get("profiles") != [OBSERVE] or node not in card["networks"]):
        yield f"{name} is not the collector of {node} alone"
    for volume in card.get("volumes", ()):
        source = str(volume).split(":")[0]
        if source.startswith(HIDDEN) and node not in re.split(r"[/.]", source):
            if source != f"{HIDDEN}business":
                yield f"{name} sees {source}"
        elif source.startswith(".") and not source.startswith((HIDDEN, *SHARED)):
            yield f"{name} sees {source}"


def node_of(name: str, topology: Topology) -> str | None:
    """The node that a container belongs to."""
    nodes = (node for node in topology.file.nodes if name.startswith(f"{node}-"))
    return next(nodes, None)
