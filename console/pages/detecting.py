"""Reporting that somebody was met: four questions, and whatever else is known. Never incomplete."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from console.answers import back_to, page
from console.desk import Visit, visit_of
from console.forms import asked, read
from console.pages.fields import CASE_TYPE, DANGER, KNOWN, MAJORITY, WHEN, Fields
from console.telling import Telling, id_within
from services.chassis.clock import new_id

ALWAYS: Final[Fields] = tuple(
    replace(field, required=True) for field in (CASE_TYPE, MAJORITY, DANGER)
)
FIELDS: Final[Fields] = (*ALWAYS, WHEN, *KNOWN)


async def detect_form(request: Request) -> Response:
    """Ask."""
    return _page(visit_of(request), ())


async def detect(request: Request) -> Response:
    """Tell; the case's id follows from the form's, so that twice is once."""
    visit = visit_of(request)
    body, objections = read(visit, FIELDS)
    if objections:
        return _page(visit, objections)
    form_id = visit.form_id() or new_id()
    case_id = id_within(form_id, "case")
    told = await visit.tell(
        Telling(
            happened="person-detected",
            subject=case_id,
            body={"detecting_agency": visit.desk.settings.node, **body},
            form_id=form_id,
        )
    )
    if told.accepted is False:
        return _page(visit, told.reasons)
    visit.session.said = "detected" if told.accepted else "on-its-way"
    reads = told.accepted and visit.may_open("GET", "/cases/{case_id}")
    return back_to(f"/cases/{case_id}" if reads else "/detect")


def _page(visit: Visit, reasons: Sequence[Mapping[str, str | None]]) -> Response:
    return page(
        visit,
        "detect.html",
        422 if reasons else 200,
        always=len(ALWAYS),
        fields=asked(visit, FIELDS, reasons),
        reasons=reasons,
        form_id=(visit.form_id() if reasons else None) or new_id(),
    )
