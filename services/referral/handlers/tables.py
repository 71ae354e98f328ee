"""Which event and which deadline goes to which handler: what referral listens to."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from contracts import assistance, gateway, identification, intake, referral
from contracts.catalogue import type_of
from services.chassis.deadlines import Deadline
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Received, Waits, Work
from services.referral.domain.tasks import DeadlineKind
from services.referral.handlers import (
    commands,
    copying,
    deciding,
    drafting,
    exchanged,
    helping,
    onward,
    time,
)
from services.referral.handlers.context import Context
from services.referral.settings import SERVICE
from services.referral.store import deadlines as promised
from services.referral.store import drafts

EventHandler = Callable[[Context, Received, Work], Awaitable[Waits | None]]
TimeHandler = Callable[[Context, Deadline, Work], Awaitable[None]]

TOPICS: Final = (
    "commands",
    "identification",
    "consent",
    "registry",
    "capacity",
    "assistance",
    "incoming",
)
EVENTS: Final[Mapping[str, EventHandler]] = {
    type_of("gateway", intake.ReferralRequested): commands.request_referral,
    type_of("gateway", intake.ReferralOpened): commands.open_referral,
    type_of("gateway", intake.OfferAnswered): commands.answer_offer,
    type_of("gateway", intake.HelpPaused): commands.pause_help,
    type_of("gateway", intake.HelpResumed): commands.resume_help,
    type_of("gateway", intake.NeedCancelled): deciding.cancel_need,
    type_of("gateway", intake.ProviderChosen): deciding.choose_provider,
    type_of("gateway", intake.ProviderRefused): deciding.refuse_provider,
    type_of("identification", identification.CaseOpened): copying.case_opened,
    type_of("identification", identification.CaseChanged): copying.case_changed,
    type_of("identification", identification.CaseEnded): copying.case_ended,
    type_of("identification", identification.CaseMerged): copying.case_merged,
    type_of("identification", identification.CaseVoided): copying.case_voided,
    type_of("gateway", gateway.ConsentGranted): copying.consent_granted,
    type_of("gateway", gateway.ConsentEnded): copying.consent_ended,
    type_of("gateway", gateway.ConsentExpired): copying.consent_expired,
    type_of("gateway", gateway.RestrictionSet): copying.restriction_set,
    type_of("gateway", gateway.RestrictionLifted): copying.restriction_lifted,
    type_of("gateway", gateway.SharingStopped): copying.sharing_stopped,
    type_of("gateway", gateway.PolicyCopied): copying.policy_copied,
    type_of("assistance", assistance.PoolChanged): copying.pool_changed,
    type_of("assistance", assistance.HoldPlaced): helping.hold_placed,
    type_of("assistance", assistance.HoldRefused): helping.hold_refused,
    type_of("assistance", assistance.HoldConfirmed): helping.hold_confirmed,
    type_of("assistance", assistance.ArrivalOverdue): helping.arrival_overdue,
    type_of("assistance", assistance.EpisodeScheduled): helping.episode_scheduled,
    type_of("assistance", assistance.EpisodeStarted): helping.episode_started,
    type_of("assistance", assistance.EpisodeCompleted): helping.episode_completed,
    type_of("assistance", assistance.EpisodeEndedEarly): helping.episode_ended_early,
    type_of("assistance", assistance.EpisodeStopped): helping.episode_stopped,
    type_of("referral", referral.CapacityQueried): exchanged.capacity_queried,
    type_of("referral", referral.CapacityAnswered): exchanged.capacity_answered,
    type_of("referral", referral.TaskOffered): exchanged.task_offered,
    type_of("referral", referral.TaskProgressed): exchanged.task_progressed,
    type_of("referral", referral.OfferWithdrawn): exchanged.offer_withdrawn,
    type_of("referral", referral.OnwardReferralTold): onward.onward_referral_told,
    type_of("gateway", gateway.SendingRefused): exchanged.sending_refused,
    type_of("gateway", gateway.FeedbackEnded): exchanged.feedback_ended,
}
DEADLINES: Final[Mapping[str, TimeHandler]] = {
    DeadlineKind.ANSWER: time.answer_overdue,
    DeadlineKind.SEEN: time.offer_unseen,
    DeadlineKind.HOLD: time.hold_overdue,
    DeadlineKind.START: time.start_overdue,
    promised.ESCALATION: time.escalation_due,
    promised.CAPACITY_DUE: time.choice_due,
    promised.CAPACITY_KNOWN: time.choice_due,
    drafts.WARNING: drafting.draft_ends_soon,
    drafts.END: drafting.draft_ended,
}


def subscriptions(context: Context) -> Subscriptions:
    """What referral reads."""
    return Subscriptions(
        consumer=SERVICE,
        topics=TOPICS,
        handlers={event: partial(handler, context) for event, handler in EVENTS.items()},
        gave_up=partial(commands.never_came, context),
    )


def deadlines(context: Context) -> dict[str, Callable[[Deadline, Work], Awaitable[None]]]:
    """What referral does when a time comes."""
    return {str(kind): partial(handler, context) for kind, handler in DEADLINES.items()}
