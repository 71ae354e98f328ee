"""What a provider has and what it gave: places, stays, services. Counts of places never leave it.

Every word about a stay or a service names the task under which it was agreed.
"""

from typing import Annotated

from contracts.envelope import Contract, Count, Flag, Node, Reference, Time, code
from contracts.intake.sizes import Codes
from contracts.vocabulary import NOT_YET_KNOWN


class CapacityReported(Contract):
    """How many places a pool of this node has. Counts and places never leave the node."""

    pool_id: Reference
    service_type: Annotated[str, code("service-type")]
    audience_class: Annotated[str, code("audience-class")]
    maximum: Count
    out_of_service: Count = 0
    suits: Annotated[tuple[Annotated[str, code("place-suits")], ...], Codes] = ()
    """Whom these places suit beside ``audience_class``."""
    waiting_list: Flag | None = None
    """Whether somebody could be put on a list while nothing is free; absent: as it was told last.
    The list itself is the provider's own."""


class PlacesClosed(Contract):
    """So many places of a pool cannot be used now; 0 opens them all again."""

    pool_id: Reference
    out_of_service: Count
    reason: Annotated[str, code("closing-reason")]


class ServiceDelivered(Contract):
    """Units of a service were given under an accepted task; ``outcome`` ends the episode."""

    task_id: Reference
    unit: Annotated[str, code("unit")]
    quantity: Count
    outcome: Annotated[str, code("outcome")] | None = None
    occurred_at: Time | None = None


class PersonArrived(Contract):
    """Who was expected is here: the place is occupied, the stay and the service have begun."""

    task_id: Reference
    occurred_at: Time | None = None


class PersonDeparted(Contract):
    """Who was here left: the place is free. The service ends by its outcome, not by this."""

    task_id: Reference
    occurred_at: Time | None = None


class NoShowRecorded(Contract):
    """A person here decided that nobody will come: the place is free, the service ends early."""

    task_id: Reference


class StayExtended(Contract):
    """The stay goes on until ``ends_at``; beyond the profile's limit only with a reason."""

    task_id: Reference
    ends_at: Time
    reason: Annotated[str, code("placement-reason")] | None = None


class PlaceAssigned(Contract):
    """A person here chose another pool for somebody, or said which class of age places them.

    ``reason`` is asked for where a family would not stay together, or where the profile places
    this class of age elsewhere.
    """

    task_id: Reference
    pool_id: Reference
    needs: Annotated[tuple[Annotated[str, code("place-suits")], ...], Codes] = ()
    placement_class: Annotated[str, code("placement-class")] | None = None
    reason: Annotated[str, code("placement-reason")] | None = None


class ServiceScheduled(Contract):
    """The service is to begin at ``starts_at``."""

    task_id: Reference
    starts_at: Time


class ServiceEndedEarly(Contract):
    """The service ended before its need was met, with a reason."""

    task_id: Reference
    reason: Annotated[str, code("end-reason")]
    occurred_at: Time | None = None


class ContractRecorded(Contract):
    """So many units of a service are paid in a period: a state social order, or a donor's contract.

    What is given at ``ends_at`` is no part of it: a contract ends where the day after its last one
    begins. ``recipient`` is the agency that a statement may be given to, if any.
    """

    contract_id: Reference
    service_type: Annotated[str, code("service-type")]
    unit: Annotated[str, code("unit")]
    funding: Annotated[str, code("funding")]
    funded: Count
    starts_at: Time
    ends_at: Time
    recipient: Node | None = None


class PlanPart(Contract):
    """What one agency does under a plan, and whether the person agreed to it."""

    part_id: Reference
    service_type: Annotated[str, code("service-type")]
    agency: Node
    agreed: Flag = False


class PlanDrafted(Contract):
    """An assistance plan as it is written with the person, until it is agreed."""

    plan_id: Reference
    majority: Annotated[str, code("majority")]
    needs: Annotated[tuple[Annotated[str, code("service-type")], ...], Codes]
    risk: Annotated[str, code("risk-level")] = NOT_YET_KNOWN
    safety_plan: Annotated[str, code("yes-no")] = NOT_YET_KNOWN
    goals: Annotated[tuple[Annotated[str, code("plan-goal")], ...], Codes] = ()
    parts: Annotated[tuple[PlanPart, ...], Codes] = ()


class PlanAdvanced(Contract):
    """A person moves a plan on, back to a draft, to its end, or open again."""

    plan_id: Reference
    to: Annotated[str, code("plan-state")]
    reason: Annotated[str, code("plan-end-reason")] | None = None


class FollowUpPlanned(Contract):
    """Somebody will ask after the person at ``due_at``."""

    plan_id: Reference
    follow_up_id: Reference
    due_at: Time


class FollowUpDone(Contract):
    """Somebody asked after the person; what the person said, as codes."""

    plan_id: Reference
    follow_up_id: Reference
    feedback: Annotated[tuple[Annotated[str, code("feedback")], ...], Codes] = ()
    goals_met: Annotated[tuple[Annotated[str, code("plan-goal")], ...], Codes] = ()
    occurred_at: Time | None = None
