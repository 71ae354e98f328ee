"""What assistance says in this node: places held, episodes begun and ended.

All of it concerns tasks of which this node is the provider; the sender is told by letter.
"""

from collections.abc import Callable
from typing import cast
from uuid import UUID

from contracts import assistance
from contracts.vocabulary import code_lists
from services.chassis.clock import derived_id
from services.chassis.messaging.work import Received, Waits, Work
from services.referral.domain import expecting, providing
from services.referral.domain.facts import Step
from services.referral.domain.tasks import Outcome, ProvidedTask, Side
from services.referral.domain.timing import start_by
from services.referral.handlers.carrying import carry_out
from services.referral.handlers.context import Context
from services.referral.store import tasks

NO_UNIT = code_lists()["unit"].fallback
"""In what nothing is counted."""


async def hold_placed(context: Context, received: Received, work: Work) -> Waits | None:
    """A place is held: the offer is accepted, with a reference good for one use."""
    body: assistance.HoldPlaced = received.body
    source = f"{work.node}:{work.service}"
    place = providing.Place(
        reference=derived_id(source, work.cause.id, f"hand-over:{body.task_id}", 0),
        start_by=start_by(work.now, work.now, context.profile),
    )
    return await _applied(
        context, work, body.task_id, lambda task: providing.hold_placed(task, place, work.now)
    )


async def hold_refused(context: Context, received: Received, work: Work) -> Waits | None:
    """There is no place."""
    body: assistance.HoldRefused = received.body
    return await _applied(
        context,
        work,
        body.task_id,
        lambda task: providing.hold_refused(task, body.reason, work.now),
    )


async def hold_confirmed(context: Context, received: Received, work: Work) -> Waits | None:
    """A place is kept until somebody comes, or another time; without one nobody is expected."""
    body: assistance.HoldConfirmed = received.body
    said = expecting.Times(arrive_by=body.arrive_by)
    return await _applied(
        context, work, body.task_id, lambda task: expecting.scheduled(task, said, work.now)
    )


async def episode_scheduled(context: Context, received: Received, work: Work) -> Waits | None:
    """A person here said when help is to begin."""
    body: assistance.EpisodeScheduled = received.body
    said = expecting.Times(starts_at=body.starts_at)
    return await _applied(
        context, work, body.task_id, lambda task: expecting.scheduled(task, said, work.now)
    )


async def arrival_overdue(context: Context, received: Received, work: Work) -> Waits | None:
    """Who was expected did not come."""
    body: assistance.ArrivalOverdue = received.body
    return await _applied(
        context,
        work,
        body.task_id,
        lambda task: providing.arrival_overdue(task, body.arrive_by, work.now),
    )


async def episode_started(context: Context, received: Received, work: Work) -> Waits | None:
    """The first unit was delivered."""
    body: assistance.EpisodeStarted = received.body
    return await _applied(
        context, work, body.task_id, lambda task: providing.started(task, body.happened_at)
    )


async def episode_completed(context: Context, received: Received, work: Work) -> Waits | None:
    """The service ended with an outcome."""
    body: assistance.EpisodeCompleted = received.body
    outcome = Outcome(outcome=body.outcome, unit=body.unit, quantity=body.total)
    return await _applied(
        context,
        work,
        body.task_id,
        lambda task: providing.completed(task, outcome, body.happened_at),
    )


async def episode_ended_early(context: Context, received: Received, work: Work) -> Waits | None:
    """A human at the provider ended the service before its need was met."""
    body: assistance.EpisodeEndedEarly = received.body
    outcome = Outcome(outcome=body.outcome, unit=body.unit or NO_UNIT, quantity=body.total)
    return await _applied(
        context,
        work,
        body.task_id,
        lambda task: providing.completed(task, outcome, body.happened_at),
    )


async def episode_stopped(context: Context, received: Received, work: Work) -> Waits | None:
    """The episode was stopped."""
    body: assistance.EpisodeStopped = received.body
    return await _applied(
        context, work, body.task_id, lambda task: providing.episode_stopped(task, work.now)
    )


async def _applied(
    context: Context,
    work: Work,
    task_id: UUID,
    decide: Callable[[ProvidedTask], Step[ProvidedTask]],
) -> Waits | None:
    task = await tasks.read_task(work.transaction, task_id, Side.PROVIDER)
    if task is None:
        return Waits("task", str(task_id))
    await carry_out(context, work, [decide(cast(ProvidedTask, task))])
    return None
