"""The HTTP door to requests and tasks: states and codes, for the roles that ``access`` names.

No identity is here: it is in the gateway's safe. Of a frozen case nothing is shown.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel

from services.chassis.audit_route import add_audit_route
from services.chassis.database import Database
from services.chassis.errors import NotFound
from services.chassis.messaging.unfinished import Unfinished
from services.chassis.web import caller
from services.referral.domain.drafts import Draft
from services.referral.handlers import Context, reading

Code = Annotated[str | None, Query(pattern=r"^[a-z-]{1,40}$")]


class TaskShown(BaseModel):
    """One task as one side keeps it, with its clocks; both sides read the same ones.

    ``answer_by``: the sender ends the offer. ``seen_by``, ``start_by``: people are told.
    ``hold_until``: the provider has a place or declines. ``arrive_by``, ``starts_at``: of what was
    accepted, until when the person is expected and when help begins. ``duty_phone``: the other
    agency's.
    """

    task_id: UUID
    side: str
    case_id: UUID
    other_agency: str
    service_type: str
    urgency: str
    majority: str
    audience_class: str
    language: str
    state: str
    answer_by: datetime
    seen_by: datetime | None
    hold_until: datetime | None
    start_by: datetime | None
    arrive_by: datetime | None = None
    starts_at: datetime | None = None
    dependants: int | None
    access_needs: tuple[str, ...] = ()
    offered_at: datetime
    changed_at: datetime
    reason: str | None
    hand_over_reference: UUID | None
    outcome: str | None
    unit: str | None
    quantity: int | None
    request_id: UUID | None
    need_id: UUID | None
    duty_phone: str | None = None
    unfinished: Unfinished
    """Events of the case that could not be finished here: counts; ``stuck`` asks for help."""


class NeedShown(BaseModel):
    """One need and where the search for it stands."""

    need_id: UUID
    service_type: str
    state: str
    round: int
    told: str | None
    """Who was told last that nobody is left, a code of ``escalation-contact``."""
    told_agency: str | None = None
    """To which agency the sender's people may turn; none that a restriction of the case names."""
    due_at: datetime | None
    """When the search goes on by itself, or the next one is told."""


class RequestShown(BaseModel):
    """One request with its needs and tasks."""

    request_id: UUID
    case_id: UUID
    urgency: str
    opened_at: datetime
    dependants: int | None
    separation_reason: str | None
    return_of: UUID | None
    access_needs: tuple[str, ...] = ()
    over: bool = False
    """Every need of it has come to its end: a return may name it."""
    needs: tuple[NeedShown, ...]
    tasks: tuple[TaskShown, ...]
    unfinished: Unfinished
    """Events of the case that could not be finished here: counts; ``stuck`` asks for help."""


class DraftNeedShown(BaseModel):
    """One need that nobody is asked for yet."""

    need_id: UUID
    service_type: str


class DraftShown(BaseModel):
    """A request that is kept as a draft; ``ends_at``: then it is gone."""

    request_id: UUID
    case_id: UUID
    urgency: str
    needs: tuple[DraftNeedShown, ...]
    drafted_at: datetime
    ends_at: datetime


class ConsiderationShown(BaseModel):
    """Why one service was or was not offered for one need, in one round: codes."""

    need_id: UUID
    round: int
    service_id: str
    agency: str
    verdicts: tuple[str, ...]
    considered_at: datetime


def add_routes(app: FastAPI, database: Database, context: Context) -> None:
    """Open the routes on ``app``."""
    _add_requests(app, database, context)
    _add_drafts(app, database, context)
    _add_tasks(app, database, context)
    add_audit_route(app, database, "/v1/cases/{case_id}/audit", reading.belongings_of)


def _add_requests(app: FastAPI, database: Database, context: Context) -> None:
    @app.get("/v1/requests/{request_id}")
    async def read_request(request: Request, request_id: UUID) -> RequestShown:
        """One request with its needs and tasks; recorded; 404: there is none, or it is frozen."""
        async with database.transaction() as tx:
            found = await reading.read_request(tx, caller(request), request_id)
        if found is None:
            raise NotFound("no such request")
        return _request_shown(context, found)

    @app.get("/v1/requests")
    async def list_requests(request: Request, case_id: UUID) -> list[RequestShown]:
        """What was asked for a case, with needs and tasks, up to the page limit; recorded; none
        of a frozen one."""
        async with database.transaction() as tx:
            found = await reading.list_requests(tx, caller(request), case_id, context.page_limit)
        return [_request_shown(context, view) for view in found]

    @app.get("/v1/requests/{request_id}/explanation")
    async def explain(request: Request, request_id: UUID) -> list[ConsiderationShown]:
        """Why each service was or was not offered, as codes; recorded; 404: none, or frozen."""
        async with database.transaction() as tx:
            rows = await reading.explain_request(tx, caller(request), request_id)
        if rows is None:
            raise NotFound("no such request")
        return [ConsiderationShown(**_only(ConsiderationShown, row)) for row in rows]


def _add_drafts(app: FastAPI, database: Database, context: Context) -> None:
    @app.get("/v1/cases/{case_id}/drafts")
    async def list_drafts(request: Request, case_id: UUID) -> list[DraftShown]:
        """What was written for a case and nobody is asked for yet, up to the page limit; recorded;
        none of a frozen one."""
        async with database.transaction() as tx:
            found = await reading.list_drafts(tx, caller(request), case_id, context.page_limit)
        return [_draft_shown(case_id, draft) for draft in found]


def _draft_shown(case_id: UUID, draft: Draft) -> DraftShown:
    asked = draft.request
    return DraftShown(
        request_id=asked.request_id,
        case_id=case_id,
        urgency=asked.urgency,
        needs=tuple(
            DraftNeedShown(need_id=need.need_id, service_type=need.service_type)
            for need in asked.needs
        ),
        drafted_at=asked.opened_at,
        ends_at=draft.ends_at,
    )


def _add_tasks(app: FastAPI, database: Database, context: Context) -> None:
    @app.get("/v1/tasks")
    async def list_tasks(
        request: Request,
        side: Code = None,
        state: Code = None,
        case_id: UUID | None = None,
        task_id: Annotated[frozenset[UUID], Query(max_length=200)] = frozenset(),
    ) -> list[TaskShown]:
        """Tasks of the sides that are open to the role, by ``side``, ``state`` and case if wanted,
        up to the page limit; of up to 200 ``task_id`` those alone; each recorded; 403: the other
        side."""
        wanted = reading.Wanted(side=side, state=state, case_id=case_id, task_ids=task_id)
        async with database.transaction() as tx:
            rows = await reading.list_tasks(tx, caller(request), wanted, context.page_limit)
        return [_shown(context, row) for row in rows]

    @app.get("/v1/tasks/{task_id}")
    async def read_task(request: Request, task_id: UUID) -> list[TaskShown]:
        """One task as each side here keeps it; recorded; 404: there is none, or it is frozen."""
        async with database.transaction() as tx:
            rows = await reading.read_task(tx, caller(request), task_id)
        if not rows:
            raise NotFound("no such task")
        return [_shown(context, row) for row in rows]


def _request_shown(context: Context, found: reading.RequestView) -> RequestShown:
    asked = found.request
    needs = tuple(
        NeedShown(
            need_id=need.need_id,
            service_type=need.service_type,
            state=need.state.code,
            round=need.round,
            told=need.told,
            told_agency=need.turn_to,
            due_at=need.due_at,
        )
        for need in asked.needs
    )
    return RequestShown(
        request_id=asked.request_id,
        case_id=asked.case_id,
        urgency=asked.urgency,
        opened_at=asked.opened_at,
        dependants=asked.dependants,
        separation_reason=asked.separation_reason,
        return_of=asked.return_of,
        access_needs=asked.access_needs,
        over=found.over,
        needs=needs,
        tasks=tuple(_shown(context, row) for row in found.tasks),
        unfinished=found.unfinished,
    )


def _shown(context: Context, row: Mapping[str, Any]) -> TaskShown:
    phone = reading.duty_phone(context.directory, dict(row))
    return TaskShown(**_only(TaskShown, row), duty_phone=phone)


def _only(model: type[BaseModel], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in model.model_fields if name in row}
