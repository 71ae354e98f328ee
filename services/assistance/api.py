"""The HTTP door to places and episodes, for the roles that ``access`` names.

Counts are for this agency's own people. No identity is here, and nothing of a frozen case but
that it is frozen and, for whoever is at the door, that somebody of it is still here.
"""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import FastAPI, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import AwareDatetime, BaseModel

from services.assistance import disclosure, handlers
from services.assistance.domain import (
    CheckedIn,
    Completed,
    Confirmed,
    EndedEarly,
    Hold,
    Planned,
    Pool,
    Scheduled,
    Suspended,
)
from services.assistance.domain.placement import is_a_stay
from services.assistance.domain.plans import Closed, FollowUp
from services.assistance.handlers import EpisodeView, PlanView
from services.chassis.audit_route import add_audit_route
from services.chassis.database import Database
from services.chassis.errors import NotFound
from services.chassis.messaging.unfinished import Unfinished
from services.chassis.web import caller

STAMP: Final = "internal, exact: never to leave this node"
"""On everything that is counted exactly; the contributor's counts say the same."""


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
    suits: list[str] = []
    closed_because: str | None = None
    waiting_list: bool = False
    """Somebody could be put on the provider's own list while nothing is free."""


class StayShown(BaseModel):
    """What is kept for a task: a place or the promise, until when, and since when it is taken."""

    state: str
    pool_id: UUID | None
    """None: the service has no places."""
    is_a_stay: bool
    """Somebody lives here by it; else the service is promised, and nobody arrives or leaves."""
    expires_at: datetime
    arrive_by: datetime | None
    """Then a person decides whether somebody still comes."""
    since: datetime | None
    ends_at: datetime | None
    """As it was agreed; nobody is put out by a clock."""
    asks_own_consent: bool
    """Sharing was stopped meanwhile: this agency asks for a consent of its own."""
    placement_class: str
    reason: str | None


class LastingStayShown(BaseModel):
    """Somebody who is still here although sharing was stopped: what it takes to say they left."""

    task_id: UUID
    case_id: UUID
    service_type: str
    pool_id: UUID | None
    since: datetime | None
    ends_at: datetime | None


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
    starts_at: datetime | None = None
    reason: str | None = None
    """Why it rests, or why it ended early."""
    counted_by: str | None = None
    planned_at: datetime | None = None
    changed_at: datetime | None = None
    stay: StayShown | None = None
    unfinished: Unfinished | None = None
    """Events of the case that could not be finished here: counts; ``stuck`` asks for help."""


class ContractShown(BaseModel):
    """One contract: what is paid, given, left, and given beyond what is paid."""

    contract_id: UUID
    service_type: str
    unit: str
    funding: str
    recipient: str | None
    funded: int
    delivered: int
    remaining: int
    beyond: int
    starts_at: datetime
    ends_at: datetime


class GivenShown(BaseModel):
    """One row of the exact report: units of a service under a contract, in so many episodes."""

    service_type: str
    unit: str
    funding: str
    contract_id: UUID | None
    recipient: str | None
    units: int
    episodes: int


class ReportShown(BaseModel):
    """The node's own exact report of a period, stamped: it never leaves the node."""

    stamp: str
    period_start: datetime
    period_end: datetime
    rows: list[GivenShown]


class PartShown(BaseModel):
    """What one agency does under a plan."""

    part_id: UUID
    service_type: str
    agency: str
    agreed: bool


class AskingShown(BaseModel):
    """Asking after the person: when it is due, and what was said."""

    follow_up_id: UUID
    due_at: datetime
    done_at: datetime | None
    feedback: list[str]
    goals_met: list[str]


class PlanShown(BaseModel):
    """One assistance plan, as codes."""

    plan_id: UUID
    state: str
    majority: str
    risk: str
    safety_plan: str
    needs: list[str]
    goals: list[str]
    parts: list[PartShown]
    monitored_until: datetime | None
    reason: str | None
    follow_ups: list[AskingShown]


def add_routes(app: FastAPI, database: Database) -> None:
    """Open the routes on ``app``."""
    _add_contracts(app, database)
    _add_plans(app, database)
    _add_lasting_stays(app, database)
    add_audit_route(app, database, "/v1/cases/{case_id}/audit", handlers.belongings_of)

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
        task_id: Annotated[frozenset[UUID], Query(max_length=200)] = frozenset(),
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> list[EpisodeShown]:
        """Episodes by id, by ``state`` if wanted; ask again ``after`` the last; all recorded.
        With one ``task_id`` or up to 200 those under these tasks, whatever else is asked."""
        who = caller(request)
        async with database.transaction() as tx:
            if task_id:
                page = await handlers.find_episodes(tx, who, task_id)
            else:
                page = await handlers.list_episodes(tx, who, state=state, after=after, limit=limit)
        return [_episode(row) for row in page]

    @app.get("/v1/episodes/{episode_id}")
    async def read_episode(request: Request, episode_id: UUID) -> EpisodeShown:
        """One episode: state, what was given, outcome; recorded; 404: there is none."""
        async with database.transaction() as tx:
            row = await handlers.read_episode(tx, caller(request), episode_id)
        if row is None:
            raise NotFound("no such episode")
        return _episode(row)


def _add_lasting_stays(app: FastAPI, database: Database) -> None:
    @app.get("/v1/lasting-stays")
    async def list_lasting_stays(
        request: Request,
        task_id: UUID | None = None,
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> list[LastingStayShown]:
        """Stays that go on after sharing was stopped, by task, also of frozen cases; one task's
        if wanted; ask again ``after`` the last; all recorded. Their end is ``person-departed``."""
        async with database.transaction() as tx:
            found = await handlers.list_lasting_stays(
                tx, caller(request), task_id=task_id, after=after, limit=limit
            )
        return [_lasting(hold) for hold in found]


def _add_contracts(app: FastAPI, database: Database) -> None:
    @app.get("/v1/contracts")
    async def list_contracts(request: Request) -> list[ContractShown]:
        """Every contract of this agency: funded, delivered, remaining, beyond the funding."""
        async with database.transaction() as tx:
            found = await handlers.list_contracts(tx, caller(request))
        return [ContractShown.model_validate(each, from_attributes=True) for each in found]

    @app.get("/v1/contracts/{contract_id}/statement", response_class=PlainTextResponse)
    async def write_statement(
        request: Request, contract_id: UUID, start: AwareDatetime, end: AwareDatetime
    ) -> PlainTextResponse:
        """The statement of a contract from ``start`` to ``end`` for its named recipient, as CSV;
        recorded; 404: there is none; 409: the contract names no recipient."""
        async with database.transaction() as tx:
            told = await handlers.write_statement(tx, caller(request), contract_id, start, end)
        if told is None:
            raise NotFound("no such contract")
        return PlainTextResponse(disclosure.statement(told), media_type="text/csv")

    @app.get("/v1/report")
    async def read_report(
        request: Request, start: AwareDatetime, end: AwareDatetime
    ) -> ReportShown:
        """What this node gave from ``start`` to ``end``, exactly; recorded; never to leave it."""
        async with database.transaction() as tx:
            rows = await handlers.exact_report(tx, caller(request), start, end)
        return ReportShown(
            stamp=STAMP,
            period_start=start,
            period_end=end,
            rows=[GivenShown.model_validate(row, from_attributes=True) for row in rows],
        )


def _add_plans(app: FastAPI, database: Database) -> None:
    @app.get("/v1/cases/{case_id}/plans")
    async def list_plans(request: Request, case_id: UUID) -> list[PlanShown]:
        """The assistance plans of a case with their follow-ups; none of a frozen one; recorded."""
        async with database.transaction() as tx:
            found = await handlers.list_plans(tx, caller(request), case_id)
        return [_plan(view) for view in found]


def _plan(view: PlanView) -> PlanShown:
    content, state = view.plan.content, view.plan.state
    return PlanShown(
        plan_id=view.plan.plan_id,
        state=state.code,
        majority=content.majority,
        risk=content.risk,
        safety_plan=content.safety_plan,
        needs=list(content.needs),
        goals=list(content.goals),
        parts=[PartShown.model_validate(part, from_attributes=True) for part in content.parts],
        monitored_until=state.monitored_until if isinstance(state, FollowUp) else None,
        reason=state.reason if isinstance(state, Closed) else None,
        follow_ups=[
            AskingShown.model_validate(each, from_attributes=True) for each in view.askings
        ],
    )


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
        suits=sorted(pool.suits),
        closed_because=pool.closed_because,
        waiting_list=pool.waiting_list,
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
        unit=None if isinstance(state, Planned | Scheduled) else state.unit,
        total=0 if isinstance(state, Planned | Scheduled) else state.total,
        starts_at=state.starts_at if isinstance(state, Scheduled) else None,
        reason=state.reason if isinstance(state, Suspended | EndedEarly) else None,
        outcome=state.outcome if isinstance(state, Completed) else None,
        counted_by=episode.counted_by,
        planned_at=row.planned_at,
        changed_at=row.changed_at,
        stay=None if view.hold is None else _stay(view.hold),
        unfinished=view.unfinished,
    )


def _stay(hold: Hold) -> StayShown:
    state = hold.state
    return StayShown(
        state=state.code,
        pool_id=hold.pool_id,
        is_a_stay=is_a_stay(hold),
        expires_at=hold.expires_at,
        arrive_by=state.arrive_by if isinstance(state, Confirmed) else None,
        since=state.since if isinstance(state, CheckedIn) else None,
        ends_at=state.ends_at if isinstance(state, CheckedIn) else None,
        asks_own_consent=state.asks_own_consent if isinstance(state, CheckedIn) else False,
        placement_class=hold.placement_class,
        reason=hold.reason,
    )


def _lasting(hold: Hold) -> LastingStayShown:
    stay = _stay(hold)
    return LastingStayShown(
        task_id=hold.task_id,
        case_id=hold.case_id,
        service_type=hold.service_type,
        pool_id=stay.pool_id,
        since=stay.since,
        ends_at=stay.ends_at,
    )
