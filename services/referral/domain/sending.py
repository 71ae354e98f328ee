"""The sender's half of a task: offers, what the provider tells, time that runs out.

When acceptance and expiry cross, the time at which the *sender* receives decides. No provider's
clock may ever end or keep an offer.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, assert_never
from uuid import UUID

from services.referral.domain import facts
from services.referral.domain.expecting import told_when
from services.referral.domain.facts import (
    ARRIVAL_OVERDUE,
    OfferLetter,
    Progress,
    Step,
    WithdrawalLetter,
)
from services.referral.domain.requests import EMERGENCY
from services.referral.domain.tasks import (
    AcceptedTask,
    AcceptingTask,
    CancelledTask,
    ClosedLoopTask,
    DeclinedTask,
    DeliveredTask,
    ExpiredTask,
    NotSentTask,
    OfferedTask,
    Outcome,
    PausedTask,
    RunningTask,
    SeenTask,
    SentTask,
    StartedTask,
    StoppedTask,
    TakenBackTask,
    Terms,
    UnansweredTask,
)

UNKNOWN_OUTCOME: Final = Outcome(outcome="not-yet-known", unit="item", quantity=0)
UNKNOWN_REASON: Final = "not-yet-known"
UNKNOWN_REFERENCE: Final = UUID(int=0)


def offer(terms: Terms, now: datetime) -> Step[OfferedTask]:
    """A new task: the offer goes to the provider."""
    return Step(
        task=OfferedTask(terms=terms),
        facts=(facts.OfferMade(terms=terms, at=now),),
        letters=(OfferLetter(to=terms.other_agency, terms=terms),),
    )


def progressed(task: SentTask, progress: Progress, now: datetime) -> Step[SentTask]:
    """What the provider told, applied where it still means something."""
    if progress.notice == ARRIVAL_OVERDUE and isinstance(task, AcceptedTask):
        fact = facts.PersonNotArrived(
            terms=task.terms, at=progress.at, arrive_by=progress.arrive_by
        )
        return Step(task=task, facts=(fact,))
    if progress.only_says_when:
        return told_when(task, progress)
    apply = _TOLD.get(progress.state)
    return Step(task=task) if apply is None else apply(task, progress, now)


def _delivered(task: SentTask, progress: Progress, _now: datetime) -> Step[SentTask]:
    if not isinstance(task, OfferedTask):
        return Step(task=task)
    fact = facts.TaskDelivered(terms=task.terms, at=progress.at)
    return Step(task=DeliveredTask(terms=task.terms), facts=(fact,))


def _seen(task: SentTask, progress: Progress, _now: datetime) -> Step[SentTask]:
    if not isinstance(task, OfferedTask | DeliveredTask):
        return Step(task=task)
    fact = facts.TaskSeen(terms=task.terms, at=progress.at)
    return Step(task=SeenTask(terms=task.terms), facts=(fact,))


def _accepting(task: SentTask, progress: Progress, _now: datetime) -> Step[SentTask]:
    """The provider looks for a place. Its clock is shown; ours alone still ends the offer."""
    if not isinstance(task, OfferedTask | DeliveredTask | SeenTask):
        return Step(task=task)
    until = progress.hold_until or task.terms.answer_by
    fact = facts.PlaceSought(terms=task.terms, at=progress.at, hold_until=until)
    return Step(task=AcceptingTask(terms=task.terms, expires_at=until), facts=(fact,))


def _accepted(task: SentTask, progress: Progress, now: datetime) -> Step[SentTask]:
    match task:
        case OfferedTask() | DeliveredTask() | SeenTask() | AcceptingTask():
            if now > task.terms.answer_by:
                return expired(task, now)
            reference = progress.hand_over_reference or UNKNOWN_REFERENCE
            start_by = progress.start_by
            fact = facts.TaskAccepted(
                terms=task.terms,
                at=progress.at,
                hand_over_reference=reference,
                start_by=start_by,
            )
            taken = AcceptedTask(terms=task.terms, hand_over_reference=reference, start_by=start_by)
            return Step(task=taken, facts=(fact,))
        case ExpiredTask() | CancelledTask() | StoppedTask() | DeclinedTask() | NotSentTask():
            return Step(task=task, letters=(_withdrawal(task.terms, _told(task)),))
        case AcceptedTask() | StartedTask() | PausedTask() | ClosedLoopTask():
            return Step(task=task)
        case _:
            assert_never(task)


def _declined(task: SentTask, progress: Progress, _now: datetime) -> Step[SentTask]:
    if not isinstance(task, UnansweredTask):
        return Step(task=task)
    reason = progress.reason or UNKNOWN_REASON
    fact = facts.TaskDeclined(terms=task.terms, at=progress.at, reason=reason)
    declined = DeclinedTask(terms=task.terms, reason=reason)
    return Step(task=declined, facts=(fact,), seek_again=True)


def _started(task: SentTask, progress: Progress, _now: datetime) -> Step[SentTask]:
    if not isinstance(task, AcceptedTask | PausedTask):
        return Step(task=task)
    running = StartedTask(terms=task.terms, hand_over_reference=task.hand_over_reference)
    began = facts.TaskStarted if isinstance(task, AcceptedTask) else facts.TaskResumed
    return Step(task=running, facts=(began(terms=task.terms, at=progress.at),))


def _paused(task: SentTask, progress: Progress, _now: datetime) -> Step[SentTask]:
    if not isinstance(task, AcceptedTask | StartedTask):
        return Step(task=task)
    reason = progress.pause_reason or UNKNOWN_REASON
    resting = PausedTask(
        terms=task.terms, hand_over_reference=task.hand_over_reference, reason=reason
    )
    fact = facts.TaskPaused(terms=task.terms, at=progress.at, reason=reason)
    return Step(task=resting, facts=(fact,))


def _completed(task: SentTask, progress: Progress, _now: datetime) -> Step[SentTask]:
    """Of what was taken back the outcome is known, too, and no need is met by it: another one may
    have the offer by now.
    """
    outcome = progress.outcome or UNKNOWN_OUTCOME
    match task:
        case AcceptedTask() | StartedTask() | PausedTask():
            ended: SentTask = ClosedLoopTask(terms=task.terms, outcome=outcome)
        case ExpiredTask(outcome=None) | CancelledTask(outcome=None):
            ended = replace(task, outcome=outcome)
        case _:
            return Step(task=task)
    return Step(
        task=ended,
        facts=(
            facts.TaskCompleted(terms=task.terms, at=progress.at, outcome=outcome),
            facts.LoopClosed(terms=task.terms, at=progress.at, outcome=outcome.outcome),
        ),
    )


def _stopped_there(task: SentTask, _progress: Progress, now: datetime) -> Step[SentTask]:
    return stopped(task, now, tell_provider=False)


_TOLD: Final[Mapping[str, Callable[[SentTask, Progress, datetime], Step[SentTask]]]] = (
    MappingProxyType(
        {
            "delivered": _delivered,
            "seen": _seen,
            "accepting": _accepting,
            "accepted": _accepted,
            "declined": _declined,
            "in-progress": _started,
            "on-hold": _paused,
            "completed": _completed,
            "sharing-stopped": _stopped_there,
        }
    )
)
"""What each state means to the sender; any other code changes nothing."""


def referred_onward(task: SentTask, service_types: tuple[str, ...], at: datetime) -> Step[SentTask]:
    """The provider asked others, too; that changes nothing of what it does for us."""
    if not isinstance(task, RunningTask):
        return Step(task=task)
    fact = facts.TaskReferredOnward(terms=task.terms, at=at, service_types=service_types)
    return Step(task=task, facts=(fact,))


def expired(task: SentTask, now: datetime) -> Step[SentTask]:
    """The provider did not answer in time: the offer is withdrawn and the next one is sought."""
    if not isinstance(task, UnansweredTask):
        return Step(task=task)
    return Step(
        task=ExpiredTask(terms=task.terms),
        facts=(facts.TaskExpired(terms=task.terms, at=now),),
        letters=(_withdrawal(task.terms, ExpiredTask.code),),
        seek_again=True,
    )


def feedback_ended(task: SentTask, now: datetime) -> Step[SentTask]:
    """The provider tells us no more: what it accepted may no longer be so, nobody here can know.

    An offer without an answer is left to its time. Nobody else is sought by itself, because the
    person may well be helped there: a person here decides.
    """
    if not isinstance(task, RunningTask):
        return Step(task=task)
    step = stopped(task, now, tell_provider=False)
    kept = StoppedTask(terms=task.terms, hand_over_reference=task.hand_over_reference)
    return replace(step, task=kept)


def cancelled(task: SentTask, now: datetime, *, even_started: bool) -> Step[SentTask]:
    """The case was closed, or the need was called off.

    After the end of a case a service that runs goes on, unless the case was never real. What was
    completed is not cancelled any more.
    """
    cancellable = isinstance(task, UnansweredTask | AcceptedTask)
    if not cancellable and not (even_started and isinstance(task, RunningTask)):
        return Step(task=task)
    return Step(
        task=CancelledTask(terms=task.terms),
        facts=(facts.TaskCancelled(terms=task.terms, at=now),),
        letters=(_withdrawal(task.terms, CancelledTask.code),),
    )


def refused_by_the_person(task: SentTask, now: datetime) -> Step[SentTask]:
    """The person does not want this provider: what has not begun is withdrawn, another is sought.

    Help that runs is the person's to end; nobody ends it here.
    """
    step = cancelled(task, now, even_started=False)
    return replace(step, seek_again=bool(step.facts))


def stopped(task: SentTask, now: datetime, *, tell_provider: bool) -> Step[SentTask]:
    """This provider is not to know any more, or tells us nothing more.

    Nothing may be left without somebody who goes on with the need: a person decides. Help that
    runs on after it was called off tells no outcome any more; its need is in other hands.
    """
    if tell_provider and isinstance(task, TakenBackTask) and task.outcome is None:
        return Step(task=task, letters=(_withdrawal(task.terms, StoppedTask.code),))
    if not isinstance(task, UnansweredTask | RunningTask):
        return Step(task=task)
    letters = (_withdrawal(task.terms, StoppedTask.code),) if tell_provider else ()
    return Step(
        task=StoppedTask(terms=task.terms),
        facts=(facts.TaskStopped(terms=task.terms, at=now),),
        letters=letters,
        a_person_decides=True,
    )


def restricted(task: SentTask, now: datetime) -> Step[SentTask]:
    """Never this provider: the offer is withdrawn, and another one is sought at once.

    But in an emergency: no machine re-routes it.
    """
    step = stopped(task, now, tell_provider=True)
    if not step.a_person_decides or task.terms.urgency == EMERGENCY:
        return step
    return replace(step, seek_again=True, a_person_decides=False)


def consent_withdrawn(task: SentTask, now: datetime) -> Step[SentTask]:
    """The person no longer agrees that this provider knows; the gateway itself tells it, too.

    Another is sought as far as the person still agrees. Whom help is given already may want none
    of it elsewhere: who stops sharing has not left a service, and a person decides.
    """
    if isinstance(task, StartedTask | PausedTask):
        return stopped(task, now, tell_provider=True)
    return restricted(task, now)


def sharing_stopped(task: SentTask, now: datetime) -> Step[SentTask]:
    """Who gave us the case stopped sharing it: whoever has it from us lets go of it, too.

    Nothing more is looked for under it.
    """
    step = stopped(task, now, tell_provider=False)
    letters = (_withdrawal(task.terms, CancelledTask.code),) if step.facts else ()
    return replace(step, letters=letters, a_person_decides=False)


def not_sent(task: SentTask, reason: str, now: datetime) -> Step[SentTask]:
    """The gateway sends the offer no more. Its bytes may have arrived, so it is taken back, too.

    A provider that told us of the task has it: what both sides know goes on.
    """
    match task:
        case OfferedTask():
            return Step(
                task=NotSentTask(terms=task.terms, reason=reason),
                facts=(facts.TaskNotSent(terms=task.terms, at=now, reason=reason),),
                letters=(_withdrawal(task.terms, CancelledTask.code),),
                seek_again=True,
            )
        case ExpiredTask() | CancelledTask() | StoppedTask() | DeclinedTask() | NotSentTask():
            return Step(task=task, letters=(_withdrawal(task.terms, CancelledTask.code),))
        case DeliveredTask() | SeenTask() | AcceptingTask() | ClosedLoopTask():
            return Step(task=task)
        case AcceptedTask() | StartedTask() | PausedTask():
            return Step(task=task)
        case _:
            assert_never(task)


def _told(task: DeclinedTask | ExpiredTask | CancelledTask | StoppedTask | NotSentTask) -> str:
    """The state as the provider is told: that an offer never left means to it, it is cancelled."""
    match task:
        case ExpiredTask() | CancelledTask() | StoppedTask():
            return task.code
        case DeclinedTask() | NotSentTask():
            return CancelledTask.code
        case _:
            assert_never(task)


def _withdrawal(terms: Terms, state: str) -> WithdrawalLetter:
    return WithdrawalLetter(to=terms.other_agency, task_id=terms.task_id, state=state)
