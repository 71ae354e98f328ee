"""What an agency's own system tells its node: the agency IT team's door.

Each event has one owner in the node, who gives exactly one final answer (accepted, or refused with
every reason). No identity is ever in an intake event: it goes by HTTP into the safe.
The commands that the gateway puts on the node's bus carry the same bodies.
"""

from contracts.intake.answers import IntakeAccepted, IntakeRefused, Reason
from contracts.intake.assistance import CapacityReported, ServiceDelivered
from contracts.intake.consent import (
    ConsentRecorded,
    ConsentWithdrawn,
    RecipientClass,
    RestrictionRecorded,
)
from contracts.intake.everyday import (
    Answer,
    CaseLinked,
    ChildMissing,
    ContactChanged,
    DependantsAdded,
    DuplicateFound,
    OwnershipTransferred,
    PersonDied,
    PersonTold,
    QuestionnaireRecorded,
    RepresentativeAppointed,
    ReturnRecorded,
    SafeContactChanged,
)
from contracts.intake.identification import (
    CaseClosed,
    CaseCorrected,
    CaseEnteredInError,
    DecisionRecorded,
    PersonDetected,
    ScreeningRecorded,
)
from contracts.intake.referral import (
    HelpPaused,
    HelpResumed,
    Need,
    NeedCancelled,
    OfferAnswered,
    ProviderChosen,
    ProviderRefused,
    ReferralRequested,
)
from contracts.intake.rights import (
    BestInterestsRecorded,
    ChildAuthorityTold,
    ChildsViewRecorded,
    GuardianNotified,
    IdentificationRevoked,
    MajorityReached,
    ProtectionMeasureTaken,
    ReconsiderationAsked,
    ReflectionEndedEarly,
    ReflectionExtended,
)
from contracts.intake.sizes import Codes

__all__ = [
    "Answer",
    "BestInterestsRecorded",
    "CapacityReported",
    "CaseClosed",
    "CaseCorrected",
    "CaseEnteredInError",
    "CaseLinked",
    "ChildAuthorityTold",
    "ChildMissing",
    "ChildsViewRecorded",
    "Codes",
    "ConsentRecorded",
    "ConsentWithdrawn",
    "ContactChanged",
    "DecisionRecorded",
    "DependantsAdded",
    "DuplicateFound",
    "GuardianNotified",
    "HelpPaused",
    "HelpResumed",
    "IdentificationRevoked",
    "IntakeAccepted",
    "IntakeRefused",
    "MajorityReached",
    "Need",
    "NeedCancelled",
    "OfferAnswered",
    "OwnershipTransferred",
    "PersonDetected",
    "PersonDied",
    "PersonTold",
    "ProtectionMeasureTaken",
    "ProviderChosen",
    "ProviderRefused",
    "QuestionnaireRecorded",
    "Reason",
    "RecipientClass",
    "ReconsiderationAsked",
    "ReferralRequested",
    "ReflectionEndedEarly",
    "ReflectionExtended",
    "RepresentativeAppointed",
    "RestrictionRecorded",
    "ReturnRecorded",
    "SafeContactChanged",
    "ScreeningRecorded",
    "ServiceDelivered",
]
