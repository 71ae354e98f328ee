"""`nrm intake check`: every row against mapping, code lists and event models; nothing is sent.

Nothing is written either: ids are made with a key that is thrown away.
"""

import secrets
from pathlib import Path

from doors.identifiers import KEY_BYTES, DoorKey
from doors.tables.mapping import MappingFile
from doors.tables.reading import document_of, rows_of
from doors.tables.results import Outcome, RowResult
from doors.tables.rows import ReadyRow, RowReader


def checked(path: Path, mapping: MappingFile) -> tuple[RowReader, list[RowResult]]:
    """How the file was read, and what became of each row."""
    reader = rows_of(document_of(path), mapping, DoorKey(secrets.token_bytes(KEY_BYTES)))
    return reader, [result_of_reading(row) for row in reader.read()]


def result_of_reading(row: ReadyRow) -> RowResult:
    """A row that cannot be sent is refused; its case id is nobody's yet."""
    outcome = Outcome.REFUSED if row.objections else Outcome.SOUND
    return RowResult(number=row.number, outcome=outcome, reasons=(*row.objections, *row.remarks))
