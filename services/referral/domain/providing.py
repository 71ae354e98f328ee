"""The provider's half of a task: an offer arrives, is seen, taken or declined, and carried out.

Acceptance crosses two services: a place is asked for first, and only a placed hold accepts. The
sender is told every step.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.referral.domain import facts
from services.referral.domain.cases import Case, objections_to_work_on
from services.referral.domain.facts import ARRIVAL_OVERDUE, Progress, ProgressLetter, Step, TaskFact
from services.referral.domain.refusals import Refusal, Refused
from services.referral.domain.tasks import (
    AcceptedTask,
    AcceptingTask,
    CancelledTask,
    CompletedTask,
    DeclinedTask,
    DeliveredTask,
    ExpiredTask,
    OpenOffer,
    Outcome,
    PausedTask,
    ProvidedTask,
    RunningTask,
    SeenTask,
    StartedTask,
    StoppedTask,
    TakenBackTask,
    Terms,
)

HOLD_EXPIRED: Final = "hold-expired"
SEEN, ACCEPTED, DECLINED = "seen", "accepted", "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person at the provider said, when; ``hold_until`` bounds an acceptance."""

    answer: str
    reason: str | None
    at: datetime
    hold_until: datetime


def received(terms: Terms, now: datetime) -> Step[DeliveredTask]:
    """An offer arrived; the sender is told that this node has it."""
    return Step(
        task=DeliveredTask(terms=terms),
        facts=(facts.OfferReceived(terms=terms, at=now),),
        letters=(_told(terms, DeliveredTask.code, now),),
    )


def received_too_late(terms: Terms, state: str, now: datetime) -> Step[ProvidedTask]:
    """The offer was taken back before it arrived: nobody here is asked, the sender is told so."""
    ended = withdrawn(DeliveredTask(terms=terms), state, now).task
    return Step(task=ended, letters=(_told(terms, ended.code, now),))


def a_decline_has_a_reason(_task: ProvidedTask, answer: Answer) -> Refusal | None:
    """The sender and the person must learn why (FHIR Gravity, Task.statusReason)."""
    lacks = answer.answer == DECLINED and answer.reason is None
    return Refusal("reason-missing", "reason") if lacks else None


def an_offer_is_answered_once(task: ProvidedTask, _answer: Answer) -> Refusal | None:
    """What was taken or declined is not taken or declined again (FHIR R4, Task.status)."""
    match task:
        case AcceptingTask() | AcceptedTask() | StartedTask() | PausedTask():
            return Refusal("already-answered", "task_id")
        case CompletedTask() | DeclinedTask():
            return Refusal("already-answered", "task_id")
        case _:
            return None


def an_expired_offer_is_over(task: ProvidedTask, _answer: Answer) -> Refusal | None:
    """The sender ended it: its time of receipt decides, no clock of the provider.

    Project: of two clocks one has to decide.
    """
    return Refusal("offer-expired", "task_id") if isinstance(task, ExpiredTask) else None


def a_withdrawn_offer_is_over(task: ProvidedTask, _answer: Answer) -> Refusal | None:
    """The sender took it back (FHIR R4, Task.status: cancelled is an end)."""
    return Refusal("offer-withdrawn", "task_id") if isinstance(task, CancelledTask) else None


def sharing_was_not_stopped(task: ProvidedTask, _answer: Answer) -> Refusal | None:
    """The person no longer agrees that this agency knows (Convention, Art. 11: private life)."""
    return Refusal("sharing-stopped", "task_id") if isinstance(task, StoppedTask) else None


ANSWER_RULES: Final = (
    a_decline_has_a_reason,
    an_offer_is_answered_once,
    an_expired_offer_is_over,
    a_withdrawn_offer_is_over,
    sharing_was_not_stopped,
)


def answered(task: ProvidedTask, case: Case, answer: Answer) -> Step[ProvidedTask] | Refused:
    """A person at the provider opened the offer, takes it or declines it."""
    reasons = list(objections_to_work_on(case))
    reasons += [found for rule in ANSWER_RULES if (found := rule(task, answer)) is not None]
    if reasons or not isinstance(task, OpenOffer):
        return Refused(tuple(reasons))
    seen = _opened(task, answer.at)
    match answer.answer:
        case "seen":
            return seen
        case "accepted":
            return _accepting(seen, answer)
        case _:
            reason = answer.reason or ""
            ended = _decline(task.terms, reason, answer.at)
            return Step(
                task=ended.task,
                facts=seen.facts + ended.facts,
                letters=seen.letters + ended.letters,
            )


def _opened(task: OpenOffer, at: datetime) -> Step[ProvidedTask]:
    if isinstance(task, SeenTask):
        return Step(task=task)
    return Step(
        task=SeenTask(terms=task.terms),
        facts=(facts.TaskSeen(terms=task.terms, at=at),),
        letters=(_told(task.terms, SeenTask.code, at),),
    )


def _accepting(seen: Step[ProvidedTask], answer: Answer) -> Step[ProvidedTask]:
    """Looking for a place has a clock of its own: the sender is told until when."""
    terms, until = seen.task.terms, answer.hold_until
    progress = Progress(
        task_id=terms.task_id, state=AcceptingTask.code, at=answer.at, hold_until=until
    )
    return Step(
        task=AcceptingTask(terms=terms, expires_at=until),
        facts=(*seen.facts, facts.HoldRequested(terms=terms, at=answer.at, expires_at=until)),
        letters=(*seen.letters, _letter(terms, progress)),
    )


def _decline(terms: Terms, reason: str, at: datetime) -> Step[ProvidedTask]:
    progress = Progress(task_id=terms.task_id, state=DeclinedTask.code, at=at, reason=reason)
    return Step(
        task=DeclinedTask(terms=terms, reason=reason),
        facts=(facts.TaskDeclined(terms=terms, at=at, reason=reason),),
        letters=(_letter(terms, progress),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a placed hold brings: a reference good for one use, and by when help must begin."""

    reference: UUID
    start_by: datetime


def hold_placed(task: ProvidedTask, place: Place, now: datetime) -> Step[ProvidedTask]:
    """A place is held: the offer is accepted. If the offer is gone, the place is let go."""
    match task:
        case AcceptingTask():
            return _taken(task, place, now)
        case AcceptedTask() | StartedTask() | PausedTask() | CompletedTask():
            return Step(task=task)
        case _:
            return Step(task=task, facts=(facts.HoldAbandoned(terms=task.terms, at=now),))


def _taken(task: AcceptingTask, place: Place, now: datetime) -> Step[ProvidedTask]:
    terms, reference, start_by = task.terms, place.reference, place.start_by
    progress = Progress(
        task_id=terms.task_id,
        state=AcceptedTask.code,
        at=now,
        hand_over_reference=reference,
        start_by=start_by,
    )
    fact = facts.TaskAccepted(terms=terms, at=now, hand_over_reference=reference, start_by=start_by)
    return Step(
        task=AcceptedTask(terms=terms, hand_over_reference=reference, start_by=start_by),
        facts=(fact,),
        letters=(_letter(terms, progress),),
    )


def hold_refused(task: ProvidedTask, reason: str, now: datetime) -> Step[ProvidedTask]:
    """There is no place: the offer is declined."""
    if not isinstance(task, AcceptingTask):
        return Step(task=task)
    return _decline(task.terms, reason, now)


def hold_overdue(task: ProvidedTask, now: datetime) -> Step[ProvidedTask]:
    """Nobody answered whether there is a place: let go of it and decline."""
    if not isinstance(task, AcceptingTask):
        return Step(task=task)
    declined = _decline(task.terms, HOLD_EXPIRED, now)
    abandoned = facts.HoldAbandoned(terms=task.terms, at=now)
    return Step(task=declined.task, facts=(abandoned, *declined.facts), letters=declined.letters)


def withdrawn(task: ProvidedTask, state: str, now: datetime) -> Step[ProvidedTask]:
    """The sender took the offer back. A place is let go, but never from under somebody in it."""
    if state == StoppedTask.code:
        return sharing_stopped(task, now)
    if _has_ended(task):
        return Step(task=task)
    reference = task.hand_over_reference if isinstance(task, RunningTask) else None
    ended: ProvidedTask = CancelledTask(terms=task.terms, hand_over_reference=reference)
    fact: TaskFact = facts.TaskCancelled(terms=task.terms, at=now)
    if state == ExpiredTask.code and not isinstance(task, StartedTask | PausedTask):
        ended = ExpiredTask(terms=task.terms, hand_over_reference=reference)
        fact = facts.TaskExpired(terms=task.terms, at=now)
    return Step(task=ended, facts=(*_let_go(task, now), fact))


def sharing_stopped(task: ProvidedTask, now: datetime) -> Step[ProvidedTask]:
    """The person stopped sharing: the task stops, and a place that was only held is let go.

    Also help that runs on after it was called off: what comes of it is told no more.
    """
    if _has_ended(task) and not _may_run_on(task):
        return Step(task=task)
    stopped = facts.TaskStopped(terms=task.terms, at=now)
    return Step(task=StoppedTask(terms=task.terms), facts=(*_let_go(task, now), stopped))


def not_told(task: ProvidedTask, state: str, now: datetime) -> Step[ProvidedTask]:
    """The sender never hears of this step. Of an acceptance: it seeks elsewhere, so let go.

    Never from under somebody who is already helped.
    """
    if state == AcceptedTask.code and isinstance(task, AcceptedTask):
        return sharing_stopped(task, now)
    return Step(task=task)


def arrival_overdue(task: ProvidedTask, arrive_by: datetime, now: datetime) -> Step[ProvidedTask]:
    """Who was expected did not come: the sender is told, and nothing changes.

    The sender may be the only one who can reach the person (design: feedback to the sender is
    guaranteed; passing a deadline is a notice to a human).
    """
    if not isinstance(task, AcceptedTask):
        return Step(task=task)
    progress = Progress(
        task_id=task.terms.task_id,
        state=task.code,
        at=now,
        notice=ARRIVAL_OVERDUE,
        arrive_by=arrive_by,
    )
    return Step(task=task, letters=(_letter(task.terms, progress),))


def started(task: ProvidedTask, now: datetime) -> Step[ProvidedTask]:
    """The first unit was delivered."""
    if not isinstance(task, AcceptedTask):
        return Step(task=task)
    return Step(
        task=StartedTask(terms=task.terms, hand_over_reference=task.hand_over_reference),
        facts=(facts.TaskStarted(terms=task.terms, at=now),),
        letters=(_told(task.terms, StartedTask.code, now),),
    )


def completed(task: ProvidedTask, outcome: Outcome, now: datetime) -> Step[ProvidedTask]:
    """The service ended with an outcome: it goes back to the sender.

    Also where the sender took the offer back while help ran: what came of it is told once, and the
    task stays as the sender left it (design: feedback to the sender is guaranteed).
    """
    match task:
        case AcceptedTask() | StartedTask() | PausedTask():
            ended: ProvidedTask = CompletedTask(terms=task.terms, outcome=outcome)
        case ExpiredTask(outcome=None) | CancelledTask(outcome=None):
            ended = replace(task, outcome=outcome)
        case _:
            return Step(task=task)
    progress = Progress(
        task_id=task.terms.task_id, state=CompletedTask.code, at=now, outcome=outcome
    )
    return Step(
        task=ended,
        facts=(facts.TaskCompleted(terms=task.terms, at=now, outcome=outcome),),
        letters=(_letter(task.terms, progress),),
    )


def episode_stopped(task: ProvidedTask, now: datetime) -> Step[ProvidedTask]:
    """Assistance stopped the episode; unless sharing was stopped, the sender is told."""
    if not isinstance(task, RunningTask):
        return Step(task=task)
    stopped = facts.TaskStopped(terms=task.terms, at=now)
    letter = _told(task.terms, StoppedTask.code, now)
    return Step(task=StoppedTask(terms=task.terms), facts=(stopped,), letters=(letter,))


def _has_ended(task: ProvidedTask) -> bool:
    match task:
        case DeliveredTask() | SeenTask() | AcceptingTask():
            return False
        case AcceptedTask() | StartedTask() | PausedTask():
            return False
        case _:
            return True


def _may_run_on(task: ProvidedTask) -> bool:
    """It was accepted, then taken back, and nobody said yet what came of it."""
    if not isinstance(task, TakenBackTask):
        return False
    return task.hand_over_reference is not None and task.outcome is None


def _let_go(task: ProvidedTask, now: datetime) -> tuple[TaskFact, ...]:
    if isinstance(task, AcceptingTask | AcceptedTask):
        return (facts.HoldAbandoned(terms=task.terms, at=now),)
    return ()


def _told(terms: Terms, state: str, at: datetime) -> ProgressLetter:
    return _letter(terms, Progress(task_id=terms.task_id, state=state, at=at))


def _letter(terms: Terms, progress: Progress) -> ProgressLetter:
    return ProgressLetter(to=terms.other_agency, progress=progress)
