"""CSV: which encoding and which separator it has is found out and said, never guessed in silence.

UTF-8 with or without a mark, else cp1251 (what Excel saves in Russian). Whether that was right is
seen by the header: its words must be those of the mapping.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final

from doors.failures import FileRefused
from doors.tables.sheet import Sheet, plain, sheet_of

SEPARATORS: Final = (";", ",")
ENCODINGS: Final = ("utf-8", "cp1251")
_OTHER_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_delimited(document: bytes, wanted: frozenset[str]) -> Sheet:
    """The table; ``wanted`` are the columns of the mapping, by which the separator is known."""
    text, encoding = _text(document)
    separator = max(SEPARATORS, key=lambda each: _known_words(text, each, wanted))
    said = f"CSV, {encoding}, separated by {separator}"
    return sheet_of(_rows(text, separator), said)


def _text(document: bytes) -> tuple[str, str]:
    if document.startswith(_OTHER_MARKS) or b"\0" in document:
        raise FileRefused("encoding-unknown")
    if document.startswith(codecs.BOM_UTF8):
        return _decoded(document[len(codecs.BOM_UTF8) :], "utf-8"), "utf-8 with a mark"
    try:
        return document.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _decoded(document, "cp1251"), "cp1251"


def _decoded(document: bytes, encoding: str) -> str:
    try:
        return document.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileRefused("encoding-unknown") from error


def _known_words(text: str, separator: str, wanted: frozenset[str]) -> int:
    header = next(_rows(text, separator), ((), {}))[0]
    return len({plain(cell) for cell in header} & wanted)


def _rows(text: str, separator: str) -> Iterator[tuple[list[str], Mapping[int, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            yield cells, {}
    except csv.Error as error:
        raise FileRefused("not-a-table") from error
