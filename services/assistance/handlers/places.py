"""How full the places are, as numbers for this node's own people; nobody's case, no pool, no place.

Not recorded in the audit: a collector asks every few seconds, and only counts are told.
"""

from collections.abc import Mapping
from typing import Final

from services.assistance.domain import Occupancy
from services.assistance.store import pools
from services.chassis.database import Database
from services.chassis.telemetry import Telemetry

TOLD: Final[Mapping[str, str]] = {
    "places": "maximum",
    "places_free": "available",
    "places_held": "held",
    "places_occupied": "occupied",
    "places_out_of_service": "out_of_service",
    "places_taken_share": "taken_share",
}
"""Which declared number tells which fact."""


async def tell_places(database: Database, telemetry: Telemetry) -> None:
    """Set every number of this room to what the pools say now; a kind that is gone falls."""
    async with database.transaction() as tx:
        kinds = await pools.occupancy(tx)
    for name, fact in TOLD.items():
        gauge = telemetry.gauge(name)
        gauge.clear()
        for kind in kinds:
            gauge.labels(**_labelled(kind)).set(getattr(kind, fact))


def _labelled(kind: Occupancy) -> dict[str, str]:
    return {"service_type": kind.service_type, "audience_class": kind.audience_class}
