"""Where the world of the stories runs: the embedded stack, or containers that somebody started.

Only what differs between the two is here; addresses, tokens, spans and the clock are in the state
folder of both.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from deploy.containers.running import Containers
from deploy.local import control, readiness
from deploy.local.failures import NotReady, StackFailure
from deploy.local.layout import StateFolder, read_json
from deploy.local.postgres import PostgresServer

READY_SECONDS = 300.0
PAUSE_SECONDS = 1.0


class World(Protocol):
    """What an observer of the whole machine can do."""

    def superuser_url(self, database: str) -> str:
        """Return the administrator's address of a database; never print it."""

    def kill(self, name: str) -> None:
        """End one service at once, as a crash would; something starts it again."""

    def cut_off(self, name: str) -> None:
        """Stop one service, and keep it stopped until it is joined again."""

    def join(self, name: str) -> None:
        """Let a service that was cut off begin again."""

    def collect_logs(self) -> None:
        """Have every log in the state folder."""


@dataclass(frozen=True)
class Embedded:
    """The stack that `nrm up` starts."""

    state: StateFolder

    def superuser_url(self, database: str) -> str:
        """Return the administrator's address of a database; never print it."""
        return PostgresServer(self.state.postgres).superuser_url(database)

    def kill(self, name: str) -> None:
        """End one service at once; the supervisor starts it again."""
        control.kill(self.state, name)

    def cut_off(self, name: str) -> None:
        """Stop one service; the supervisor leaves it stopped."""
        control.hold(self.state, name)
        control.wait_for(self.state, lambda: control.processes(self.state).get(name) is None)

    def join(self, name: str) -> None:
        """Let the supervisor start it again."""
        control.release(self.state, name)

    def collect_logs(self) -> None:
        """They are there."""


def wait_until_ready(state: StateFolder) -> None:
    """Wait until every service that a state folder describes says that it is ready."""
    if not dict(control.addresses(state)):
        raise StackFailure(
            "This folder describes no world: `python -m deploy.containers describe` writes it."
        )
    deadline = time.monotonic() + READY_SECONDS
    while late := [name for name, told in readiness.ask_all(state).items() if not told.ready]:
        if time.monotonic() > deadline:
            raise NotReady(f"Not ready within {READY_SECONDS:.0f} s: {', '.join(late)}.")
        time.sleep(PAUSE_SECONDS)


def world_of(state: StateFolder) -> World:
    """The world that a state folder describes."""
    return Containers(state) if "containers" in read_json(state.stack) else Embedded(state)
