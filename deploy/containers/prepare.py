"""Secrets and settings of the containers, written once into an ignored folder, never into a file
that is kept.

Tokens, keys, passwords and environments are made by the same code as the embedded stack's. Each
node gets passwords of its own; nothing of one node is mounted into a container of another.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from deploy.containers import inside
from deploy.local.addresses import SUPERUSER, DatabaseAt
from deploy.local.buses import Buses
from deploy.local.credentials import Credentials, make_credentials
from deploy.local.failures import StackFailure
from deploy.local.keys import key_path, make_keys
from deploy.local.layout import REPOSITORY, StateFolder
from deploy.local.processes import write_whole
from deploy.local.settings_for import environment_of
from deploy.local.tokens import digests_path, make_tokens, read_token
from deploy.local.topology import Topology

USER, FIRST_USER = "NRM_USER", "1000:1000"
OPERATOR = "operator"


@dataclass(frozen=True)
class Wish:
    """How the containers shall run."""

    demo: bool = False
    """With the demo's clock: never in earnest."""
    observed: bool = False
    """With a collector in each node."""


def prepare(state: StateFolder, topology: Topology, wish: Wish) -> None:
    """Make what is missing and write every environment anew."""
    user = container_user(os.environ, REPOSITORY / ".env")
    state.make()
    if not state.clock.exists():
        write_whole(state.clock, "0", mode=0o644)
    make_keys(state, topology)  # first: tokens tell that a node had its key
    make_tokens(state, topology)
    for node in topology.file.nodes:
        _prepare_node(state, topology.only(node), wish)
    _hand_over(state, topology, user)


def container_user(environment: os._Environ[str] | dict[str, str], env: Path) -> tuple[int, int]:
    """The user of the containers, as Compose will read it; who must be able to read the keys."""
    told = environment.get(USER) or _from_file(env) or FIRST_USER
    try:
        user, group = (int(word) for word in told.split(":"))
    except ValueError:
        raise StackFailure(f"{USER} must be two numbers, user:group.") from None
    mine = os.geteuid()
    if mine not in (0, user):
        raise StackFailure(
            f"The containers would run as user {user} and could not read the keys that you make: "
            f"put {USER}={mine}:{os.getegid()} into .env, then run this again."
        )
    if user == 0:
        raise StackFailure(f"{USER} names root: choose another user for the containers.")
    return user, group


def _from_file(env: Path) -> str:
    lines = env.read_text().splitlines() if env.exists() else []
    told = (line.partition("=") for line in lines)
    return next((value.strip() for name, _, value in told if name.strip() == USER), "")


def _prepare_node(state: StateFolder, alone: Topology, wish: Wish) -> None:
    (node,) = alone.file.nodes
    folder = inside.node_folder(state, node)
    for each in (folder.root, _environments(state), state.spans / node):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    credentials = make_credentials(folder, alone, also=(SUPERUSER,))
    stack = inside.ContainerStack(
        state=state,
        topology=alone,
        database=DatabaseAt(inside.database_of(node), inside.DATABASE_PORT),
        credentials=credentials,
        buses=buses_inside(alone),
        service_ports={},
        demo=wish.demo,
        observed=wish.observed,
    )
    for unit in (*alone.units, *alone.desks):
        _write_environment(state, unit.name, environment_of(stack, unit))
    _write_environment(state, f"{node}.postgres", {"POSTGRES_PASSWORD": _superuser(credentials)})
    _write_targets(state, alone)


def buses_inside(topology: Topology) -> Buses:
    """Where services reach the brokers: each node's own, and the hub's."""
    at = {node: f"{inside.broker_of(node)}:{inside.BUS_PORT}" for node in topology.agencies}
    return Buses(local="", hub=f"{inside.broker_of(inside.HUB)}:{inside.BUS_PORT}", nodes=at)


def _superuser(credentials: Credentials) -> str:
    return credentials.passwords[SUPERUSER]


def _environments(state: StateFolder) -> Path:
    return state.root / "environment"


def _write_environment(state: StateFolder, name: str, variables: dict[str, str]) -> None:
    text = "".join(f"{name}={value}\n" for name, value in variables.items())
    write_whole(_environments(state) / f"{name}.env", text)


def _write_targets(state: StateFolder, alone: Topology) -> None:
    """What the node's collector looks at, with the labels that every panel is written on."""
    (node,) = alone.file.nodes
    groups = [
        {
            "targets": [f"{inside.container_of(unit)}:{inside.SERVICE_PORT}"],
            "labels": {"node": node, "service": unit.service},
        }
        for unit in alone.units
    ]
    folder = inside.node_folder(state, node).root
    write_whole(folder / "targets.json", json.dumps(groups, indent=1))
    write_whole(folder / OPERATOR, read_token(state, node, OPERATOR))


def _hand_over(state: StateFolder, topology: Topology, user: tuple[int, int]) -> None:
    """Let the containers' user, and nobody else, read what is mounted for it."""
    if os.geteuid() != 0:
        return
    for node in topology.file.nodes:
        folder = inside.node_folder(state, node)
        mounted = (digests_path(state, node), key_path(state, node), state.spans / node)
        own = (folder.credentials, folder.root / "targets.json", folder.root / OPERATOR)
        for path in (*mounted, *own):
            os.chown(path, *user)
