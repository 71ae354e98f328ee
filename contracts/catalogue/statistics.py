"""What the three statistics services tell."""

from typing import Final

from contracts import statistics
from contracts.catalogue.rows import AGGREGATE, Fact

CONTRIBUTOR: Final = (
    Fact("counts-contributed", "outgoing", statistics.CountsContributed, AGGREGATE),
)
PUBLISHER: Final = (
    Fact("plan-published", "nrm.statistics.plan.v1", statistics.PlanPublished, AGGREGATE),
    Fact("release-published", "nrm.statistics.release.v1", statistics.ReleasePublished, AGGREGATE),
    Fact("release-held", "nrm.statistics.release.v1", statistics.ReleaseHeld, AGGREGATE),
)
CUSTODIAN: Final = (
    Fact("manifest-closed", "nrm.statistics.manifest.v1", statistics.ManifestClosed, AGGREGATE),
    Fact("partial-summed", "nrm.statistics.partial.v1", statistics.PartialSummed, AGGREGATE),
)
