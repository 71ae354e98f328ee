"""A file's rows go to the node, one after the other; the same file again does nothing twice.

Ids are derived from the row, so whoever is interrupted begins again at the first row: what the node
has, it answers as before. Two things are noted, as digests: that identity was kept (the same again
would cover what a case officer wrote since), and that an event was refused (the same again needs a
new id to be looked at again).
"""

import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from contracts.envelope import source_of
from doors.identifiers import DoorKey
from doors.node import Node, Posting, Refusal
from doors.tables.checking import result_of_reading
from doors.tables.mapping import MappingFile
from doors.tables.results import Outcome, RowResult
from doors.tables.rows import ReadyEvent, ReadyRow, Remark, RowReader

KEPT: Final = "identities-kept"
REFUSED: Final = "events-refused"
MARK_LENGTH: Final = 64


class Notes:
    """Marks in a file of the door, one a line; nobody reads a person or a row out of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        text = path.read_text(encoding="ascii") if path.exists() else ""
        self._times = Counter(line for line in text.split() if len(line) == MARK_LENGTH)

    def times(self, mark: str) -> int:
        """How often it was noted."""
        return self._times[mark]

    def add(self, mark: str) -> None:
        """Note it, so that the next start knows it; half a line of a crash is no mark."""
        descriptor = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(f"\n{mark}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        self._times[mark] += 1


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Where rows go, and what is known of earlier ones."""

    node: Node
    mapping: MappingFile
    key: DoorKey
    kept: Notes
    refused: Notes

    async def send(self, reader: RowReader) -> AsyncIterator[RowResult]:
        """Each row's outcome in order; NodeAway where the node cannot take any now."""
        for row in reader.read():
            yield result_of_reading(row) if row.objections else await self._row(row)

    async def _row(self, row: ReadyRow) -> RowResult:
        reasons: list[Remark] = []
        done = 0
        for event in row.events:
            reply = await self.node.post(self._posting(event))
            if reply.accepted is None:
                return _result(row, Outcome.WAITING, [*reasons, Remark("no-answer-yet")])
            if not reply.accepted:
                self.refused.add(self._mark_of(event))
                reasons += [_remark(each, event) for each in reply.reasons]
                break
            done += 1
        if done == len(row.events):
            reasons += await self._identity(row)
        if not reasons:
            return _result(row, Outcome.ACCEPTED, [])
        outcome = Outcome.PARTLY if done else Outcome.REFUSED
        return _result(row, outcome, reasons)

    async def _identity(self, row: ReadyRow) -> list[Remark]:
        if row.identity is None or row.case_id is None:
            return []
        told = orjson.dumps(row.identity, option=orjson.OPT_SORT_KEYS).decode()
        mark = self.key.mark_of("identity", str(row.case_id), told)
        if self.kept.times(mark):
            return []
        refused = await self.node.keep_person(row.case_id, row.identity)
        if refused:
            return [Remark("identity-not-kept"), *(Remark(each.code) for each in refused)]
        self.kept.add(mark)
        return []

    def _mark_of(self, event: ReadyEvent) -> str:
        return self.key.mark_of("event", str(event.id))

    def _posting(self, event: ReadyEvent) -> Posting:
        """A refusal is final under its id: what was refused goes under a new one next time."""
        again = self.refused.times(self._mark_of(event))
        return Posting(
            id=self.key.id_of("again", str(event.id), str(again)) if again else event.id,
            source=source_of(self.mapping.node, self.mapping.system),
            type=event.type,
            dataschema=event.dataschema,
            subject=event.subject,
            body=event.body,
        )


def _result(row: ReadyRow, outcome: Outcome, reasons: list[Remark]) -> RowResult:
    return RowResult(
        number=row.number,
        outcome=outcome,
        case_id=row.case_id if outcome is not Outcome.REFUSED else None,
        reasons=tuple(dict.fromkeys((*reasons, *row.remarks))),
    )


def _remark(refused: Refusal, event: ReadyEvent) -> Remark:
    """With the column that the property came from; a property of its own stays unnamed."""
    name = refused.field.replace("/", ".").partition(".")[0]
    return Remark(refused.code, event.columns.get(name, ""))


def sender_of(node: Node, mapping: MappingFile, key: DoorKey, folder: Path) -> Sender:
    """A sender with the notes of a door's folder."""
    return Sender(
        node=node,
        mapping=mapping,
        key=key,
        kept=Notes(folder / KEPT),
        refused=Notes(folder / REFUSED),
    )
