"""What happened on the house, read back from its tables and topics, and what is wrong with it.

In the manner of Jepsen's checkers: the history is taken when everything is quiet, and judged by
four questions: was anything lost, done twice, put in another order, or left undone?
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from contracts.catalogue import CATALOGUE
from deploy.demo.bus import SeenRecord
from deploy.demo.databases import Databases
from deploy.demo.observer import units_of
from deploy.demo.stage import Stage
from deploy.local.topology import Unit

Stream = tuple[str, str, str, str]
"""source, epoch, topic, subject."""
STRANGER = "urn:nrm:stranger"
"""How a source begins that is no service of the house: its numbers are nobody's."""
LOST, DOUBLED, REORDERED, STUCK = KINDS = ("lost", "doubled", "reordered", "stuck")
NEVER_WAIT = frozenset(name for name, spec in CATALOGUE.items() if spec.never_waits)
QUIET_SECONDS = 60.0
LOOK_SECONDS = 0.5

COUNTERS = "SELECT source, epoch::text, topic, subject, last FROM outbox_counter"
MARKS = "SELECT consumer, source, epoch::text, topic, subject, read FROM inbox_mark"
ROWS = "SELECT consumer, topic, sequence, state FROM inbox_row WHERE NOT done"
UNSENT = "SELECT topic, sequence FROM outbox"
HANDLED = "SELECT consumer, source, event_id, handled_at FROM inbox_known"
UNRECEIPTED = "SELECT agency, event_type FROM exchange_sending"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    kind: str
    where: str


@dataclass(frozen=True, slots=True)
class Said:
    """One record of a numbered stream, in the order of its partition."""

    stream: Stream
    sequence: int
    event_id: str


@dataclass(frozen=True)
class History:
    """Everything that the checker needs; effects by name, as often as they were seen."""

    counters: Mapping[Stream, int]
    said: tuple[Said, ...]
    marks: Mapping[tuple[str, Stream], int]
    handled: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """By consumer: (source, event id) of what it handled, in the order of handling."""
    early: frozenset[str] = frozenset()
    """Ids of events that never wait: they may be handled before their turn."""
    unfinished: tuple[str, ...] = ()
    effects: Mapping[str, int] = field(default_factory=dict)
    expected: Mapping[str, int] = field(default_factory=dict)


def faults_in(history: History) -> list[Fault]:
    """Every fault of a history; empty when it is sound."""
    return [
        *_lost(history),
        *_doubled(history),
        *_reordered(history),
        *_out_of_order(history),
        *_stuck(history),
    ]


class Counted(Protocol):
    """Something that was done, and what must be there of it."""

    name: str

    def effects(self) -> Mapping[str, int]:
        """How often each effect is there."""

    def expected(self) -> Mapping[str, int]:
        """How often it must be."""


@dataclass(frozen=True)
class Verdict:
    """A judged history, and how much of it there was."""

    history: History
    faults: list[Fault]

    def __str__(self) -> str:
        found = Counter(fault.kind for fault in self.faults)
        told = ", ".join(f"{kind} {found[kind]}" for kind in KINDS)
        handled = sum(map(len, self.history.handled.values()))
        return (
            f"{sum(self.history.counters.values())} events numbered,"
            f" {len(self.history.said)} records, {handled} handlings,"
            f" {sum(self.history.effects.values())} effects: {told}"
        )


def checked(stage: Stage, cases: Sequence[Counted], seconds: float = QUIET_SECONDS) -> Verdict:
    """The verdict on the whole house, once it is quiet, or when it did not become so in time."""
    deadline = time.monotonic() + seconds
    while True:
        history = history_of(
            stage,
            effects=_together(cases, lambda each: each.effects()),
            expected=_together(cases, lambda each: each.expected()),
        )
        verdict = Verdict(history, faults_in(history))
        if not verdict.faults or time.monotonic() > deadline:
            return verdict
        time.sleep(LOOK_SECONDS)


def _together(
    cases: Sequence[Counted], count: Callable[[Counted], Mapping[str, int]]
) -> dict[str, int]:
    return {f"{case.name} {name}": n for case in cases for name, n in count(case).items()}


def _lost(history: History) -> Iterable[Fault]:
    here: dict[Stream, set[int]] = defaultdict(set)
    for each in history.said:
        here[each.stream].add(each.sequence)
    for stream, last in history.counters.items():
        if missing := set(range(1, last + 1)) - here[stream]:
            yield Fault(LOST, f"{stream[2]}: {len(missing)} not in the topic")
    reads: dict[str, set[str]] = defaultdict(set)
    for consumer, stream in history.marks:
        reads[consumer].add(stream[2])
    for consumer, topics in reads.items():
        for stream, last in history.counters.items():
            if stream[2] in topics and history.marks.get((consumer, stream), 0) < last:
                yield Fault(LOST, f"{consumer}: not all of {stream[2]}")
    for name, wanted in history.expected.items():
        if history.effects.get(name, 0) < wanted:
            yield Fault(LOST, f"effect {name}")


def _doubled(history: History) -> Iterable[Fault]:
    numbers: dict[tuple[str, str], set[int]] = defaultdict(set)
    for each in history.said:
        numbers[each.stream[2], each.event_id].add(each.sequence)
    for (topic, _), under in numbers.items():
        if len(under) > 1:
            yield Fault(DOUBLED, f"{topic}: one event under {len(under)} numbers")
    for stream, last in history.counters.items():
        if any(each.stream == stream and each.sequence > last for each in history.said):
            yield Fault(DOUBLED, f"{stream[2]}: more than was numbered")
    for name, seen in history.effects.items():
        if seen > history.expected.get(name, 0):
            yield Fault(DOUBLED, f"effect {name}")


def _reordered(history: History) -> Iterable[Fault]:
    """First occurrences go up by one; a record that was sent again is a harmless copy."""
    highest: Counter[Stream] = Counter()
    for each in history.said:
        if each.sequence > highest[each.stream] + 1:
            yield Fault(REORDERED, f"{each.stream[2]}: {each.sequence} came too early")
        highest[each.stream] = max(highest[each.stream], each.sequence)


def _out_of_order(history: History) -> Iterable[Fault]:
    """Each consumer handled what it handled of a stream in the order of its numbers, each once."""
    numbers = {(each.stream[0], each.event_id): each for each in history.said}
    for consumer, handled in history.handled.items():
        highest: Counter[Stream] = Counter()
        seen: set[tuple[str, str]] = set()
        for name in handled:
            said = numbers.get(name)
            if said is None:
                continue
            if name in seen:
                yield Fault(DOUBLED, f"{consumer}: {said.stream[2]} {said.sequence} handled again")
            elif said.sequence < highest[said.stream] and said.event_id not in history.early:
                yield Fault(REORDERED, f"{consumer}: {said.stream[2]} {said.sequence} too late")
            seen.add(name)
            if said.event_id not in history.early:
                highest[said.stream] = max(highest[said.stream], said.sequence)


def _stuck(history: History) -> Iterable[Fault]:
    for each in history.unfinished:
        yield Fault(STUCK, each)


def history_of(stage: Stage, *, effects: Mapping[str, int], expected: Mapping[str, int]) -> History:
    """Read the history of a whole stack."""
    found = _tables_of(stage)
    counters: dict[Stream, int] = {}
    marks: dict[tuple[str, Stream], int] = {}
    unfinished: list[str] = []
    handled: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for unit in units_of(stage):
        for row in found[unit, COUNTERS]:
            counters[_stream(row)] = row["last"]
        for row in found[unit, MARKS]:
            marks[f"{unit.name}/{row['consumer']}", _stream(row)] = row["read"]
        for row in found[unit, HANDLED]:
            handled[f"{unit.name}/{row['consumer']}"].append(row)
        unfinished += [
            f"{unit.name} {row['state']}: {row['topic']} {row['sequence']}"
            for row in found[unit, ROWS]
        ]
        unfinished += [f"{unit.name} unsent" for _ in found[unit, UNSENT]]
        waiting = found.get((unit, UNRECEIPTED), ())
        unfinished += [f"{unit.name} {row['event_type']}" for row in waiting]
    records = [record for record in stage.bus.everything() if _is_numbered(record)]
    said = tuple(_said(record) for record in records)
    return History(
        counters=counters,
        said=said,
        marks=marks,
        handled={consumer: _in_order(rows, said) for consumer, rows in handled.items()},
        early=frozenset(
            record.attribute("id") for record in records if record.attribute("type") in NEVER_WAIT
        ),
        unfinished=tuple(unfinished),
        effects=effects,
        expected=expected,
    )


def _tables_of(stage: Stage) -> dict[tuple[Unit, str], list[dict[str, Any]]]:
    """What every service's tables say, by service and query."""
    asked = [
        (unit, query)
        for unit in units_of(stage)
        for query in (COUNTERS, MARKS, HANDLED, ROWS, UNSENT, UNRECEIPTED)
        if query != UNRECEIPTED or unit.service == "gateway"
    ]
    return dict(zip(asked, Databases(stage.state).rows_of_each(asked), strict=True))


def _in_order(
    rows: Iterable[Mapping[str, Any]], said: Iterable[Said]
) -> tuple[tuple[str, str], ...]:
    """As they were handled; what was handled in one transaction goes by its numbers."""
    numbers = {(each.stream[0], each.event_id): each.sequence for each in said}
    found = [((row["source"], row["event_id"]), row["handled_at"]) for row in rows]
    found.sort(key=lambda each: (each[1], numbers.get(each[0], 0)))
    return tuple(name for name, _at in found)


def _stream(row: Mapping[str, Any]) -> Stream:
    return (row["source"], row["epoch"], row["topic"], row["subject"])


def _is_numbered(record: SeenRecord) -> bool:
    stranger = record.attribute("source").startswith(STRANGER)
    numbered = bool(record.attribute("sequence"))
    return numbered and not stranger and not record.topic.endswith(".intake.v1")


def _said(record: SeenRecord) -> Said:
    stream = (
        record.attribute("source"),
        record.attribute("epoch"),
        record.topic,
        record.attribute("subject"),
    )
    return Said(stream, int(record.attribute("sequence")), record.attribute("id"))
