"""Facts the gateway publishes inside its node: consent, restrictions, what was sent or refused."""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract, Flag, Identifier, Node, Reference, Time, code
from contracts.intake import Codes, RecipientClass


class ConsentGranted(Contract):
    """A consent is live from now until it expires or is withdrawn."""

    consent_id: Reference
    purposes: tuple[Annotated[str, code("consent-purpose")], ...]
    categories: tuple[Annotated[str, code("consent-category")], ...]
    expires_at: Time
    recipients: Annotated[tuple[Node, ...], Codes] = ()
    recipient_class: RecipientClass | None = None


class ConsentEnded(Contract):
    """A consent was withdrawn (or every one of the case). Never waits behind another event."""

    kind: Annotated[str, code("withdrawal-kind")]
    consent_id: Reference | None = None


class ConsentExpired(Contract):
    """A consent covers nothing new from now on, earlier than it said. Not withdrawn: help that
    runs under it goes on.
    """

    consent_id: Reference
    expired_at: Time


class ConsentExpiryNear(Contract):
    """A consent covers nothing new from ``expires_at`` on, which is near: time to ask the person
    again. Help that runs under it goes on. The subject is the case that goes on after a merge.
    """

    consent_id: Reference
    purposes: tuple[Annotated[str, code("consent-purpose")], ...]
    expires_at: Time


class RestrictionSet(Contract):
    """Never to this agency, type or oblast. Never waits; never leaves the node."""

    restriction_id: Reference
    agency: Node | None = None
    agency_type: Annotated[str, code("agency-type")] | None = None
    oblast: Annotated[str, code("oblast")] | None = None
    valid_until: Time | None = None


class RestrictionLifted(Contract):
    """A restriction that a case had only by a link to another one, which was a mistake, holds no
    longer. What somebody recorded is never lifted so.
    """

    restriction_id: Reference
    lifted_at: Time


class LegalHoldSet(Contract):
    """What is here of the case is to be kept until ``stands_until`` at least, or until it is told
    that the hold ended. It shares nothing and opens nothing. Never waits.
    """

    hold_id: Reference
    stands_until: Time


class LegalHoldEndNear(Contract):
    """A hold ends before long: confirm it, place another one, or let the record be destroyed."""

    hold_id: Reference
    stands_until: Time


class LegalHoldEnded(Contract):
    """A hold stands no longer: the time in which a frozen record is destroyed begins anew."""

    hold_id: Reference
    kind: Annotated[str, code("legal-hold-end")]
    ended_at: Time


class PersonDestroyed(Contract):
    """A person had the safe destroy what it had of a stopped case, or it had nothing: which case,
    and when. Nobody is asked again. Of a case that is the same one it says nothing.
    """

    destroyed_at: Time


class SendingDelivered(Contract):
    """The other agency's node has what was sent."""

    outgoing_id: Reference
    recipient: Node


class SendingRefused(Contract):
    """What was to leave may not; it stays here with the reason, and the worker is told."""

    outgoing_id: Reference
    recipient: Node
    outgoing_type: Identifier
    reason: Annotated[str, code("not-sent-reason")]


class SendingDelayed(Contract):
    """No receipt for what was queued, after the profile's time: phone. It is still being sent."""

    outgoing_id: Reference
    recipient: Node
    outgoing_type: Identifier
    queued_at: Time


class SharingStopped(Contract):
    """Sharing was stopped at the sender: freeze all of this case at once. Never waits."""

    reference_known: Flag


class FeedbackEnded(Contract):
    """An agency that has this case from us tells us no more of it: rely on nothing it last said."""

    agency: Node


class NoticeQueued(Contract):
    """A withdrawal notice to this recipient stands in the queue; it can only be delayed."""

    recipient: Node


class PolicyParticipant(Contract):
    """One signatory of the memorandum of understanding, as the registry lists it."""

    node: Node
    agency_type: Annotated[str, code("agency-type")]
    sector: Annotated[str, code("sector")]
    status: Annotated[str, code("participant-status")]
    powers: tuple[Annotated[str, code("power")], ...]
    oblasts: tuple[Annotated[str, code("oblast")], ...]


class PermittedPair(Contract):
    """``sender`` may write to ``recipient`` (and back, for receipts)."""

    sender: Node
    recipient: Node
    purposes: Annotated[tuple[Identifier, ...], Field(max_length=20)]


class PolicyCopied(Contract):
    """A verified copy of the registry's policy, for the services. Subject: policy version."""

    version: Annotated[int, Field(ge=1, json_schema_extra={"x-nrm-class": "count"})]
    valid_until: Time
    participants: Annotated[tuple[PolicyParticipant, ...], Field(max_length=2000)]
    pairs: Annotated[tuple[PermittedPair, ...], Field(max_length=20000)]
