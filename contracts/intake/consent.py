"""What the person agreed to or took back, and to whom nothing may ever be told."""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract, Flag, FormVersion, Node, Reference, Time, code
from contracts.intake.sizes import Codes


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
    guardian_status: Annotated[str, code("guardian-status")] = "unknown"
    """Of a guardian who gives it: only one who was checked and found safe can."""
    recipients: Annotated[tuple[Node, ...], Codes] = ()
    recipient_class: RecipientClass | None = None
    occurred_at: Time | None = None


class ConsentWithdrawn(Contract):
    """The person took a consent back; without ``consent_id``, every one of the case.

    Who only leaves a service takes no consent back: ``NeedCancelled`` at the agency that asked,
    ``ServiceEndedEarly`` at the one that helps, each with the reason ``person-left``.
    """

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
