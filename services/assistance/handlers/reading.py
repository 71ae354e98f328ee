"""Reading is an act: allowed by the access table, recorded in the audit, and bounded."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from services.assistance.domain import Hold, Pool
from services.assistance.store import episodes, pools
from services.assistance.store.episodes import EpisodeRow
from services.chassis import audit
from services.chassis.database import Transaction
from services.chassis.identity import Caller
from services.chassis.messaging.unfinished import NOTHING, Unfinished, unfinished_of

__all__ = [
    "EpisodeView",
    "belongings_of",
    "find_episodes",
    "list_episodes",
    "list_lasting_stays",
    "list_pools",
    "read_episode",
]


async def list_pools(tx: Transaction, caller: Caller) -> list[Pool]:
    """Every pool: counts of places, nobody's case."""
    audit.record(tx, actor=caller.name, action="list-pools", subject="pools")
    return await pools.list_pools(tx)


async def list_lasting_stays(
    tx: Transaction, caller: Caller, *, task_id: UUID | None, after: UUID | None, limit: int
) -> list[Hold]:
    """Who is still in a place here after a stop of sharing; each one that is shown is recorded.

    Of a frozen case nothing else is read: without this nobody could say that somebody left.
    """
    found = await pools.lasting_stays(tx, task_id=task_id, after=after, limit=limit)
    for hold in found:
        subject = str(hold.task_id)
        audit.record(tx, actor=caller.name, action="list-lasting-stay", subject=subject)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeView:
    """An episode with its place, and what of its case could not be finished here.

    Nothing of a frozen one.
    """

    row: EpisodeRow
    hold: Hold | None
    unfinished: Unfinished | None


async def read_episode(tx: Transaction, caller: Caller, episode_id: UUID) -> EpisodeView | None:
    """One episode; the reading is recorded even when there is nothing to read."""
    found = await episodes.read_episode(tx, episode_id)
    audit.record(tx, actor=caller.name, action="read-episode", subject=str(episode_id))
    return (await _viewed(tx, [found]))[0] if found is not None else None


async def list_episodes(
    tx: Transaction, caller: Caller, *, state: str | None, after: UUID | None, limit: int
) -> list[EpisodeView]:
    """A page of episodes; each one that is shown is recorded as read."""
    return await _listed(
        tx, caller, await episodes.list_episodes(tx, state=state, after=after, limit=limit)
    )


async def find_episodes(
    tx: Transaction, caller: Caller, task_ids: Collection[UUID]
) -> list[EpisodeView]:
    """The episodes under these tasks, as far as there are any; each is recorded as read."""
    return await _listed(tx, caller, await episodes.read_episodes_of_tasks(tx, task_ids))


async def belongings_of(tx: Transaction, case_id: UUID) -> list[UUID]:
    """The episodes and tasks of a case: looking at one stands in the audit under its own id. Also
    of a frozen case: ids alone.
    """
    found = await episodes.belongings_of(tx, case_id, audit.SUBJECTS_LIMIT // 2)
    return [each for pair in found for each in pair]


async def _listed(tx: Transaction, caller: Caller, page: list[EpisodeRow]) -> list[EpisodeView]:
    for row in page:
        subject = str(row.episode.episode_id)
        audit.record(tx, actor=caller.name, action="list-episode", subject=subject)
    return await _viewed(tx, page)


async def _viewed(tx: Transaction, rows: list[EpisodeRow]) -> list[EpisodeView]:
    standing = await unfinished_of(tx, [row.episode.case_id for row in rows])
    readable = [row.episode.task_id for row in rows if row.frozen_at is None]
    holds = await pools.read_holds(tx, readable)
    return [
        EpisodeView(
            row=row,
            hold=holds.get(row.episode.task_id),
            unfinished=standing.get(str(row.episode.case_id), NOTHING)
            if row.frozen_at is None
            else None,
        )
        for row in rows
    ]
