"""The `nrm` command: puts the groups together and turns failures into one sentence.

A failure that we foresee prints its sentence and ends with 1; a bug keeps its traceback.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys

import typer

from cli import doctor, restore, stack, status
from cli.options import errors
from deploy.local.failures import StackFailure
from doors.failures import DoorFailure
from services.chassis.errors import NrmError

GROUPS = (
    "parked",
    "consumer",
    "trace",
    "referral",
    "directory",
    "demo",
    "intake",
    "export",
    "unmapped",
    "report",
)  # each a module of this package with its own `app`

app = typer.Typer(
    name="nrm",
    help="Run and look after a national referral mechanism on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
stack.register(app)
status.register(app)
doctor.register(app)
restore.register(app)
for group in GROUPS:
    if importlib.util.find_spec(f"cli.{group}") is not None:
        app.add_typer(importlib.import_module(f"cli.{group}").app, name=group)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except (StackFailure, NrmError, DoorFailure) as failure:
        errors.print(f"nrm: {failure}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
