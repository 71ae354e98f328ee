"""What a plan must be, and how a noisy sum becomes a number that may be shown.

Interval first: 95 %, never negative. A number without its interval is never shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import isqrt
from typing import Final

SOURCE_NOISE: Final = "source-noise"
Z_95: Final = Fraction(196, 100)
"""Two-sided 95 % of a normal law; half-widths are rounded up, which covers the discrete law."""
IMPLAUSIBLE_SIGMAS: Final = 8
"""A total further below zero than this was not made by noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a plan."""

    name: str
    cells: tuple[str, ...]
    rho: Fraction
    sigma_squared: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan, as a statistician asks for it."""

    dataset: str
    protocol: str
    period_start: datetime
    period_end: datetime
    cut_off_at: datetime
    window_closes_at: datetime
    publish_at: datetime
    minimum_nodes: int
    roster: tuple[str, ...]
    custodians: tuple[str, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCell:
    """One published number."""

    cell: str
    value: int
    low: int
    high: int


def its_protocol_is_served(plan: Plan) -> str | None:
    """The one in which each node adds its noise (code list: ``statistics-protocol``)."""
    return None if plan.protocol == SOURCE_NOISE else "protocol-not-served"


def the_period_ends_before_the_cut_off(plan: Plan) -> str | None:
    """Only what has happened is counted (project: a release is not counted again)."""
    before = plan.period_start < plan.period_end <= plan.cut_off_at
    return None if before else "period-not-before-the-cut-off"


def the_window_closes_before_publication(plan: Plan) -> str | None:
    """Every node has its time to report (project: a missing report is never a zero)."""
    before = plan.cut_off_at < plan.window_closes_at <= plan.publish_at
    return None if before else "window-not-before-publication"


def the_minimum_can_be_reached(plan: Plan) -> str | None:
    """At least one node, and no more than are asked (project: a release is not held for ever)."""
    within = 1 <= plan.minimum_nodes <= len(set(plan.roster))
    return None if within else "minimum-above-the-roster"


def no_custodian_reports(plan: Plan) -> str | None:
    """Who adds up has no vector in the sum (project: it could take its own noise out again)."""
    apart = plan.custodians and not set(plan.custodians) & set(plan.roster)
    return None if apart else "custodian-reports-itself"


PLAN_RULES: Final[tuple[Callable[[Plan], str | None], ...]] = (
    its_protocol_is_served,
    the_period_ends_before_the_cut_off,
    the_window_closes_before_publication,
    the_minimum_can_be_reached,
    no_custodian_reports,
)


def its_name_is_its_own(table: Table, before: Sequence[Table]) -> str | None:
    """Each copy would carry noise of its own (project: the mean of many is the exact count)."""
    return "table-repeated" if table.name in {each.name for each in before} else None


def no_cell_is_asked_twice(table: Table, before: Sequence[Table]) -> str | None:
    """Each copy would carry noise of its own (project: the mean of many is the exact count)."""
    return "cell-repeated" if len(set(table.cells)) != len(table.cells) else None


def the_noise_is_worth_its_rho(table: Table, before: Sequence[Table]) -> str | None:
    """One person changes one cell by one: rho >= 1 / (2 sigma^2) (Bun and Steinke 2016)."""
    small = table.sigma_squared <= 0 or table.rho < 1 / (2 * table.sigma_squared)
    return "noise-too-small-for-its-rho" if small else None


TABLE_RULES: Final[tuple[Callable[[Table, Sequence[Table]], str | None], ...]] = (
    its_name_is_its_own,
    no_cell_is_asked_twice,
    the_noise_is_worth_its_rho,
)


def objections(plan: Plan) -> tuple[str, ...]:
    """Everything that is wrong with a plan; a table is told by its position, from 1.

    Its name is the sender's word and is not repeated.
    """
    of_plan = (rule(plan) for rule in PLAN_RULES)
    of_tables = (
        (rule(table, plan.tables[:place]), place + 1)
        for place, table in enumerate(plan.tables)
        for rule in TABLE_RULES
    )
    return (
        *(code for code in of_plan if code is not None),
        *(f"{code} {position}" for code, position in of_tables if code is not None),
    )


def spent(tables: Sequence[Table]) -> Fraction:
    """Privacy loss of one plan for one person."""
    return sum((table.rho for table in tables), Fraction(0))


def may_spend(already: Fraction, now: Fraction, cap: Fraction) -> bool:
    """Whether the ledger allows it."""
    return already + now <= cap


def half_width(sigma_squared: Fraction, nodes: int) -> int:
    """Half of the 95 % interval of a sum of ``nodes`` independent noises, rounded up."""
    squared = Z_95 * Z_95 * sigma_squared * nodes
    ceiling = -(-squared.numerator // squared.denominator)
    root = isqrt(ceiling)
    return root if root * root == ceiling else root + 1


def shown(table: Table, values: Sequence[int], nodes: int) -> tuple[ShownCell, ...]:
    """The cells of one released table."""
    width = half_width(table.sigma_squared, nodes)
    return tuple(
        ShownCell(cell=cell, value=value, low=max(0, value - width), high=max(0, value + width))
        for cell, value in zip(table.cells, values, strict=True)
    )


def held_because(plan: Plan, nodes: int, sums: Mapping[str, Sequence[int]] | None) -> str | None:
    """Why a release is held, if it is: too few nodes, or sums that noise cannot have made.

    Code list: ``held-reason``.
    """
    if nodes < plan.minimum_nodes or sums is None:
        return "too-few-nodes"
    for table in plan.tables:
        values = sums.get(table.name, ())
        if len(values) != len(table.cells):
            return "implausible"
        lowest = -half_width(table.sigma_squared, nodes) * IMPLAUSIBLE_SIGMAS
        if any(value < lowest for value in values):
            return "implausible"
    return None


def sentence(cell: ShownCell) -> str:
    """How a number is read aloud: the interval first."""
    if cell.low == 0:
        return f"0-{cell.high} (may be none)"
    return f"about {cell.value} ({cell.low}-{cell.high})"
