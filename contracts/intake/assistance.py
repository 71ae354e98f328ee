"""What a provider has and what it gave."""

from typing import Annotated

from contracts.envelope import Contract, Count, Reference, Time, code


class CapacityReported(Contract):
    """How many places a pool of this node has. Counts and places never leave the node."""

    pool_id: Reference
    service_type: Annotated[str, code("service-type")]
    audience_class: Annotated[str, code("audience-class")]
    maximum: Count
    out_of_service: Count = 0


class ServiceDelivered(Contract):
    """Units of a service were given under an accepted task; ``outcome`` ends the episode."""

    task_id: Reference
    unit: Annotated[str, code("unit")]
    quantity: Count
    outcome: Annotated[str, code("outcome")] | None = None
    occurred_at: Time | None = None
