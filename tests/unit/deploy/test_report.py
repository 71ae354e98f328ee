"""The node's own report: months, stamp, who can read the file, and both forms."""

import csv
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from cli import report
from cli.main import app
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder

GIVEN = {
    "rows": [
        {
            "service_type": "nursing-visit",
            "unit": "visit",
            "funding": "state-social-order",
            "contract_id": "c",
            "recipient": "labour-vitebsk",
            "units": 12,
            "episodes": 3,
        },
        {
            "service_type": "crisis-room",
            "unit": "night",
            "funding": "own-means",
            "contract_id": None,
            "recipient": None,
            "units": 7,
            "episodes": 1,
        },
    ]
}
COUNTS = {"tables": {"detected": {"BY-VI": 2}}}
ROWS = [*report.given_rows(GIVEN), *report.counted_rows(COUNTS)]


def test_a_month_is_a_month() -> None:
    assert report.bounds("2026-12") == (
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    for wrong in ("2026-13", "2026", "November", "2026-1-1"):
        with pytest.raises(StackFailure, match="a year and a month"):
            report.bounds(wrong)


@pytest.mark.parametrize("wrong", ["2026-10-01", "2026-10-01/x", "a/b/c"])
def test_a_period_is_two_days(wrong: str) -> None:
    with pytest.raises(StackFailure, match="two days"):
        report.interval(wrong)
    with pytest.raises(StackFailure, match="after it begins"):
        report.interval("2026-10-01/2026-10-01")


def test_cases_are_counted_by_band_page_after_page(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[list[dict[str, str]]] = []

    def answer(_state: object, whom: tuple[str, str, str], path: str, **asked: Any) -> Any:
        assert whom[2] == "report-writer"
        if path == "/v1/age-counts":
            sent.append(asked["json"]["counted"])
            cells = {"below-18": len(sent[-1])}
            return httpx.Response(200, json={f"{sent[-1][0]['table']}-by-band": cells})
        known = ["a", "b", "c"] if path.endswith("detected-total") else []
        left = [one for one in known if one > asked["params"]["after"]][:2]
        return httpx.Response(200, json=[{"case_id": one, "happened_at": "x"} for one in left])

    monkeypatch.setattr(report, "_answer", answer)
    rows = list(report._counted_by_age(StateFolder(Path("none")), "n", {"start": "", "end": ""}))
    assert [[each["case_id"] for each in page] for page in sent] == [["a", "b"], ["c"]]
    assert [(row[1], row[2], row[6]) for row in rows] == [("detected-by-band", "below-18", 3)]


@pytest.mark.parametrize("form", list(report.Form))
def test_both_forms_say_the_same_are_stamped_and_only_the_owner_reads_them(
    tmp_path: Path, form: report.Form
) -> None:
    path = tmp_path / f"report.{form}"
    path.write_text("older and open")
    path.chmod(0o644)
    report.write(path, form, (report.STAMP, ROWS))
    assert stat.S_IMODE(path.stat().st_mode) == report.OWNER_ONLY
    lines = read(path, form)
    assert lines[0][0] == report.STAMP
    assert tuple(lines[1]) == report.COLUMNS
    assert [line[6] for line in lines[2:]] == ["12", "7", "2"]
    assert lines[2][4:6] == ["c", "labour-vitebsk"]


def test_what_is_no_file_is_left_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o644)
    before = stat.S_IMODE(pipe.stat().st_mode)
    with pytest.raises(StackFailure, match="is no file"):
        report.write(pipe, report.Form.CSV, (report.STAMP, ROWS))
    assert stat.S_IMODE(pipe.stat().st_mode) == before


def read(path: Path, form: report.Form) -> list[list[str]]:
    if form is report.Form.CSV:
        return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    rows = load_workbook(path).active.iter_rows(values_only=True)
    return [["" if cell is None else str(cell) for cell in row] for row in rows]


def test_the_register_is_printed() -> None:
    shown = CliRunner().invoke(app, ["report", "egress"])
    assert shown.exit_code == 0
    assert "refused" in shown.output
    assert "contractual" in shown.output
