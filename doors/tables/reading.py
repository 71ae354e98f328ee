"""A file and its mapping together: the table is read, nothing is decided and nothing sent."""

from pathlib import Path

from doors.failures import DoorFailure, FileRefused
from doors.identifiers import DoorKey
from doors.tables import limits
from doors.tables.delimited import read_delimited
from doors.tables.mapping import MappingFile
from doors.tables.rows import RowReader
from doors.tables.sheet import Sheet
from doors.tables.workbook import is_workbook, read_workbook


def document_of(path: Path) -> bytes:
    """The whole file, if it is not larger than a table of people can be."""
    try:
        if path.stat().st_size > limits.FILE_BYTES:
            raise FileRefused("too-large")
        with path.open("rb") as file:
            document = file.read(limits.FILE_BYTES + 1)
    except OSError as error:
        raise DoorFailure(f"{path} cannot be read: compare its name and its rights.") from error
    if len(document) > limits.FILE_BYTES:
        raise FileRefused("too-large")
    return document


def table_of(document: bytes, mapping: MappingFile) -> Sheet:
    """The table in a document, by what the document is and not by its name."""
    if is_workbook(document):
        return read_workbook(document, mapping.sheet)
    return read_delimited(document, mapping.wanted())


def rows_of(document: bytes, mapping: MappingFile, key: DoorKey) -> RowReader:
    """The reader of the document's rows; FileRefused when the mapping does not fit it."""
    return RowReader(mapping, table_of(document, mapping), key)
