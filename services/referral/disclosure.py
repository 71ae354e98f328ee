"""What of referral's facts becomes an event, field by field: nothing else leaves this service.

A lawyer can read this file alone. No identity, no count of places, no restriction and no list of
agencies may ever be added here; a capacity question carries nothing of a case.
"""

from typing import Any, Final, assert_never
from uuid import UUID

from contracts import intake, referral
from services.referral.domain import facts
from services.referral.domain.facts import (
    CapacityQuestion,
    CapacityReply,
    DraftEnded,
    DraftEndsSoon,
    Fact,
    Letter,
    NeedFact,
    OfferLetter,
    OnwardLetter,
    ProgressLetter,
    ProviderNotFound,
    ProviderRefused,
    RequestOpened,
    TaskFact,
    WithdrawalLetter,
)
from services.referral.domain.refusals import Refused

_PURPOSES: Final[dict[type[Letter], str]] = {
    OfferLetter: "referral",
    WithdrawalLetter: "referral",
    ProgressLetter: "feedback",
    CapacityQuestion: "capacity-query",
    CapacityReply: "capacity-answer",
    OnwardLetter: "feedback",
}


def purpose_of(letter: Letter) -> str:
    """For what the other agency may use it."""
    return _PURPOSES[type(letter)]


def body_of_letter(letter: Letter) -> Any:
    """The addressed event that a letter becomes."""
    match letter:
        case OfferLetter():
            return _offer(letter)
        case ProgressLetter():
            return _progress(letter)
        case WithdrawalLetter():
            return referral.OfferWithdrawn(task_id=letter.task_id, state=letter.state)
        case CapacityQuestion():
            return referral.CapacityQueried(
                query_id=letter.query_id,
                service_type=letter.service_type,
                audience_class=letter.audience_class,
                urgency=letter.urgency,
            )
        case CapacityReply():
            return referral.CapacityAnswered(query_id=letter.query_id, status=letter.status)
        case OnwardLetter():
            return referral.OnwardReferralTold(
                task_id=letter.task_id, service_types=letter.service_types, happened_at=letter.at
            )
        case _:
            assert_never(letter)


def body_of_fact(fact: Fact) -> Any:
    """The local event that a fact becomes."""
    match fact:
        case RequestOpened(request=request):
            needs = tuple(
                intake.Need(need_id=need.need_id, service_type=need.service_type)
                for need in request.needs
            )
            return referral.RequestOpened(
                request_id=request.request_id,
                needs=needs,
                urgency=request.urgency,
                dependants=request.dependants,
                separation_reason=request.separation_reason,
                return_of=request.return_of,
                best_interests=request.best_interests,
                access_needs=request.access_needs,
            )
        case DraftEndsSoon() | DraftEnded():
            return _draft_fact(fact)
        case ProviderNotFound(need=need, asked=asked):
            return referral.ProviderNotFound(
                request_id=need.request_id,
                need_id=need.need_id,
                service_type=need.service_type,
                asked=asked,
            )
        case NeedFact():
            return _need_fact(fact)
        case ProviderRefused(agency=agency, at=at):
            return referral.ProviderRefused(agency=agency, happened_at=at)
        case _:
            return _task_fact(fact)


def _draft_fact(fact: DraftEndsSoon | DraftEnded) -> Any:
    """By its number alone: what a draft asks for is told to nobody."""
    if isinstance(fact, DraftEndsSoon):
        return referral.DraftEndNear(request_id=fact.request_id, ends_at=fact.ends_at)
    return referral.DraftEnded(request_id=fact.request_id, happened_at=fact.at)


def _need_fact(fact: NeedFact) -> referral.NeedFact:
    need = fact.need
    shared: dict[str, Any] = {
        "request_id": need.request_id,
        "need_id": need.need_id,
        "service_type": need.service_type,
        "urgency": fact.urgency,
        "happened_at": fact.at,
    }
    match fact:
        case facts.NeedEscalated():
            return referral.NeedEscalated(**shared, contact=fact.contact, agency=fact.agency)
        case facts.NeedCancelled():
            return referral.NeedCancelled(**shared, reason=fact.reason)
        case facts.ProviderChosen():
            return referral.ProviderChosen(**shared, agency=fact.agency, reason=fact.reason)
        case _:
            raise TypeError(f"no event stands for {type(fact).__name__}")


def accepted(intake_id: UUID, case_id: UUID | None) -> intake.IntakeAccepted:
    """The command was carried out."""
    return intake.IntakeAccepted(intake_id=intake_id, case_id=case_id)


def refused(intake_id: UUID, case_id: UUID | None, answer: Refused) -> intake.IntakeRefused:
    """The command was refused, with every reason as a code."""
    reasons = tuple(
        intake.Reason(code=reason.code, field=reason.field) for reason in answer.reasons
    )
    return intake.IntakeRefused(reasons=reasons, intake_id=intake_id, case_id=case_id)


def _offer(letter: OfferLetter) -> referral.TaskOffered:
    terms = letter.terms
    return referral.TaskOffered(
        task_id=terms.task_id,
        service_type=terms.service_type,
        urgency=terms.urgency,
        majority=terms.majority,
        audience_class=terms.audience_class,
        answer_by=terms.answer_by,
        counted_by=terms.counted_by,
        language=terms.language,
        dependants=terms.dependants,
        access_needs=terms.access_needs,
        seen_by=terms.seen_by,
    )


def _progress(letter: ProgressLetter) -> referral.TaskProgressed:
    progress = letter.progress
    outcome = progress.outcome
    return referral.TaskProgressed(
        task_id=progress.task_id,
        state=progress.state,
        happened_at=progress.at,
        reason=progress.reason,
        pause_reason=progress.pause_reason,
        outcome=outcome.outcome if outcome else None,
        unit=outcome.unit if outcome else None,
        quantity=outcome.quantity if outcome else None,
        hand_over_reference=progress.hand_over_reference,
        notice=progress.notice,
        hold_until=progress.hold_until,
        arrive_by=progress.arrive_by,
        starts_at=progress.starts_at,
    )


_PLAIN: Final[dict[type[TaskFact], type[referral.TaskFact]]] = {
    facts.TaskDelivered: referral.TaskDelivered,
    facts.TaskSeen: referral.TaskSeen,
    facts.OfferUnseen: referral.OfferUnseen,
    facts.HoldAbandoned: referral.HoldAbandoned,
    facts.TaskExpired: referral.TaskExpired,
    facts.TaskStarted: referral.TaskStarted,
    facts.TaskResumed: referral.TaskResumed,
    facts.TaskCancelled: referral.TaskCancelled,
    facts.TaskStopped: referral.TaskStopped,
}


def _task_fact(fact: TaskFact) -> referral.TaskFact:
    if type(fact) in _PLAIN:
        return _PLAIN[type(fact)](**_shared(fact))
    match fact:
        case facts.OfferMade() | facts.OfferReceived():
            return _offered(fact)
        case facts.HoldRequested():
            return referral.HoldRequested(
                **_shared(fact),
                audience_class=fact.terms.audience_class,
                expires_at=fact.expires_at,
                dependants=fact.terms.dependants,
                access_needs=fact.terms.access_needs,
            )
        case (
            facts.PlaceSought()
            | facts.TaskScheduled()
            | facts.ExpectedEarlier()
            | facts.StartOverdue()
            | facts.PersonNotArrived()
        ):
            return _when(fact)
        case facts.TaskAccepted() | facts.TaskPaused():
            return _running(fact)
        case _:
            return _ended(fact)


def _when(
    fact: facts.PlaceSought
    | facts.TaskScheduled
    | facts.ExpectedEarlier
    | facts.StartOverdue
    | facts.PersonNotArrived,
) -> referral.TaskFact:
    """What says until when, or from when on."""
    match fact:
        case facts.PlaceSought():
            return referral.PlaceSought(**_shared(fact), hold_until=fact.hold_until)
        case facts.TaskScheduled():
            return referral.TaskScheduled(
                **_shared(fact), arrive_by=fact.arrive_by, starts_at=fact.starts_at
            )
        case facts.ExpectedEarlier():
            return referral.ExpectedEarlier(**_shared(fact), arrive_by=fact.arrive_by)
        case facts.StartOverdue():
            return referral.StartOverdue(**_shared(fact), start_by=fact.start_by)
        case facts.PersonNotArrived():
            return referral.PersonNotArrived(**_shared(fact), arrive_by=fact.arrive_by)
        case _:
            assert_never(fact)


def _running(fact: facts.TaskAccepted | facts.TaskPaused) -> referral.TaskFact:
    match fact:
        case facts.TaskAccepted():
            return referral.TaskAccepted(
                **_shared(fact),
                hand_over_reference=fact.hand_over_reference,
                start_by=fact.start_by,
            )
        case facts.TaskPaused():
            return referral.TaskPaused(**_shared(fact), reason=fact.reason)
        case _:
            assert_never(fact)


def _offered(fact: TaskFact) -> referral.TaskFact:
    terms = fact.terms
    if isinstance(fact, facts.OfferMade):
        return referral.OfferMade(**_shared(fact), answer_by=terms.answer_by, seen_by=terms.seen_by)
    return referral.OfferReceived(
        **_shared(fact),
        answer_by=terms.answer_by,
        audience_class=terms.audience_class,
        majority=terms.majority,
        dependants=terms.dependants,
        access_needs=terms.access_needs,
        seen_by=terms.seen_by,
    )


def _ended(fact: TaskFact) -> referral.TaskFact:
    match fact:
        case facts.TaskDeclined():
            return referral.TaskDeclined(**_shared(fact), reason=fact.reason)
        case facts.TaskNotSent():
            return referral.TaskNotSent(**_shared(fact), reason=fact.reason)
        case facts.TaskCompleted(outcome=outcome):
            return referral.TaskCompleted(
                **_shared(fact),
                outcome=outcome.outcome,
                unit=outcome.unit,
                quantity=outcome.quantity,
            )
        case facts.TaskReferredOnward():
            return referral.TaskReferredOnward(**_shared(fact), service_types=fact.service_types)
        case facts.LoopClosed():
            return referral.LoopClosed(**_shared(fact), outcome=fact.outcome)
        case _:
            raise TypeError(f"no event stands for {type(fact).__name__}")


def _shared(fact: TaskFact) -> dict[str, Any]:
    terms = fact.terms
    return {
        "task_id": terms.task_id,
        "side": str(terms.side),
        "service_type": terms.service_type,
        "urgency": terms.urgency,
        "other_agency": terms.other_agency,
        "counted_by": terms.counted_by,
        "happened_at": fact.at,
        "request_id": terms.request_id,
        "need_id": terms.need_id,
    }
