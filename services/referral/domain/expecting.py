"""Until when somebody is expected, and when help is to begin: the provider's clocks, on both sides.

They run in the provider's assistance alone. The sender is told them while there is time: it may be
the only one who can reach the person. Nothing here changes a state or ends anything.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from services.referral.domain.facts import (
    ExpectedEarlier,
    Progress,
    ProgressLetter,
    Step,
    TaskScheduled,
)
from services.referral.domain.tasks import AcceptedTask, ProvidedTask, SentTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What became known; None: nothing new was said of it."""

    arrive_by: datetime | None = None
    starts_at: datetime | None = None


def scheduled(task: ProvidedTask, said: Times, now: datetime) -> Step[ProvidedTask]:
    """Provider: a place is kept until then, or help is to begin then; the sender is told both."""
    if not isinstance(task, AcceptedTask):
        return Step(task=task)
    step = _known(task, said, now)
    if not step.facts:
        return Step(task=task)
    progress = Progress(
        task_id=task.terms.task_id,
        state=task.code,
        at=now,
        arrive_by=step.task.arrive_by,
        starts_at=step.task.starts_at,
    )
    letter = ProgressLetter(to=task.terms.other_agency, progress=progress)
    return Step(task=step.task, facts=step.facts, letters=(letter,))


def told_when(task: SentTask, progress: Progress) -> Step[SentTask]:
    """Sender: the provider says when; of anything but an acceptance that waits it means nothing.

    Of an earlier time people are told at once: whoever plans by the one before comes too late.
    """
    if not isinstance(task, AcceptedTask):
        return Step(task=task)
    said = Times(arrive_by=progress.arrive_by, starts_at=progress.starts_at)
    step = _known(task, said, progress.at)
    before, after = task.arrive_by, step.task.arrive_by
    if before is None or after is None or after >= before:
        return Step(task=step.task, facts=step.facts)
    earlier = ExpectedEarlier(terms=task.terms, at=progress.at, arrive_by=after)
    return Step(task=step.task, facts=(*step.facts, earlier))


def _known(task: AcceptedTask, said: Times, at: datetime) -> Step[AcceptedTask]:
    """The task with what was said; nothing happened where that was known."""
    after = replace(
        task,
        arrive_by=said.arrive_by or task.arrive_by,
        starts_at=said.starts_at or task.starts_at,
    )
    if after == task:
        return Step(task=task)
    fact = TaskScheduled(
        terms=task.terms, at=at, arrive_by=after.arrive_by, starts_at=after.starts_at
    )
    return Step(task=after, facts=(fact,))
