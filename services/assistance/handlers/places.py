"""How full places are and how contracts stand, as numbers for this node's own people.

Nobody's case, no pool and no place is in them.

Not recorded in the audit: a collector asks every few seconds, and only counts are told.
"""

from collections.abc import Mapping
from typing import Final

from services.assistance.domain import Occupancy
from services.assistance.store import contracts, pools
from services.chassis.clock import Clock
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

PAID: Final[Mapping[str, str]] = {
    "contract_units_funded": "units_funded",
    "contract_units_delivered": "units_delivered",
    "contract_units_beyond": "units_beyond",
    "contracts_used_up": "used_up",
}


async def tell_places(database: Database, telemetry: Telemetry, clock: Clock) -> None:
    """Set every number of this room to what the pools say now; a kind that is gone falls."""
    async with database.transaction() as tx:
        kinds = await pools.occupancy(tx)
        paid = await contracts.funded(tx, clock.now())
    for name, fact in TOLD.items():
        gauge = telemetry.gauge(name)
        gauge.clear()
        for kind in kinds:
            gauge.labels(**_labelled(kind)).set(getattr(kind, fact))

    for name, fact in PAID.items():
        gauge = telemetry.gauge(name)
        gauge.clear()
        for each in paid:
            gauge.labels(service_type=each.service_type, unit=each.unit, funding=each.funding).set(
                getattr(each, fact)
            )


def _labelled(kind: Occupancy) -> dict[str, str]:
    return {"service_type": kind.service_type, "audience_class": kind.audience_class}
