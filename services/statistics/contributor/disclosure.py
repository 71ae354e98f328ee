"""What leaves the contributor: noisy vectors for a custodian, of constant size. Nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.statistics import CountsContributed, NoisyTable


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyVector:
    """A table whose values carry their noise already."""

    table: str
    values: tuple[int, ...]


def contribution(
    plan_id: UUID, submission_id: UUID, vectors: Sequence[NoisyVector]
) -> CountsContributed:
    """The event that leaves for the custodian."""
    return CountsContributed(
        plan_id=plan_id,
        submission_id=submission_id,
        tables=tuple(NoisyTable(table=each.table, values=each.values) for each in vectors),
    )
