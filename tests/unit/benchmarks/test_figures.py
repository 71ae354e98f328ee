"""Ratios are taken within a round, then the median; a goal is judged by that median alone."""

import json
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.__main__ import JOBS
from benchmarks.figures import Goal, Round, Side, Spread, judge, percentile, spreads, turned
from benchmarks.jobs import Job
from benchmarks.report import JobReport, Report

POSITIVE = st.floats(min_value=0.01, max_value=1e6)
GOAL = Goal(
    sentence="rate against bare",
    of=Side("ours", "rate"),
    against=Side("bare", "rate"),
    wanted="at least",
    limit=0.6,
)


def a_round(ours: float, bare: float) -> Round:
    return {"ours": {"rate": ours}, "bare": {"rate": bare}}


def test_a_ratio_is_taken_per_round_and_then_the_median() -> None:
    rounds = [a_round(70, 100), a_round(30, 60), a_round(900, 1000)]
    outcome = judge(GOAL, rounds)
    assert outcome.reached == Spread(median=0.7, lowest=0.5, highest=0.9)
    assert outcome.met
    assert outcome.missed_by == 0


def test_the_ratio_of_medians_would_be_another_number() -> None:
    rounds = [a_round(10, 10), a_round(20, 40), a_round(90, 30)]
    assert judge(GOAL, rounds).reached.median == 1.0
    assert spreads(rounds)["ours"]["rate"].median / spreads(rounds)["bare"]["rate"].median != 1.0


@pytest.mark.parametrize(
    ("wanted", "limit", "met", "missed_by"),
    [
        ("at least", 0.5, True, 0),
        ("at least", 1.0, False, 0.5),
        ("at most", 0.5, True, 0),
        ("at most", 0.4, False, 0.25),
    ],
)
def test_a_goal_says_by_how_much_it_was_missed(
    wanted: Literal["at least", "at most"], limit: float, met: bool, missed_by: float
) -> None:
    goal = Goal(sentence="", of=GOAL.of, against=GOAL.against, wanted=wanted, limit=limit)
    outcome = judge(goal, [a_round(1, 2)])
    assert outcome.met is met
    assert outcome.missed_by == pytest.approx(missed_by)


def test_a_figure_alone_can_be_a_goal() -> None:
    goal = Goal(sentence="", of=Side("ours", "rate"), wanted="at most", limit=3)
    assert judge(goal, [a_round(2, 9), a_round(4, 9), a_round(2.5, 9)]).reached.median == 2.5


@given(st.lists(POSITIVE, min_size=1, max_size=200), st.integers(min_value=1, max_value=100))
def test_a_percentile_is_one_of_the_values_and_bounds_its_share(
    values: list[float], share: int
) -> None:
    found = percentile(values, share / 100)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= share * len(values)
    assert sum(value < found for value in values) * 100 < share * len(values)


def test_the_order_turns_and_nobody_is_left_out() -> None:
    names = ["a", "b", "c"]
    assert [turned(names, by)[0] for by in range(4)] == ["a", "b", "c", "a"]
    assert all(sorted(turned(names, by)) == names for by in range(4))


@pytest.mark.parametrize("job", JOBS.values(), ids=list(JOBS))
def test_every_goal_names_alternatives_that_are_measured_and_explained(job: Job) -> None:
    sides = [side for goal in job.goals for side in (goal.of, goal.against) if side is not None]
    assert {side.alternative for side in sides} <= job.alternatives.keys()
    assert job.limits.keys() == job.alternatives.keys()


def test_the_report_shows_what_was_reached_and_what_was_missed(tmp_path: Path) -> None:
    job = Job(
        name="job",
        title="A job",
        alternatives={"ours": lambda _s: {}, "bare": lambda _s: {}},
        goals=(GOAL,),
        limits={"ours": "Python.", "bare": "the disk."},
        rounds=1,
    )
    measured = JobReport(
        job=job, rounds=[a_round(30, 100)], load_before=[1], load_after=[2], seconds=3
    )
    report = Report(date="today", quick=True, versions={}, machine={}, jobs=[measured])
    report.write(tmp_path)
    page, kept = (tmp_path / "latest.md").read_text(), (tmp_path / "latest.json").read_text()
    assert "missed by 50%" in page
    assert "Python." in page
    assert "MISSED by 50%" in report.goals()
    assert json.loads(kept)["jobs"]["job"]["goals"][0]["met"] is False
