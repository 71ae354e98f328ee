"""A process of a measurement that ends tells why; a hole in a table may never be silent."""

from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import hops
from benchmarks.hop_plan import Plan
from benchmarks.servers import Place


def test_a_process_that_cannot_work_is_an_error_that_says_why(tmp_path: Path) -> None:
    place = Place(
        node="node-one",
        url="postgresql://127.0.0.1:1/nothing",
        owner_url="",
        bootstrap="127.0.0.1:1",
        state=tmp_path,
        key_file=tmp_path / "key.json",
    )
    told = {name: str(value) for name, value in asdict(place).items()}
    plan = Plan(stack="ours", place=told, warm=1, events=1, rate=1.0)
    with pytest.raises(RuntimeError) as failed, hops._process(plan, "sink", place) as process:
        hops._line(process)
    (note,) = failed.value.__notes__
    assert note.startswith("ours, sink ended with 1: services.chassis.errors.")
