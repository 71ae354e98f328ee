"""What every handler does alike: record a hold, a pool, an episode; answer a command; audit.

Clocks are never set by hand: what the domain says runs after a change is what runs.

A command is answered exactly once, in the transaction that does (or does not do) what it asks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.vocabulary import Profile
from services.assistance import disclosure
from services.assistance.domain import (
    Episode,
    EpisodeChange,
    Hold,
    Objection,
    Placed,
    Pool,
    clocks_of_episode,
    clocks_of_hold,
)
from services.assistance.domain.facts import HoldHappened
from services.assistance.store import episodes, outbox, pools
from services.chassis import audit
from services.chassis.errors import Misuse
from services.chassis.messaging.work import Received, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What handlers are given by ``main``."""

    profile: Profile


def subject_of(received: Received) -> UUID:
    """The case (or the pool) that the event is about."""
    return UUID(received.envelope.subject)


async def record_pool(work: Work, pool: Pool) -> None:
    """Remember how many places there are, and tell it."""
    await pools.save_pool(work.transaction, pool)
    outbox.tell(work.transaction, disclosure.pool_changed(pool), pool.pool_id)


async def record_placed(
    context: Context, work: Work, placed: Placed, before: Hold | None = None
) -> None:
    """Remember a hold with the pools that it takes a place of or gives one back to; tell it."""
    tx, hold = work.transaction, placed.hold
    for pool in (placed.left, placed.pool):
        if pool is not None:
            await record_pool(work, pool)
    await pools.save_hold(tx, hold)
    had = clocks_of_hold(before, context.profile) if before is not None else outbox.NONE
    has = clocks_of_hold(hold, context.profile)
    await outbox.keep_clocks(tx, (hold.case_id, hold.task_id), had, has)
    tell_of_hold(work, hold, placed.facts)


def tell_of_hold(work: Work, hold: Hold, facts: tuple[HoldHappened, ...]) -> None:
    """Tell the node what happened to what is kept for a task."""
    for fact in facts:
        outbox.tell(work.transaction, disclosure.event_of_hold(hold, fact), hold.case_id)


async def record_episode(work: Work, change: EpisodeChange, before: Episode | None) -> None:
    """Remember how an episode is now, and tell what happened."""
    tx, episode = work.transaction, change.episode
    await episodes.save_episode(tx, episode, work.now)
    had = clocks_of_episode(before) if before is not None else outbox.NONE
    about = (episode.case_id, episode.task_id)
    await outbox.keep_clocks(tx, about, had, clocks_of_episode(episode))
    for fact in change.facts:
        outbox.tell(tx, disclosure.event_of(episode, fact), episode.case_id)


Freed = Callable[[Hold, Pool | None, datetime], Placed | None]


async def free_holds(context: Context, work: Work, kept: list[Hold], freed: Freed) -> None:
    """Let go of these holds as ``freed`` says: released, expired, or asked for own consent."""
    locked = await pools.lock_pools(
        work.transaction, [hold.pool_id for hold in kept if hold.pool_id]
    )
    for hold in kept:
        placed = freed(hold, locked.get(hold.pool_id) if hold.pool_id else None, work.now)
        if placed is None:
            continue
        if placed.pool is not None:
            locked[placed.pool.pool_id] = placed.pool
        await record_placed(context, work, placed, hold)
        note(work, hold.case_id, f"hold-{placed.hold.state.code}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command: what it is called, what it is about, and the case if it is about one."""

    action: str
    subject: UUID
    case_id: UUID | None


def answer(work: Work, asked: Asked, against: tuple[Objection, ...]) -> None:
    """Give the one final answer, and note it in the audit."""
    if work.cause.correlation is None:
        raise Misuse("a command without the id of its intake event cannot be answered")
    intake_id = UUID(work.cause.correlation)
    if against:
        refused = disclosure.refused(intake_id, asked.case_id, against)
        outbox.tell(work.transaction, refused, asked.subject)
        note(work, asked.subject, f"{asked.action}-refused", against[0].code)
    else:
        outbox.tell(work.transaction, disclosure.accepted(intake_id, asked.case_id), asked.subject)
        note(work, asked.subject, asked.action)


def asked_of(received: Received) -> Asked:
    """The command about a case, under its own name."""
    case_id = subject_of(received)
    return Asked(action=received.envelope.type.split(".")[-2], subject=case_id, case_id=case_id)


def note(work: Work, subject: UUID, action: str, reason: str = "") -> None:
    """Note an act in the audit."""
    audit.record(
        work.transaction, actor=work.caller, action=action, subject=str(subject), reason=reason
    )
