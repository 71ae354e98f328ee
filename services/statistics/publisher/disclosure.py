"""What the publisher says: plans, releases, and that a release is held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Protocol
from uuid import UUID

from contracts.statistics import (
    PlannedTable,
    PlanPublished,
    ReleasedCell,
    ReleasedTable,
    ReleaseHeld,
    ReleasePublished,
)


class Cell(Protocol):
    """A number with its interval."""

    @property
    def cell(self) -> str: ...
    @property
    def value(self) -> int: ...
    @property
    def low(self) -> int: ...
    @property
    def high(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What makes a release beside its plan."""

    release_id: UUID
    published_at: datetime
    nodes_counted: int
    nodes_missing: int
    tables: Sequence[tuple[str, Sequence[Cell]]]
    supersedes: UUID | None


def ratio(value: Fraction) -> str:
    """A rational as the contract writes it."""
    return f"{value.numerator}/{value.denominator}"


def planned_table(
    name: str, cells: Sequence[str], rho: Fraction, sigma_squared: Fraction
) -> PlannedTable:
    """One table of a plan; a case counts in one cell of it, once."""
    return PlannedTable(
        table=name,
        cells=tuple(cells),
        clip=1,
        rho=ratio(rho),
        sigma_squared=ratio(sigma_squared),
    )


def release(plan: PlanPublished, made: Release, rho: Fraction) -> ReleasePublished:
    """The release as everybody sees it."""
    return ReleasePublished(
        release_id=made.release_id,
        plan_id=plan.plan_id,
        dataset=plan.dataset,
        protocol=plan.protocol,
        vintage=plan.vintage,
        period_start=plan.period_start,
        period_end=plan.period_end,
        published_at=made.published_at,
        nodes_counted=made.nodes_counted,
        nodes_missing=made.nodes_missing,
        rho=ratio(rho),
        tables=tuple(
            ReleasedTable(
                table=name,
                cells=tuple(
                    ReleasedCell(cell=each.cell, value=each.value, low=each.low, high=each.high)
                    for each in cells
                ),
            )
            for name, cells in made.tables
        ),
        supersedes=made.supersedes,
    )


def held(plan: PlanPublished, reason: str, nodes_missing: int) -> ReleaseHeld:
    """That a release does not come out, and why."""
    return ReleaseHeld(plan_id=plan.plan_id, reason=reason, nodes_missing=nodes_missing)
