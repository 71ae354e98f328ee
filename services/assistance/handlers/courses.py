"""What people say about the course of a service: when it begins, that it rests, that it ended."""

from collections.abc import Callable
from uuid import UUID

from contracts.intake import ServiceEndedEarly, ServiceScheduled
from contracts.referral import TaskPaused, TaskResumed
from services.assistance.access import objections
from services.assistance.domain import (
    Ending,
    Episode,
    EpisodeChange,
    Refusal,
    end_early,
    expect,
    release,
    resume,
    schedule,
    suspend,
)
from services.assistance.handlers.holds import PROVIDER
from services.assistance.handlers.recording import (
    Context,
    answer,
    asked_of,
    free_holds,
    note,
    record_episode,
    record_placed,
)
from services.assistance.store import episodes, pools
from services.chassis.messaging.work import Received, Waits, Work

Decide = Callable[[Episode], EpisodeChange | Refusal]


async def service_scheduled(context: Context, received: Received, work: Work) -> Waits | None:
    """It is to begin then; whoever is expected in a place is not overdue before."""
    body: ServiceScheduled = received.body
    done = await _decided(received, work, lambda each: schedule(each, body.starts_at, work.now))
    if not isinstance(done, EpisodeChange):
        return done
    tx, about = work.transaction, done.episode
    hold = await pools.load_hold(tx, about.case_id, body.task_id)
    row = await episodes.read_episode(tx, about.episode_id)
    if hold is not None and row is not None:
        moved = expect(hold, body.starts_at, row.planned_at, context.profile, work.now)
        if moved is not None:
            await record_placed(context, work, moved, hold)
    answer(work, asked_of(received), ())
    return None


async def task_paused(context: Context, received: Received, work: Work) -> Waits | None:
    """Help under a task of ours rests, as a person said to referral."""
    body: TaskPaused = received.body
    return await _followed(received, work, lambda each: suspend(each, body.reason, work.now))


async def task_resumed(context: Context, received: Received, work: Work) -> Waits | None:
    """Help under a task of ours goes on."""
    return await _followed(received, work, lambda each: resume(each, work.now))


async def _followed(received: Received, work: Work, decide: Decide) -> Waits | None:
    """Do as referral says where it is about help here that can; what cannot was done before."""
    body: TaskPaused | TaskResumed = received.body
    tx, case_id = work.transaction, UUID(received.envelope.subject)
    if body.side != PROVIDER or await episodes.frozen_at(tx, case_id) is not None:
        return None
    episode = await episodes.load_episode(tx, case_id, body.task_id)
    decided = None if episode is None else decide(episode)
    if isinstance(decided, EpisodeChange):
        await record_episode(work, decided, episode)
        note(work, case_id, f"episode-{decided.episode.state.code}")
    return None


async def service_ended_early(context: Context, received: Received, work: Work) -> Waits | None:
    """It ended before its need was met: what was kept for it is free."""
    body: ServiceEndedEarly = received.body
    asked = Ending(reason=body.reason, happened_at=body.occurred_at or work.now, now=work.now)
    done = await _decided(received, work, lambda each: end_early(each, asked))
    if isinstance(done, EpisodeChange):
        hold = await pools.load_hold(work.transaction, done.episode.case_id, body.task_id)
        await free_holds(context, work, [] if hold is None else [hold], release)
    return _done(received, work, done)


async def _decided(received: Received, work: Work, decide: Decide) -> EpisodeChange | Waits | None:
    """Load, allow, decide and record; a refusal is answered here, what was done by the caller."""
    asked, tx = asked_of(received), work.transaction
    frozen = await episodes.frozen_at(tx, asked.subject) is not None
    if against := objections(frozen=frozen):
        answer(work, asked, against)
        return None
    episode = await episodes.load_episode(tx, asked.subject, received.body.task_id)
    if episode is None:
        return Waits("task", str(received.body.task_id))
    decided = decide(episode)
    if isinstance(decided, Refusal):
        answer(work, asked, decided.objections)
        return None
    await record_episode(work, decided, episode)
    return decided


def _done(received: Received, work: Work, done: EpisodeChange | Waits | None) -> Waits | None:
    if not isinstance(done, EpisodeChange):
        return done
    answer(work, asked_of(received), ())
    return None
