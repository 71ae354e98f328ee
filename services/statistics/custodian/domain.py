"""Which submissions count, and their sum. A missing report is never a zero.

Under ``source-noise`` the noise is in the vectors already: the custodian adds them unchanged.
"""

from collections.abc import Callable, Mapping, Sequence
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


def its_node_was_asked(plan: Plan, submission: Submission) -> str | None:
    """Only who is on the roster counts (project: a stranger could shift every sum)."""
    return None if submission.node in plan.roster else "not-in-the-roster"


def it_has_the_planned_shape(plan: Plan, submission: Submission) -> str | None:
    """Every planned cell, zeros included, and no other (project: a gap is never a zero)."""
    shape = {table: len(values) for table, values in submission.vectors.items()}
    return None if shape == dict(plan.shape) else "wrong-shape"


SUBMISSION_RULES: Final[tuple[Callable[[Plan, Submission], str | None], ...]] = (
    its_node_was_asked,
    it_has_the_planned_shape,
)


def objections(plan: Plan, submission: Submission) -> tuple[str, ...]:
    """Why a submission is not taken; empty when it is."""
    found = (rule(plan, submission) for rule in SUBMISSION_RULES)
    return tuple(objection for objection in found if objection is not None)


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
