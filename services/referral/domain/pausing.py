"""Help that rests for a time, and goes on: decided at the provider, told to the sender.

Only what has begun can rest (FHIR R4 Task.status: in-progress ⇄ on-hold). A pause keeps the place
and ends no clock of the person.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from services.referral.domain import facts
from services.referral.domain.cases import Case, objections_to_work_on
from services.referral.domain.facts import Progress, ProgressLetter, Step, TaskFact
from services.referral.domain.refusals import Refusal, Refused
from services.referral.domain.tasks import (
    CompletedTask,
    PausedTask,
    ProvidedTask,
    StartedTask,
    StoppedTask,
)


def sharing_goes_on(task: ProvidedTask) -> Refusal | None:
    """Nothing is done with a task of which sharing was stopped.

    Convention, Art. 11: private life.
    """
    return Refusal("sharing-stopped", "task_id") if isinstance(task, StoppedTask) else None


def help_has_not_ended(task: ProvidedTask) -> Refusal | None:
    """What ended does not rest: a return is a new request.

    FHIR R4, Task.status: completed is an end.
    """
    return Refusal("already-completed", "task_id") if isinstance(task, CompletedTask) else None


def help_is_under_way(task: ProvidedTask) -> Refusal | None:
    """Only what has begun can rest (FHIR R4, Task.status: on-hold follows in-progress)."""
    runs = isinstance(task, StartedTask | StoppedTask | CompletedTask)
    return None if runs else Refusal("wrong-state", "task_id")


def help_rests(task: ProvidedTask) -> Refusal | None:
    """Only what rests goes on (FHIR R4, Task.status: in-progress follows on-hold)."""
    rests = isinstance(task, PausedTask | StoppedTask | CompletedTask)
    return None if rests else Refusal("wrong-state", "task_id")


Rule = Callable[[ProvidedTask], Refusal | None]
PAUSE_RULES: Final[tuple[Rule, ...]] = (sharing_goes_on, help_has_not_ended, help_is_under_way)
RESUME_RULES: Final[tuple[Rule, ...]] = (sharing_goes_on, help_has_not_ended, help_rests)


def paused(
    task: ProvidedTask, case: Case, reason: str, now: datetime
) -> Step[ProvidedTask] | Refused:
    """Help rests, or every reason why it cannot."""
    reasons = _objections(PAUSE_RULES, task, case)
    if reasons or not isinstance(task, StartedTask):
        return Refused(reasons)
    resting = PausedTask(
        terms=task.terms, hand_over_reference=task.hand_over_reference, reason=reason
    )
    fact = facts.TaskPaused(terms=task.terms, at=now, reason=reason)
    return _told(resting, fact, pause_reason=reason)


def resumed(task: ProvidedTask, case: Case, now: datetime) -> Step[ProvidedTask] | Refused:
    """Help goes on, or every reason why it cannot."""
    reasons = _objections(RESUME_RULES, task, case)
    if reasons or not isinstance(task, PausedTask):
        return Refused(reasons)
    running = StartedTask(terms=task.terms, hand_over_reference=task.hand_over_reference)
    return _told(running, facts.TaskResumed(terms=task.terms, at=now))


def _objections(rules: tuple[Rule, ...], task: ProvidedTask, case: Case) -> tuple[Refusal, ...]:
    found = [rule(task) for rule in rules]
    return (*objections_to_work_on(case), *filter(None, found))


def _told(
    task: StartedTask | PausedTask, fact: TaskFact, pause_reason: str | None = None
) -> Step[ProvidedTask]:
    progress = Progress(
        task_id=task.terms.task_id, state=task.code, at=fact.at, pause_reason=pause_reason
    )
    letter = ProgressLetter(to=task.terms.other_agency, progress=progress)
    return Step(task=task, facts=(fact,), letters=(letter,))
