"""Spans of the embedded stack, from the state folder: one command and what followed, as a tree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.tree import Tree

SPANS_LIMIT = 500_000


@dataclass(frozen=True, kw_only=True)
class ReadSpan:
    """One span as its file has it."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    unit: str
    start: int
    end: int

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return (self.end - self.start) / 1e6


def read_spans(folder: Path) -> list[ReadSpan]:
    """Every span that the files still hold, oldest first."""
    found = []
    for path in sorted(folder.rglob("*.jsonl*")):
        unit = path.name.partition(".jsonl")[0]
        found += [_span(line, unit) for line in _lines(path)]
        if len(found) > SPANS_LIMIT:
            break
    return sorted(found, key=lambda span: span.start)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # the last line of a process that was killed
            continue


def _span(line: dict[str, Any], unit: str) -> ReadSpan:
    return ReadSpan(
        trace_id=line["trace_id"],
        span_id=line["span_id"],
        parent_id=line.get("parent_id") or "",
        name=line["name"],
        unit=unit,
        start=int(line["start_ns"]),
        end=int(line["end_ns"]),
    )


def by_trace(spans: Sequence[ReadSpan]) -> dict[str, list[ReadSpan]]:
    """Spans by trace, each trace in order of time."""
    traces: dict[str, list[ReadSpan]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    return traces


def trace_of_command(spans: Sequence[ReadSpan], word: str) -> str | None:
    """The trace with the most services in which a command of this name was processed."""
    best: tuple[int, int, str] | None = None
    for trace_id, members in by_trace(spans).items():
        if any(word in span.name for span in members):
            rank = (len({span.unit for span in members}), len(members), trace_id)
            best = rank if best is None or rank > best else best
    return None if best is None else best[2]


def as_tree(trace_id: str, spans: Sequence[ReadSpan]) -> Tree:
    """One trace as a tree; spans whose parent is not there hang from the root."""
    members = [span for span in spans if span.trace_id == trace_id]
    tree = Tree(f"trace {trace_id} ({len(members)} spans)")
    branches: dict[str, Tree] = {}
    began = members[0].start if members else 0
    for span in members:
        above = branches.get(span.parent_id, tree)
        text = (
            f"{span.unit}: {span.name} "
            f"[dim]+{(span.start - began) / 1e6:.1f} ms, {span.milliseconds:.1f} ms[/dim]"
        )
        branches[span.span_id] = above.add(text)
    return tree
