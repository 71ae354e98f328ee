"""`nrm referral explain`: why each service was or was not offered, for every need of a request.

Asked of the node's own referral service as a case officer, so that reading is allowed there and
recorded. Codes with their labels; nothing of the person is in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import httpx
import typer
from rich.table import Table

from cli.options import JsonOption, StateOption, console, print_json, state_folder
from contracts.vocabulary import LANGUAGES, code_lists
from deploy.local import control
from deploy.local.failures import StackFailure
from deploy.local.layout import DEFAULT_STATE, StateFolder
from deploy.local.opening import running_topology
from deploy.local.tokens import read_token

SERVICE, CALLER = "referral", "case-officer"
VERDICTS = "routing-verdict"
WAIT_SECONDS = 10
app = typer.Typer(help="Who was asked for help, and why.", no_args_is_help=True)
Row = Mapping[str, Any]


@app.callback()
def _group() -> None:
    """Keep the group's word when it has one command alone."""


@app.command()
def explain(
    request: Annotated[str, typer.Argument(help="A request id.")],
    node: Annotated[
        str | None, typer.Option("--node", help="The node that sent it; else each is asked.")
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="Of the labels: en, ru or be.")
    ] = "en",
    state: StateOption = DEFAULT_STATE,
    as_json: JsonOption = False,
) -> None:
    """Tell for each need and service why it was or was not offered."""
    if language not in LANGUAGES:
        raise StackFailure(f"There are labels in {', '.join(LANGUAGES)}.")
    folder = state_folder(state)
    for name in [node] if node else _senders(folder):
        found = _asked(folder, name, request)
        if found is not None:
            shown, rows = found
            if as_json:
                print_json({"node": name, "request": shown, "considered": rows})
            else:
                print_explained(shown, rows, language)
            return
    raise StackFailure("No node here has such a request, or sharing of its case was stopped.")


def print_explained(request: Row, rows: list[Any], language: str) -> None:
    """A table for each need: round by round, service by service."""
    lists = code_lists()
    for need in request["needs"]:
        title = lists["service-type"].label(need["service_type"], language)
        state = f"{need['state']}, {need['told']}" if need.get("told") else need["state"]
        table = Table(title=f"{title}: {state}", title_justify="left", box=None)
        for heading in ("round", "agency", "service", "why"):
            table.add_column(heading, overflow="fold")
        for row in rows:
            if row["need_id"] == need["need_id"]:
                why = "; ".join(labelled(row["verdicts"], language))
                table.add_row(str(row["round"]), row["agency"], row["service_id"], why)
        console.print(table)


def labelled(verdicts: list[str], language: str) -> Iterator[str]:
    """Each code with what it means in the language."""
    labels = code_lists()[VERDICTS]
    for verdict in verdicts:
        yield f"{labels.label(verdict, language)} ({verdict})"


def _senders(folder: StateFolder) -> list[str]:
    units = running_topology(folder).units
    return sorted({unit.node for unit in units if unit.service == SERVICE})


def _asked(folder: StateFolder, node: str, request: str) -> tuple[Row, list[Any]] | None:
    address = control.address_of(folder, node, SERVICE)
    headers = {"authorization": f"Bearer {read_token(folder, node, CALLER)}"}
    with httpx.Client(
        base_url=address, headers=headers, timeout=WAIT_SECONDS, trust_env=False
    ) as client:
        told = [client.get(f"/v1/requests/{request}{path}") for path in ("", "/explanation")]
    if any(answer.status_code == 422 for answer in told):
        raise StackFailure("A request id is a UUID.")
    if any(answer.status_code != 200 for answer in told):
        return None
    return told[0].json(), told[1].json()
