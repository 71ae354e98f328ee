"""The page stands whatever happened: every picture is well formed, a job that failed is said."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import __main__ as program
from benchmarks.chart import BARS_WIDTH, chart, number
from benchmarks.figures import Goal, Round, Side, Spread
from benchmarks.jobs import Job, Setting
from benchmarks.report import UNITS, JobReport, Report

WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=80
)
SPREADS = st.lists(st.floats(0, 1e9), min_size=3, max_size=3).map(
    lambda each: Spread(median=sorted(each)[1], lowest=min(each), highest=max(each))
)
SVG = "{http://www.w3.org/2000/svg}"


def job_of(name: str, measure: Any) -> Job:
    return Job(
        name=name,
        title=f"The job {name} & <co>",
        alternatives={"ours": measure, "bare": measure},
        goals=(Goal(sentence="of it", of=Side("ours", "rate"), wanted="at least", limit=1),),
        limits={"ours": "Python.", "bare": "the disk."},
        rounds=2,
    )


def parsed(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)  # noqa: S314 - our own


@given(WORDS, st.dictionaries(WORDS, SPREADS, max_size=4))
def test_a_picture_is_well_formed_whatever_is_in_it(title: str, rows: dict[str, Spread]) -> None:
    found = {name: {"rate": spread} for name, spread in rows.items()}
    root = parsed(chart(title, found, {"rate": "a<b", "cpu_us": "none has it"}))
    bars = [each for each in root.iter(f"{SVG}rect") if each.get("rx")]
    assert len(bars) == len(rows)
    assert all(float(bar.attrib["width"]) <= BARS_WIDTH + 1 for bar in bars)
    words = [each.text or "" for each in root.iter(f"{SVG}text")]
    assert all(number(spread.median) in words for spread in rows.values())


def test_the_bar_of_twice_as_much_is_twice_as_long() -> None:
    found = {name: {"rate": Spread(value, value, value)} for name, value in (("a", 5), ("b", 10))}
    root = parsed(chart("a job", found, {"rate": "events/s"}))
    widths = [float(each.attrib["width"]) for each in root.iter(f"{SVG}rect") if each.get("rx")]
    assert widths == [BARS_WIDTH / 2, BARS_WIDTH]


def test_a_job_that_fails_is_told_and_the_others_are_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_setting: Setting) -> dict[str, float]:
        raise ConnectionError("a broker at 10.0.0.7")

    setting = Setting(servers=None, quick=True)  # type: ignore[arg-type]  # no job asks for them
    jobs = [
        program.measure(job_of("fails", fails), setting, None),
        program.measure(job_of("works", lambda _: {"rate": 2.0}), setting, None),
    ]
    report = Report(date="today", quick=True, versions={}, machine={}, jobs=jobs)
    report.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"latest.json", "latest.md", "works.svg"}
    page = (tmp_path / "latest.md").read_text()
    assert "**Not measured**: ConnectionError" in page
    assert "10.0.0.7" not in page
    assert "1 of 1 goals reached" in page
    assert "fails: NOT MEASURED: ConnectionError" in report.goals()
    assert "fails: NOT MEASURED" in capsys.readouterr().err
    kept = json.loads((tmp_path / "latest.json").read_text())["jobs"]
    assert kept["fails"]["rounds"] == []
    assert kept["works"]["goals"][0]["met"] is True


def test_alternatives_need_not_have_the_same_figures() -> None:
    rounds: list[Round] = [{"ours": {"rate": 2.0, "p99_ms": 3.0}, "bare": {"rate": 1.0}}]
    job = job_of("uneven", lambda _: {})
    measured = JobReport(job=job, rounds=rounds, load_before=[0], load_after=[0], seconds=1)
    uneven = Report(date="", quick=True, versions={}, machine={}, jobs=[measured])
    page = uneven.markdown()
    assert f"| alternative | {UNITS['rate']} | {UNITS['p99_ms']} |" in page
    assert "| bare | 1 (1 to 1) |  | the disk. |" in page
