"""XLSX: values only. A formula is never computed, and its last result is not trusted either.

A workbook is a ZIP of XML; it is measured before it is opened. Links into other files, macros and
pictures are not looked at.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from doors.failures import FileRefused
from doors.tables import limits
from doors.tables.sheet import Sheet, sheet_of

_ZIP: Final = b"PK\x03\x04"
_UNREADABLE: Final = (KeyError, ValueError, TypeError, OSError, EOFError)
_FORMULA: Final = "f"


def is_workbook(document: bytes) -> bool:
    """Whether it begins as a workbook does; the name of a file says nothing."""
    return document.startswith(_ZIP)


def read_workbook(document: bytes, name: str | None) -> Sheet:
    """The sheet of this name, else the first one."""
    import openpyxl  # noqa: PLC0415 - slow to load
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    _measure(document)
    try:
        book = openpyxl.load_workbook(io.BytesIO(document), read_only=True, keep_links=False)
    except (*_UNREADABLE, InvalidFileException, zipfile.BadZipFile, SyntaxError) as error:
        raise FileRefused("not-a-table") from error
    try:
        if name is not None and name not in book.sheetnames:
            raise FileRefused("sheet-missing")
        chosen: Any = book[name] if name is not None else book.worksheets[0]
        which = "the named sheet" if name is not None else f"sheet 1 of {len(book.sheetnames)}"
        return sheet_of(_rows(chosen), f"XLSX, {which}")
    except (*_UNREADABLE, IndexError, SyntaxError) as error:
        raise FileRefused("not-a-table") from error
    finally:
        book.close()


def _measure(document: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(document)) as packed:
            unpacked = sum(each.file_size for each in packed.infolist())
    except zipfile.BadZipFile as error:
        raise FileRefused("not-a-table") from error
    if unpacked > limits.UNPACKED_BYTES:
        raise FileRefused("too-large")


def _rows(sheet: Any) -> Iterator[tuple[list[str], Mapping[int, str]]]:
    sheet.reset_dimensions()  # what a file says of its own size is not believed
    for cells in sheet.iter_rows():
        formulas = {
            position: "formula"
            for position, cell in enumerate(cells)
            if getattr(cell, "data_type", None) == _FORMULA
        }
        yield (
            [
                "" if position in formulas else _text(cell.value)
                for position, cell in enumerate(cells)
            ],
            formulas,
        )


def _text(value: Any) -> str:
    """A cell as the text that a person sees: whole numbers without a point, times in ISO 8601."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)
