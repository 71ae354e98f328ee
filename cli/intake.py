"""`nrm intake check | send | watch`: tables of an agency without Kafka, row by row into its node.

Printed are row numbers, codes and the mapping's own words for columns: never what stands in a cell.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.options import JsonOption, StateOption, console, errors, print_json, state_folder
from contracts.vocabulary import code_lists
from deploy.local import control
from deploy.local.layout import DEFAULT_STATE
from deploy.local.tokens import token_path
from doors.failures import DoorFailure, NodeAway, label_of, what_to_do
from doors.identifiers import key_in
from doors.node import Node, client_of
from doors.tables.checking import checked
from doors.tables.folder import Drop, Processed, Watcher
from doors.tables.mapping import MappingFile, read_mapping_file
from doors.tables.reading import document_of, rows_of
from doors.tables.results import Outcome, RowResult, write_results
from doors.tables.rows import RowReader
from doors.tables.sending import sender_of

SHOWN = 50
app = typer.Typer(help="Bring tables into a node.", no_args_is_help=True)
FileArgument = Annotated[Path, typer.Argument(help="A table: CSV or XLSX.")]
MappingOption = Annotated[Path, typer.Option("--mapping", help="What its columns and words mean.")]
AddressOption = Annotated[
    str, typer.Option("--address", envvar="NRM_DOOR_ADDRESS", help="The gateway, if not on here.")
]
TokenOption = Annotated[
    Path | None,
    typer.Option("--token", envvar="NRM_DOOR_TOKEN", help="A file with your system's token."),
]
DoorOption = Annotated[
    Path | None,
    typer.Option("--door", envvar="NRM_DOOR", help="Keeps the door's key and notes: back it up."),
]


@dataclass(frozen=True)
class Way:
    """Where a node is, and with which token and door folder it is called."""

    address: str
    token: str
    door: Path


@app.callback()
def where(
    context: typer.Context,
    state: StateOption = DEFAULT_STATE,
    address: AddressOption = "",
    token: TokenOption = None,
    door: DoorOption = None,
) -> None:
    """Say where the node is, if it is not one of the stack on this machine."""
    context.obj = (state, address, token, door)


@app.command()
def check(file: FileArgument, mapping: MappingOption, as_json: JsonOption = False) -> None:
    """Read a table and say of each row whether it could be sent; nothing is written or sent."""
    reader, results = checked(file, read_mapping_file(mapping))
    _say_how_it_was_read(reader)
    _show(results, as_json=as_json)
    if any(each.outcome is Outcome.REFUSED for each in results):
        raise typer.Exit(1)


@app.command()
def send(context: typer.Context, file: FileArgument, mapping: MappingOption) -> None:
    """Send a table's rows and write `FILE.result.csv`; the same again does nothing twice."""
    plan = read_mapping_file(mapping)
    way = _way(plan, context.obj)
    with _alone(way.door):
        results = asyncio.run(_sent(file, plan, way))
    path = file.with_name(f"{file.name}.result.csv")
    write_results(path, results)
    _show(results, as_json=False)
    console.print(f"Each row's outcome: {path}", highlight=False, soft_wrap=True)
    if any(each.outcome is not Outcome.ACCEPTED for each in results):
        raise typer.Exit(1)


@app.command()
def watch(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder into which files are dropped.")],
    mapping: MappingOption,
    once: Annotated[
        bool, typer.Option("--once", help="Take what lies there complete, then end.")
    ] = False,
) -> None:
    """Take every table that is dropped into a folder, until Ctrl-C; results go to `results`."""
    if not folder.is_dir():
        raise DoorFailure(f"There is no folder {folder}: make it, readable for you alone.")
    plan = read_mapping_file(mapping)
    way = _way(plan, context.obj)
    with _alone(way.door):
        asyncio.run(_watched(folder, plan, way, once=once))


def _way(plan: MappingFile, told: tuple[Path, str, Path | None, Path | None]) -> Way:
    """As told, or the gateway of the mapping's node in the stack that runs here."""
    state, address, token, door = told
    folder = state_folder(state)
    if address and (token is None or door is None):
        raise DoorFailure("With --address say also --token and --door: files of your own.")
    path = token or token_path(folder, plan.node, "agency-system")
    if not path.is_file():
        raise DoorFailure("There is no token: name its file with --token, or start with `nrm up`.")
    return Way(
        address=address or control.address_of(folder, plan.node, "gateway"),
        token=path.read_text(encoding="ascii").strip(),
        door=door or folder.root / "doors" / plan.node,
    )


@contextmanager
def _alone(door: Path) -> Iterator[None]:
    """One process at a door: two would write each other's notes."""
    door.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (door / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DoorFailure("Another process works at this door: end it, or wait.") from error
        yield


async def _sent(file: Path, plan: MappingFile, way: Way) -> list[RowResult]:
    key = key_in(way.door)
    async with client_of(way.address, way.token) as client:
        reader = rows_of(document_of(file), plan, key)
        _say_how_it_was_read(reader)
        sender = sender_of(Node(client), plan, key, way.door)
        return [result async for result in sender.send(reader)]


async def _watched(folder: Path, plan: MappingFile, way: Way, *, once: bool) -> None:
    async with client_of(way.address, way.token) as client:
        drop = Drop(
            folder=folder, mapping=plan, node=Node(client), key=key_in(way.door), door=way.door
        )
        watcher = Watcher(drop)
        if once:
            async for processed in watcher.complete():
                _tell(processed)
            return
        console.print(f"Watching {folder}; Ctrl-C ends it.", highlight=False)
        async for told in watcher.watch():
            if isinstance(told, NodeAway):
                errors.print(f"nrm: {told}", style="red", markup=False)
            else:
                _tell(told)


def _tell(processed: Processed) -> None:
    """One file in one line; its name is the agency's own."""
    if processed.refused is not None:
        console.print(f"refused: {processed.refused}", markup=False, highlight=False)
        return
    counted = Counter(each.outcome for each in processed.results)
    told = ", ".join(f"{count} {outcome}" for outcome, count in counted.items()) or "no rows"
    after = "" if processed.finished else "; it stays and is tried again"
    console.print(f"{processed.name}: {told}{after}", markup=False, highlight=False)


def _say_how_it_was_read(reader: RowReader) -> None:
    unread = reader.unread()
    errors.print(reader.sheet.said, markup=False, highlight=False)
    if unread:
        places = ", ".join(map(str, unread[:SHOWN]))
        errors.print(f"Columns that the mapping does not name and nobody reads: {places}")


def _show(results: Iterable[RowResult], *, as_json: bool) -> None:
    told = list(results)
    if as_json:
        print_json(
            [
                {
                    "row": each.number,
                    "outcome": each.outcome,
                    "reasons": [
                        {"code": reason.code, "column": reason.column} for reason in each.reasons
                    ],
                }
                for each in told
            ]
        )
        return
    for each in told:
        outcome = code_lists()["row-outcome"].label(each.outcome, "en").lower()
        console.print(f"row {each.number}: {outcome}", markup=False, highlight=False)
        for reason in each.reasons:
            column = f"{reason.column}: " if reason.column else ""
            line = f"    {column}{reason.code}: {label_of(reason.code)}. {what_to_do(reason.code)}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    counted = Counter(each.outcome for each in told)
    console.print(
        ", ".join(f"{count} {outcome}" for outcome, count in counted.items()) or "no rows",
        highlight=False,
    )
