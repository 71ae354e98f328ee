"""Which submissions count, and their sum. A missing report is never a zero.

Under ``source-noise`` the noise is in the vectors already: the custodian adds them unchanged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

SOURCE_NOISE: Final = "source-noise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a custodian needs of a plan: who reports, and the shape of a report."""

    protocol: str
    roster: frozenset[str]
    custodians: tuple[str, ...]
    minimum_nodes: int
    shape: Mapping[str, int]
    """Table -> number of cells, in the plan's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A node's noisy vectors by table."""

    node: str
    vectors: Mapping[str, tuple[int, ...]]


def objections(plan: Plan, submission: Submission) -> tuple[str, ...]:
    """Why a submission is not taken; empty when it is."""
    found = []
    if submission.node not in plan.roster:
        found.append("not-in-the-roster")
    shape = {table: len(values) for table, values in submission.vectors.items()}
    if shape != dict(plan.shape):
        found.append("wrong-shape")
    return tuple(found)


def serves(plan: Plan, custodian: str) -> bool:
    """Whether this custodian adds up for the plan."""
    return custodian in plan.custodians and plan.protocol == SOURCE_NOISE


def summed(plan: Plan, submissions: Sequence[Submission]) -> dict[str, tuple[int, ...]]:
    """Sum by table and cell; the zero vector for no submission."""
    return {
        table: tuple(
            sum(submission.vectors[table][cell] for submission in submissions)
            for cell in range(cells)
        )
        for table, cells in plan.shape.items()
    }


def missing(plan: Plan, submissions: Sequence[Submission]) -> int:
    """How many nodes of the roster did not report (how many, never which)."""
    return len(plan.roster - {submission.node for submission in submissions})


def enough(plan: Plan, submissions: Sequence[Submission]) -> bool:
    """Whether the plan's minimum was reached."""
    return len(submissions) >= plan.minimum_nodes
