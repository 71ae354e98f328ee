"""Which submissions count, their sum, and how a number is shown: interval first, never negative."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.statistics.custodian import domain as custodian
from services.statistics.publisher import domain as publisher

MAY = datetime(2026, 5, 14, tzinfo=UTC)
ASKED = custodian.Plan(
    protocol="source-noise",
    roster=frozenset({"a", "b", "c"}),
    custodians=("custodian-one",),
    minimum_nodes=2,
    shape={"t": 2},
)
TABLE = publisher.Table(name="t", cells=("x", "y"), rho=Fraction(1, 2), sigma_squared=Fraction(1))
PLAN = publisher.Plan(
    dataset="pilot",
    protocol="source-noise",
    period_start=MAY,
    period_end=MAY + timedelta(days=30),
    cut_off_at=MAY + timedelta(days=31),
    window_closes_at=MAY + timedelta(days=41),
    publish_at=MAY + timedelta(days=75),
    minimum_nodes=1,
    roster=("a", "b"),
    custodians=("custodian-one",),
    tables=(TABLE,),
)


def a_submission(node: str, *values: int) -> custodian.Submission:
    return custodian.Submission(node=node, vectors={"t": values})


def test_only_the_roster_with_the_planned_shape_is_taken() -> None:
    assert custodian.objections(ASKED, a_submission("a", 1, 2)) == ()
    assert custodian.objections(ASKED, a_submission("z", 1, 2)) == ("not-in-the-roster",)
    assert custodian.objections(ASKED, a_submission("a", 1)) == ("wrong-shape",)


@given(st.lists(st.tuples(st.integers(-9, 99), st.integers(-9, 99)), min_size=0, max_size=3))
def test_the_sum_is_the_sum_cell_by_cell(vectors: list[tuple[int, int]]) -> None:
    submissions = [a_submission(node, *v) for node, v in zip("abc", vectors, strict=False)]
    expected = tuple(sum(column) for column in zip((0, 0), *vectors, strict=True))
    assert custodian.summed(ASKED, submissions) == {"t": expected}
    assert custodian.missing(ASKED, submissions) == 3 - len(submissions)
    assert custodian.enough(ASKED, submissions) == (len(submissions) >= 2)


def test_a_custodian_serves_only_plans_that_name_it() -> None:
    assert custodian.serves(ASKED, "custodian-one")
    assert not custodian.serves(ASKED, "custodian-two")
    assert not custodian.serves(replace(ASKED, protocol="secure-sum"), "custodian-one")


@pytest.mark.parametrize(
    ("wrong", "objection"),
    [
        (replace(PLAN, protocol="secure-sum"), "protocol-not-served"),
        (replace(PLAN, period_end=PLAN.period_start), "period-not-before-the-cut-off"),
        (replace(PLAN, publish_at=PLAN.cut_off_at), "window-not-before-publication"),
        (replace(PLAN, minimum_nodes=3), "minimum-above-the-roster"),
        (replace(PLAN, custodians=("a",)), "custodian-reports-itself"),
        (replace(PLAN, tables=(TABLE, TABLE)), "table-repeated 2"),
        (replace(PLAN, tables=(replace(TABLE, cells=("x", "x")),)), "cell-repeated 1"),
        (
            replace(PLAN, tables=(replace(TABLE, rho=Fraction(1, 3)),)),
            "noise-too-small-for-its-rho 1",
        ),
    ],
)
def test_each_rule_refuses_a_wrong_plan(wrong: publisher.Plan, objection: str) -> None:
    assert publisher.objections(PLAN) == ()
    assert objection in publisher.objections(wrong)


@given(st.integers(1, 40), st.fractions(Fraction(1, 10), 50), st.integers(-30, 300))
def test_an_interval_is_never_negative_and_never_narrower_than_its_noise(
    nodes: int, sigma_squared: Fraction, value: int
) -> None:
    width = publisher.half_width(sigma_squared, nodes)
    assert width >= 1.96 * math.sqrt(float(sigma_squared) * nodes) - 1e-6
    table = replace(TABLE, cells=("x",), sigma_squared=sigma_squared)
    (cell,) = publisher.shown(table, [value], nodes)
    assert 0 <= cell.low <= cell.high
    assert cell.value == value


def test_a_number_is_read_with_its_interval_first() -> None:
    few = publisher.ShownCell(cell="x", value=2, low=0, high=6)
    some = publisher.ShownCell(cell="x", value=12, low=8, high=16)
    assert publisher.sentence(few) == "0-6 (may be none)"
    assert publisher.sentence(some) == "about 12 (8-16)"


def test_a_release_is_held_for_too_few_nodes_or_what_noise_cannot_have_made() -> None:
    assert publisher.held_because(PLAN, 2, {"t": (3, 4)}) is None
    assert publisher.held_because(PLAN, 0, {"t": (3, 4)}) == "too-few-nodes"
    assert publisher.held_because(PLAN, 2, None) == "too-few-nodes"
    assert publisher.held_because(PLAN, 2, {"t": (3,)}) == "implausible"
    assert publisher.held_because(PLAN, 2, {"t": (3, -1000)}) == "implausible"
