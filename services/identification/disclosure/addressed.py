"""What leaves the node if the gateway's check lets it, and what the node is told of that.

Codes only, to the one agency that the event is addressed to. Nothing of a decision is in any.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from contracts.identification import (
    AnonymousCount,
    AnonymousNotification,
    AnonymousNotificationReceived,
    AwaitedDecisionOverdue,
    CaseFrozen,
    ChildNotificationReceived,
    ChildNotified,
    DecisionClockStopped,
    DecisionClockTold,
    DestructionDue,
    HandOverConfirmed,
    HandOverFailed,
    HandOverOffered,
    HandOverReceived,
    HandOverRequired,
    HandOverStarted,
    NoRemoval,
    NoRemovalEnded,
    NoRemovalLifted,
    NoRemovalNotSent,
    NoRemovalTold,
    RemovalForbidden,
    RemovalNotForbidden,
)
from contracts.intake import IntakeAccepted, IntakeRefused, Reason
from services.identification.domain import Case, Objection

UNKNOWN: Final = "unknown"
"""Of a guardian nobody is told; nor of an adult's."""


def offer_of(case: Case, offer_id: UUID, ground: str | None = None) -> HandOverOffered:
    """To the agency that identifies: codes of the case, and no reference of ours.

    ``ground``: the law that asks for it; of a child also whether a guardian is suspected.
    """
    offered = _offered(case, offer_id)
    if ground is None:
        return HandOverOffered(**offered)
    guardian = case.codes.guardian_status if case.codes.is_child else UNKNOWN
    return HandOverRequired(ground=ground, guardian_status=guardian, **offered)


def _offered(case: Case, offer_id: UUID) -> dict[str, Any]:
    return {
        "offer_id": offer_id,
        "counted_by": case.counted_by,
        "case_type": case.codes.case_type,
        "majority": case.codes.majority,
        "immediate_danger": case.codes.immediate_danger,
        "occurred_at": case.occurred_at,
        "oblast": case.codes.oblast,
        "citizenship": case.codes.citizenship,
        "country_of_exploitation": case.codes.country_of_exploitation,
        "exploitation": case.codes.exploitation,
        "industry": case.codes.industry,
        "language": case.codes.language,
        "audience_class": case.codes.audience_class,
        "dependants": case.codes.dependants,
    }


def child_notified(notification_id: UUID, case: Case, guardian_request: str) -> ChildNotified:
    """To a child authority: that there is a child. Never a place, never the exploitation."""
    return ChildNotified(
        notification_id=notification_id,
        majority=case.codes.majority,
        immediate_danger=case.codes.immediate_danger,
        guardian_request=guardian_request,
    )


def child_notification_received(
    notification_id: UUID, agency: str, guardian_request: str
) -> ChildNotificationReceived:
    """Inside the node where it arrives: there is a child, and whom we are asked to appoint."""
    return ChildNotificationReceived(
        notification_id=notification_id, agency=agency, guardian_request=guardian_request
    )


def no_removal(notification_id: UUID) -> NoRemoval:
    """To the body that could remove the person: do not; nothing more."""
    return NoRemoval(notification_id=notification_id)


def no_removal_ended(notification_id: UUID) -> NoRemovalEnded:
    """To the same body: it holds no longer."""
    return NoRemovalEnded(notification_id=notification_id)


def no_removal_told(notification_id: UUID, recipient: str) -> NoRemovalTold:
    """Inside the node: that body is told."""
    return NoRemovalTold(notification_id=notification_id, recipient=recipient)


def no_removal_lifted(notification_id: UUID, recipient: str) -> NoRemovalLifted:
    """Inside the node: and told that it is over."""
    return NoRemovalLifted(notification_id=notification_id, recipient=recipient)


def no_removal_not_sent(notification_id: UUID, recipient: str, reason: str) -> NoRemovalNotSent:
    """Inside the node: that body could not be told."""
    return NoRemovalNotSent(notification_id=notification_id, recipient=recipient, reason=reason)


def removal_forbidden(notification_id: UUID, agency: str) -> RemovalForbidden:
    """Inside the node where it arrives."""
    return RemovalForbidden(notification_id=notification_id, agency=agency)


def removal_not_forbidden(notification_id: UUID, agency: str) -> RemovalNotForbidden:
    """Inside the node where it arrives: over."""
    return RemovalNotForbidden(notification_id=notification_id, agency=agency)


def anonymous_notification(
    notification_id: UUID, counts: tuple[tuple[str, str, int], ...]
) -> AnonymousNotification:
    """Numbers of persons by own or foreign citizen and group of exploitation: no case, no place."""
    return AnonymousNotification(
        notification_id=notification_id,
        counts=tuple(
            AnonymousCount(citizen_group=citizen, exploitation_group=group, persons=persons)
            for citizen, group, persons in counts
        ),
    )


def anonymous_notification_received(
    told: AnonymousNotification, agency: str
) -> AnonymousNotificationReceived:
    """Inside the node where it arrives: the same numbers and who told them; nobody is behind them
    whom this node could find.
    """
    return AnonymousNotificationReceived(
        notification_id=told.notification_id, agency=agency, counts=told.counts
    )


def receipt_of(
    offer_id: UUID, hand_over_reference: UUID, decision_due_at: datetime | None
) -> HandOverReceived:
    """Back to the agency that offered: the case is worked here, and when somebody has decided."""
    return HandOverReceived(
        offer_id=offer_id,
        hand_over_reference=hand_over_reference,
        decision_due_at=decision_due_at,
    )


def clock_told(offer_id: UUID, status: str) -> DecisionClockTold:
    """To the same agency: that clock passed, or is over. Nothing else may ever be added to it."""
    return DecisionClockTold(offer_id=offer_id, status=status)


def awaited_decision_overdue(
    offer_id: UUID, recipient: str, due_at: datetime | None
) -> AwaitedDecisionOverdue:
    """Inside the node that handed over: nobody there decided in time."""
    return AwaitedDecisionOverdue(offer_id=offer_id, recipient=recipient, due_at=due_at)


def clock_stopped(offer_id: UUID, recipient: str, status: str) -> DecisionClockStopped:
    """Inside the node that handed over: the clock there is not shown any more."""
    return DecisionClockStopped(offer_id=offer_id, recipient=recipient, status=status)


def started(offer_id: UUID, recipient: str) -> HandOverStarted:
    """Inside the node: an offer stands in the outgoing queue."""
    return HandOverStarted(offer_id=offer_id, recipient=recipient)


def confirmed(
    offer_id: UUID, recipient: str, hand_over_reference: UUID, decision_due_at: datetime | None
) -> HandOverConfirmed:
    """Inside the node: the other agency has the case, and by when it decides first."""
    return HandOverConfirmed(
        offer_id=offer_id,
        recipient=recipient,
        hand_over_reference=hand_over_reference,
        decision_due_at=decision_due_at,
    )


def failed(offer_id: UUID, recipient: str, reason: str) -> HandOverFailed:
    """Inside the node: the offer may not leave, or sharing ended."""
    return HandOverFailed(offer_id=offer_id, recipient=recipient, reason=reason)


def frozen(frozen_at: datetime) -> CaseFrozen:
    """Inside the node: nothing of the case may be read any more."""
    return CaseFrozen(frozen_at=frozen_at)


def destruction_due(due_at: datetime) -> DestructionDue:
    """Inside the node: a person destroys what is kept of the frozen case."""
    return DestructionDue(due_at=due_at)


def accepted(intake_id: UUID, case_id: UUID) -> IntakeAccepted:
    """To the agency's own system: done."""
    return IntakeAccepted(intake_id=intake_id, case_id=case_id)


def refused(intake_id: UUID, case_id: UUID, against: tuple[Objection, ...]) -> IntakeRefused:
    """To the agency's own system: every reason, as codes."""
    reasons = tuple(Reason(code=objection.code, field=objection.field) for objection in against)
    return IntakeRefused(intake_id=intake_id, case_id=case_id, reasons=reasons)
