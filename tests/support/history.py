"""What happened on the house, read back from its tables and topics, and what is wrong with it.

In the manner of Jepsen's checkers: the history is taken when everything is quiet, and judged by
four questions: was anything lost, done twice, put in another order, or left undone?
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.demo.bus import SeenRecord
from deploy.demo.databases import Databases
from deploy.demo.observer import units_of
from deploy.demo.stage import Stage

Stream = tuple[str, str, str, str]
"""source, epoch, topic, subject."""
LOST, DOUBLED, REORDERED, STUCK = "lost", "doubled", "reordered", "stuck"

COUNTERS = "SELECT source, epoch::text, topic, subject, last FROM outbox_counter"
MARKS = "SELECT consumer, source, epoch::text, topic, subject, read FROM inbox_mark"
ROWS = "SELECT consumer, topic, sequence, state FROM inbox_row WHERE NOT done"
UNSENT = "SELECT topic, sequence FROM outbox"
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
    unfinished: tuple[str, ...] = ()
    effects: Mapping[str, int] = field(default_factory=dict)
    expected: Mapping[str, int] = field(default_factory=dict)


def faults_in(history: History) -> list[Fault]:
    """Every fault of a history; empty when it is sound."""
    return [*_lost(history), *_doubled(history), *_reordered(history), *_stuck(history)]


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


def _stuck(history: History) -> Iterable[Fault]:
    for each in history.unfinished:
        yield Fault(STUCK, each)


def history_of(stage: Stage, *, effects: Mapping[str, int], expected: Mapping[str, int]) -> History:
    """Read the history of a whole stack."""
    databases = Databases(stage.state)
    counters: dict[Stream, int] = {}
    marks: dict[tuple[str, Stream], int] = {}
    unfinished: list[str] = []
    for unit in units_of(stage):
        for row in databases.rows(unit, COUNTERS):
            counters[_stream(row)] = row["last"]
        for row in databases.rows(unit, MARKS):
            marks[f"{unit.name}/{row['consumer']}", _stream(row)] = row["read"]
        unfinished += [f"{unit.name} {row['state']}" for row in databases.rows(unit, ROWS)]
        unfinished += [f"{unit.name} unsent" for _ in databases.rows(unit, UNSENT)]
        if unit.service == "gateway":
            waiting = databases.rows(unit, UNRECEIPTED)
            unfinished += [f"{unit.name} {row['event_type']}" for row in waiting]
    return History(
        counters=counters,
        said=tuple(_said(record) for record in stage.bus.everything() if _is_numbered(record)),
        marks=marks,
        unfinished=tuple(unfinished),
        effects=effects,
        expected=expected,
    )


def _stream(row: Mapping[str, Any]) -> Stream:
    return (row["source"], row["epoch"], row["topic"], row["subject"])


def _is_numbered(record: SeenRecord) -> bool:
    return bool(record.attribute("sequence")) and not record.topic.endswith(".intake.v1")


def _said(record: SeenRecord) -> Said:
    stream = (
        record.attribute("source"),
        record.attribute("epoch"),
        record.topic,
        record.attribute("subject"),
    )
    return Said(stream, int(record.attribute("sequence")), record.attribute("id"))
