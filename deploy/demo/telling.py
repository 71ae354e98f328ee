"""Tells stories one after the other, prints what an observer sees, counts, and writes a report.

Ends with an error when a story's invariant failed or the figures are not clean.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from deploy.demo import figures, knew, spans, timeline
from deploy.demo.agency import StoryFailed
from deploy.demo.stage import Stage, on_stage
from deploy.demo.stories import STORIES
from deploy.local import control
from deploy.local.layout import StateFolder, write_json

REPORT = "demo-report.json"
TRACED_COMMAND = "answer-offer"
INTERIOR = "interior-brest"


@dataclass(slots=True)
class Telling:
    """What happened so far."""

    console: Console
    began: float = field(default_factory=time.monotonic)
    failures: list[str] = field(default_factory=list)
    stories: dict[str, Any] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """A line of progress."""
        self.console.print(f"[dim]{time.monotonic() - self.began:6.1f} s[/dim]  {text}")


def tell(state: StateFolder, names: Sequence[str], console: Console) -> int:
    """Tell these stories on a running stack; the exit code."""
    telling = Telling(console)
    with on_stage(state, telling.say) as stage:
        stage.everybody_listens()
        for name in names:
            _tell_one(stage, telling, name)
        counted = figures.counted(stage)
        _show(stage, telling, names)
        if counted.lost or counted.unfinished:
            telling.failures.append(
                f"{counted.lost} events lost, {counted.unfinished} not finished"
            )
        _write_report(stage, telling, counted)
    for failure in telling.failures:
        console.print(f"[red]FAILED[/red] {failure}")
    console.print(counted.as_line(), highlight=False)
    return 1 if telling.failures else 0


def _tell_one(stage: Stage, telling: Telling, name: str) -> None:
    telling.console.print(f"[bold]{name}[/bold]")
    began = time.monotonic()
    try:
        STORIES[name](stage)
        told = "told"
    except StoryFailed as failure:
        telling.failures.append(f"{name}: {failure}")
        told = "failed"
    telling.stories[name] = {"told": told, "seconds": round(time.monotonic() - began, 2)}


def _show(stage: Stage, telling: Telling, names: Sequence[str]) -> None:
    records, console = stage.bus.everything(), telling.console
    crossed = knew.exchanged(stage, records)
    for name in names:
        known = knew.known_classes(stage, name, records)
        telling.stories[name]["knew"] = {node: sorted(found) for node, found in known.items()}
        console.print(timeline.timeline(stage, name, records))
        asked = timeline.requests_of(stage, name, records)
        telling.stories[name]["requests"] = asked
        for request_id in asked:
            console.print(f"why these agencies: nrm referral explain {request_id}", soft_wrap=True)
        console.print(timeline.who_knew_what(known, crossed))
        if (picture := knew.joined(stage, name)) and name in ("construction-site", *names[:1]):
            console.print(timeline.joined_table(picture))
        if name == "hospital" and known[INTERIOR]:
            telling.failures.append("hospital: the interior node knows something of her")
    if stage.release is not None:
        console.print(timeline.release_table(stage.release))
    written = spans.read_spans(stage.state.spans)
    trace_id = spans.trace_of_command(written, TRACED_COMMAND)
    if trace_id is not None:
        console.print("[bold]one command and its consequences inside a node[/bold]")
        console.print(spans.as_tree(trace_id, written))
        if at := control.observed_at(stage.state):
            console.print(f"the same in Zipkin: {at.traces}traces/{trace_id}", highlight=False)


def _write_report(stage: Stage, telling: Telling, counted: figures.Figures) -> None:
    path = stage.state.root / REPORT
    report = {
        "stories": telling.stories,
        "figures": counted.as_json(),
        "failures": telling.failures,
        "release": stage.release,
        "seconds": round(time.monotonic() - telling.began, 1),
    }
    write_json(path, json.loads(json.dumps(report, default=str)))
    telling.console.print(f"report: {path}", highlight=False, soft_wrap=True)
