"""What happens when a clock rings: people are told. Only a hold that nobody took lets its place go.

A clock that rings for what has changed meanwhile says nothing.
"""

from uuid import UUID

from services.assistance import disclosure
from services.assistance.domain import (
    Hold,
    arrival_is_due,
    expire,
    limit_is_near,
    start_is_due,
    stay_is_over,
)
from services.assistance.handlers.recording import Context, free_holds, note, tell_of_hold
from services.assistance.store import episodes, outbox, pools
from services.chassis.deadlines import Deadline
from services.chassis.messaging.work import Work


def _task_of(deadline: Deadline) -> UUID:
    """What the clock is about; clocks of an older version called it otherwise."""
    return UUID(deadline.detail.get("of") or deadline.detail["task_id"])


async def _hold_of(deadline: Deadline, work: Work) -> Hold | None:
    case_id = UUID(deadline.subject)
    return await pools.load_hold(work.transaction, case_id, _task_of(deadline))


async def hold_expires(context: Context, deadline: Deadline, work: Work) -> None:
    """Nobody accepted in time: the place is free again. A confirmed one does not expire."""
    hold = await _hold_of(deadline, work)
    await free_holds(context, work, [] if hold is None else [hold], expire)


async def arrival_due(context: Context, deadline: Deadline, work: Work) -> None:
    """Whoever was expected did not come: a human looks for the person and decides."""
    hold = await _hold_of(deadline, work)
    if hold is not None and (facts := arrival_is_due(hold, work.now)):
        tell_of_hold(work, hold, facts)
        note(work, hold.case_id, "arrival-overdue")


async def stay_limit_nears(context: Context, deadline: Deadline, work: Work) -> None:
    """A limited stay ends before long."""
    hold = await _hold_of(deadline, work)
    if hold is not None and (facts := limit_is_near(hold, context.profile, work.now)):
        tell_of_hold(work, hold, facts)
        note(work, hold.case_id, "stay-limit-near")


async def stay_ends(context: Context, deadline: Deadline, work: Work) -> None:
    """The stay is over by its agreed end or its limit; nobody is put out by a clock."""
    hold = await _hold_of(deadline, work)
    if hold is not None and (facts := stay_is_over(hold, deadline.due_at, work.now)):
        tell_of_hold(work, hold, facts)
        note(work, hold.case_id, "stay-overdue")


async def start_due(context: Context, deadline: Deadline, work: Work) -> None:
    """A service was to begin and did not."""
    tx, case_id = work.transaction, UUID(deadline.subject)
    episode = await episodes.load_episode(tx, case_id, _task_of(deadline))
    if episode is None:
        return
    for fact in start_is_due(episode, work.now):
        outbox.tell(tx, disclosure.event_of(episode, fact), case_id)
        note(work, case_id, "episode-not-begun")
