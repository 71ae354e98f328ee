"""Counted at the end: sent, handled, duplicates, parked, refused; and that nothing is lost.

Sent is what the services numbered; an event is lost when a number is missing in its topic, when a
consumer that reads the topic has not received it, or when it was dropped for a used id.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from deploy.demo.bus import SeenRecord
from deploy.demo.databases import Databases
from deploy.demo.observer import units_of
from deploy.demo.stage import Stage
from deploy.local.topology import Unit

QUIET_SECONDS = 30.0
PAUSE_SECONDS = 0.2

DUPLICATE = "nrm_events_duplicate_total"
ALTERED = "nrm_events_id_reused_total"
Stream = tuple[str, int, str, str]  # source, epoch, topic, subject

COUNTERS = "SELECT source, epoch, topic, subject, last FROM outbox_counter"
MARKS = "SELECT consumer, source, epoch, topic, subject, read FROM inbox_mark"
ROWS = "SELECT state, count(*) AS number FROM inbox_row WHERE NOT done GROUP BY state"
WAITING = "SELECT count(*) AS number FROM outbox"
REFUSED = "SELECT count(*) AS number FROM answer WHERE NOT accepted"
PARKED = "SELECT count(*) AS number FROM exchange_parked"
SENDING = "SELECT count(*) AS number FROM exchange_sending"
OF_ALL = (COUNTERS, MARKS, ROWS, WAITING)
OF_GATEWAYS = (REFUSED, PARKED, SENDING)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the last line of the demo says."""

    sent: int
    handled: int
    duplicates: int
    parked: int
    refused: int
    unfinished: int
    lost: int
    missing_in_topics: int
    not_received: int
    altered: int
    """Events that a consumer dropped because their id had come with another body."""

    def as_line(self) -> str:
        """The last line."""
        return (
            f"events sent {self.sent}, handled {self.handled}, "
            f"duplicates ignored {self.duplicates}, parked {self.parked}, "
            f"refused {self.refused}, lost {self.lost}"
        )

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class _Books:
    """What every service's tables say, taken together."""

    counters: dict[Stream, int]
    marks: dict[tuple[str, Stream], int]
    rows: dict[str, int]
    waiting: int
    refused: int
    parked: int
    sending: int


def counted(stage: Stage) -> Figures:
    """Wait until the house is quiet, then count."""
    deadline = time.monotonic() + QUIET_SECONDS
    while True:
        books = _books(stage)
        figures = _figures(books, stage.bus.everything(), _told(stage))
        if figures.lost == 0 and figures.unfinished == 0:
            return figures
        if time.monotonic() > deadline:
            return figures
        time.sleep(PAUSE_SECONDS)


def _books(stage: Stage) -> _Books:
    units = units_of(stage)
    gateways = [unit for unit in units if unit.service == "gateway"]

    def of_each(query: str, told: Sequence[Unit] = units) -> dict[Unit, list[dict[str, Any]]]:
        return {unit: found[unit, query] for unit in told}

    def total(query: str, told: Sequence[Unit] = units) -> int:
        return sum(int(rows[0]["number"]) for rows in of_each(query, told).values())

    asked = [(unit, query) for unit in units for query in OF_ALL]
    asked += [(unit, query) for unit in gateways for query in OF_GATEWAYS]
    found = dict(zip(asked, Databases(stage.state).rows_of_each(asked), strict=True))
    rows: dict[str, int] = defaultdict(int)
    for row in chain(*of_each(ROWS).values()):
        rows[row["state"]] += row["number"]
    return _Books(
        counters={_stream(row): row["last"] for row in chain(*of_each(COUNTERS).values())},
        marks={
            (f"{unit.name}/{row['consumer']}", _stream(row)): row["read"]
            for unit, marks in of_each(MARKS).items()
            for row in marks
        },
        rows=dict(rows),
        waiting=total(WAITING),
        refused=total(REFUSED, gateways),
        parked=total(PARKED, gateways),
        sending=total(SENDING, gateways),
    )


def _stream(row: dict[str, Any]) -> Stream:
    return (row["source"], int(row["epoch"]), row["topic"], row["subject"])


def _figures(books: _Books, records: list[SeenRecord], told: Mapping[str, int]) -> Figures:
    in_topics: dict[Stream, set[int]] = defaultdict(set)
    copies = 0
    for record in records:
        if record.attribute("sequence"):
            stream = (
                record.attribute("source"),
                int(record.attribute("epoch")),
                record.topic,
                record.attribute("subject"),
            )
            number = int(record.attribute("sequence"))
            copies += number in in_topics[stream]
            in_topics[stream].add(number)
    missing = sum(
        len(set(range(1, last + 1)) - in_topics.get(stream, set()))
        for stream, last in books.counters.items()
    )
    not_received = _not_received(books)
    parked = books.rows.get("parked", 0) + books.parked
    unfinished = sum(number for state, number in books.rows.items() if state != "parked")
    return Figures(
        sent=sum(books.counters.values()),
        handled=sum(books.marks.values()) - sum(books.rows.values()),
        duplicates=max(told[DUPLICATE], copies),
        parked=parked,
        refused=books.refused,
        unfinished=unfinished + books.waiting + books.sending,
        lost=missing + not_received + told[ALTERED],
        missing_in_topics=missing,
        not_received=not_received,
        altered=told[ALTERED],
    )


def _not_received(books: _Books) -> int:
    """Numbers that a consumer lacks of a topic that it reads."""
    reads: dict[str, set[str]] = defaultdict(set)
    for consumer, stream in books.marks:
        reads[consumer].add(stream[2])
    lacking = 0
    for consumer, topics in reads.items():
        for stream, last in books.counters.items():
            if stream[2] in topics:
                lacking += last - books.marks.get((consumer, stream), 0)
    return lacking


def _told(stage: Stage) -> dict[str, int]:
    """What consumers ignored, as their running processes count it."""
    totals = dict.fromkeys((DUPLICATE, ALTERED), 0.0)
    for name in stage.addresses:
        for line in stage.metrics(name).splitlines():
            for metric in totals:
                if line.startswith(metric):
                    totals[metric] += float(line.rpartition(" ")[2])
    return {metric: int(total) for metric, total in totals.items()}
