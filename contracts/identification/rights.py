"""Time to recover, a second look, the child route, and what other bodies are told of them.

The bodies that travel hold no place, no exploitation and no decision.
"""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract, Count, Flag, Node, Reference, Time, code


class ReflectionExtended(Contract):
    """The person has more time."""

    reason: Annotated[str, code("reflection-extension-reason")]
    ends_at: Time
    conclusive_due_at: Time


class ReflectionCut(Contract):
    """The period ends before its time, for this reason; ``reflection-ended`` follows."""

    reason: Annotated[str, code("reflection-end-reason")]


class ReflectionReviewDue(Contract):
    """How the person is, and whether more time is needed: to be looked at now."""

    due_at: Time


class ChildProtectionStarted(Contract):
    """A child is presumed: a measure protects it instead of a reflection period."""

    starts_at: Time
    no_decision_before: Time


class ReconsiderationStarted(Contract):
    """A negative decision is looked at again."""

    decision: Annotated[str, code("decision-kind")]
    ground: Annotated[str, code("reconsideration-ground")]
    due_at: Time


class IdentificationRevoked(Contract):
    """The status was taken back, together with a second authority."""

    ground: Annotated[str, code("revocation-ground")]
    second_authority: Node
    decided_at: Time


class BestInterestsRecorded(Contract):
    """What is best for the child is on record."""

    outcome: Annotated[str, code("best-interests")]
    recorded_at: Time


class ChildsViewRecorded(Contract):
    """The child was asked."""

    view: Annotated[str, code("childs-view")]
    recorded_at: Time


class ProtectionMeasureTaken(Contract):
    """A kind of protection, never a place. In an emergency it came before the best interests."""

    measure: Annotated[str, code("protection-measure")]
    emergency: Flag
    taken_at: Time


class GuardianNotified(Contract):
    """A checked and safe guardian was told."""

    notified_at: Time


class ChildAuthorityNotified(Contract):
    """A child authority has been told. Without ``recipient``: by phone or in person."""

    agency_type: Annotated[str, code("agency-type")]
    notified_at: Time
    recipient: Node | None = None


class ChildNotificationFailed(Contract):
    """What was to tell a child authority may not leave; a worker has to phone."""

    agency_type: Annotated[str, code("agency-type")]
    recipient: Node
    reason: Annotated[str, code("not-sent-reason")]


class ChildNotificationOverdue(Contract):
    """Not every child authority was told in time."""

    due_at: Time
    agency_types: Annotated[tuple[Annotated[str, code("agency-type")], ...], Field(max_length=40)]


class MajorityReviewDue(Contract):
    """Whether somebody who is believed to be a child is one: to be looked at again."""

    due_at: Time


class PlacementReviewed(Contract):
    """Whether the placement of somebody who came of age goes on."""

    outcome: Annotated[str, code("placement-review")]
    reviewed_at: Time


class MajorityReached(Contract):
    """Of age: consent is asked afresh, the placement is reviewed."""

    reached_at: Time


class ChildNotified(Contract):
    """Addressed, to a child authority: there is a child, and whether a guardian is asked for.

    Never a place, never the kind of exploitation.
    """

    notification_id: Reference
    majority: Annotated[str, code("majority")]
    immediate_danger: Flag
    guardian_request: Annotated[str, code("guardian-request")]


class ChildNotificationReceived(Contract):
    """Local, where it arrives: there is a child, and whom this agency is asked to appoint."""

    notification_id: Reference
    agency: Node
    guardian_request: Annotated[str, code("guardian-request")]


class NoRemoval(Contract):
    """Addressed, to the body that could remove the person: do not. Nothing more (Art. 13)."""

    notification_id: Reference


class NoRemovalEnded(Contract):
    """Addressed: what was said under this id holds no longer."""

    notification_id: Reference


class NoRemovalTold(Contract):
    """Local: the body that could remove the person is told that it may not."""

    notification_id: Reference
    recipient: Node


class NoRemovalLifted(Contract):
    """Local: and that it holds no longer."""

    notification_id: Reference
    recipient: Node


class NoRemovalNotSent(Contract):
    """Local: the body that could remove the person could not be told; a worker decides."""

    notification_id: Reference
    recipient: Node
    reason: Annotated[str, code("not-sent-reason")]


class RemovalForbidden(Contract):
    """Local, where it arrives: the person behind this reference may not be removed."""

    notification_id: Reference
    agency: Node


class RemovalNotForbidden(Contract):
    """Local, where it arrives: that holds no longer."""

    notification_id: Reference
    agency: Node


class AnonymousCount(Contract):
    """How many persons of one kind."""

    citizen_group: Annotated[str, code("citizen-group")]
    exploitation_group: Annotated[str, code("exploitation-group")]
    persons: Count


class AnonymousNotification(Contract):
    """Addressed: numbers that a law requires, in a batch; no case is behind the subject."""

    notification_id: Reference
    counts: Annotated[tuple[AnonymousCount, ...], Field(min_length=1, max_length=20)]


class AnonymousNotificationReceived(Contract):
    """Local, where it arrives: numbers that a law requires. Subject: the notification, no case."""

    notification_id: Reference
    agency: Node
    counts: Annotated[tuple[AnonymousCount, ...], Field(min_length=1, max_length=20)]


class PersonToBeTold(Contract):
    """Something was done without asking the person: a worker tells them."""

    about: Annotated[str, code("told-about")]


class PersonTold(Contract):
    """The person was told."""

    about: Annotated[str, code("told-about")]
    told_at: Time
