"""What every handler does alike: record a hold, a pool, an episode; answer a command; audit.

A command is answered exactly once, in the transaction that does (or does not do) what it asks.
"""

from dataclasses import dataclass
from uuid import UUID

from contracts.vocabulary import Profile
from services.assistance import disclosure
from services.assistance.domain import (
    CheckedIn,
    EpisodeChange,
    Hold,
    Objection,
    Placed,
    Pool,
    release,
)
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


async def record_placed(work: Work, placed: Placed) -> None:
    """Remember a hold together with the pool it takes a place of or gives one back to."""
    if placed.pool is not None:
        await record_pool(work, placed.pool)
    await pools.save_hold(work.transaction, placed.hold)


async def record_episode(work: Work, change: EpisodeChange) -> None:
    """Remember how an episode is now, and tell what happened."""
    tx, episode = work.transaction, change.episode
    await episodes.save_episode(tx, episode, work.now)
    for fact in change.facts:
        outbox.tell(tx, disclosure.event_of(episode, fact), episode.case_id)


async def release_holds(work: Work, kept: list[Hold]) -> None:
    """Free the places of these holds, whether kept or occupied."""
    tx = work.transaction
    locked = await pools.lock_pools(tx, [hold.pool_id for hold in kept if hold.pool_id])
    for hold in kept:
        placed = release(hold, locked.get(hold.pool_id) if hold.pool_id else None)
        if placed is None:
            continue
        if placed.pool is not None:
            locked[placed.pool.pool_id] = placed.pool
        await record_placed(work, placed)
        await outbox.stop_clock(tx, hold)
        if not isinstance(hold.state, CheckedIn):
            outbox.tell(tx, disclosure.hold_released(hold), hold.case_id)
        note(work, hold.case_id, "release-hold")


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


def note(work: Work, subject: UUID, action: str, reason: str = "") -> None:
    """Note an act in the audit."""
    audit.record(
        work.transaction, actor=work.caller, action=action, subject=str(subject), reason=reason
    )
