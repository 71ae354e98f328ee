"""Time to recover, a second look and the child route, as events inside the node."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from contracts.envelope import Contract
from contracts.identification import (
    BestInterestsRecorded,
    ChildAuthorityNotified,
    ChildNotificationFailed,
    ChildNotificationOverdue,
    ChildProtectionStarted,
    ChildsViewRecorded,
    GuardianNotified,
    IdentificationRevoked,
    MajorityReached,
    MajorityReviewDue,
    PersonToBeTold,
    PersonTold,
    PlacementReviewed,
    ProtectionMeasureTaken,
    ReconsiderationStarted,
    ReflectionCut,
    ReflectionExtended,
    ReflectionReviewDue,
)
from services.identification.domain import facts

RIGHTS: Final[Mapping[type, Callable[[Any], Contract]]] = MappingProxyType(
    {
        facts.ReflectionWasExtended: lambda fact: ReflectionExtended(
            reason=fact.reason, ends_at=fact.ends_at, conclusive_due_at=fact.conclusive_due_at
        ),
        facts.ReflectionWasCut: lambda fact: ReflectionCut(reason=fact.reason),
        facts.ReflectionReviewCame: lambda fact: ReflectionReviewDue(due_at=fact.due_at),
        facts.ChildProtectionBegan: lambda fact: ChildProtectionStarted(
            starts_at=fact.starts_at, no_decision_before=fact.no_decision_before
        ),
        facts.ReconsiderationBegan: lambda fact: ReconsiderationStarted(
            decision=fact.decision, ground=fact.ground, due_at=fact.due_at
        ),
        facts.IdentificationWasRevoked: lambda fact: IdentificationRevoked(
            ground=fact.ground, second_authority=fact.second_authority, decided_at=fact.decided_at
        ),
        facts.BestInterestsWereRecorded: lambda fact: BestInterestsRecorded(
            outcome=fact.outcome, recorded_at=fact.recorded_at
        ),
        facts.ChildsViewWasRecorded: lambda fact: ChildsViewRecorded(
            view=fact.view, recorded_at=fact.recorded_at
        ),
        facts.ProtectionMeasureWasTaken: lambda fact: ProtectionMeasureTaken(
            measure=fact.measure, emergency=fact.emergency, taken_at=fact.taken_at
        ),
        facts.GuardianWasNotified: lambda fact: GuardianNotified(notified_at=fact.notified_at),
        facts.ChildAuthorityWasNotified: lambda fact: ChildAuthorityNotified(
            agency_type=fact.agency_type, notified_at=fact.notified_at, recipient=fact.recipient
        ),
        facts.ChildNotificationFailed: lambda fact: ChildNotificationFailed(
            agency_type=fact.agency_type, recipient=fact.recipient, reason=fact.reason
        ),
        facts.ChildNotificationFellOverdue: lambda fact: ChildNotificationOverdue(
            due_at=fact.due_at, agency_types=fact.agency_types
        ),
        facts.MajorityReviewCame: lambda fact: MajorityReviewDue(due_at=fact.due_at),
        facts.MajorityWasReached: lambda fact: MajorityReached(reached_at=fact.reached_at),
        facts.PlacementWasReviewed: lambda fact: PlacementReviewed(
            outcome=fact.outcome, reviewed_at=fact.reviewed_at
        ),
        facts.PersonHasToBeTold: lambda fact: PersonToBeTold(about=fact.about),
        facts.PersonWasTold: lambda fact: PersonTold(about=fact.about, told_at=fact.told_at),
    }
)
