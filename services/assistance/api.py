"""The HTTP door to places and episodes, for the roles that ``access`` names.

Counts are for this agency's own people. No identity is here, and nothing of a frozen case but
that it is frozen.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel

from services.assistance import handlers
from services.assistance.domain import Active, Completed, Planned, Pool
from services.assistance.handlers import EpisodeView
from services.chassis.database import Database
from services.chassis.errors import NotFound
from services.chassis.messaging.unfinished import Unfinished
from services.chassis.web import caller


class PoolShown(BaseModel):
    """One pool: places that are free, kept, taken, and not usable."""

    pool_id: UUID
    service_type: str
    audience_class: str
    status: str
    maximum: int
    available: int
    held: int
    occupied: int
    out_of_service: int
    reported_at: datetime


class EpisodeShown(BaseModel):
    """One episode. Of a frozen case only the id and since when it is frozen are given."""

    episode_id: UUID
    frozen_at: datetime | None
    case_id: UUID | None = None
    task_id: UUID | None = None
    service_type: str | None = None
    state: str | None = None
    unit: str | None = None
    total: int | None = None
    outcome: str | None = None
    counted_by: str | None = None
    planned_at: datetime | None = None
    changed_at: datetime | None = None
    unfinished: Unfinished | None = None
    """Events of the case that could not be finished here: counts; ``stuck`` asks for help."""


def add_routes(app: FastAPI, database: Database) -> None:
    """Open the routes on ``app``."""

    @app.get("/v1/pools")
    async def list_pools(request: Request) -> list[PoolShown]:
        """Every pool of this agency with its places: free, kept, taken, not usable."""
        async with database.transaction() as tx:
            pools = await handlers.list_pools(tx, caller(request))
        return [_pool(pool) for pool in pools]

    @app.get("/v1/episodes")
    async def list_episodes(
        request: Request,
        state: Annotated[str | None, Query(pattern=r"^[a-z-]{1,40}$")] = None,
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> list[EpisodeShown]:
        """Episodes by id, by ``state`` if wanted; ask again ``after`` the last; all recorded."""
        async with database.transaction() as tx:
            page = await handlers.list_episodes(
                tx, caller(request), state=state, after=after, limit=limit
            )
        return [_episode(row) for row in page]

    @app.get("/v1/episodes/{episode_id}")
    async def read_episode(request: Request, episode_id: UUID) -> EpisodeShown:
        """One episode: state, what was given, outcome; recorded; 404: there is none."""
        async with database.transaction() as tx:
            row = await handlers.read_episode(tx, caller(request), episode_id)
        if row is None:
            raise NotFound("no such episode")
        return _episode(row)


def _pool(pool: Pool) -> PoolShown:
    return PoolShown(
        pool_id=pool.pool_id,
        service_type=pool.service_type,
        audience_class=pool.audience_class,
        status=pool.status,
        maximum=pool.maximum,
        available=pool.available,
        held=pool.held,
        occupied=pool.occupied,
        out_of_service=pool.out_of_service,
        reported_at=pool.reported_at,
    )


def _episode(view: EpisodeView) -> EpisodeShown:
    row = view.row
    episode, state = row.episode, row.episode.state
    if row.frozen_at is not None:
        return EpisodeShown(episode_id=episode.episode_id, frozen_at=row.frozen_at)
    return EpisodeShown(
        episode_id=episode.episode_id,
        frozen_at=None,
        case_id=episode.case_id,
        task_id=episode.task_id,
        service_type=episode.service_type,
        state=state.code,
        unit=state.unit if isinstance(state, Active | Completed) else None,
        total=0 if isinstance(state, Planned) else state.total,
        outcome=state.outcome if isinstance(state, Completed) else None,
        counted_by=episode.counted_by,
        planned_at=row.planned_at,
        changed_at=row.changed_at,
        unfinished=view.unfinished,
    )
