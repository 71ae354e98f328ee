"""Which event and which deadline goes to which handler: what this service listens to."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from contracts import assistance, gateway, identification, intake
from contracts.catalogue import type_of
from services.chassis.deadlines import Deadline
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Received, Waits, Work
from services.identification.domain.clocks import DESTRUCTION_DUE, KINDS
from services.identification.handlers import (
    commands,
    consent,
    hand_over,
    linking,
    needs,
    notices,
    plain,
    time,
    told,
)
from services.identification.handlers.recording import Context
from services.identification.settings import SERVICE

EventHandler = Callable[[Context, Received, Work], Awaitable[Waits | None]]
TimeHandler = Callable[[Context, Deadline, Work], Awaitable[None]]

TOPICS: Final = ("commands", "consent", "incoming", "registry", "capacity")
EVENTS: Final[Mapping[str, EventHandler]] = {
    type_of("gateway", intake.PersonDetected): commands.detect_person,
    type_of("gateway", intake.ScreeningRecorded): commands.record_screening,
    type_of("gateway", intake.DecisionRecorded): commands.record_decision,
    type_of("gateway", intake.CaseCorrected): commands.correct_case,
    type_of("gateway", intake.CaseEnteredInError): commands.void_case,
    type_of("gateway", intake.CaseClosed): commands.close_case,
    **{type_of("gateway", model): partial(plain.do, row) for model, row in plain.PLAIN.items()},
    type_of("gateway", gateway.ConsentGranted): consent.consent_granted,
    type_of("gateway", gateway.ConsentEnded): consent.consent_ended,
    type_of("gateway", gateway.ConsentExpired): consent.consent_expired,
    type_of("gateway", gateway.RestrictionSet): consent.restriction_set,
    type_of("gateway", gateway.RestrictionLifted): consent.restriction_lifted,
    type_of("gateway", gateway.SharingStopped): consent.sharing_stopped,
    type_of("gateway", gateway.LegalHoldSet): needs.legal_hold_set,
    type_of("gateway", gateway.LegalHoldEnded): needs.legal_hold_ended,
    type_of("gateway", gateway.PersonDestroyed): needs.person_destroyed,
    type_of("assistance", assistance.StayBegan): needs.stay_began,
    type_of("assistance", assistance.OwnConsentNeeded): needs.stay_began,
    type_of("assistance", assistance.StayEnded): needs.stay_ended,
    type_of("gateway", gateway.SendingDelivered): notices.sending_delivered,
    type_of("gateway", gateway.SendingRefused): hand_over.sending_refused,
    type_of("gateway", gateway.NoticeQueued): hand_over.notice_queued,
    type_of("gateway", gateway.FeedbackEnded): hand_over.feedback_ended,
    type_of("gateway", gateway.PolicyCopied): consent.policy_copied,
    type_of("identification", identification.HandOverOffered): hand_over.hand_over_offered,
    type_of("identification", identification.HandOverRequired): hand_over.hand_over_offered,
    type_of("identification", identification.ChildNotified): told.child_notified,
    type_of("identification", identification.NoRemoval): told.no_removal,
    type_of("identification", identification.NoRemovalEnded): told.no_removal_ended,
    type_of("identification", identification.AnonymousNotification): told.anonymous_notification,
    type_of("identification", identification.HandOverReceived): hand_over.hand_over_received,
    type_of("identification", identification.DecisionClockTold): hand_over.decision_clock_told,
}
DEADLINES: Final[Mapping[str, TimeHandler]] = {
    **dict.fromkeys(KINDS, time.clock_ran_out),
    DESTRUCTION_DUE: time.destruction_is_due,
    linking.FOUND_CASE: linking.open_found_case,
    notices.ANONYMOUS_BATCH: notices.send_batch,
    notices.LEFT_OUT: notices.leave_out,
    consent.CASE_REVIEW: consent.review_again,
    consent.POLICY_REVIEW: consent.go_on_with_policy,
}


def subscriptions(context: Context) -> Subscriptions:
    """What identification reads."""
    return Subscriptions(
        consumer=SERVICE,
        topics=TOPICS,
        handlers={event: partial(handler, context) for event, handler in EVENTS.items()},
        gave_up=partial(commands.case_never_came, context),
    )


def deadlines(context: Context) -> dict[str, Callable[[Deadline, Work], Awaitable[None]]]:
    """What identification does when a time comes."""
    return {kind: partial(handler, context) for kind, handler in DEADLINES.items()}
