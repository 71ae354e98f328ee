"""`nrm up | down | restart | reset | migrate`: the embedded stack as a whole."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path
from typing import Annotated

import typer

from cli.options import StateOption, console, state_folder
from deploy.local import control, readiness
from deploy.local.buses import wanted_brokers
from deploy.local.control import Wish
from deploy.local.failures import NotReady, StackFailure
from deploy.local.layout import DEFAULT_STATE, StateFolder

MANY = 5


app = typer.Typer()


@app.command()
def up(
    state: StateOption = DEFAULT_STATE,
    demo: Annotated[bool, typer.Option("--demo", help="Let the demo move the clock.")] = False,
    nodes: Annotated[Path | None, typer.Option(help="Another nodes.yaml.")] = None,
    observe: Annotated[
        bool, typer.Option("--observe", help="Show traces and numbers on two pages, too.")
    ] = False,
    whole_nodes: Annotated[
        bool, typer.Option("--whole-nodes", help="One process for each node, as a small agency.")
    ] = False,
) -> None:
    """Start broker, database and every service; starting twice is fine."""
    folder, began = state_folder(state), time.monotonic()
    ran_before, fresh = control.supervisor(folder) is not None, False
    try:
        with console.status("Starting the broker, the database and the services ..."):
            how = (demo, observe, whole_nodes, wanted_brokers())
            fresh = control.start(Wish(folder, nodes, *how))
            control.wait_for(folder, lambda: not readiness.unready(folder))
    except NotReady as failure:
        late = ", ".join(readiness.unready(folder)[:MANY])
        raise NotReady(f"{failure} Not ready: {late}.") from failure
    except KeyboardInterrupt:
        if not ran_before:
            control.stop(folder)
        raise
    first = "The stack" if fresh else "The stack ran already and"
    console.print(f"{first} is up ({time.monotonic() - began:.1f} s). `nrm status` shows it.")
    if at := control.observed_at(folder):
        console.print(f"numbers {at.numbers}\ntraces  {at.traces}", highlight=False)


@app.command()
def down(state: StateOption = DEFAULT_STATE) -> None:
    """Stop exactly what `up` started; the state stays."""
    with console.status("Stopping ..."):
        ran = control.stop(state_folder(state))
    console.print("Everything is stopped." if ran else "Nothing ran.")


@app.command()
def restart(
    name: Annotated[str, typer.Argument(help="A process as `nrm status` names it.")] = "",
    state: StateOption = DEFAULT_STATE,
    services: Annotated[
        bool, typer.Option("--services", help="Every service; the servers go on.")
    ] = False,
) -> None:
    """Stop one process, or every service, and wait until it runs again."""
    if bool(name) is services:
        raise StackFailure("Say which process, or --services for every service.")
    folder = state_folder(state)
    names = control.service_processes(folder) if services else [name]
    for each in names:
        control.restart(folder, each)
    control.wait_for(folder, lambda: not any(readiness.is_late(folder, each) for each in names))
    console.print(f"{', '.join(names)} runs again.")


@app.command()
def reset(
    state: StateOption = DEFAULT_STATE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop everything and delete the state folder with all that it holds."""
    folder = state_folder(state)
    if not folder.root.exists():
        console.print("There is no state.")
        return
    if not folder.supervisor_lock.exists():
        raise StackFailure(f"{folder.root} is not a state folder of ours: delete it by hand.")
    if not yes:
        typer.confirm(f"Delete {folder.root} with every case, key and log in it?", abort=True)
    control.stop(folder)
    shutil.rmtree(folder.root)
    console.print("The state is deleted.")


@app.command()
def migrate(state: StateOption = DEFAULT_STATE) -> None:
    """Bring every schema to the newest revision, as the owner role."""
    folder = state_folder(state)
    asyncio.run(_migrate(folder))
    console.print("Every schema is at its newest revision.")


async def _migrate(folder: StateFolder) -> None:
    from deploy.local.setting_up import migrate_again  # noqa: PLC0415 - needs the database's library

    await migrate_again(folder, control.topology_of(folder))
