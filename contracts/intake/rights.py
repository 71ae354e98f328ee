"""What an agency tells of a person's time to recover, of a second look, and of the child route."""

from typing import Annotated

from contracts.envelope import Contract, Flag, Node, Time, code


class ReflectionExtended(Contract):
    """The person gets more time, for a reason; how much is the profile's."""

    reason: Annotated[str, code("reflection-extension-reason")]


class ReflectionEndedEarly(Contract):
    """The period does not run to its end, for a reason."""

    reason: Annotated[str, code("reflection-end-reason")]
    occurred_at: Time | None = None


class ReconsiderationAsked(Contract):
    """A negative decision is to be looked at again."""

    ground: Annotated[str, code("reconsideration-ground")]


class IdentificationRevoked(Contract):
    """The status is taken back, on a ground, together with a second authority."""

    ground: Annotated[str, code("revocation-ground")]
    second_authority: Node
    occurred_at: Time | None = None


class BestInterestsRecorded(Contract):
    """What is best for the child; comes before any placement that is no emergency."""

    outcome: Annotated[str, code("best-interests")]
    occurred_at: Time | None = None


class ChildsViewRecorded(Contract):
    """What the child said about what is planned."""

    view: Annotated[str, code("childs-view")]
    occurred_at: Time | None = None


class ProtectionMeasureTaken(Contract):
    """Where and how the child is protected: a kind, never a place."""

    measure: Annotated[str, code("protection-measure")]
    emergency: Flag = False
    occurred_at: Time | None = None


class GuardianNotified(Contract):
    """The guardian was told, or is about to be: only one who was checked and found safe may be."""

    occurred_at: Time | None = None


class ChildAuthorityTold(Contract):
    """Somebody told a child authority by phone or in person."""

    agency_type: Annotated[str, code("agency-type")]
    occurred_at: Time | None = None


class PlacementReviewed(Contract):
    """What becomes of the placement of somebody who came of age."""

    outcome: Annotated[str, code("placement-review")]
    occurred_at: Time | None = None


class MajorityReached(Contract):
    """The child is of age now: consent is asked afresh, the placement is reviewed."""

    occurred_at: Time | None = None
