"""What is needed, and what a provider says to an offer."""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract, Node, Reference, code
from contracts.intake.sizes import Codes
from contracts.vocabulary import NOT_YET_KNOWN


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
