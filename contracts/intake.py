"""What an agency's own system tells its node: the agency IT team's door.

Each event has one owner in the node, who gives exactly one final answer (accepted, or refused with
every reason). No identity is ever in an intake event: it goes by HTTP into the safe.
The commands that the gateway puts on the node's bus carry the same bodies.
"""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract, Count, Flag, FormVersion, Node, Reference, Time, code
from contracts.vocabulary import NOT_YET_KNOWN

Codes = Field(max_length=20)


class PersonDetected(Contract):
    """Somebody was met who may have been trafficked. Never refused for being incomplete.

    Only four properties are required (detecting agency, case type, majority, immediate danger);
    everything else may be ``not-yet-known`` and opens a to-do.
    """

    detecting_agency: Node
    case_type: Annotated[str, code("case-type")]
    majority: Annotated[str, code("majority")]
    immediate_danger: Flag
    occurred_at: Time | None = None
    oblast: Annotated[str, code("oblast")] = NOT_YET_KNOWN
    citizenship: Annotated[str, code("country")] = NOT_YET_KNOWN
    country_of_exploitation: Annotated[str, code("country")] = NOT_YET_KNOWN
    exploitation: Annotated[tuple[Annotated[str, code("exploitation")], ...], Codes] = ()
    industry: Annotated[str, code("industry")] = NOT_YET_KNOWN
    still_in_situation: Annotated[str, code("yes-no")] = NOT_YET_KNOWN
    consent_outcome: Annotated[str, code("consent-outcome")] = NOT_YET_KNOWN
    safe_channel: Annotated[str, code("safe-channel")] = NOT_YET_KNOWN
    dependants: Count | None = None
    language: Annotated[str, code("language")] = NOT_YET_KNOWN
    audience_class: Annotated[str, code("audience-class")] = NOT_YET_KNOWN
    guardian_status: Annotated[str, code("guardian-status")] = "unknown"


class RecipientClass(Contract):
    """Any active participant of a type in some oblasts, except those named."""

    agency_type: Annotated[str, code("agency-type")]
    oblasts: Annotated[tuple[Annotated[str, code("oblast")], ...], Codes] = ()
    except_agencies: Annotated[tuple[Node, ...], Codes] = ()


class ConsentRecorded(Contract):
    """The person agreed: to whom, for what, which categories, until when (expiry is mandatory)."""

    consent_id: Reference
    purposes: Annotated[
        tuple[Annotated[str, code("consent-purpose")], ...], Field(min_length=1, max_length=10)
    ]
    categories: Annotated[
        tuple[Annotated[str, code("consent-category")], ...], Field(min_length=1, max_length=10)
    ]
    expires_at: Time
    text_version: FormVersion
    language: Annotated[str, code("language")]
    interpreter: Flag
    given_by: Annotated[str, code("consent-giver")] = "person"
    recipients: Annotated[tuple[Node, ...], Codes] = ()
    recipient_class: RecipientClass | None = None
    occurred_at: Time | None = None


class ConsentWithdrawn(Contract):
    """The person took a consent back; without ``consent_id``, every one of the case."""

    kind: Annotated[str, code("withdrawal-kind")]
    consent_id: Reference | None = None
    occurred_at: Time | None = None


class RestrictionRecorded(Contract):
    """Never to this agency, this type of agency, or this oblast. Stays in the node."""

    restriction_id: Reference
    recorded_for: Annotated[str, code("restriction-author")]
    agency: Node | None = None
    agency_type: Annotated[str, code("agency-type")] | None = None
    oblast: Annotated[str, code("oblast")] | None = None
    valid_until: Time | None = None


class ScreeningRecorded(Contract):
    """A screening interview took place; its coded result."""

    result: Annotated[str, code("screening-result")]
    occurred_at: Time | None = None
    exploitation: Annotated[tuple[Annotated[str, code("exploitation")], ...], Codes] = ()
    means: Annotated[tuple[Annotated[str, code("means-of-control")], ...], Codes] = ()


class DecisionRecorded(Contract):
    """The authority decided. A negative decision needs reason codes."""

    decision: Annotated[str, code("decision-kind")]
    outcome: Annotated[str, code("decision-outcome")]
    reasons: Annotated[tuple[Annotated[str, code("decision-reason")], ...], Codes] = ()
    person_asked_early: Flag = False
    occurred_at: Time | None = None


class Need(Contract):
    """One thing the person needs; each need is referred on its own, none blocks another."""

    need_id: Reference
    service_type: Annotated[str, code("service-type")]


class ReferralRequested(Contract):
    """Coded needs for which a provider is sought."""

    request_id: Reference
    needs: Annotated[tuple[Need, ...], Field(min_length=1, max_length=20)]
    urgency: Annotated[str, code("urgency")]
    audience_class: Annotated[str, code("audience-class")] = NOT_YET_KNOWN
    language: Annotated[str, code("language")] = NOT_YET_KNOWN
    preferred_providers: Annotated[tuple[Node, ...], Codes] = ()


class OfferAnswered(Contract):
    """A person at the provider opened the offer (seen), took it, or declined with a reason."""

    task_id: Reference
    answer: Annotated[str, code("offer-answer")]
    reason: Annotated[str, code("decline-reason")] | None = None


class CapacityReported(Contract):
    """How many places a pool of this node has. Counts and places never leave the node."""

    pool_id: Reference
    service_type: Annotated[str, code("service-type")]
    audience_class: Annotated[str, code("audience-class")]
    maximum: Count
    out_of_service: Count = 0


class ServiceDelivered(Contract):
    """Units of a service were given under an accepted task; ``outcome`` ends the episode."""

    task_id: Reference
    unit: Annotated[str, code("unit")]
    quantity: Count
    outcome: Annotated[str, code("outcome")] | None = None
    occurred_at: Time | None = None


class CaseCorrected(Contract):
    """Codes that were wrong or not yet known; absent properties stay as they are."""

    case_type: Annotated[str, code("case-type")] | None = None
    majority: Annotated[str, code("majority")] | None = None
    immediate_danger: Flag | None = None
    oblast: Annotated[str, code("oblast")] | None = None
    citizenship: Annotated[str, code("country")] | None = None
    country_of_exploitation: Annotated[str, code("country")] | None = None
    exploitation: Annotated[tuple[Annotated[str, code("exploitation")], ...], Codes] | None = None
    industry: Annotated[str, code("industry")] | None = None
    still_in_situation: Annotated[str, code("yes-no")] | None = None
    consent_outcome: Annotated[str, code("consent-outcome")] | None = None
    safe_channel: Annotated[str, code("safe-channel")] | None = None
    dependants: Count | None = None
    language: Annotated[str, code("language")] | None = None
    audience_class: Annotated[str, code("audience-class")] | None = None
    guardian_status: Annotated[str, code("guardian-status")] | None = None


class CaseEnteredInError(Contract):
    """The case should not have been entered."""

    reason: Annotated[str, code("error-reason")]


class CaseClosed(Contract):
    """Work on the case is over."""

    reason: Annotated[str, code("close-reason")]
    occurred_at: Time | None = None


class Reason(Contract):
    """Why something was refused: a code and where. Never a value."""

    code: Annotated[str, code("refusal-reason")]
    field: (
        Annotated[
            str,
            Field(pattern=r"^[a-z0-9_./-]{1,120}$", json_schema_extra={"x-nrm-class": "code"}),
        ]
        | None
    ) = None


class IntakeAccepted(Contract):
    """The owner of the event did what it asked."""

    intake_id: Reference
    case_id: Reference | None = None


class IntakeRefused(Contract):
    """The event was refused, with every reason. Without an id, partition and offset name it."""

    reasons: Annotated[tuple[Reason, ...], Field(min_length=1, max_length=40)]
    intake_id: Reference | None = None
    case_id: Reference | None = None
    partition: Count | None = None
    offset: Annotated[int, Field(ge=0, json_schema_extra={"x-nrm-class": "count"})] | None = None
