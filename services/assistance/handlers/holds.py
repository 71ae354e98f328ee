"""What referral asks of places: keep one, let it go, it was taken; and what ends help early."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.referral import (
    HoldAbandoned,
    HoldRequested,
    TaskAccepted,
    TaskCancelled,
    TaskExpired,
    TaskFact,
    TaskStopped,
)
from contracts.vocabulary import NOT_YET_KNOWN
from services.assistance import disclosure
from services.assistance.domain import (
    SHARING_STOPPED,
    Confirmed,
    Held,
    Hold,
    HoldAsked,
    Placed,
    Plan,
    called_off,
    cancel,
    confirm,
    place,
    plan,
    release,
    sharing_ended,
    stop,
)
from services.assistance.handlers.recording import (
    Context,
    free_holds,
    note,
    record_episode,
    record_placed,
    subject_of,
)
from services.assistance.settings import SERVICE
from services.assistance.store import episodes, outbox, pools
from services.chassis.clock import derived_id
from services.chassis.messaging.work import Received, Waits, Work

PROVIDER: Final = "provider"


def ours(body: TaskFact) -> bool:
    """Facts on the sender's side of a task are not about our places."""
    return body.side == PROVIDER


async def hold_requested(context: Context, received: Received, work: Work) -> Waits | None:
    """Keep a place, or say that there is none; the same question gets the same answer."""
    body: HoldRequested = received.body
    if not ours(body):
        return None
    tx, case_id = work.transaction, subject_of(received)
    known = await pools.load_hold(tx, case_id, body.task_id)
    if known is not None and known.is_kept:
        outbox.tell(tx, disclosure.hold_placed(known), case_id)
        return None
    asked = _asked(body, case_id, work.now, frozen=await _frozen(work, case_id))
    found = place(asked, await pools.lock_pools_of(tx, body.service_type), context.profile)
    if not isinstance(found, Placed):
        outbox.tell(tx, disclosure.hold_refused(body.task_id, found.reason), case_id)
        note(work, case_id, "refuse-hold", found.reason)
        return None
    await record_placed(context, work, found, known)
    outbox.tell(tx, disclosure.hold_placed(found.hold), case_id)
    note(work, case_id, "place-hold")
    return None


def _asked(body: HoldRequested, case_id: UUID, now: datetime, *, frozen: bool) -> HoldAsked:
    return HoldAsked(
        task_id=body.task_id,
        case_id=case_id,
        service_type=body.service_type,
        audience_class=body.audience_class,
        answer_by=body.expires_at,
        now=now,
        frozen=frozen,
        needs=frozenset(body.access_needs),
    )


async def hold_abandoned(context: Context, received: Received, work: Work) -> Waits | None:
    """The acceptance came to nothing; who is already here stays."""
    body: HoldAbandoned = received.body
    hold = await pools.load_hold(work.transaction, subject_of(received), body.task_id)
    if ours(body):
        await _drop(context, work, hold)
    return None


async def _drop(context: Context, work: Work, hold: Hold | None) -> None:
    """Let go of what is kept for somebody who is not here yet."""
    if hold is not None and isinstance(hold.state, Held | Confirmed):
        await free_holds(context, work, [hold], release)


async def task_accepted(context: Context, received: Received, work: Work) -> Waits | None:
    """The person is expected: the hold no longer expires, and help is planned."""
    body: TaskAccepted = received.body
    tx, case_id = work.transaction, subject_of(received)
    if not ours(body) or await episodes.load_episode(tx, case_id, body.task_id) is not None:
        return None
    if await _frozen(work, case_id):
        note(work, case_id, "plan-episode-refused", "case-frozen")
        return None
    hold = await pools.load_hold(tx, case_id, body.task_id)
    change = plan(
        Plan(
            episode_id=derived_id(SERVICE, str(body.task_id), "episode", 0),
            task_id=body.task_id,
            case_id=case_id,
            service_type=body.service_type,
            counted_by=body.counted_by,
            now=work.now,
        )
    )
    await record_episode(work, change, None)
    note(work, case_id, "plan-episode")
    if hold is None or not hold.is_kept:
        await _place_again(context, body, (case_id, hold), work)
    elif (confirmed := confirm(hold, context.profile, work.now)) is not None:
        await record_placed(context, work, confirmed, hold)
    return None


async def _place_again(
    context: Context, body: TaskAccepted, about: tuple[UUID, Hold | None], work: Work
) -> None:
    """Accepted after the hold was let go: another place if there is one; help goes on anyway."""
    tx, (case_id, before) = work.transaction, about
    asked = HoldAsked(
        task_id=body.task_id,
        case_id=case_id,
        service_type=body.service_type,
        audience_class=NOT_YET_KNOWN if before is None else before.audience_class,
        answer_by=work.now + context.profile.hours("hold_hours"),
        now=work.now,
        frozen=False,
    )
    found = place(asked, await pools.lock_pools_of(tx, body.service_type), context.profile)
    if not isinstance(found, Placed):
        note(work, case_id, "accepted-without-place", found.reason)
    elif (confirmed := confirm(found.hold, context.profile, work.now)) is not None:
        await record_placed(context, work, replace(confirmed, pool=found.pool), before)


async def task_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """The task is no longer wanted: what did not begin is dropped; what runs goes on, and whoever
    helps is told, because nobody else can end it.
    """
    body: TaskCancelled | TaskExpired = received.body
    tx, case_id = work.transaction, subject_of(received)
    if not ours(body):
        return None
    episode = await episodes.load_episode(tx, case_id, body.task_id)
    hold = await pools.load_hold(tx, case_id, body.task_id)
    change = None if episode is None else cancel(episode, work.now)
    if change is not None:
        await record_episode(work, change, episode)
        note(work, case_id, "cancel-episode")
    if episode is not None:
        for fact in called_off(episode, work.now):
            outbox.tell(tx, disclosure.event_of(episode, fact), case_id)
            note(work, case_id, "help-called-off")
    await _drop(context, work, hold)
    return None


async def task_stopped(context: Context, received: Received, work: Work) -> Waits | None:
    """The person stopped sharing this task with us: help stops; nobody loses the bed."""
    body: TaskStopped = received.body
    tx, case_id = work.transaction, subject_of(received)
    if not ours(body):
        return None
    episode = await episodes.load_episode(tx, case_id, body.task_id)
    hold = await pools.load_hold(tx, case_id, body.task_id)
    change = None if episode is None else stop(episode, work.now, SHARING_STOPPED)
    if change is not None:
        await record_episode(work, change, episode)
        note(work, case_id, "stop-episode")
    await free_holds(context, work, [hold] if hold is not None else [], sharing_ended)
    return None


async def sharing_stopped(context: Context, received: Received, work: Work) -> Waits | None:
    """Freeze the case, known or not; help stops, who is here stays; never waits."""
    tx, case_id = work.transaction, subject_of(received)
    if not await episodes.freeze_case(tx, case_id, work.now):
        return None
    note(work, case_id, "freeze-case")
    for episode in await episodes.episodes_of_case(tx, case_id):
        change = stop(episode, work.now, SHARING_STOPPED)
        if change is not None:
            await record_episode(work, change, episode)
    await free_holds(context, work, await pools.holds_of_case(tx, case_id), sharing_ended)
    return None


async def _frozen(work: Work, case_id: UUID) -> bool:
    return await episodes.frozen_at(work.transaction, case_id) is not None
