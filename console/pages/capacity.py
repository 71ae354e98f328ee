"""The capacity board: how many places there are, and how many may be used. Counts stay here."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import back_to, listed, page
from console.desk import Visit, visit_of
from console.forms import Field, Kind, asked, read
from console.pages.fields import as_given
from console.telling import Telling, id_within
from services.chassis.clock import new_id
from services.chassis.errors import NotFound

COUNTS: Final = (
    Field(name="maximum", kind=Kind.NUMBER, text="places-at-most", required=True),
    Field(name="out_of_service", kind=Kind.NUMBER, text="places-out", given=("0",)),
)
WHAT: Final = (
    Field(name="service_type", kind=Kind.CHOICE, code_list="service-type", required=True),
    Field(name="audience_class", kind=Kind.CHOICE, code_list="audience-class", required=True),
)
SUITS: Final = Field(name="suits", kind=Kind.MANY, code_list="place-suits", hint="suits-hint")
"""Asked each time: what a report does not say of it is gone."""
WAITING: Final = Field(
    name="waiting_list", kind=Kind.YES_NO, text="waiting-list", hint="waiting-list-hint"
)
ASKED: Final = (*COUNTS, SUITS, WAITING)


async def list_pools(request: Request) -> Response:
    """Every pool with its places."""
    visit = visit_of(request)
    return page(visit, "capacity.html", pools=await _pools(visit))


async def new_pool_form(request: Request) -> Response:
    """Ask what a new pool is for."""
    return _form(visit_of(request), None, ())


async def make_pool(request: Request) -> Response:
    """Report a pool for the first time."""
    visit = visit_of(request)
    form_id = visit.form_id() or new_id()
    return await _report(visit, None, id_within(form_id, "pool"))


async def pool_form(request: Request, pool_id: UUID) -> Response:
    """Ask how many places a pool has now."""
    visit = visit_of(request)
    return _form(visit, await _pool(visit, pool_id), ())


async def report_pool(request: Request, pool_id: UUID) -> Response:
    """Report how many places a pool has."""
    visit = visit_of(request)
    return await _report(visit, await _pool(visit, pool_id), pool_id)


async def _report(visit: Visit, pool: Mapping[str, Any] | None, pool_id: UUID) -> Response:
    fields = ASKED if pool is not None else (*WHAT, *ASKED)
    body, objections = read(visit, fields)
    if objections:
        return _form(visit, pool, objections)
    if pool is not None:
        body |= {field.name: pool[field.name] for field in WHAT}
    told = await visit.tell(
        Telling(
            happened="capacity-reported",
            subject=pool_id,
            body={"pool_id": str(pool_id), **body},
            form_id=visit.form_id() or new_id(),
        )
    )
    if told.accepted is False:
        return _form(visit, pool, told.reasons)
    visit.session.said = "capacity-reported" if told.accepted else "on-its-way"
    return back_to("/capacity")


def _form(
    visit: Visit,
    pool: Mapping[str, Any] | None,
    reasons: Sequence[Mapping[str, str | None]],
) -> Response:
    fields = (*WHAT, *ASKED) if pool is None else _as_reported(pool)
    return page(
        visit,
        "capacity-form.html",
        422 if reasons else 200,
        pool=pool,
        fields=asked(visit, fields, reasons),
        reasons=reasons,
        form_id=(visit.form_id() if reasons else None) or new_id(),
    )


def _as_reported(pool: Mapping[str, Any]) -> tuple[Field, ...]:
    """The questions that come again, answered as they were the last time."""
    return tuple(replace(each, given=as_given(pool[each.name])) for each in ASKED)


async def _pools(visit: Visit) -> list[Mapping[str, Any]]:
    return listed(await visit.ask("assistance", "/v1/pools"))


async def _pool(visit: Visit, pool_id: UUID) -> Mapping[str, Any]:
    for pool in await _pools(visit):
        if pool["pool_id"] == str(pool_id):
            return pool
    raise NotFound("no such pool")
