"""How a table is read: encodings, separators, workbooks, limits; and never a cell in a message."""

import io
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doors.failures import DoorFailure, FileRefused
from doors.tables import limits
from doors.tables.checking import checked
from doors.tables.results import Outcome
from tests.support.tables import CANARY, HEADER, SAMPLE, a_row, a_table, read, the_mapping

ENCODINGS = {"utf-8": "utf-8", "utf-8-sig": "utf-8 with a mark", "cp1251": "cp1251"}


def a_workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (tuple(HEADER.split(";")), *rows):
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def refused(document: bytes) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        read(document)
    assert CANARY not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("separator", [";", ","])
def test_the_same_rows_are_read_in_each_encoding_with_each_separator(
    encoding: str, separator: str, tmp_path: Path
) -> None:
    text = a_table(a_row("1"), a_row("2")).replace(";", separator)
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    reader, results = checked(path, the_mapping())
    assert reader.sheet.said == f"CSV, {ENCODINGS[encoding]}, separated by {separator}"
    assert [(each.number, each.outcome) for each in results] == [
        (2, Outcome.SOUND),
        (3, Outcome.SOUND),
    ]
    assert read(text.encode(encoding)) == read(a_table(a_row("1"), a_row("2")).encode())


def test_the_sample_has_three_good_rows_and_one_bad() -> None:
    reader, results = checked(SAMPLE, the_mapping())
    assert reader.sheet.said == "CSV, cp1251, separated by ;"
    assert [each.outcome for each in results] == ["sound", "sound", "refused", "sound"]
    assert {(each.code, each.column) for each in results[2].reasons} == {
        ("not-yes-or-no", "Опасность сейчас"),
        ("not-a-date", "Дата встречи"),
    }


@pytest.mark.parametrize(
    "day", ["31.12.9999", "01.01.0001", "31.02.2026", "00.00.0000", "9" * 30, "16.02.2026 25:00"]
)
def test_a_day_that_no_calendar_has_refuses_its_row_alone(day: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    bad = a_row("3", Дата_встречи=day)
    path.write_text(a_table(a_row("1"), a_row("2"), bad, a_row("4")), encoding="utf-8")
    _, results = checked(path, the_mapping())
    assert [each.outcome for each in results] == ["sound", "sound", "refused", "sound"]
    assert {each.column for each in results[2].reasons} == {"Дата встречи"}
    cells = [tuple(row.split(";")) for row in (a_row("1"), bad, a_row("4"))]
    assert [bool(row.objections) for row in read(a_workbook(*cells))] == [False, True, False]


def test_a_workbook_reads_as_the_csv_does() -> None:
    cells = tuple(a_row("7").split(";"))
    told = tuple(date(2026, 2, 16) if cell == "16.02.2026" else cell for cell in cells)
    assert read(a_workbook(told)) == read(a_table(a_row("7")).encode())


def test_a_formula_is_refused_and_its_last_result_not_trusted() -> None:
    cells = a_row("7").split(";")
    cells[HEADER.split(";").index("Опасность сейчас")] = '=IF(1=1;"нет";"да")'
    (row,) = read(a_workbook(tuple(cells)))
    assert [(each.code, each.column) for each in row.objections] == [
        ("formula", "Опасность сейчас"),
        ("required", "Опасность сейчас"),
    ]


def test_a_workbook_that_unpacks_into_too_much_is_not_opened() -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"\0" * (limits.UNPACKED_BYTES + 1))
    assert refused(kept.getvalue()).code == "too-large"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "not-a-table"),
        (b"PK\x03\x04 and nothing of a workbook", "not-a-table"),
        (a_table(a_row()).encode("utf-16"), "encoding-unknown"),
        (a_table(a_row()).encode("cp866"), "columns-missing"),
        (b"\xff\x98\x98", "encoding-unknown"),
        (a_table(a_row() + ';"' + CANARY).encode(), "not-a-table"),
        (a_table(a_row(), header=HEADER.replace("ФИО", CANARY)).encode(), "columns-missing"),
        (a_table(a_row() + ";x", header=HEADER + ";фио").encode(), "column-repeated"),
        (a_table(header=HEADER + ";x" * limits.COLUMNS).encode(), "too-many-columns"),
        (a_table(*["1"] * (limits.ROWS + 1)).encode(), "too-many-rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(document: bytes, code: str) -> None:
    failure = refused(document)
    assert failure.code == code
    assert str(failure).endswith(".")


def test_a_row_says_where_it_is_too_long() -> None:
    (row,) = read(a_table(a_row(ФИО="я" * (limits.CELL_LENGTH + 1)) + ";" + CANARY).encode())
    assert {(each.code, each.column) for each in row.objections} >= {
        ("cell-too-long", "ФИО"),
        ("row-too-long", ""),
    }


def test_empty_rows_are_passed_over_and_counted() -> None:
    assert [row.number for row in read(a_table(a_row("1"), "", ";;;", a_row("2")).encode())] == [
        2,
        5,
    ]


@settings(deadline=None)
@given(document=st.binary(max_size=400))
def test_no_bytes_make_the_door_fall_over(document: bytes) -> None:
    with pytest.raises(DoorFailure):
        read(document)


@settings(deadline=None)
@given(text=st.text(max_size=60))
def test_no_text_in_a_cell_makes_the_door_fall_over_or_is_told(text: str) -> None:
    cell = '"' + text.replace('"', '""').replace("\0", "") + '"'
    (row,) = read(a_table(a_row(Вид_случая=cell)).encode("utf-8", "replace"))
    assert {each.column for each in (*row.objections, *row.remarks)} <= {"Вид случая"}
    assert {each.code for each in (*row.objections, *row.remarks)} <= {
        "unknown-word",
        "required",
    }
