"""Facts the assistance service publishes: places held, stays, episodes of help, outcomes.

Counts of places and the location of accommodation stay in the provider's node: none of these events
is sent to another agency.
"""

from typing import Annotated

from contracts.envelope import Contract, Count, Node, Reference, Time, code
from contracts.intake.sizes import Codes


class PoolChanged(Contract):
    """Subject: the pool. ``available + held + occupied + out_of_service = maximum``, always."""

    pool_id: Reference
    service_type: Annotated[str, code("service-type")]
    audience_class: Annotated[str, code("audience-class")]
    status: Annotated[str, code("capacity-status")]
    maximum: Count
    available: Count
    held: Count
    occupied: Count
    out_of_service: Count
    reported_at: Time
    suits: Annotated[tuple[Annotated[str, code("place-suits")], ...], Codes] = ()
    closed_because: Annotated[str, code("closing-reason")] | None = None


class HoldPlaced(Contract):
    """A place (or, for services without places, the promise) is kept until ``expires_at``."""

    task_id: Reference
    expires_at: Time
    pool_id: Reference | None = None


class HoldRefused(Contract):
    """No place can be held."""

    task_id: Reference
    reason: Annotated[str, code("decline-reason")]


class HoldFact(Contract):
    """What every fact about what is kept for a task says. No pool: the service has no places."""

    task_id: Reference
    happened_at: Time
    pool_id: Reference | None = None


class HoldConfirmed(HoldFact):
    """The task was accepted: the person is expected until ``arrive_by``, then a human decides.

    Told again when that time moves, later or earlier, because help was scheduled.
    """

    arrive_by: Time | None = None


class HoldExpired(HoldFact):
    """Nobody accepted in time: the place is free again."""


class HoldReleased(Contract):
    """The place is free again: it is no longer wanted."""

    task_id: Reference
    pool_id: Reference | None = None


class PlaceChanged(HoldFact):
    """A person here chose the place; ``reason`` where a rule asks for one."""

    reason: Annotated[str, code("placement-reason")] | None = None


class PlacementToReview(HoldFact):
    """Somebody stays where the profile does not place this class of age, and nobody said why."""

    placement_class: Annotated[str, code("placement-class")]


class StayBegan(HoldFact):
    """Who was expected is here."""


class StayProlonged(HoldFact):
    """The stay goes on until ``ends_at``."""

    ends_at: Time
    reason: Annotated[str, code("placement-reason")] | None = None


class StayEnded(HoldFact):
    """Who was here left; the place is free."""


class ArrivalOverdue(HoldFact):
    """Nobody came in the profile's hours: a human looks for the person and decides."""

    arrive_by: Time


class NobodyCame(HoldFact):
    """A human decided that nobody will come; the place is free."""


class StayLimitNear(HoldFact):
    """A stay that the profile limits ends before long: what comes next is to be arranged."""

    limit_at: Time


class StayOverdue(HoldFact):
    """The stay is over by its agreed end or the profile's limit. Nobody is put out by this."""

    ended_at: Time


class OwnConsentNeeded(HoldFact):
    """Sharing was stopped while somebody is here: the provider asks the person for its own consent.

    Nothing else of the case may be read or changed meanwhile.
    """

    reason: Annotated[str, code("own-consent-reason")]


class EpisodeFact(Contract):
    """What every fact about an episode says."""

    episode_id: Reference
    task_id: Reference
    service_type: Annotated[str, code("service-type")]
    counted_by: Node
    happened_at: Time


class EpisodePlanned(EpisodeFact):
    """An accepted task became an episode of help."""


class EpisodeScheduled(EpisodeFact):
    """It is to begin at ``starts_at``."""

    starts_at: Time


class EpisodeNotBegun(EpisodeFact):
    """It was to begin at ``starts_at`` and did not: a human looks why."""

    starts_at: Time


class EpisodeStarted(EpisodeFact):
    """The person arrived, or the first unit was delivered."""


class EpisodeSuspended(EpisodeFact):
    """It rests for a time."""

    reason: Annotated[str, code("pause-reason")]


class EpisodeResumed(EpisodeFact):
    """It goes on after it rested."""


class UnitsDelivered(EpisodeFact):
    """Units were delivered; ``total`` is the episode's sum so far."""

    unit: Annotated[str, code("unit")]
    quantity: Count
    total: Count


class EpisodeCompleted(EpisodeFact):
    """The episode ended with an outcome."""

    outcome: Annotated[str, code("outcome")]
    unit: Annotated[str, code("unit")]
    total: Count


class EpisodeEndedEarly(EpisodeFact):
    """A human ended it before its need was met; ``unit`` is missing where nothing was given."""

    reason: Annotated[str, code("end-reason")]
    outcome: Annotated[str, code("outcome")]
    total: Count
    unit: Annotated[str, code("unit")] | None = None


class EpisodeStopped(EpisodeFact):
    """The episode was frozen because sharing was stopped, or cancelled before it began."""

    reason: Annotated[str, code("end-reason")] | None = None


class HelpCalledOff(EpisodeFact):
    """Whoever asked for this help took that back, and it runs: it changes nothing by itself.
    Whoever helps asks the person, and ends it; the outcome goes back.
    """


class ContractFact(Contract):
    """Subject: the contract. Units that are paid, given, left, and given beyond what is paid."""

    contract_id: Reference
    service_type: Annotated[str, code("service-type")]
    unit: Annotated[str, code("unit")]
    funding: Annotated[str, code("funding")]
    funded: Count
    delivered: Count
    remaining: Count
    beyond: Count


class ContractChanged(ContractFact):
    """It was recorded, or recorded anew."""


class ContractExhausted(ContractFact):
    """The last paid unit was given: people look for money before more is given; help goes on."""


class ContractExceeded(ContractFact):
    """More was given than is paid: people look for money, help goes on."""


class PlanFact(Contract):
    """What every fact about an assistance plan says. What it holds is read from assistance."""

    plan_id: Reference
    happened_at: Time


class PlanWritten(PlanFact):
    """It was drafted, or drafted anew."""


class PlanMoved(PlanFact):
    """It is in another state; ``reason`` where it was closed."""

    plan_state: Annotated[str, code("plan-state")]
    reason: Annotated[str, code("plan-end-reason")] | None = None


class FollowUpSet(PlanFact):
    """Somebody will ask after the person at ``due_at``."""

    follow_up_id: Reference
    due_at: Time


class FollowUpDue(PlanFact):
    """It is time to ask after the person."""

    follow_up_id: Reference
    due_at: Time


class FollowUpHeard(PlanFact):
    """The person was asked; what was said, as codes."""

    follow_up_id: Reference
    feedback: Annotated[tuple[Annotated[str, code("feedback")], ...], Codes] = ()
    goals_met: Annotated[tuple[Annotated[str, code("plan-goal")], ...], Codes] = ()


class MonitoringEnded(PlanFact):
    """The months for which the profile has a child monitored are over."""
