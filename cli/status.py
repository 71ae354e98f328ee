"""`nrm status | address | logs`: what runs, where, and what it says."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.options import JsonOption, StateOption, console, print_json, state_folder
from deploy.local import control, logfiles, readiness
from deploy.local.buses import BROKER, HUB_BROKER
from deploy.local.failures import StackFailure
from deploy.local.layout import DEFAULT_STATE, StateFolder

LOOK_AT = "not ready, or to be looked at"
FOLLOW_SECONDS = 0.5
SERVER_LOGS = {
    **{name: (name, "broker.log") for name in (BROKER, HUB_BROKER)},
    "postgres": ("postgres", "server.log"),
}


app = typer.Typer()


@app.command()
def status(state: StateOption = DEFAULT_STATE, as_json: JsonOption = False) -> None:
    """Show every address, process, readiness by part, and versions."""
    told = readiness.status(state_folder(state))
    if as_json:
        print_json(told)
    else:
        _show(told)
    if told["state"] == "stopped":
        raise typer.Exit(3)


@app.command()
def address(
    node: Annotated[str, typer.Argument(help="A node: `border-brest`.")],
    service: Annotated[str, typer.Argument(help="A service: `gateway`; or `kafka`.")],
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Print one address and nothing else, for scripts: `$(nrm address border-brest gateway)`."""
    typer.echo(control.address_of(state_folder(state), node, service))


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help="A process, `supervisor` or `setup`.")] = "supervisor",
    state: StateOption = DEFAULT_STATE,
    lines: Annotated[int, typer.Option(min=1, max=10_000, help="How many last lines.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Print the last lines of one log."""
    folder = state_folder(state)
    path = folder.log_of(name)
    if name in SERVER_LOGS:
        path = folder.root.joinpath(*SERVER_LOGS[name])
    if not path.exists():
        raise StackFailure(f"There is no log of {name!r}. There are: {_logs(folder)}.")
    for line in logfiles.last_lines(path, lines):
        typer.echo(line)
    with path.open(errors="replace") as log:
        log.seek(0, 2)
        while follow:
            typer.echo(log.read(), nl=False)
            time.sleep(FOLLOW_SECONDS)


def _logs(folder: StateFolder) -> str:
    servers = [name for name, path in SERVER_LOGS.items() if folder.root.joinpath(*path).exists()]
    return ", ".join([*servers, *sorted(path.stem for path in folder.logs.glob("*.log"))])


def _show(told: dict[str, Any]) -> None:
    console.print(f"The stack is [bold]{told['state']}[/]. State: {told['folder']}")
    if told["state"] == "stopped":
        console.print("Nothing runs: `nrm up` starts it.")
        return
    console.print(f"Kafka: {_brokers(told['kafka'])}   PostgreSQL port: {told['postgres']['port']}")
    table = Table(box=None)
    for heading in ("process", "pid", "state", "restarts", "address", LOOK_AT):
        table.add_column(heading, no_wrap=heading != LOOK_AT, overflow="fold")
    for entry in told["processes"]:
        state = entry["state"] if entry["state"] != "running" else "not ready"
        table.add_row(
            entry["name"],
            str(entry["pid"] or "-"),
            "ready" if entry["ready"] else f"[red]{state}[/]",
            str(entry["restarts"]),
            entry.get("address", "").removeprefix("http://"),
            entry.get("last_words") or ", ".join(_to_look_at(entry.get("parts", {}))),
        )
    console.print(table)
    console.print("  ".join(f"{name} {version}" for name, version in told["versions"].items()))


def _brokers(told: dict[str, str | None]) -> str:
    """One address, or the hub's beside it."""
    here, hub = told["bootstrap"], told["hub_bootstrap"]
    return f"{here}" if here == hub else f"{here}, the hub's {hub}"


def _to_look_at(parts: dict[str, Any]) -> list[str]:
    """Parts that are not ready, and what ready ones have to say."""
    by_part = parts.get("parts", parts)
    if not isinstance(by_part, dict):
        return []
    return [
        name if part.get("ok") is False else f"{name}: {part['detail']}"
        for name, part in by_part.items()
        if isinstance(part, dict) and (part.get("ok") is False or part.get("detail"))
    ]
