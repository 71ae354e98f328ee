"""Clocks that only tell: nobody opened an emergency, help did not begin. A person then acts.

Both sides run the same clock from the same times, so that each knows what the other is told. None
of it may end, change or re-route a task (design: an emergency is never re-routed without a human).
"""

from datetime import datetime

from services.referral.domain import facts
from services.referral.domain.facts import Step
from services.referral.domain.tasks import Task, notices_of


def unseen(task: Task, now: datetime) -> Step[Task]:
    """Nobody opened an emergency in time; FHIR has no word for it, the telephone has."""
    if notices_of(task).seen_by is None:
        return Step(task=task)
    return Step(task=task, facts=(facts.OfferUnseen(terms=task.terms, at=now),))


def start_overdue(task: Task, now: datetime) -> Step[Task]:
    """Help that was agreed to has not begun in the profile's time."""
    start_by = notices_of(task).start_by
    if start_by is None:
        return Step(task=task)
    return Step(task=task, facts=(facts.StartOverdue(terms=task.terms, at=now, start_by=start_by),))
