"""Facts the assistance service publishes: episodes of help, places held, outcomes.

Counts of places and the location of accommodation stay in the provider's node.
"""

from typing import Annotated

from contracts.envelope import Contract, Count, Node, Reference, Time, code


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


class HoldPlaced(Contract):
    """A place (or, for services without places, the promise) is kept until ``expires_at``."""

    task_id: Reference
    expires_at: Time
    pool_id: Reference | None = None


class HoldRefused(Contract):
    """No place can be held."""

    task_id: Reference
    reason: Annotated[str, code("decline-reason")]


class HoldReleased(Contract):
    """The place is free again."""

    task_id: Reference
    pool_id: Reference | None = None


class EpisodeFact(Contract):
    """What every fact about an episode says."""

    episode_id: Reference
    task_id: Reference
    service_type: Annotated[str, code("service-type")]
    counted_by: Node
    happened_at: Time


class EpisodePlanned(EpisodeFact):
    """An accepted task became an episode of help."""


class EpisodeStarted(EpisodeFact):
    """The first unit was delivered."""


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


class EpisodeStopped(EpisodeFact):
    """The episode was frozen because sharing was stopped, or cancelled before it began."""
