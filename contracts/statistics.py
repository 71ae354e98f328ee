"""Plans, contributions, releases: counts without people, with noise before they leave a node."""

from typing import Annotated

from pydantic import Field

from contracts.envelope import (
    Contract,
    Count,
    Identifier,
    Node,
    Noisy,
    Ratio,
    Reference,
    Time,
    code,
)

Cells = Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=500)]


class PlannedTable(Contract):
    """A public, ordered list of cells; a person counts in at most ``clip`` of them, once each."""

    table: Identifier
    cells: Cells
    clip: Annotated[int, Field(ge=1, le=100, json_schema_extra={"x-nrm-class": "count"})]
    rho: Ratio
    """Zero-concentrated privacy loss that this table spends."""
    sigma_squared: Ratio
    """Variance of the exact discrete Gaussian noise each node adds to each cell."""


class PlanPublished(Contract):
    """What is counted, when, by whom, with which noise. Subject: the plan id."""

    plan_id: Reference
    dataset: Identifier
    protocol: Annotated[str, code("statistics-protocol")]
    vintage: Annotated[str, code("vintage")]
    period_start: Time
    period_end: Time
    cut_off_at: Time
    window_closes_at: Time
    publish_at: Time
    minimum_nodes: Count
    roster: Annotated[tuple[Node, ...], Field(min_length=1, max_length=1000)]
    custodians: Annotated[tuple[Node, ...], Field(min_length=1, max_length=10)]
    tables: Annotated[tuple[PlannedTable, ...], Field(min_length=1, max_length=50)]


class NoisyTable(Contract):
    """One value per planned cell, in the plan's order, noise included."""

    table: Identifier
    values: Annotated[tuple[Noisy, ...], Field(min_length=1, max_length=500)]


class CountsContributed(Contract):
    """A node's noisy vector for one plan, constant in size. Addressed to the custodians."""

    plan_id: Reference
    submission_id: Reference
    tables: Annotated[tuple[NoisyTable, ...], Field(min_length=1, max_length=50)]


class ManifestClosed(Contract):
    """The submissions a custodian uses: immutable from its deadline on."""

    plan_id: Reference
    custodian: Node
    submissions: Annotated[tuple[Reference, ...], Field(max_length=1000)]
    nodes_counted: Count
    nodes_missing: Count


class PartialSummed(Contract):
    """Sum of the noisy vectors in the manifest."""

    plan_id: Reference
    custodian: Node
    nodes_counted: Count
    nodes_missing: Count
    tables: Annotated[tuple[NoisyTable, ...], Field(min_length=1, max_length=50)]


class ReleasedCell(Contract):
    """Interval first: 95 %, never negative. ``value`` is the noisy sum as measured."""

    cell: Identifier
    value: Noisy
    low: Annotated[int, Field(ge=0, json_schema_extra={"x-nrm-class": "count"})]
    high: Annotated[int, Field(ge=0, json_schema_extra={"x-nrm-class": "count"})]


class ReleasedTable(Contract):
    """One table of a release."""

    table: Identifier
    cells: Annotated[tuple[ReleasedCell, ...], Field(min_length=1, max_length=500)]


class ReleasePublished(Contract):
    """Numbers for everybody. Never edited, only superseded."""

    release_id: Reference
    plan_id: Reference
    dataset: Identifier
    protocol: Annotated[str, code("statistics-protocol")]
    vintage: Annotated[str, code("vintage")]
    period_start: Time
    period_end: Time
    published_at: Time
    nodes_counted: Count
    nodes_missing: Count
    rho: Ratio
    tables: Annotated[tuple[ReleasedTable, ...], Field(min_length=1, max_length=50)]
    supersedes: Reference | None = None


class ReleaseHeld(Contract):
    """A release did not come out, and why. A missing report is never a zero."""

    plan_id: Reference
    reason: Annotated[str, code("held-reason")]
    nodes_missing: Count
