"""Which nodes exist, which services run in each, and what each is called everywhere else.

The names of databases, roles, log files and variables follow from here and are formed nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy.local.failures import StackFailure

NODES_FILE = Path(__file__).with_name("nodes.yaml")
NODE_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
SERVICE_PATTERN = r"^[a-z_]+(\.[a-z_]+)?$"
DOOR = "gateway"  # the node that has one has a bus of its own
PAGES = "console"  # beside the services: it has no database and no topic


class NodeCard(BaseModel):
    """One node as nodes.yaml says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    services: tuple[str, ...] = Field(min_length=1)
    pages: bool = False
    """Whether people get the work list in a browser: one more process."""
    on_call: bool = False
    """Whether it runs only where somebody asked for it; then it is one process."""


class NodesFile(BaseModel):
    """The whole of nodes.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    package: str
    nodes: Mapping[str, NodeCard]
    registry: str | None = None
    callers: tuple[str, ...] = ()
    people: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Who gets a token with several roles, by what they are called."""
    settings: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Unit:
    """One service process of one node."""

    node: str
    service: str
    package: str

    @property
    def name(self) -> str:
        """Return what people call it: `ngo-brest.referral`."""
        return f"{self.node}.{self.service}"

    @property
    def module(self) -> str:
        """Return the module with `build`."""
        return f"{self._path}.main"

    @property
    def settings_module(self) -> str:
        """Return the module with `Settings`."""
        return f"{self._path}.settings"

    @property
    def _path(self) -> str:
        return f"{self.package}.{self.service}" if self.package else self.service

    @property
    def schema(self) -> str:
        """Return the schema that it owns: the last word of the service."""
        return self.service.rpartition(".")[2]

    @property
    def database(self) -> str:
        """Return the node's database."""
        return f"nrm_{self.node.replace('-', '_')}"

    @property
    def role(self) -> str:
        """Return the role that it logs in with."""
        return f"{self.node.replace('-', '_')}_{self.schema}"

    @property
    def variable_prefix(self) -> str:
        """Return how its variables begin: `NRM_STATISTICS_CONTRIBUTOR__`."""
        return f"NRM_{self.service.replace('.', '_').upper()}__"

    @property
    def migrations(self) -> Path:
        """Return the folder of its own migrations."""
        root = Path(__file__).resolve().parents[2]
        return root.joinpath(*self.package.split("."), *self.service.split("."), "migrations")


@dataclass(frozen=True)
class Process:
    """What runs in one process: one service, or all of a node."""

    name: str
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Topology:
    """All nodes of one stack."""

    file: NodesFile
    folder: Path
    pairs: tuple[tuple[str, str], ...]  # ordered pairs of nodes that may exchange

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Return every service process, in the order in which they are started."""
        return tuple(
            Unit(node=node, service=service, package=self.file.package)
            for node, card in self.file.nodes.items()
            for service in card.services
        )

    @cached_property
    def desks(self) -> tuple[Unit, ...]:
        """Return the work lists: processes beside the services, in nodes that want them."""
        return tuple(
            Unit(node=node, service=PAGES, package="")
            for node, card in self.file.nodes.items()
            if card.pages
        )

    def processes(self, *, whole_nodes: bool) -> tuple[Process, ...]:
        """Return what runs in which process; a whole node's is named as the node.

        A node on call is one process: few ask for it, and it must cost little.
        """
        found: list[Process] = []
        for node, card in self.file.nodes.items():
            units = tuple(unit for unit in self.units if unit.node == node)
            if whole_nodes or card.on_call:
                found.append(Process(node, units))
            else:
                found += [Process(unit.name, (unit,)) for unit in units]
        return tuple(found)

    @property
    def agencies(self) -> tuple[str, ...]:
        """Return the nodes that have a door, and so a bus of their own."""
        return tuple(n for n, card in self.file.nodes.items() if DOOR in card.services)

    def domain_services(self, node: str) -> tuple[str, ...]:
        """Return what a node offers behind its door, by the first word."""
        services = self.file.nodes[node].services
        return tuple(service.partition(".")[0] for service in services if service != DOOR)

    def only(self, node: str) -> Topology:
        """Return one node by itself, as its own administrators see it."""
        if node not in self.file.nodes:
            raise StackFailure(
                f"There is no node {node!r}. There are: {', '.join(self.file.nodes)}."
            )
        alone = self.file.model_copy(update={"nodes": {node: self.file.nodes[node]}})
        return replace(self, file=alone)

    def unit(self, name: str) -> Unit:
        """Return the unit of this name."""
        for unit in self.units:
            if unit.name == name:
                return unit
        known = ", ".join(unit.name for unit in self.units)
        raise StackFailure(f"There is no service {name!r}. There are: {known}.")


def read_topology(path: Path | None = None, also: Collection[str] = ()) -> Topology:
    """Read and check nodes.yaml (or another file of the same form).

    ``also``: the nodes on call that are there, too. The pairs are always all of the registry: what
    is sent to a node that does not run waits in its topic, as for any agency that is away.
    """
    source = path or NODES_FILE
    try:
        file = NodesFile.model_validate(yaml.safe_load(source.read_text()))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        places = (
            "; ".join(
                ".".join(map(str, found["loc"])) + ": " + found["msg"]
                for found in error.errors(include_input=False, include_url=False)
            )
            if isinstance(error, ValidationError)
            else type(error).__name__
        )
        raise StackFailure(f"{source.name} cannot be used: {places}.") from error
    pairs = _read_pairs(source.with_name(file.registry)) if file.registry else ()
    strangers = {node for pair in pairs for node in pair} - set(file.nodes)
    if strangers:
        raise StackFailure(f"{file.registry} names unknown nodes: {', '.join(sorted(strangers))}.")
    return Topology(file=_with(file, also), folder=source.absolute().parent, pairs=pairs)


def _with(file: NodesFile, also: Collection[str]) -> NodesFile:
    """The file without the nodes on call that nobody asked for."""
    on_call = [node for node, card in file.nodes.items() if card.on_call]
    if unknown := sorted(set(also) - set(on_call)):
        known = ", ".join(on_call) or "none"
        raise StackFailure(f"No node on call: {', '.join(unknown)}. There are: {known}.")
    left = {node: card for node, card in file.nodes.items() if not card.on_call or node in also}
    return file.model_copy(update={"nodes": left})


def _read_pairs(registry: Path) -> tuple[tuple[str, str], ...]:
    try:
        told = yaml.safe_load(registry.read_text())["pairs"]
        return tuple(dict.fromkeys((pair["sender"], pair["recipient"]) for pair in told))
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise StackFailure(
            f"{registry.name} cannot be used ({type(error).__name__}): it must list pairs with "
            "sender and recipient."
        ) from error
