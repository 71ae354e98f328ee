"""The score of `make mutants` counts what no test noticed, and what no test runs, as alive."""

import json
from pathlib import Path

import pytest

from tests.support import mutants


def verdicts_of(folder: Path, codes: dict[str, int | None]) -> list[mutants.Verdict]:
    room = folder / "services" / "assistance" / "domain"
    room.mkdir(parents=True)
    (room / "pool.py.meta").write_text(json.dumps({"exit_code_by_key": codes}))
    return list(mutants.verdicts(folder))


def test_a_mutant_that_no_test_notices_or_runs_is_alive(tmp_path: Path) -> None:
    found = verdicts_of(tmp_path, {"a": 1, "b": 0, "c": 33, "d": None, "e": -24})
    assert [verdict.name for verdict in found if verdict.killed] == ["a", "e"]


def test_the_table_counts_by_room_and_in_all(tmp_path: Path) -> None:
    lines = mutants.table(verdicts_of(tmp_path, {"a": 1, "b": 0})).splitlines()
    assert [line.split() for line in lines] == [
        ["assistance.pool", "1", "of", "2", "50.0%"],
        ["all", "1", "of", "2", "50.0%"],
    ]


@pytest.mark.parametrize(("alive", "code"), [(1, 0), (2, 1)])
def test_less_than_nine_in_ten_is_too_few(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], alive: int, code: int
) -> None:
    codes: dict[str, int | None] = {f"m{number}": 0 if number < alive else 1 for number in range(9)}
    assert mutants.told(verdicts_of(tmp_path, {**codes, "endless": -24})) == code
    shown = capsys.readouterr().out
    assert f"killed: {(10 - alive) / 10:.1%} (1 of them by running out of time)" in shown
    assert [line for line in shown.splitlines() if line.startswith("m")] == list(codes)[:alive]
