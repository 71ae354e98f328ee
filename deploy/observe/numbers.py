"""The numbers of services over the last minutes, as dashboards want them.

Each look reads every service's text once; a service that does not answer leaves a hole, never an
old value. Bounded: so many looks are kept, of so many lines for each panel; of counters the looks
that a growth needs, some seconds apart, as a collector would have them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from deploy.observe.dashboards import Dashboard, Drawn
from deploy.observe.promql import BUCKET, Query

LOOKS_KEPT = 300
LINES_LIMIT = 200
MARK_SECONDS = 10.0
"""A growth is taken from looks so far apart: all of them would be ten times the memory."""

Labels = dict[str, str]
Line = tuple[str, ...]
"""The values of the labels that tell a panel's lines apart."""
Name = tuple[str, ...]
"""One series: its name, then its labels and their values."""
Mark = Mapping[Name, float]


@dataclass(frozen=True, slots=True)
class Look:
    """What one moment showed: by series name, its labels and value; all services together."""

    at: float
    answered: frozenset[str]
    read: Mapping[str, list[tuple[Labels, float]]]

    @classmethod
    def of(cls, at: float, texts: Mapping[str, str]) -> Look:
        """Parse what the services said, by `<node>.<service>`; nonsense counts as silence."""
        answered: set[str] = set()
        read: dict[str, list[tuple[Labels, float]]] = {}
        for unit, text in texts.items():
            with suppress(ValueError):  # somebody else listens there
                samples = list(_parsed(unit, text))
                answered.add(unit)
                for name, labels, value in samples:
                    read.setdefault(name, []).append((labels, value))
        return cls(at, frozenset(answered), read)

    def of_query(self, query: Query) -> Iterator[tuple[Labels, float]]:
        """What an expression selects of it."""
        return (each for each in self.read.get(query.series, ()) if query.takes(each[0]))


def _parsed(unit: str, text: str) -> Iterator[tuple[str, Labels, float]]:
    """Every sample, with the labels that a collector puts on its targets."""
    node, _, service = unit.partition(".")
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = {**sample.labels, "node": node, "service": service}
            yield sample.name, labels, sample.value


@dataclass(slots=True)
class Counters:
    """How much every counter grew: a process that began anew never takes anything back."""

    wanted: frozenset[str]
    longest: float
    marks: deque[tuple[float, Mark]] = field(default_factory=deque)
    last: dict[Name, float] = field(default_factory=dict)
    lost: dict[Name, float] = field(default_factory=dict)
    """What a counter had told before it began anew."""
    names: dict[Name, Name] = field(default_factory=dict)
    """Each name once, whatever look it is in."""

    def take(self, look: Look) -> Mark:
        """The counters of a look, each as if it had never begun anew."""
        now: dict[Name, float] = {}
        for series in self.wanted:
            for labels, value in look.read.get(series, ()):
                name = _name(series, labels)
                name = self.names.setdefault(name, name)
                if value < self.last.get(name, 0.0):
                    self.lost[name] = self.lost.get(name, 0.0) + self.last[name]
                self.last[name] = value
                now[name] = value + self.lost.get(name, 0.0)
        while self.marks and look.at - self.marks[0][0] > self.longest:
            self.marks.popleft()
        return now

    def keep(self, at: float, mark: Mark) -> None:
        """Remember a look, if the last one is old enough; forget what nobody tells any more."""
        if self.marks and at - self.marks[-1][0] < MARK_SECONDS:
            return
        self.marks.append((at, mark))
        known = {name for _, each in self.marks for name in each}
        self.last = {name: self.last[name] for name in known if name in self.last}
        self.lost = {name: self.lost[name] for name in known if name in self.lost}
        self.names = {name: name for name in known}

    def rate(self, name: Name, now: tuple[float, Mark], window: float) -> float | None:
        """By how much a second it grew since the first look in the window that had it."""
        at, mark = now
        for then, before in self.marks:
            if at - then <= window and name in before and at > then:
                return (mark[name] - before[name]) / (at - then)
        return None


def _name(series: str, labels: Labels) -> Name:
    return (series, *(text for each in sorted(labels.items()) for text in each))


class Numbers:
    """The points of the last minutes, by panel."""

    def __init__(self, dashboards: tuple[Dashboard, ...]) -> None:
        self.dashboards = dashboards
        self.times: deque[float] = deque(maxlen=LOOKS_KEPT)
        self._points: dict[str, deque[dict[str, float]]] = {}
        growing = [each for each in self._queries() if each.window is not None]
        self._counters = Counters(
            wanted=frozenset(query.series for query in growing),
            longest=max((query.window or 0.0 for query in growing), default=0.0),
        )

    def _queries(self) -> Iterator[Query]:
        for panel in self._panels():
            yield from (target.query for target in panel.targets)

    def _panels(self) -> Iterator[Drawn]:
        for dashboard in self.dashboards:
            yield from dashboard.panels

    def add(self, look: Look) -> None:
        """Take what the panels want of a look; the oldest points fall."""
        mark = self._counters.take(look)
        for panel in self._panels():
            kept = self._points.setdefault(panel.key, deque(maxlen=LOOKS_KEPT))
            kept.append(self._drawn(panel, look, mark))
        self.times.append(look.at)
        self._counters.keep(look.at, mark)

    def _drawn(self, panel: Drawn, look: Look, mark: Mark) -> dict[str, float]:
        return {
            target.name(dict(zip(target.query.by, line, strict=True))): value
            for target in panel.targets
            for line, value in self._points_of(target.query, look, mark).items()
        }

    def _points_of(self, query: Query, look: Look, mark: Mark) -> dict[Line, float]:
        if query.window is None:
            return _highest(_lines(query, look.of_query(query)))
        grown = _summed(_lines(query, self._rates(query, look, mark)))
        return grown if query.quantile is None else _quantiles(query, grown)

    def _rates(self, query: Query, look: Look, mark: Mark) -> Iterator[tuple[Labels, float]]:
        for labels, _ in look.of_query(query):
            name = _name(query.series, labels)
            rate = self._counters.rate(name, (look.at, mark), query.window or 0.0)
            if rate is not None:
                yield labels, rate

    def shown(self) -> list[dict[str, Any]]:
        """Every dashboard, its panels, and the lines of each: a point for each look or a hole."""
        return [
            {
                "key": dashboard.key,
                "title": dashboard.title,
                "panels": [self._panel(panel) for panel in dashboard.panels],
            }
            for dashboard in self.dashboards
        ]

    def _panel(self, panel: Drawn) -> dict[str, Any]:
        points = self._points.get(panel.key, ())
        names = sorted({name for each in points for name in each})[:LINES_LIMIT]
        now = points[-1] if points else {}
        return {
            "key": panel.key,
            "title": panel.title,
            "told": panel.told,
            "unit": panel.unit,
            "limit": panel.limit,
            "lines": [
                {
                    "name": name,
                    "now": now.get(name),
                    "points": [each.get(name) for each in points],
                }
                for name in names
            ],
        }


def _lines(query: Query, samples: Iterable[tuple[Labels, float]]) -> Iterator[tuple[Line, float]]:
    for labels, value in samples:
        yield tuple(labels.get(name, "") for name in query.by), value


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


def _quantiles(query: Query, grown: Mapping[Line, float]) -> dict[Line, float]:
    """For every line of a histogram; the bucket's bound is no part of a line's name."""
    bound = query.by.index(BUCKET)
    buckets: dict[Line, list[tuple[float, float]]] = {}
    for line, rate in grown.items():
        rest = (*line[:bound], "", *line[bound + 1 :])
        buckets.setdefault(rest, []).append((float(line[bound]), rate))
    found = {line: quantile(sorted(each), query.quantile or 0.0) for line, each in buckets.items()}
    return {line: value for line, value in found.items() if value is not None}


def quantile(buckets: list[tuple[float, float]], share: float) -> float | None:
    """The bound below which ``share`` of all lies, straight between two bounds; None without any.

    ``buckets``: upper bound and cumulative count, in order; beyond the last bound the last one.
    """
    if not buckets or buckets[-1][1] <= 0:
        return None
    wanted = share * buckets[-1][1]
    below, below_count = 0.0, 0.0
    for bound, count in buckets:
        if count >= wanted:
            if bound == float("inf"):
                return below
            part = (wanted - below_count) / (count - below_count) if count > below_count else 1.0
            return below + (bound - below) * part
        below, below_count = bound, count
    return below
