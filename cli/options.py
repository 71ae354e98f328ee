"""Options that several subcommands share, and how they print.

Groups of subcommands use these, so that `--state` means the same everywhere.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.local.layout import DEFAULT_STATE, StateFolder

StateOption = Annotated[
    Path,
    typer.Option("--state", envvar="NRM_STATE", help="The stack's state folder."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]

WIDE = 120  # columns where nobody looks at a terminal
console = Console(width=None if sys.stdout.isatty() else WIDE)
errors = Console(stderr=True)


def state_folder(path: Path = DEFAULT_STATE) -> StateFolder:
    """Return the state folder that `--state` names."""
    return StateFolder(path.absolute())


def print_json(content: object) -> None:
    """Print for a program: plain JSON, no colours."""
    typer.echo(json.dumps(content, indent=1))
