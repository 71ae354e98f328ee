"""What an agency tells of a case: met, screened, decided on, corrected, ended."""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract, Count, Flag, Node, Reference, Time, code
from contracts.intake.consent import RestrictionRecorded
from contracts.intake.sizes import Codes
from contracts.vocabulary import NOT_YET_KNOWN


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
    majority_reasons: Annotated[tuple[Annotated[str, code("majority-reason")], ...], Codes] = ()
    linked_case: Reference | None = None
    """A case of this node that this one goes on from or belongs to; ``link_kind`` says how."""
    link_kind: Annotated[str, code("case-link-kind")] = "other"
    restrictions: Annotated[tuple[RestrictionRecorded, ...], Field(max_length=20)] = ()
    """Who may never hear of the case, from its beginning: nobody is told before they hold."""


class ScreeningRecorded(Contract):
    """A screening interview took place; its coded result."""

    result: Annotated[str, code("screening-result")]
    occurred_at: Time | None = None
    exploitation: Annotated[tuple[Annotated[str, code("exploitation")], ...], Codes] = ()
    means: Annotated[tuple[Annotated[str, code("means-of-control")], ...], Codes] = ()
    sexual_forms: Annotated[
        tuple[Annotated[str, code("form-of-sexual-exploitation")], ...], Codes
    ] = ()
    recruiter_relation: Annotated[str, code("recruiter-relation")] = NOT_YET_KNOWN
    also_found: Annotated[tuple[Annotated[str, code("case-type")], ...], Codes] = ()
    """Another kind of harm that the questions showed: each opens a case of its own, linked."""


class DecisionRecorded(Contract):
    """The authority decided. A negative decision needs reason codes."""

    decision: Annotated[str, code("decision-kind")]
    outcome: Annotated[str, code("decision-outcome")]
    reasons: Annotated[tuple[Annotated[str, code("decision-reason")], ...], Codes] = ()
    person_asked_early: Flag = False
    occurred_at: Time | None = None


class IdentificationDeclined(Contract):
    """The person wants help and no identification: nobody decides, no clock of a decision runs.

    A screening, or a later consent, has it decided after all. Not for a child.
    """

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
    majority_reasons: (
        Annotated[tuple[Annotated[str, code("majority-reason")], ...], Codes] | None
    ) = None
    sexual_forms: (
        Annotated[tuple[Annotated[str, code("form-of-sexual-exploitation")], ...], Codes] | None
    ) = None
    recruiter_relation: Annotated[str, code("recruiter-relation")] | None = None


class CaseEnteredInError(Contract):
    """The case should not have been entered."""

    reason: Annotated[str, code("error-reason")]


class CaseClosed(Contract):
    """Work on the case is over."""

    reason: Annotated[str, code("close-reason")]
    occurred_at: Time | None = None
