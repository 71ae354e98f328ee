"""Which event and which deadline goes to which handler: what this service listens to."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from contracts import gateway, intake, referral
from contracts.catalogue import type_of
from services.assistance.handlers import commands, holds
from services.assistance.handlers.recording import Context
from services.assistance.settings import SERVICE
from services.assistance.store.outbox import HOLD_EXPIRES
from services.chassis.deadlines import Deadline
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Received, Waits, Work

EventHandler = Callable[[Context, Received, Work], Awaitable[Waits | None]]
TimeHandler = Callable[[Context, Deadline, Work], Awaitable[None]]

TOPICS: Final = ("commands", "referral", "incoming")
EVENTS: Final[Mapping[str, EventHandler]] = {
    type_of("gateway", intake.CapacityReported): commands.report_capacity,
    type_of("gateway", intake.ServiceDelivered): commands.record_service,
    type_of("gateway", gateway.SharingStopped): holds.sharing_stopped,
    type_of("referral", referral.HoldRequested): holds.hold_requested,
    type_of("referral", referral.HoldAbandoned): holds.hold_abandoned,
    type_of("referral", referral.TaskAccepted): holds.task_accepted,
    type_of("referral", referral.TaskCancelled): holds.task_ended,
    type_of("referral", referral.TaskExpired): holds.task_ended,
    type_of("referral", referral.TaskStopped): holds.task_stopped,
}
DEADLINES: Final[Mapping[str, TimeHandler]] = {HOLD_EXPIRES: holds.hold_expires}


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
