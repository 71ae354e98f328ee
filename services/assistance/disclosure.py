"""The only place where what this service knows becomes an event, field by field.

None of these leaves the node: counts of places stay here, other agencies are told a status by
referral.
"""

from collections.abc import Mapping
from csv import DictWriter
from dataclasses import asdict
from datetime import datetime
from io import StringIO
from types import MappingProxyType
from typing import Final, TypeAlias
from uuid import UUID

from contracts.assistance import (
    ArrivalOverdue,
    ContractChanged,
    ContractExceeded,
    ContractExhausted,
    EpisodeCompleted,
    EpisodeEndedEarly,
    EpisodeFact,
    EpisodeNotBegun,
    EpisodePlanned,
    EpisodeResumed,
    EpisodeScheduled,
    EpisodeStarted,
    EpisodeStopped,
    EpisodeSuspended,
    FollowUpDue,
    FollowUpHeard,
    FollowUpSet,
    HelpCalledOff,
    HoldConfirmed,
    HoldExpired,
    HoldFact,
    HoldPlaced,
    HoldRefused,
    HoldReleased,
    MonitoringEnded,
    NobodyCame,
    OwnConsentNeeded,
    PlaceChanged,
    PlacementToReview,
    PlanMoved,
    PlanWritten,
    PoolChanged,
    StayBegan,
    StayEnded,
    StayLimitNear,
    StayOverdue,
    StayProlonged,
    UnitsDelivered,
)
from contracts.intake import IntakeAccepted, IntakeRefused, Reason
from services.assistance.domain import Episode, Hold, Objection, Pool, facts
from services.assistance.domain.contracts import SocialContract, Statement
from services.assistance.domain.plans import Asking, AssistancePlan, Closed
from services.chassis.telemetry import MetricSpec

KIND: Final = ("service_type", "audience_class")
PAID: Final = ("service_type", "unit", "funding")
NUMBERS: Final[Mapping[str, MetricSpec]] = MappingProxyType(
    {
        "places": MetricSpec("gauge", "places of a kind, usable or not", KIND),
        "places_free": MetricSpec("gauge", "places of a kind that are free", KIND),
        "places_held": MetricSpec("gauge", "places kept for somebody who is coming", KIND),
        "places_occupied": MetricSpec("gauge", "places where somebody is", KIND),
        "places_out_of_service": MetricSpec("gauge", "places nobody can use now", KIND),
        "places_taken_share": MetricSpec("gauge", "held and occupied of what can be used", KIND),
        "contract_units_funded": MetricSpec("gauge", "units that contracts pay for", PAID),
        "contract_units_delivered": MetricSpec("gauge", "units given under contracts", PAID),
        "contract_units_beyond": MetricSpec("gauge", "units given that nobody pays for", PAID),
        "contracts_used_up": MetricSpec(
            "gauge", "contracts whose period runs and of which nothing is left", PAID
        ),
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
        suits=tuple(sorted(pool.suits)),
        closed_because=pool.closed_because,
    )


def contract_changed(contract: SocialContract) -> ContractChanged:
    """A contract as it stands, for the node's own services."""
    return ContractChanged.model_validate(_contract(contract))


def contract_exhausted(contract: SocialContract) -> ContractExhausted:
    """Nothing is left of what is paid."""
    return ContractExhausted.model_validate(_contract(contract))


def contract_exceeded(contract: SocialContract) -> ContractExceeded:
    """More was given than is paid."""
    return ContractExceeded.model_validate(_contract(contract))


def _contract(contract: SocialContract) -> dict[str, object]:
    return {
        "contract_id": contract.contract_id,
        "service_type": contract.service_type,
        "unit": contract.unit,
        "funding": contract.funding,
        "funded": contract.funded,
        "delivered": contract.delivered,
        "remaining": contract.remaining,
        "beyond": contract.beyond,
    }


def statement(told: Statement) -> str:
    """The statement for a contract's named recipient, as CSV: units, and nobody.

    No case, no task, no pool and no place is in it.
    """
    contract = told.contract
    row = {
        "contract_id": str(contract.contract_id),
        "recipient": contract.recipient,
        "service_type": contract.service_type,
        "unit": contract.unit,
        "period_start": told.period_start.isoformat(),
        "period_end": told.period_end.isoformat(),
        "funded": contract.funded,
        "delivered_in_period": told.delivered_in_period,
        "delivered": contract.delivered,
        "remaining": contract.remaining,
        "beyond_funding": contract.beyond,
    }
    written = StringIO()
    writer = DictWriter(written, list(row), lineterminator="\r\n")
    writer.writeheader()
    writer.writerow(row)
    return written.getvalue()


PlanEvent: TypeAlias = (
    PlanWritten | PlanMoved | FollowUpSet | FollowUpDue | FollowUpHeard | MonitoringEnded
)


def plan_written(plan: AssistancePlan, at: datetime) -> PlanWritten:
    """There is a plan; what it says stays in this service."""
    return PlanWritten(plan_id=plan.plan_id, happened_at=at)


def plan_moved(plan: AssistancePlan, at: datetime) -> PlanMoved:
    """The plan is in another state."""
    reason = plan.state.reason if isinstance(plan.state, Closed) else None
    return PlanMoved(
        plan_id=plan.plan_id, happened_at=at, plan_state=plan.state.code, reason=reason
    )


def follow_up_set(asking: Asking, at: datetime) -> FollowUpSet:
    """Somebody will ask after the person."""
    return FollowUpSet(
        plan_id=asking.plan_id,
        happened_at=at,
        follow_up_id=asking.follow_up_id,
        due_at=asking.due_at,
    )


def follow_up_due(asking: Asking, at: datetime) -> FollowUpDue:
    """It is time to."""
    return FollowUpDue(
        plan_id=asking.plan_id,
        happened_at=at,
        follow_up_id=asking.follow_up_id,
        due_at=asking.due_at,
    )


def follow_up_heard(asking: Asking, at: datetime) -> FollowUpHeard:
    """What the person said, as codes."""
    return FollowUpHeard(
        plan_id=asking.plan_id,
        happened_at=at,
        follow_up_id=asking.follow_up_id,
        feedback=asking.feedback,
        goals_met=asking.goals_met,
    )


def monitoring_ended(plan_id: UUID, at: datetime) -> MonitoringEnded:
    """The months of monitoring are over."""
    return MonitoringEnded(plan_id=plan_id, happened_at=at)


def hold_placed(hold: Hold) -> HoldPlaced:
    """A place is kept."""
    return HoldPlaced(task_id=hold.task_id, expires_at=hold.expires_at, pool_id=hold.pool_id)


def hold_refused(task_id: UUID, reason: str) -> HoldRefused:
    """No place can be kept."""
    return HoldRefused(task_id=task_id, reason=reason)


HOLD_EVENTS: Final[Mapping[type[facts.HoldHappened], type[HoldFact]]] = MappingProxyType(
    {
        facts.HoldWasConfirmed: HoldConfirmed,
        facts.HoldLapsed: HoldExpired,
        facts.PlaceWasChanged: PlaceChanged,
        facts.PlacementIsUnusual: PlacementToReview,
        facts.PersonCame: StayBegan,
        facts.StayWasProlonged: StayProlonged,
        facts.PersonWentAway: StayEnded,
        facts.ArrivalIsOverdue: ArrivalOverdue,
        facts.NobodyHasCome: NobodyCame,
        facts.StayLimitIsNear: StayLimitNear,
        facts.StayIsOverdue: StayOverdue,
        facts.OwnConsentIsNeeded: OwnConsentNeeded,
    }
)
"""What is told of which fact: its own fields and no more, since the models are closed."""
EPISODE_EVENTS: Final[Mapping[type[facts.EpisodeFact], type[EpisodeFact]]] = MappingProxyType(
    {
        facts.EpisodeWasPlanned: EpisodePlanned,
        facts.EpisodeWasScheduled: EpisodeScheduled,
        facts.EpisodeDidNotBegin: EpisodeNotBegun,
        facts.EpisodeBegan: EpisodeStarted,
        facts.EpisodeRests: EpisodeSuspended,
        facts.EpisodeGoesOn: EpisodeResumed,
        facts.UnitsWereDelivered: UnitsDelivered,
        facts.EpisodeEnded: EpisodeCompleted,
        facts.EpisodeEndedBeforeTime: EpisodeEndedEarly,
        facts.EpisodeWasStopped: EpisodeStopped,
        facts.EpisodeWasCalledOff: HelpCalledOff,
    }
)


def event_of_hold(hold: Hold, fact: facts.HoldHappened) -> HoldFact | HoldReleased:
    """The event that tells this fact of what is kept for a task inside the node."""
    if isinstance(fact, facts.HoldWasReleased):
        return HoldReleased(task_id=hold.task_id, pool_id=hold.pool_id)
    alike = {"task_id": hold.task_id, "pool_id": hold.pool_id}
    return HOLD_EVENTS[type(fact)].model_validate(alike | asdict(fact))


def event_of(episode: Episode, fact: facts.EpisodeFact) -> EpisodeFact:
    """The event that tells this fact of the episode inside the node."""
    alike = {
        "episode_id": episode.episode_id,
        "task_id": episode.task_id,
        "service_type": episode.service_type,
        "counted_by": episode.counted_by,
    }
    return EPISODE_EVENTS[type(fact)].model_validate(alike | asdict(fact))


def accepted(intake_id: UUID, case_id: UUID | None) -> IntakeAccepted:
    """To the agency's own system: done."""
    return IntakeAccepted(intake_id=intake_id, case_id=case_id)


def refused(intake_id: UUID, case_id: UUID | None, against: tuple[Objection, ...]) -> IntakeRefused:
    """To the agency's own system: every reason, as codes."""
    reasons = tuple(Reason(code=objection.code, field=objection.field) for objection in against)
    return IntakeRefused(intake_id=intake_id, case_id=case_id, reasons=reasons)
