"""Facts the referral service publishes: requests, offers, answers, the closed loop.

A *task* is one need offered to one provider. Both sides keep it under the same task id.
"""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract, Count, Node, Reference, Time, code
from contracts.intake import Codes, Need
from contracts.vocabulary import NOT_YET_KNOWN


class RequestOpened(Contract):
    """Needs were asked for; a provider is sought for each.

    ``separation_reason``: why dependants stay behind. ``return_of``: the request before this one.
    ``best_interests``: of a child referred to us, what was found before it is referred onward.
    """

    request_id: Reference
    needs: tuple[Need, ...]
    urgency: Annotated[str, code("urgency")]
    dependants: Count | None = None
    separation_reason: Annotated[str, code("separation-reason")] | None = None
    return_of: Reference | None = None
    best_interests: Annotated[str, code("best-interests")] | None = None
    access_needs: Annotated[tuple[Annotated[str, code("access-need")], ...], Codes] = ()


class DraftEndNear(Contract):
    """A request is kept as a draft and was not opened yet; after ``ends_at`` it is gone.

    Of what is urgent it is told twice, a first time when an agency would have answered already.
    What it would ask for is not in here: a draft is told to nobody.
    """

    request_id: Reference
    ends_at: Time


class DraftEnded(Contract):
    """Nobody opened a draft in the profile's days: it is gone, and nobody was asked."""

    request_id: Reference
    happened_at: Time


class CapacityQueried(Contract):
    """Addressed: can you take somebody? Carries no case reference and nothing about the person."""

    query_id: Reference
    service_type: Annotated[str, code("service-type")]
    audience_class: Annotated[str, code("audience-class")]
    urgency: Annotated[str, code("urgency")]


class CapacityAnswered(Contract):
    """Addressed: a status, never a count."""

    query_id: Reference
    status: Annotated[str, code("capacity-status")]


class TaskOffered(Contract):
    """Addressed: this person needs this service; please answer by then.

    ``seen_by``: in an emergency, by when somebody must have opened it.
    """

    task_id: Reference
    service_type: Annotated[str, code("service-type")]
    urgency: Annotated[str, code("urgency")]
    majority: Annotated[str, code("majority")]
    audience_class: Annotated[str, code("audience-class")]
    answer_by: Time
    counted_by: Node
    language: Annotated[str, code("language")] = NOT_YET_KNOWN
    dependants: Count | None = None
    seen_by: Time | None = None
    access_needs: Annotated[tuple[Annotated[str, code("access-need")], ...], Codes] = ()


class TaskProgressed(Contract):
    """Addressed, to the sender: what became of the task at the provider.

    ``hand_over_reference`` comes with acceptance and is good for one use; the duty phone is in
    the directory, not here. ``notice``: a clock of the provider ran out and changed no state.
    ``hold_until``: while it looks for a place (`accepting`), by when it has one or declines.
    ``arrive_by``, ``starts_at``: of an acceptance, until when the person is expected and when help
    is to begin; they change no state.
    """

    task_id: Reference
    state: Annotated[str, code("task-state")]
    happened_at: Time
    reason: Annotated[str, code("decline-reason")] | None = None
    pause_reason: Annotated[str, code("pause-reason")] | None = None
    outcome: Annotated[str, code("outcome")] | None = None
    unit: Annotated[str, code("unit")] | None = None
    quantity: Count | None = None
    hand_over_reference: Reference | None = None
    notice: Annotated[str, code("progress-notice")] | None = None
    hold_until: Time | None = None
    arrive_by: Time | None = None
    starts_at: Time | None = None


class OnwardReferralTold(Contract):
    """Addressed, to who referred the person to us: we asked others for help, too.

    Only with the person's consent, and never whom: by its own task, and which kinds of help.
    """

    task_id: Reference
    service_types: Annotated[
        tuple[Annotated[str, code("service-type")], ...], Field(min_length=1, max_length=20)
    ]
    happened_at: Time


class OfferWithdrawn(Contract):
    """Addressed, to the provider: the offer is expired or cancelled; let the hold go."""

    task_id: Reference
    state: Annotated[str, code("task-state")]


class TaskFact(Contract):
    """What every local fact about a task says. ``side``: are we its sender or its provider."""

    task_id: Reference
    side: Annotated[str, code("task-side")]
    service_type: Annotated[str, code("service-type")]
    urgency: Annotated[str, code("urgency")]
    other_agency: Node
    counted_by: Node
    happened_at: Time
    request_id: Reference | None = None
    need_id: Reference | None = None


class OfferMade(TaskFact):
    """Sender: the offer stands in the outgoing queue."""

    answer_by: Time
    seen_by: Time | None = None


class OfferReceived(TaskFact):
    """Provider: an offer arrived; the agency is asked to look at it."""

    answer_by: Time
    audience_class: Annotated[str, code("audience-class")]
    majority: Annotated[str, code("majority")]
    dependants: Count | None = None
    seen_by: Time | None = None
    access_needs: Annotated[tuple[Annotated[str, code("access-need")], ...], Codes] = ()


class TaskDelivered(TaskFact):
    """The provider's node has the offer (machine)."""


class TaskSeen(TaskFact):
    """A person at the provider opened it."""


class OfferUnseen(TaskFact):
    """Nobody at the provider opened an emergency in the profile's time: the sender phones, and
    the provider's own duty officer is told.
    """


class HoldRequested(TaskFact):
    """Provider: acceptance asks assistance to hold a place; ``expires_at`` bounds ACCEPTING."""

    audience_class: Annotated[str, code("audience-class")]
    expires_at: Time
    dependants: Count | None = None
    access_needs: Annotated[tuple[Annotated[str, code("access-need")], ...], Codes] = ()


class PlaceSought(TaskFact):
    """Sender: the provider said yes and looks for a place; by then it has one or declines."""

    hold_until: Time


class HoldAbandoned(TaskFact):
    """Provider: the acceptance came to nothing; assistance releases what it held."""


class TaskAccepted(TaskFact):
    """The provider takes the person; a place is held where one is needed.

    ``start_by``: when both sides are told that help has not begun.
    """

    hand_over_reference: Reference
    start_by: Time | None = None


class TaskScheduled(TaskFact):
    """Until when the person is expected, and when help is to begin, as far as the provider said.

    Both sides say the same. It changes no state; the provider's clocks run on there.
    """

    arrive_by: Time | None = None
    starts_at: Time | None = None


class ExpectedEarlier(TaskFact):
    """Sender: the person is expected by ``arrive_by`` now, earlier than was told before. Whoever
    can reach the person tells them.
    """

    arrive_by: Time


class TaskDeclined(TaskFact):
    """The provider cannot; the reason belongs to the two agencies."""

    reason: Annotated[str, code("decline-reason")]


class TaskExpired(TaskFact):
    """No answer in time."""


class TaskStarted(TaskFact):
    """The service began."""


class TaskPaused(TaskFact):
    """Help rests for a time."""

    reason: Annotated[str, code("pause-reason")] = NOT_YET_KNOWN


class TaskResumed(TaskFact):
    """Help goes on."""


class TaskReferredOnward(TaskFact):
    """Sender: the provider asked others for help, too, and the person agreed that we know."""

    service_types: tuple[Annotated[str, code("service-type")], ...]


class StartOverdue(TaskFact):
    """The service has not begun in the profile's time. It changes nothing; a person asks why."""

    start_by: Time


class PersonNotArrived(TaskFact):
    """Sender: the provider expected the person until ``arrive_by``, who did not come. It changes
    nothing; a person here looks for them and phones.
    """

    arrive_by: Time | None = None


class TaskCompleted(TaskFact):
    """The service ended with an outcome; also one that the sender had taken back while it ran."""

    outcome: Annotated[str, code("outcome")]
    unit: Annotated[str, code("unit")]
    quantity: Count


class TaskCancelled(TaskFact):
    """The sender no longer needs it."""


class TaskStopped(TaskFact):
    """The provider is not to know any more, or tells nothing more: by a withdrawal, a restriction,
    or the end of its feedback. At the sender the need goes on with another, or with a person.
    """


class TaskNotSent(TaskFact):
    """Sender: the offer may not leave the node."""

    reason: Annotated[str, code("not-sent-reason")]


class LoopClosed(TaskFact):
    """The sender knows the outcome of this need."""

    outcome: Annotated[str, code("outcome")]


class ProviderNotFound(Contract):
    """No provider is left that consent covers; a person decides how to go on."""

    request_id: Reference
    need_id: Reference
    service_type: Annotated[str, code("service-type")]
    asked: Annotated[int, Field(ge=0, le=1000, json_schema_extra={"x-nrm-class": "count"})]


class NeedFact(Contract):
    """What every local fact about a need says."""

    request_id: Reference
    need_id: Reference
    service_type: Annotated[str, code("service-type")]
    urgency: Annotated[str, code("urgency")]
    happened_at: Time


class NeedEscalated(NeedFact):
    """Still nobody: this contact is to act. ``agency`` is one that the case's restrictions allow;
    nothing of the case is sent to it by this.
    """

    contact: Annotated[str, code("escalation-contact")]
    agency: Node | None = None


class NeedCancelled(NeedFact):
    """The sender no longer seeks help for it."""

    reason: Annotated[str, code("cancel-reason")]


class ProviderChosen(NeedFact):
    """A person chose who is offered the need."""

    agency: Node
    reason: Annotated[str, code("choice-reason")] | None = None


class ProviderRefused(Contract):
    """The person does not want this provider, for any need of the case. Never leaves the node."""

    agency: Node
    happened_at: Time
