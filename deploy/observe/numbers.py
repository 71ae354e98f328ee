"""The numbers of every service over the last minutes, as the panels want them.

Each look reads every service's text once; a service that does not answer leaves a hole, never an
old value. Bounded: so many looks are kept, of so many lines for each panel.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from deploy.observe.panels import Form, Panel, Question

LOOKS_KEPT = 300
LINES_LIMIT = 200
RATE_LOOKS = 5
"""A rate is taken over so many looks: over one it would jump between zero and twice itself."""
QUANTILE = 0.95

Line = tuple[str, ...]
"""`<node>.<service>` and the values of the panel's labels."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one moment showed: by series name, its labels and value, of each service."""

    at: float
    read: Mapping[str, Mapping[str, list[tuple[dict[str, str], float]]]]

    @classmethod
    def of(cls, at: float, texts: Mapping[str, str]) -> Look:
        """Parse what the services said, by `<node>.<service>`; nonsense counts as silence."""
        read = {}
        for unit, text in texts.items():
            with suppress(ValueError):  # somebody else listens there
                read[unit] = _parsed(text)
        return cls(at, read)


def _parsed(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


@dataclass(slots=True)
class Numbers:
    """The points of the last minutes, by panel; and the few looks that a rate needs."""

    questions: tuple[Question, ...]
    times: deque[float] = field(default_factory=lambda: deque(maxlen=LOOKS_KEPT))
    points: dict[str, deque[dict[Line, float]]] = field(default_factory=dict)
    looks: deque[Look] = field(default_factory=lambda: deque(maxlen=RATE_LOOKS))

    def add(self, look: Look) -> None:
        """Take what the panels want of a look; the oldest points fall."""
        before = self.looks[0] if self.looks else None
        for question in self.questions:
            for panel in question.panels:
                kept = self.points.setdefault(panel.key, deque(maxlen=LOOKS_KEPT))
                kept.append(_points(panel, before, look))
        self.times.append(look.at)
        self.looks.append(look)

    def shown(self) -> list[dict[str, Any]]:
        """Every question, its panels, and the lines of each: a point for each look or a hole."""
        return [
            {
                "key": question.key,
                "title": question.title,
                "panels": [self._panel(panel) for panel in question.panels],
            }
            for question in self.questions
        ]

    def _panel(self, panel: Panel) -> dict[str, Any]:
        points = self.points.get(panel.key, ())
        lines = sorted({line for each in points for line in each})[:LINES_LIMIT]
        now = points[-1] if points else {}
        return {
            "key": panel.key,
            "title": panel.title,
            "unit": panel.unit,
            "limit": panel.alert.above if panel.alert else None,
            "alert": panel.alert.model_dump(mode="json") if panel.alert else None,
            "times": list(self.times),
            "lines": [
                {
                    "name": " ".join(line),
                    "now": now.get(line),
                    "points": [each.get(line) for each in points],
                }
                for line in lines
            ],
        }


def _points(panel: Panel, before: Look | None, now: Look) -> dict[Line, float]:
    if panel.form is Form.VALUE:
        return _highest(_samples(now, panel.series, panel.by))
    if before is None:
        return {}
    grown = _rates if panel.form is Form.RATE else _quantiles
    return grown(panel, before, _since(before, now))


def _samples(look: Look, series: str, by: Iterable[str]) -> Iterable[tuple[Line, float]]:
    for unit, read in look.read.items():
        for labels, value in read.get(series, []):
            yield (unit, *(labels.get(name, "") for name in by)), value


def _highest(samples: Iterable[tuple[Line, float]]) -> dict[Line, float]:
    found: dict[Line, float] = {}
    for line, value in samples:
        found[line] = max(value, found.get(line, value))
    return found


def _summed(samples: Iterable[tuple[Line, float]]) -> dict[Line, float]:
    found: dict[Line, float] = {}
    for line, value in samples:
        found[line] = found.get(line, 0.0) + value
    return found


def _rates(panel: Panel, before: Look, now: Look) -> dict[Line, float]:
    first, last = (_summed(_samples(each, panel.series, panel.by)) for each in (before, now))
    seconds = now.at - before.at
    return {line: _grown(first.get(line), value) / seconds for line, value in last.items()}


def _since(before: Look, now: Look) -> Look:
    """What is told now by services that answered then: of others nobody knows the growth."""
    return Look(now.at, {unit: read for unit, read in now.read.items() if unit in before.read})


def _grown(before: float | None, now: float) -> float:
    """How much a counter grew; one that is lower began anew with its process."""
    return now if before is None or now < before else now - before


def _quantiles(panel: Panel, before: Look, now: Look) -> dict[Line, float]:
    series, by = f"{panel.series}_bucket", ("le", *panel.by)
    first, last = (_summed(_samples(each, series, by)) for each in (before, now))
    buckets: dict[Line, list[tuple[float, float]]] = {}
    for (unit, bound, *rest), value in last.items():
        grown = _grown(first.get((unit, bound, *rest)), value)
        buckets.setdefault((unit, *rest), []).append((float(bound), grown))
    found = {line: quantile(sorted(each)) for line, each in buckets.items()}
    return {line: value for line, value in found.items() if value is not None}


def quantile(buckets: list[tuple[float, float]]) -> float | None:
    """The bound below which 95 of 100 lie, straight between two bounds; None without any.

    ``buckets``: upper bound and cumulative count, in order; beyond the last bound the last one.
    """
    if not buckets or buckets[-1][1] <= 0:
        return None
    wanted = QUANTILE * buckets[-1][1]
    below, below_count = 0.0, 0.0
    for bound, count in buckets:
        if count >= wanted:
            if bound == float("inf"):
                return below
            share = (wanted - below_count) / (count - below_count) if count > below_count else 1.0
            return below + (bound - below) * share
        below, below_count = bound, count
    return below
