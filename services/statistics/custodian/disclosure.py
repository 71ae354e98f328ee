"""What leaves a custodian: which submissions it used, and their sum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.statistics import ManifestClosed, NoisyTable, PartialSummed


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a custodian found at its deadline."""

    plan_id: UUID
    custodian: str
    submissions: tuple[UUID, ...]
    missing: int
    sums: Mapping[str, Sequence[int]]


def manifest(result: Result) -> ManifestClosed:
    """The set that is used, immutable from now on."""
    return ManifestClosed(
        plan_id=result.plan_id,
        custodian=result.custodian,
        submissions=result.submissions,
        nodes_counted=len(result.submissions),
        nodes_missing=result.missing,
    )


def partial(result: Result) -> PartialSummed:
    """The sums."""
    return PartialSummed(
        plan_id=result.plan_id,
        custodian=result.custodian,
        nodes_counted=len(result.submissions),
        nodes_missing=result.missing,
        tables=tuple(
            NoisyTable(table=table, values=tuple(values)) for table, values in result.sums.items()
        ),
    )
