"""What referral is told at the door, and tells."""

from typing import Final

from contracts import intake, referral
from contracts.catalogue.rows import ADDRESSED, CASE, Fact, Told

DOOR: Final = (
    Told("referral-requested", "request-referral", intake.ReferralRequested),
    Told("referral-opened", "open-referral", intake.ReferralOpened),
    Told("offer-answered", "answer-offer", intake.OfferAnswered),
    Told("need-cancelled", "cancel-need", intake.NeedCancelled),
    Told("provider-chosen", "choose-provider", intake.ProviderChosen),
    Told("provider-refused", "refuse-provider", intake.ProviderRefused),
    Told("help-paused", "pause-help", intake.HelpPaused),
    Told("help-resumed", "resume-help", intake.HelpResumed),
)
FACTS: Final = (
    Fact("request-opened", "referral", referral.RequestOpened, CASE),
    Fact("draft-end-near", "referral", referral.DraftEndNear, CASE),
    Fact("draft-ended", "referral", referral.DraftEnded, CASE),
    Fact("offer-made", "referral", referral.OfferMade, CASE),
    Fact("offer-received", "referral", referral.OfferReceived, CASE),
    Fact("task-delivered", "referral", referral.TaskDelivered, CASE),
    Fact("task-seen", "referral", referral.TaskSeen, CASE),
    Fact("offer-unseen", "referral", referral.OfferUnseen, CASE),
    Fact("hold-requested", "referral", referral.HoldRequested, CASE),
    Fact("place-sought", "referral", referral.PlaceSought, CASE),
    Fact("hold-abandoned", "referral", referral.HoldAbandoned, CASE),
    Fact("task-accepted", "referral", referral.TaskAccepted, CASE),
    Fact("task-scheduled", "referral", referral.TaskScheduled, CASE),
    Fact("expected-earlier", "referral", referral.ExpectedEarlier, CASE),
    Fact("task-declined", "referral", referral.TaskDeclined, CASE),
    Fact("task-expired", "referral", referral.TaskExpired, CASE),
    Fact("task-started", "referral", referral.TaskStarted, CASE),
    Fact("task-completed", "referral", referral.TaskCompleted, CASE),
    Fact("task-cancelled", "referral", referral.TaskCancelled, CASE),
    Fact("task-stopped", "referral", referral.TaskStopped, CASE),
    Fact("task-not-sent", "referral", referral.TaskNotSent, CASE),
    Fact("loop-closed", "referral", referral.LoopClosed, CASE),
    Fact("task-paused", "referral", referral.TaskPaused, CASE),
    Fact("task-resumed", "referral", referral.TaskResumed, CASE),
    Fact("task-referred-onward", "referral", referral.TaskReferredOnward, CASE),
    Fact("person-not-arrived", "referral", referral.PersonNotArrived, CASE),
    Fact("start-overdue", "referral", referral.StartOverdue, CASE),
    Fact("provider-not-found", "referral", referral.ProviderNotFound, CASE),
    Fact("provider-chosen", "referral", referral.ProviderChosen, CASE),
    Fact("provider-refused", "referral", referral.ProviderRefused, CASE),
    Fact("need-escalated", "referral", referral.NeedEscalated, CASE),
    Fact("need-cancelled", "referral", referral.NeedCancelled, CASE),
    Fact("capacity-queried", "outgoing", referral.CapacityQueried, ADDRESSED),
    Fact("capacity-answered", "outgoing", referral.CapacityAnswered, ADDRESSED),
    Fact("task-offered", "outgoing", referral.TaskOffered, ADDRESSED),
    Fact("task-progressed", "outgoing", referral.TaskProgressed, ADDRESSED),
    Fact("onward-referral-told", "outgoing", referral.OnwardReferralTold, ADDRESSED),
    Fact("offer-withdrawn", "outgoing", referral.OfferWithdrawn, ADDRESSED),
)
