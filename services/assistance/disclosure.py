"""The only place where what this service knows becomes an event, field by field.

None of these leaves the node: counts of places stay here, other agencies are told a status by
referral.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, assert_never
from uuid import UUID

from contracts.assistance import (
    EpisodeCompleted,
    EpisodeFact,
    EpisodePlanned,
    EpisodeStarted,
    EpisodeStopped,
    HoldPlaced,
    HoldRefused,
    HoldReleased,
    PoolChanged,
    UnitsDelivered,
)
from contracts.intake import IntakeAccepted, IntakeRefused, Reason
from services.assistance.domain import Episode, Hold, Objection, Pool, facts
from services.chassis.telemetry import MetricSpec

KIND: Final = ("service_type", "audience_class")
NUMBERS: Final[Mapping[str, MetricSpec]] = MappingProxyType(
    {
        "places": MetricSpec("gauge", "places of a kind, usable or not", KIND),
        "places_free": MetricSpec("gauge", "places of a kind that are free", KIND),
        "places_held": MetricSpec("gauge", "places kept for somebody who is coming", KIND),
        "places_occupied": MetricSpec("gauge", "places where somebody is", KIND),
        "places_out_of_service": MetricSpec("gauge", "places nobody can use now", KIND),
        "places_taken_share": MetricSpec("gauge", "held and occupied of what can be used", KIND),
    }
)
"""What this service tells as numbers inside its node. A pool has no name there, and no address."""


def pool_changed(pool: Pool) -> PoolChanged:
    """How many places there are, for the node's own services."""
    return PoolChanged(
        pool_id=pool.pool_id,
        service_type=pool.service_type,
        audience_class=pool.audience_class,
        status=pool.status,
        maximum=pool.maximum,
        available=pool.available,
        held=pool.held,
        occupied=pool.occupied,
        out_of_service=pool.out_of_service,
        reported_at=pool.reported_at,
    )


def hold_placed(hold: Hold) -> HoldPlaced:
    """A place is kept."""
    return HoldPlaced(task_id=hold.task_id, expires_at=hold.expires_at, pool_id=hold.pool_id)


def hold_refused(task_id: UUID, reason: str) -> HoldRefused:
    """No place can be kept."""
    return HoldRefused(task_id=task_id, reason=reason)


def hold_released(hold: Hold) -> HoldReleased:
    """The place is free again."""
    return HoldReleased(task_id=hold.task_id, pool_id=hold.pool_id)


def event_of(episode: Episode, fact: facts.EpisodeFact) -> EpisodeFact:
    """The event that tells this fact of the episode inside the node."""
    alike = {
        "episode_id": episode.episode_id,
        "task_id": episode.task_id,
        "service_type": episode.service_type,
        "counted_by": episode.counted_by,
        "happened_at": fact.happened_at,
    }
    match fact:
        case facts.EpisodeWasPlanned():
            return EpisodePlanned.model_validate(alike)
        case facts.EpisodeBegan():
            return EpisodeStarted.model_validate(alike)
        case facts.UnitsWereDelivered(unit=unit, quantity=quantity, total=total):
            told = {"unit": unit, "quantity": quantity, "total": total}
            return UnitsDelivered.model_validate(alike | told)
        case facts.EpisodeEnded(outcome=outcome, unit=unit, total=total):
            told = {"outcome": outcome, "unit": unit, "total": total}
            return EpisodeCompleted.model_validate(alike | told)
        case facts.EpisodeWasStopped():
            return EpisodeStopped.model_validate(alike)
        case _:
            assert_never(fact)


def accepted(intake_id: UUID, case_id: UUID | None) -> IntakeAccepted:
    """To the agency's own system: done."""
    return IntakeAccepted(intake_id=intake_id, case_id=case_id)


def refused(intake_id: UUID, case_id: UUID | None, against: tuple[Objection, ...]) -> IntakeRefused:
    """To the agency's own system: every reason, as codes."""
    reasons = tuple(Reason(code=objection.code, field=objection.field) for objection in against)
    return IntakeRefused(intake_id=intake_id, case_id=case_id, reasons=reasons)
