"""`nrm demo`: bring the stack up with the demo's clock and tell the stories."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import StateOption, console, state_folder
from deploy.demo.stories import EVERY, IN_A_MINUTE, STORIES, nodes_on_call
from deploy.demo.telling import tell as tell_stories
from deploy.demo.world import wait_until_ready
from deploy.local import control, readiness
from deploy.local.buses import wanted_brokers
from deploy.local.failures import StackFailure
from deploy.local.jurisdiction import DEFAULT, profile_of
from deploy.local.layout import DEFAULT_STATE, StateFolder

app = typer.Typer(help="Tell the stories on a running stack.", invoke_without_command=True)
AgainstOption = Annotated[
    Path | None,
    typer.Option(help="Tell them where a world runs already, as this folder describes it."),
]
StoriesOption = Annotated[
    str, typer.Option(help=f"Names with commas between, or {EVERY}: {', '.join(STORIES)}.")
]
SHORT = ",".join(IN_A_MINUTE)
KeepOption = Annotated[bool, typer.Option("--keep", help="Leave the stack running afterwards.")]


@app.callback()
def demo(
    context: typer.Context,
    state: StateOption = DEFAULT_STATE,
    keep: KeepOption = False,
    against: AgainstOption = None,
    stories: StoriesOption = SHORT,
) -> None:
    """Tell the stories that fit into a minute, or those asked for; then stop what was started."""
    if context.invoked_subcommand is not None:
        return
    names = _known(list(STORIES) if stories == EVERY else stories.split(","))
    if against is not None:
        raise typer.Exit(_in_a_world(state_folder(against), names))
    raise typer.Exit(_on_a_stack(state_folder(state), names, keep=keep))


@app.command()
def tell(
    names: Annotated[list[str], typer.Argument(help="Stories: " + ", ".join(STORIES) + ".")],
    state: StateOption = DEFAULT_STATE,
    keep: KeepOption = True,
) -> None:
    """Tell these stories; the stack is started if it does not run, and kept."""
    raise typer.Exit(_on_a_stack(state_folder(state), _known(names), keep=keep))


def _known(names: list[str]) -> list[str]:
    unknown = [name for name in names if name not in STORIES]
    if unknown:
        raise StackFailure(
            f"There is no story {', '.join(unknown)}. There are: {', '.join(STORIES)}."
        )
    return names


def _in_a_world(state: StateFolder, names: list[str]) -> int:
    with console.status("waiting until every service is ready"):
        wait_until_ready(state)
    there = dict(control.addresses(state))
    if absent := [node for node in nodes_on_call(names) if f"{node}.gateway" not in there]:
        raise StackFailure(f"This world has no {', '.join(absent)}: leave out who needs it.")
    return tell_stories(state, names, console)


def _on_a_stack(state: StateFolder, names: list[str], *, keep: bool) -> int:
    with console.status("starting broker, database and services"):
        wish = control.Wish(
            state=state, demo=True, brokers=wanted_brokers(), also=nodes_on_call(names)
        )
        started = control.start(wish)
        control.wait_for(state, lambda: not readiness.unready(state))
    if (profile := profile_of(state)) != DEFAULT:
        console.print(f"every clock and limit is the profile's: {profile}")
    try:
        return tell_stories(state, names, console)
    finally:
        if started and not keep:
            control.stop(state)
