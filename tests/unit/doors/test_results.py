"""The result file: codes and labels in three languages, nothing that a spreadsheet computes."""

import csv
import io
from pathlib import Path
from uuid import UUID

import pytest

from contracts.vocabulary import code_lists
from doors.failures import list_of
from doors.files import guarded
from doors.tables.results import HEADER, Outcome, RowResult, write_results
from doors.tables.rows import Remark

CASE = UUID("0123abcd-0000-4000-8000-000000000000")


def written(folder: Path, *results: RowResult) -> list[dict[str, str]]:
    path = folder / "results" / "a.csv.result.csv"
    write_results(path, results)
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_each_row_says_what_became_of_it_in_three_languages(tmp_path: Path) -> None:
    refused = RowResult(
        number=4,
        outcome=Outcome.REFUSED,
        reasons=(Remark("not-a-date", "Дата"), Remark("case-exists")),
    )
    accepted = RowResult(number=2, outcome=Outcome.ACCEPTED, case_id=CASE)
    first, second = written(tmp_path, accepted, refused)
    assert tuple(first) == HEADER
    assert (first["row"], first["outcome"], first["case_id"]) == ("2", "accepted", str(CASE))
    assert second["reasons"] == "not-a-date (Дата) case-exists"
    assert second["says_ru"] == "В приёме строки отказано: Дата: Это не дата; Случай уже внесён"
    assert second["says_be"].startswith("У прыёме радка адмоўлена")
    assert second["says_en"] == "Refused: Дата: Not a date; The case is there already"


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_result_is_a_formula(beginning: str, tmp_path: Path) -> None:
    column = f"{beginning}HYPERLINK(1)"
    assert guarded(column) == f"'{column}"
    result = RowResult(number=2, outcome=Outcome.REFUSED, reasons=(Remark("required", column),))
    (row,) = written(tmp_path, result)
    assert not any(cell.startswith(beginning) for cell in row.values())


def test_every_outcome_has_a_label() -> None:
    assert set(code_lists()["row-outcome"].codes) == set(Outcome)
    assert list_of("not-a-date") == "file-reason"
    assert list_of("too-early") == "refusal-reason"
