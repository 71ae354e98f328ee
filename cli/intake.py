"""`nrm intake check | send | watch | fhir`: files of an agency without Kafka, into its node.

Printed are row numbers, codes and the mapping's own words for columns: never what stands in a cell.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from cli.options import JsonOption, console, errors, print_json
from cli.ways import NodeOption, Way, alone, told, way_to
from contracts.envelope import source_of
from contracts.vocabulary import code_lists
from doors.failures import DoorFailure, NodeAway, label_of, what_to_do
from doors.fhir.form import sound_bundle
from doors.fhir.intake import read_bundle
from doors.identifiers import key_in
from doors.node import Node, Posting, client_of
from doors.tables.checking import checked
from doors.tables.folder import Drop, Processed, Watcher
from doors.tables.mapping import MappingFile, read_mapping_file
from doors.tables.reading import document_of, rows_of
from doors.tables.results import Outcome, RowResult, write_results
from doors.tables.rows import RowReader
from doors.tables.sending import sender_of

SHOWN = 50
ROLE = "agency-system"
app = typer.Typer(help="Bring tables into a node.", no_args_is_help=True)
FileArgument = Annotated[Path, typer.Argument(help="A table: CSV or XLSX.")]
MappingOption = Annotated[Path, typer.Option("--mapping", help="What its columns and words mean.")]

app.callback()(told)


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
    way = way_to(context.obj, plan.node, "gateway", ROLE)
    with alone(way.door):
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
    way = way_to(context.obj, plan.node, "gateway", ROLE)
    with alone(way.door):
        asyncio.run(_watched(folder, plan, way, once=once))


@app.command()
def fhir(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A Bundle in FHIR R4 JSON.")],
    node: NodeOption,
    system: Annotated[str, typer.Option(help="Your system's name.")] = "registration-desk",
    only_check: Annotated[bool, typer.Option("--check", help="Send nothing.")] = False,
) -> None:
    """Send what a FHIR Bundle asks for or answers; what cannot be held is listed."""
    bundle = sound_bundle(document_of(file))
    way = way_to(context.obj, node, "gateway", ROLE)
    with alone(way.door):
        read = read_bundle(bundle, source_of(node, system), key_in(way.door))
        for place in read.not_held:
            console.print(f"not held: {place}", markup=False, highlight=False, soft_wrap=True)
        refused = 0 if only_check else asyncio.run(_posted(read.postings, way))
    verb = "can be sent" if only_check else "sent"
    console.print(f"{len(read.postings)} events {verb}, {refused} not accepted", highlight=False)
    if refused:
        raise typer.Exit(1)


async def _posted(postings: Iterable[Posting], way: Way) -> int:
    """How many were not accepted; each is told by its type and codes."""
    refused = 0
    async with client_of(way.address, way.token) as client:
        for posting in postings:
            reply = await Node(client).post(posting)
            kind = posting.type.split(".")[-2]
            if reply.accepted:
                continue
            refused += 1
            codes = [f"{each.code}: {what_to_do(each.code)}" for each in reply.reasons]
            for line in codes or [f"no-answer-yet: {what_to_do('no-answer-yet')}"]:
                console.print(f"{kind}: {line}", markup=False, highlight=False, soft_wrap=True)
    return refused


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
        told = f"{processed.name}: {processed.refused}"
        console.print(told, markup=False, highlight=False, soft_wrap=True)
        return
    if not processed.results and not processed.finished:
        told = f"{processed.name}: its last line has no end; it stays"
        console.print(told, markup=False, highlight=False)
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
    shown = list(results)
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
                for each in shown
            ]
        )
        return
    for each in shown:
        outcome = code_lists()["row-outcome"].label(each.outcome, "en").lower()
        console.print(f"row {each.number}: {outcome}", markup=False, highlight=False)
        for reason in each.reasons:
            column = f"{reason.column}: " if reason.column else ""
            line = f"    {column}{reason.code}: {label_of(reason.code)}. {what_to_do(reason.code)}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    counted = Counter(each.outcome for each in shown)
    console.print(
        ", ".join(f"{count} {outcome}" for outcome, count in counted.items()) or "no rows",
        highlight=False,
    )
