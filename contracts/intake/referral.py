"""What is needed, what a provider says to an offer, and what people decide about either by hand."""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract, Count, Flag, Node, Reference, code
from contracts.intake.sizes import Codes
from contracts.vocabulary import NOT_YET_KNOWN


class Need(Contract):
    """One thing the person needs; each need is referred on its own, none blocks another."""

    need_id: Reference
    service_type: Annotated[str, code("service-type")]


class ReferralRequested(Contract):
    """Coded needs for which a provider is sought.

    ``dependants`` come along to any place to live, unless ``separation_reason`` says why not; as
    many as the case has where nothing is said here, and never fewer without a reason.
    ``return_of`` is an earlier request of the case whose loop was closed. ``best_interests`` is
    for a child whom another agency referred to this one: its record is not here, and no child is
    placed before somebody found what is best for it. ``access_needs``: what a service must have
    so that the person can come, use it and be understood; who says that it has it comes first.
    ``draft``: nobody is asked until ``referral-opened`` says so; after the profile's days it is
    gone. An emergency is no draft, nor is an urgency that nobody here knows.
    """

    request_id: Reference
    needs: Annotated[tuple[Need, ...], Field(min_length=1, max_length=20)]
    urgency: Annotated[str, code("urgency")]
    audience_class: Annotated[str, code("audience-class")] = NOT_YET_KNOWN
    language: Annotated[str, code("language")] = NOT_YET_KNOWN
    preferred_providers: Annotated[tuple[Node, ...], Codes] = ()
    dependants: Count | None = None
    separation_reason: Annotated[str, code("separation-reason")] | None = None
    return_of: Reference | None = None
    best_interests: Annotated[str, code("best-interests")] | None = None
    access_needs: Annotated[tuple[Annotated[str, code("access-need")], ...], Codes] = ()
    draft: Flag = False


class ReferralOpened(Contract):
    """A request that was kept as a draft is asked for from now on, as it was written."""

    request_id: Reference


class OfferAnswered(Contract):
    """A person at the provider opened the offer (seen), took it, or declined with a reason."""

    task_id: Reference
    answer: Annotated[str, code("offer-answer")]
    reason: Annotated[str, code("decline-reason")] | None = None


class NeedCancelled(Contract):
    """The sender no longer seeks help for a need; without ``need_id`` for none of the request.

    Help that runs for it is called off, too: so a person leaves a service. No consent ends by it.
    A draft is dropped so, too, as a whole.
    """

    request_id: Reference
    need_id: Reference | None = None
    reason: Annotated[str, code("cancel-reason")]


class ProviderChosen(Contract):
    """A person chooses who is offered a need, after nobody was found or in an emergency.

    An agency that has not signed the memorandum needs a ``reason`` and a consent that names it.
    """

    request_id: Reference
    need_id: Reference
    provider: Node
    reason: Annotated[str, code("choice-reason")] | None = None


class ProviderRefused(Contract):
    """The person does not want this provider: it is never offered again, for any need."""

    provider: Node


class HelpPaused(Contract):
    """Provider: help rests for a time."""

    task_id: Reference
    reason: Annotated[str, code("pause-reason")] = NOT_YET_KNOWN


class HelpResumed(Contract):
    """Provider: help goes on."""

    task_id: Reference
