"""Options that several subcommands share, and how they print.

Groups of subcommands use these, so that `--state` means the same everywhere.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.local.failures import StackFailure
from deploy.local.layout import DEFAULT_STATE, StateFolder

StateOption = Annotated[
    Path,
    typer.Option("--state", envvar="NRM_STATE", help="The stack's state folder."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why, as one word-with-hyphens; kept in the audit.")
]

ACTOR = "operator"
REASON = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
WIDE = 120  # columns where nobody looks at a terminal
console = Console(width=None if sys.stdout.isatty() else WIDE)
errors = Console(stderr=True)


def state_folder(path: Path = DEFAULT_STATE) -> StateFolder:
    """Return the state folder that `--state` names."""
    return StateFolder(path.absolute())


def print_json(content: object) -> None:
    """Print for a program: plain JSON, no colours."""
    typer.echo(json.dumps(content, indent=1))


def checked_reason(reason: str) -> str:
    """Return a reason that an audit row may hold."""
    if REASON.fullmatch(reason) is None:
        raise StackFailure(
            "Say why with --reason, as one-word-with-hyphens: the audit holds no free text."
        )
    return reason
