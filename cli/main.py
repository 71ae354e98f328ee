"""The `nrm` command: puts the groups together and turns failures into one sentence.

A failure that we foresee prints its sentence and ends with 1; a bug keeps its traceback.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any, Final

import typer
from typer.core import TyperGroup

from cli.options import errors
from deploy.local.failures import StackFailure
from doors.failures import DoorFailure
from services.chassis.errors import NrmError

MODULES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("up", "down", "restart", "reset", "migrate"), "stack"),
    **dict.fromkeys(("status", "address", "logs"), "status"),
    "doctor": "doctor",
    "restore": "restore",
    "parked": "parked",
    "consumer": "consumer",
    "trace": "trace",
    "referral": "referral",
    "directory": "directory",
    "demo": "demo",
    "intake": "intake",
    "export": "export",
    "unmapped": "unmapped",
    "report": "report",
}
"""Each command or group, and the module of this package whose ``app`` has it."""


class OneAtATime(TyperGroup):
    """Imports the module of a command when it is asked for: all of them take seconds."""

    def __init__(self, **keywords: Any) -> None:
        """Know every command by its name, without importing any."""
        super().__init__(**keywords)
        self.commands: Any = dict.fromkeys(MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import what this command needs; None when there is no such command."""
        if cmd_name not in MODULES:
            return None
        module = importlib.import_module(f"cli.{MODULES[cmd_name]}")
        group = typer.main.get_group(module.app)
        group.name = cmd_name
        return group.commands.get(cmd_name, group)


app = typer.Typer(
    name="nrm",
    cls=OneAtATime,
    help="Run and look after a national referral mechanism on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def nrm() -> None:
    """Run and look after a national referral mechanism on this machine."""


def main() -> None:
    """Run the command line."""
    try:
        app()
    except (StackFailure, NrmError, DoorFailure) as failure:
        errors.print(f"nrm: {failure}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
