"""What happened in a case, as this service's domain says it. Disclosure turns it into events.

No fact may hold more than its own codes and times: a case is never attached to a fact.
"""

from typing import TypeAlias

from services.identification.domain.facts.decisions import (
    CaseWasClosed,
    CaseWasOpened,
    CaseWasVoided,
    CodesWereChanged,
    DecisionFellOverdue,
    GroundsWereFound,
    GroundsWereNotFound,
    HelpedWithout,
    IdentificationWasResumed,
    PersonWasIdentified,
    PersonWasNotIdentified,
    ReflectionBegan,
    ReflectionWasOver,
    ScreeningWasRecorded,
)
from services.identification.domain.facts.everyday import (
    CaseWasLinked,
    CaseWasMerged,
    CaseWasUnlinked,
    ChildWasFound,
    ChildWentMissing,
    ContactWasLost,
    ContactWasRegained,
    DependantsWereAdded,
    OwnershipWasTransferred,
    PersonHasDied,
    QuestionnaireWasRecorded,
    RepresentativeWasAppointed,
    ReturnWasRecorded,
    SafeContactWasChanged,
)
from services.identification.domain.facts.rights import (
    BestInterestsWereRecorded,
    ChildAuthorityWasNotified,
    ChildNotificationFailed,
    ChildNotificationFellOverdue,
    ChildProtectionBegan,
    ChildsViewWasRecorded,
    GuardianWasNotified,
    IdentificationWasRevoked,
    MajorityReviewCame,
    MajorityWasReached,
    PersonHasToBeTold,
    PersonWasTold,
    PlacementWasReviewed,
    ProtectionMeasureWasTaken,
    ReconsiderationBegan,
    ReflectionReviewCame,
    ReflectionWasCut,
    ReflectionWasExtended,
)

Fact: TypeAlias = (
    CaseWasOpened
    | CodesWereChanged
    | ScreeningWasRecorded
    | GroundsWereFound
    | GroundsWereNotFound
    | ReflectionBegan
    | ReflectionWasOver
    | PersonWasIdentified
    | PersonWasNotIdentified
    | DecisionFellOverdue
    | HelpedWithout
    | IdentificationWasResumed
    | CaseWasClosed
    | CaseWasVoided
    | CaseWasLinked
    | CaseWasUnlinked
    | CaseWasMerged
    | OwnershipWasTransferred
    | ContactWasLost
    | ContactWasRegained
    | ChildWentMissing
    | ChildWasFound
    | PersonHasDied
    | SafeContactWasChanged
    | RepresentativeWasAppointed
    | DependantsWereAdded
    | ReturnWasRecorded
    | QuestionnaireWasRecorded
    | ReflectionWasExtended
    | ReflectionWasCut
    | ReflectionReviewCame
    | ChildProtectionBegan
    | ReconsiderationBegan
    | IdentificationWasRevoked
    | BestInterestsWereRecorded
    | ChildsViewWasRecorded
    | ProtectionMeasureWasTaken
    | GuardianWasNotified
    | ChildAuthorityWasNotified
    | ChildNotificationFailed
    | ChildNotificationFellOverdue
    | MajorityReviewCame
    | MajorityWasReached
    | PlacementWasReviewed
    | PersonHasToBeTold
    | PersonWasTold
)

__all__ = [
    "BestInterestsWereRecorded",
    "CaseWasClosed",
    "CaseWasLinked",
    "CaseWasMerged",
    "CaseWasOpened",
    "CaseWasUnlinked",
    "CaseWasVoided",
    "ChildAuthorityWasNotified",
    "ChildNotificationFailed",
    "ChildNotificationFellOverdue",
    "ChildProtectionBegan",
    "ChildWasFound",
    "ChildWentMissing",
    "ChildsViewWasRecorded",
    "CodesWereChanged",
    "ContactWasLost",
    "ContactWasRegained",
    "DecisionFellOverdue",
    "DependantsWereAdded",
    "Fact",
    "GroundsWereFound",
    "GroundsWereNotFound",
    "GuardianWasNotified",
    "HelpedWithout",
    "IdentificationWasResumed",
    "IdentificationWasRevoked",
    "MajorityReviewCame",
    "MajorityWasReached",
    "OwnershipWasTransferred",
    "PersonHasDied",
    "PersonHasToBeTold",
    "PersonWasIdentified",
    "PersonWasNotIdentified",
    "PersonWasTold",
    "PlacementWasReviewed",
    "ProtectionMeasureWasTaken",
    "QuestionnaireWasRecorded",
    "ReconsiderationBegan",
    "ReflectionBegan",
    "ReflectionReviewCame",
    "ReflectionWasCut",
    "ReflectionWasExtended",
    "ReflectionWasOver",
    "RepresentativeWasAppointed",
    "ReturnWasRecorded",
    "SafeContactWasChanged",
    "ScreeningWasRecorded",
]
