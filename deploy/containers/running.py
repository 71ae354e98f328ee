"""The running containers, as the demo's observer reaches them from the host.

Nobody in a real mechanism has this view: it needs the ports that only the demo's second file
publishes, every node's passwords, and the right to command the containers.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.containers import inside
from deploy.local.addresses import SUPERUSER, DatabaseAt
from deploy.local.failures import PartMissing, StackFailure
from deploy.local.layout import REPOSITORY, StateFolder, read_json, write_json
from deploy.local.ports import LOOPBACK
from deploy.local.topology import Topology, read_topology

COMPOSE, FIRST_COMPOSE = "COMPOSE", "docker compose"
FILES = ("docker-compose.yml", "deploy/containers/demo.yaml")
COMMAND_SECONDS = 120
LOG_LINE = re.compile(rb"^(?P<name>[a-z0-9-]+?)(?:[-_]\d+)?\s+\| (?P<text>.*)$")
KILL_EVERYTHING = "kill -KILL -1"  # but the first process, which then ends with their code


def compose_command(environment: Mapping[str, str]) -> list[str]:
    """Compose with both files; ``COMPOSE`` names another program (``docker-compose``)."""
    words = shlex.split(environment.get(COMPOSE) or FIRST_COMPOSE)
    for file in FILES:
        words += ["-f", file]
    return words


def describe(state: StateFolder, topology: Topology, environment: Mapping[str, str]) -> None:
    """Write where everything is, as Compose resolves its files, for `nrm demo --against`."""
    command = compose_command(environment)
    services = resolved(environment)
    nodes = tuple(topology.file.nodes)
    brokers = {
        node: f"{LOOPBACK}:{published(services, inside.broker_of(node), inside.AGENCY_PORT)}"
        for node in (*topology.agencies, inside.HUB)
    }
    told = {
        "containers": {
            "compose": command,
            "databases": {
                node: published(services, inside.database_of(node), inside.DATABASE_PORT)
                for node in nodes
            },
        },
        "demo": True,
        "hub_bootstrap": brokers.pop(inside.HUB),
        "node_bootstraps": brokers,
        "ports": {
            unit.name: published(services, inside.container_of(unit), inside.SERVICE_PORT)
            for unit in topology.units
        },
    }
    write_json(state.stack, told)


def resolved(environment: Mapping[str, str], *profiles: str) -> dict[str, Any]:
    """The services as Compose reads its files, also those of the profiles."""
    words = [word for profile in profiles for word in ("--profile", profile)]
    told = yaml.safe_load(_run([*compose_command(environment), *words, "config"]))
    return dict(told["services"])


def published(services: Mapping[str, Any], name: str, target: int) -> int:
    """The host's port for a container's, in either form in which Compose may tell it."""
    for port in services.get(name, {}).get("ports", ()):
        if isinstance(port, dict):
            outside, inner = port["published"], port["target"]
        else:
            outside, inner = str(port).removesuffix("/tcp").split(":")[-2:]
        if int(inner) == target:
            return int(outside)
    raise StackFailure(f"{name} publishes no port for its {target}: restore {FILES[-1]}.")


@dataclass(frozen=True)
class Containers:
    """The containers that one state folder describes."""

    state: StateFolder

    def superuser_url(self, database: str) -> str:
        """Return the administrator's address of a node's database; never print it."""
        node = next(unit.node for unit in read_topology().units if unit.database == database)
        passwords = read_json(inside.node_folder(self.state, node).credentials)
        port = self._told()["databases"][node]
        return DatabaseAt(LOOPBACK, port, passwords[SUPERUSER]).superuser_url(database)

    def kill(self, name: str) -> None:
        """End one service at once, as a crash would; the container's policy starts it again."""
        words = ["exec", "-T", _container(name), "sh", "-c", KILL_EVERYTHING]
        _run([*self._told()["compose"], *words], may_fail=True)

    def cut_off(self, name: str) -> None:
        """Stop one service; the container stays stopped."""
        _run([*self._told()["compose"], "stop", _container(name)])

    def join(self, name: str) -> None:
        """Start the container again."""
        _run([*self._told()["compose"], "start", _container(name)])

    def collect_logs(self) -> None:
        """Write what every container printed so far into the folder of logs."""
        printed = _run([*self._told()["compose"], "logs", "--no-color"])
        for name, lines in by_container(printed).items():
            self._log_of(name).write_bytes(b"\n".join(lines) + b"\n")

    def _log_of(self, container: str) -> Path:
        names = {inside.container_of(unit): unit.name for unit in read_topology().units}
        return self.state.log_of(names.get(container, container))

    def _told(self) -> dict[str, Any]:
        return dict(read_json(self.state.stack)["containers"])


def _container(name: str) -> str:
    return name.replace(".", "-").replace("_", "-")


def by_container(printed: bytes) -> dict[str, list[bytes]]:
    """The lines of each container, as `logs` mixes them."""
    found: dict[str, list[bytes]] = defaultdict(list)
    for line in printed.splitlines():
        if match := LOG_LINE.match(line):
            found[match["name"].decode()].append(match["text"])
    return dict(found)


def _run(words: Sequence[str], *, may_fail: bool = False) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - Compose, with words of ours
            words, cwd=REPOSITORY, capture_output=True, check=False, timeout=COMMAND_SECONDS
        )
    except FileNotFoundError:
        raise PartMissing(
            f"{words[0]} is missing: install Docker with Compose, or name it in {COMPOSE}."
        ) from None
    if done.returncode != 0 and not may_fail:
        raise StackFailure(f"Compose failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout
