"""Where a door finds its node: on this machine by the stack's own files, or as it is told.

Used by the groups of commands that call a node as an agency does, over HTTP with a token.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.options import StateOption, state_folder
from deploy.local import control
from deploy.local.layout import DEFAULT_STATE
from deploy.local.tokens import token_path
from doors.failures import DoorFailure

AddressOption = Annotated[
    str, typer.Option("--address", envvar="NRM_DOOR_ADDRESS", help="Of the service, if elsewhere.")
]
TokenOption = Annotated[
    Path | None,
    typer.Option("--token", envvar="NRM_DOOR_TOKEN", help="A file with the caller's token."),
]
DoorOption = Annotated[
    Path | None,
    typer.Option("--door", envvar="NRM_DOOR", help="Keeps the door's key and notes: back it up."),
]
NodeOption = Annotated[str, typer.Option("--node", help="Whose node: `interior-brest`.")]


@dataclass(frozen=True)
class Told:
    """What was said on the command line of where the node is."""

    state: Path
    address: str
    token: Path | None
    door: Path | None


@dataclass(frozen=True)
class Way:
    """Where a service is, and with which token and door folder it is called."""

    address: str
    token: str
    door: Path


def told(
    context: typer.Context,
    state: StateOption = DEFAULT_STATE,
    address: AddressOption = "",
    token: TokenOption = None,
    door: DoorOption = None,
) -> None:
    """Say where the node is, if it is not one of the stack on this machine."""
    context.obj = Told(state, address, token, door)


def way_to(said: Told, node: str, service: str, role: str) -> Way:
    """As told, or the service of the node in the stack that runs here."""
    folder = state_folder(said.state)
    if said.address and (said.token is None or said.door is None):
        raise DoorFailure("With --address say also --token and --door: files of your own.")
    path = said.token or token_path(folder, node, role)
    if not path.is_file():
        raise DoorFailure("There is no token: name its file with --token, or start with `nrm up`.")
    return Way(
        address=said.address or control.address_of(folder, node, service),
        token=path.read_text(encoding="ascii").strip(),
        door=said.door or folder.root / "doors" / node,
    )


@contextmanager
def alone(door: Path) -> Iterator[None]:
    """One process at a door: two would write each other's notes."""
    door.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (door / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DoorFailure("Another process works at this door: end it, or wait.") from error
        yield
