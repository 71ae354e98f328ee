"""Which event and which deadline goes to which handler: what this service listens to."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from contracts import gateway, intake, referral
from contracts.catalogue import type_of
from services.assistance.domain.clocks import (
    ARRIVAL_DUE,
    FOLLOW_UP_DUE,
    HOLD_EXPIRES,
    MONITORING_ENDS,
    START_DUE,
    STAY_ENDS,
    STAY_LIMIT_NEARS,
)
from services.assistance.handlers import commands, contracts, courses, holds, plans, ringing, stays
from services.assistance.handlers.recording import Context
from services.assistance.settings import SERVICE
from services.chassis.deadlines import Deadline
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Received, Waits, Work

EventHandler = Callable[[Context, Received, Work], Awaitable[Waits | None]]
TimeHandler = Callable[[Context, Deadline, Work], Awaitable[None]]

TOPICS: Final = ("commands", "referral", "incoming")
EVENTS: Final[Mapping[str, EventHandler]] = {
    type_of("gateway", intake.CapacityReported): commands.report_capacity,
    type_of("gateway", intake.PlacesClosed): commands.close_places,
    type_of("gateway", intake.ServiceDelivered): commands.record_service,
    type_of("gateway", intake.PersonArrived): stays.person_arrived,
    type_of("gateway", intake.PersonDeparted): stays.person_departed,
    type_of("gateway", intake.NoShowRecorded): stays.no_show_recorded,
    type_of("gateway", intake.StayExtended): stays.stay_extended,
    type_of("gateway", intake.PlaceAssigned): stays.place_assigned,
    type_of("gateway", intake.ServiceScheduled): courses.service_scheduled,
    type_of("gateway", intake.ServiceEndedEarly): courses.service_ended_early,
    type_of("gateway", intake.ContractRecorded): contracts.contract_recorded,
    type_of("gateway", intake.PlanDrafted): plans.plan_drafted,
    type_of("gateway", intake.PlanAdvanced): plans.plan_advanced,
    type_of("gateway", intake.FollowUpPlanned): plans.follow_up_planned,
    type_of("gateway", intake.FollowUpDone): plans.follow_up_done,
    type_of("gateway", gateway.SharingStopped): holds.sharing_stopped,
    type_of("referral", referral.HoldRequested): holds.hold_requested,
    type_of("referral", referral.HoldAbandoned): holds.hold_abandoned,
    type_of("referral", referral.TaskAccepted): holds.task_accepted,
    type_of("referral", referral.TaskCancelled): holds.task_ended,
    type_of("referral", referral.TaskExpired): holds.task_ended,
    type_of("referral", referral.TaskPaused): courses.task_paused,
    type_of("referral", referral.TaskResumed): courses.task_resumed,
    type_of("referral", referral.TaskStopped): holds.task_stopped,
}
DEADLINES: Final[Mapping[str, TimeHandler]] = {
    HOLD_EXPIRES: ringing.hold_expires,
    ARRIVAL_DUE: ringing.arrival_due,
    STAY_LIMIT_NEARS: ringing.stay_limit_nears,
    STAY_ENDS: ringing.stay_ends,
    START_DUE: ringing.start_due,
    FOLLOW_UP_DUE: plans.follow_up_due,
    MONITORING_ENDS: plans.monitoring_ends,
}


def subscriptions(context: Context) -> Subscriptions:
    """What assistance reads."""
    return Subscriptions(
        consumer=SERVICE,
        topics=TOPICS,
        handlers={event: partial(handler, context) for event, handler in EVENTS.items()},
        gave_up=partial(commands.task_never_came, context),
    )


def deadlines(context: Context) -> dict[str, Callable[[Deadline, Work], Awaitable[None]]]:
    """What assistance does when a time comes."""
    return {kind: partial(handler, context) for kind, handler in DEADLINES.items()}
