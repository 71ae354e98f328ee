"""A quick look at one job runs to its end on real servers and writes what it found."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.long
def test_a_quick_look_measures_every_alternative_and_writes_the_results(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "relay", "--quick", "--results", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    job = json.loads((tmp_path / "latest.json").read_text())["jobs"]["relay"]
    assert len(job["figures"]) == 6
    assert all(found["rate"]["median"] > 0 for found in job["figures"].values())
    assert {type(goal["met"]) for goal in job["goals"]} == {bool}
