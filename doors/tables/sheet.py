"""A table as the door reads it: a header, rows of plain text, and how it was understood.

What is wrong with a cell is told by its column and a code. No content is ever in a message.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from doors.failures import FileRefused
from doors.tables import limits

_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row; ``number`` is the one that a spreadsheet shows beside it."""

    number: int
    cells: tuple[str, ...] = field(repr=False)
    troubles: Mapping[int, str] = field(default_factory=dict)
    """Position of a cell that cannot be read -> code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A whole table; ``said`` tells how it was read, for people."""

    header: tuple[str, ...] = field(repr=False)
    rows: tuple[Row, ...]
    said: str


def plain(text: str) -> str:
    """A word as people mean it: no spaces around or doubled, no capitals, one letter for ё."""
    return _SPACES.sub(" ", text).strip().casefold().replace("ё", "е")


def sheet_of(rows: Iterable[tuple[Sequence[str], Mapping[int, str]]], said: str) -> Sheet:
    """A sheet of rows of cells, each with the troubles that are known; refuses what is too much."""
    counted = enumerate(rows, start=1)
    header = next((_without_end(cells) for _, (cells, _) in counted), ())
    if not header:
        raise FileRefused("not-a-table")
    if len(header) > limits.COLUMNS:
        raise FileRefused("too-many-columns")
    kept: list[Row] = []
    for number, (cells, troubles) in counted:
        if not any(cell.strip() for cell in cells) and not troubles:
            if number > limits.EMPTY_ROWS:
                raise FileRefused("too-many-rows")
            continue
        if len(kept) >= limits.ROWS:
            raise FileRefused("too-many-rows")
        kept.append(_row(number, tuple(cells), troubles, len(header)))
    return Sheet(header=header, rows=tuple(kept), said=said)


def _without_end(cells: Sequence[str]) -> tuple[str, ...]:
    """Without the empty cells that a spreadsheet leaves at the end."""
    filled = [position for position, cell in enumerate(cells, start=1) if cell.strip()]
    return tuple(cells[: max(filled, default=0)])


def _row(number: int, cells: tuple[str, ...], troubles: Mapping[int, str], width: int) -> Row:
    found = dict(troubles)
    found |= {
        position: "cell-too-long"
        for position, cell in enumerate(cells)
        if len(cell) > limits.CELL_LENGTH
    }
    if any(cell.strip() for cell in cells[width:]):
        found[width] = "row-too-long"
    padded = (*cells[:width], *[""] * (width - len(cells)))
    return Row(number=number, cells=padded, troubles=found)
