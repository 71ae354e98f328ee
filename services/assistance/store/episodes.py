"""Episodes and freezes. A freeze stands on its own: it may come before anything else does."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, assert_never
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.assistance.domain import (
    Active,
    Completed,
    EndedEarly,
    Episode,
    EpisodeState,
    Planned,
    Scheduled,
    Suspended,
)
from services.assistance.store.tables import CASE_FREEZE, EPISODE
from services.chassis.database import Record, Statement, Transaction
from services.chassis.statement import ID

PAGE_LIMIT: Final = 200

_COLUMNS: Final = tuple(column.name for column in EPISODE.c)
_OF_STATE: Final = ("state", "unit", "total", "outcome", "starts_at", "reason")
_WITH_FREEZE: Final = select(EPISODE, CASE_FREEZE.c.frozen_at).select_from(
    EPISODE.outerjoin(CASE_FREEZE, CASE_FREEZE.c.case_id == EPISODE.c.case_id)
)

_LOAD: Final = Statement(
    select(EPISODE)
    .where(EPISODE.c.task_id == bindparam("task_id"), EPISODE.c.case_id == bindparam("case_id"))
    .with_for_update()
)
_OF_CASE: Final = Statement(
    select(EPISODE)
    .where(EPISODE.c.case_id == bindparam("case_id"))
    .order_by(EPISODE.c.episode_id)
    .with_for_update()
)
_BELONGINGS: Final = Statement(
    select(EPISODE.c.episode_id, EPISODE.c.task_id)
    .where(EPISODE.c.case_id == bindparam("case_id"))
    .order_by(EPISODE.c.planned_at.desc(), EPISODE.c.episode_id)
    .limit(bindparam("many"))
)
_READ: Final = Statement(_WITH_FREEZE.where(EPISODE.c.episode_id == bindparam("episode_id")))
_READ_OF_TASKS: Final = Statement(
    _WITH_FREEZE.where(EPISODE.c.task_id == any_(bindparam("task_ids", type_=ARRAY(ID))))
    .order_by(EPISODE.c.episode_id)
    .limit(PAGE_LIMIT)
)
_LIST: Final = Statement(
    _WITH_FREEZE.where(
        or_(
            bindparam("state", type_=Text()).is_(None),
            EPISODE.c.state == bindparam("state", type_=Text()),
        ),
        or_(
            bindparam("after", type_=ID).is_(None),
            EPISODE.c.episode_id > bindparam("after", type_=ID),
        ),
    )
    .order_by(EPISODE.c.episode_id)
    .limit(bindparam("page"))
)
_ROW: Final = insert(EPISODE).values({name: bindparam(name) for name in _COLUMNS})
_SAVE: Final = Statement(
    _ROW.on_conflict_do_update(
        index_elements=[EPISODE.c.episode_id],
        set_={name: _ROW.excluded[name] for name in (*_OF_STATE, "changed_at")},
    )
)
_FROZEN: Final = Statement(
    select(CASE_FREEZE.c.frozen_at).where(CASE_FREEZE.c.case_id == bindparam("case_id"))
)
_FREEZE: Final = Statement(
    insert(CASE_FREEZE)
    .values(case_id=bindparam("case_id"), frozen_at=bindparam("frozen_at"))
    .on_conflict_do_nothing()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeRow:
    """An episode as it is kept, with its times and since when its case is frozen."""

    episode: Episode
    planned_at: datetime
    changed_at: datetime
    frozen_at: datetime | None


async def load_episode(tx: Transaction, case_id: UUID, task_id: UUID) -> Episode | None:
    """The episode of a task of this case, locked."""
    row = await tx.fetch_one(_LOAD, task_id=task_id, case_id=case_id)
    return None if row is None else _episode(row)


async def episodes_of_case(tx: Transaction, case_id: UUID) -> list[Episode]:
    """Every episode of a case, locked."""
    return [_episode(row) for row in await tx.fetch(_OF_CASE, case_id=case_id)]


async def belongings_of(tx: Transaction, case_id: UUID, many: int) -> list[tuple[UUID, UUID]]:
    """(episode, task) of the case, the newest so many, not locked."""
    rows = await tx.fetch(_BELONGINGS, case_id=case_id, many=many)
    return [(row["episode_id"], row["task_id"]) for row in rows]


async def read_episode(tx: Transaction, episode_id: UUID) -> EpisodeRow | None:
    """One episode, not locked."""
    row = await tx.fetch_one(_READ, episode_id=episode_id)
    return None if row is None else _read(row)


async def read_episodes_of_tasks(tx: Transaction, task_ids: Collection[UUID]) -> list[EpisodeRow]:
    """The episodes under these tasks by id, not locked; each task has one at most."""
    return [_read(row) for row in await tx.fetch(_READ_OF_TASKS, task_ids=sorted(task_ids))]


async def list_episodes(
    tx: Transaction, *, state: str | None, after: UUID | None, limit: int
) -> list[EpisodeRow]:
    """A page of episodes by id."""
    page = min(limit, PAGE_LIMIT)
    return [_read(row) for row in await tx.fetch(_LIST, state=state, after=after, page=page)]


async def save_episode(tx: Transaction, episode: Episode, now: datetime) -> None:
    """Remember how an episode is now; when it was planned stays."""
    await tx.execute(
        _SAVE,
        episode_id=episode.episode_id,
        task_id=episode.task_id,
        case_id=episode.case_id,
        service_type=episode.service_type,
        counted_by=episode.counted_by,
        planned_at=now,
        changed_at=now,
        **_kept(episode.state),
    )


async def frozen_at(tx: Transaction, case_id: UUID) -> datetime | None:
    """Since when nothing of the case may be read or changed."""
    row = await tx.fetch_one(_FROZEN, case_id=case_id)
    return None if row is None else row["frozen_at"]


async def freeze_case(tx: Transaction, case_id: UUID, now: datetime) -> bool:
    """Freeze the case, known or not; False when it already was."""
    return await tx.execute(_FREEZE, case_id=case_id, frozen_at=now) > 0


def _kept(state: EpisodeState) -> dict[str, Any]:
    kept: dict[str, Any] = dict.fromkeys(_OF_STATE) | {"state": state.code, "total": 0}
    match state:
        case Planned():
            return kept
        case Scheduled(starts_at=starts_at):
            return kept | {"starts_at": starts_at}
        case Active(unit=unit, total=total):
            return kept | {"unit": unit, "total": total}
        case Suspended(unit=unit, total=total, reason=reason):
            return kept | {"unit": unit, "total": total, "reason": reason}
        case Completed(unit=unit, total=total, outcome=outcome):
            return kept | {"unit": unit, "total": total, "outcome": outcome}
        case EndedEarly(unit=unit, total=total, reason=reason):
            return kept | {"unit": unit, "total": total, "reason": reason}
        case _:
            assert_never(state)


def _state(row: Record) -> EpisodeState:
    counted = {"unit": row["unit"], "total": row["total"]}
    match row["state"]:
        case "scheduled":
            return Scheduled(starts_at=row["starts_at"])
        case "active":
            return Active(**counted)
        case "suspended":
            return Suspended(**counted, reason=row["reason"])
        case "completed":
            return Completed(**counted, outcome=row["outcome"])
        case "ended-early":
            return EndedEarly(**counted, reason=row["reason"])
        case _:
            return Planned()


def _episode(row: Record) -> Episode:
    return Episode(
        episode_id=row["episode_id"],
        task_id=row["task_id"],
        case_id=row["case_id"],
        service_type=row["service_type"],
        counted_by=row["counted_by"],
        state=_state(row),
    )


def _read(row: Record) -> EpisodeRow:
    return EpisodeRow(
        episode=_episode(row),
        planned_at=row["planned_at"],
        changed_at=row["changed_at"],
        frozen_at=row["frozen_at"],
    )
