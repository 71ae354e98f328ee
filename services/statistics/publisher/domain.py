"""What a plan must be, and how a noisy sum becomes a number that may be shown.

Interval first: 95 %, never negative. A number without its interval is never shown.
"""

from collections.abc import Mapping, Sequence
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


def objections(plan: Plan) -> tuple[str, ...]:
    """Everything that is wrong with a plan; a table is told by its position, from 1.

    Its name is the sender's word and is not repeated.
    """
    found = []
    if plan.protocol != SOURCE_NOISE:
        found.append("protocol-not-served")
    if not plan.period_start < plan.period_end <= plan.cut_off_at:
        found.append("period-not-before-the-cut-off")
    if not plan.cut_off_at < plan.window_closes_at <= plan.publish_at:
        found.append("window-not-before-publication")
    if not 1 <= plan.minimum_nodes <= len(set(plan.roster)):
        found.append("minimum-above-the-roster")
    if not plan.custodians or set(plan.custodians) & set(plan.roster):
        found.append("custodian-reports-itself")
    names = [table.name for table in plan.tables]
    for position, table in enumerate(plan.tables, start=1):
        if table.name in names[: position - 1]:
            found.append(f"table-repeated {position}")
        found += [f"{code} {position}" for code in _table_objections(table)]
    return tuple(found)


def _table_objections(table: Table) -> list[str]:
    found = []
    if len(set(table.cells)) != len(table.cells):
        found.append("cell-repeated")
    if table.sigma_squared <= 0 or table.rho < 1 / (2 * table.sigma_squared):
        # One person changes one cell by one: rho >= 1 / (2 sigma^2) (Bun and Steinke 2016).
        found.append("noise-too-small-for-its-rho")
    return found


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
    """Why a release is held, if it is: too few nodes, or sums that noise cannot have made."""
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
