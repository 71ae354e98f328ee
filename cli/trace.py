"""`nrm trace show | case`: what one command set off inside a node, as a tree, from the span files.

A case lives for months over many traces; which they are only the node's own databases know. No
span names a case, and no trace leaves its node.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from cli.options import JsonOption, StateOption, console, print_json, state_folder
from deploy.demo.spans import ReadSpan, as_tree, read_spans
from deploy.local.failures import StackFailure
from deploy.local.layout import DEFAULT_STATE, StateFolder
from deploy.local.opening import opened, running_topology
from services.chassis.subject_traces import traces_of

TREES_LIMIT = 50

app = typer.Typer(help="What one command set off, as a tree.", no_args_is_help=True)
ManyOption = Annotated[int, typer.Option(min=1, max=1000, help="Trees at most, the newest.")]


@app.command()
def show(
    trace_id: Annotated[str, typer.Argument(help="32 hexadecimal digits.")],
    state: StateOption = DEFAULT_STATE,
    as_json: JsonOption = False,
) -> None:
    """Draw one trace."""
    spans = [span for span in _spans(state_folder(state)) if span.trace_id == trace_id]
    if not spans:
        raise StackFailure("No span file holds this trace: older files are thrown away.")
    _draw([trace_id], spans, as_json=as_json)


@app.command()
def case(
    node: Annotated[str, typer.Argument(help="A node: `ngo-brest`.")],
    case_id: Annotated[str, typer.Argument(help="A case id of that node.")],
    state: StateOption = DEFAULT_STATE,
    many: ManyOption = TREES_LIMIT,
    as_json: JsonOption = False,
) -> None:
    """Draw every trace in which a node worked on a case, the oldest first."""
    folder = state_folder(state)
    known = asyncio.run(traces_of_case(folder, node, case_id))
    if not known:
        raise StackFailure(f"{node} has worked on no such case.")
    spans = [span for span in _spans(folder) if span.trace_id in known]
    began = {span.trace_id: span.start for span in reversed(spans)}
    drawn = sorted(began, key=lambda trace_id: began[trace_id])[-many:]
    if not drawn:
        raise StackFailure("No span file holds a trace of this case: older files are thrown away.")
    _draw(drawn, spans, as_json=as_json)


async def traces_of_case(state: StateFolder, node: str, case_id: str) -> frozenset[str]:
    """The traces of a case that the services of its node remember."""
    topology = running_topology(state)
    if node not in topology.file.nodes:
        raise StackFailure(f"There is no node {node}: {', '.join(topology.file.nodes)}.")
    found: set[str] = set()
    for unit in topology.units:
        if unit.node == node:
            async with opened(state, unit) as one, one.database.transaction() as tx:
                found |= set(await traces_of(tx, subject=case_id))
    return frozenset(found)


def _spans(state: StateFolder) -> list[ReadSpan]:
    return read_spans(state.spans)


def _draw(trace_ids: Sequence[str], spans: Sequence[ReadSpan], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "trace_id": span.trace_id,
                    "span_id": span.span_id,
                    "parent_id": span.parent_id,
                    "service": span.unit,
                    "name": span.name,
                    "milliseconds": round(span.milliseconds, 1),
                }
                for span in spans
                if span.trace_id in trace_ids
            ]
        )
        return
    for trace_id in trace_ids:
        console.print(as_tree(trace_id, spans))
