"""The result file: a row for each row of the input, with what became of it, as codes and labels.

It holds no cell of the input: a row is named by its number and, once there is one, by its case id.
A spreadsheet that opens it computes nothing out of it.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID

from contracts.vocabulary import LANGUAGES, code_lists
from doors.failures import label_of
from doors.files import guarded, write_whole
from doors.tables.rows import Remark

HEADER: Final = ("row", "outcome", "case_id", "reasons", *(f"says_{each}" for each in LANGUAGES))


class Outcome(StrEnum):
    """What became of a row (code list ``row-outcome``)."""

    SOUND = "sound"
    ACCEPTED = "accepted"
    PARTLY = "partly-accepted"
    REFUSED = "refused"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """One row's outcome with every reason."""

    number: int
    outcome: Outcome
    case_id: UUID | None = None
    reasons: tuple[Remark, ...] = ()

    def told(self) -> tuple[str, ...]:
        """As cells."""
        labels = (_sentence(self, language) for language in LANGUAGES)
        codes = " ".join(
            f"{each.code} ({each.column})" if each.column else each.code for each in self.reasons
        )
        case_id = str(self.case_id) if self.case_id else ""
        return tuple(map(guarded, (str(self.number), self.outcome, case_id, codes, *labels)))


def _sentence(result: RowResult, language: str) -> str:
    outcome = code_lists()["row-outcome"].label(result.outcome, language)
    reasons = "; ".join(
        f"{each.column}: {label_of(each.code, language)}"
        if each.column
        else label_of(each.code, language)
        for each in result.reasons
    )
    return f"{outcome}: {reasons}" if reasons else outcome


def write_results(path: Path, results: Iterable[RowResult]) -> None:
    """Write the file whole or not at all; readable for the agency alone."""
    told = io.StringIO(newline="")
    writer = csv.writer(told, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(result.told() for result in results)
    write_whole(path, told.getvalue().encode("utf-8-sig"))
