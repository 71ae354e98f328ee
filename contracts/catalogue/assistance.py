"""What assistance is told at the door, and tells."""

from typing import Final

from contracts import assistance, intake
from contracts.catalogue.rows import CASE, NODE, Fact, Told

DOOR: Final = (
    Told("capacity-reported", "report-capacity", intake.CapacityReported),
    Told("service-delivered", "record-service", intake.ServiceDelivered),
)
FACTS: Final = (
    Fact("pool-changed", "capacity", assistance.PoolChanged, NODE),
    Fact("hold-placed", "capacity", assistance.HoldPlaced, CASE),
    Fact("hold-refused", "capacity", assistance.HoldRefused, CASE),
    Fact("hold-released", "capacity", assistance.HoldReleased, CASE),
    Fact("episode-planned", "assistance", assistance.EpisodePlanned, CASE),
    Fact("episode-started", "assistance", assistance.EpisodeStarted, CASE),
    Fact("units-delivered", "assistance", assistance.UnitsDelivered, CASE),
    Fact("episode-completed", "assistance", assistance.EpisodeCompleted, CASE),
    Fact("episode-stopped", "assistance", assistance.EpisodeStopped, CASE),
)
