"""Reporting that somebody was met: four questions, and whatever else is known. Never incomplete."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import back_to, page
from console.desk import Visit, visit_of
from console.forms import Field, Kind, Objections, asked, read
from console.pages.asking import SHORT, agencies
from console.pages.fields import CASE_TYPE, DANGER, KNOWN, MAJORITY, WHEN, Fields, choice, many
from console.pages.sheets import cases_found
from console.telling import Telling, id_within
from services.chassis.clock import new_id

ALWAYS: Final[Fields] = tuple(
    replace(field, required=True) for field in (CASE_TYPE, MAJORITY, DANGER)
)
ALSO: Final[Fields] = (WHEN, *KNOWN)
NEVER: Final = {"never_agencies": "agency", "never_types": "agency_type", "never_oblasts": "oblast"}
"""Question of the form -> property of a restriction; each code that is chosen is one of its own."""
LINK: Final = ("linked_case", "link_kind")
"""Another case of this node and how it belongs to this one: either both are said or none."""
MERGED: Final = "duplicate-of"
"""A case that is there already is not reported again."""
UNTIL, AUTHOR = "valid_until", "recorded_for"


async def detect_form(request: Request) -> Response:
    """Ask."""
    return await _page(visit_of(request), ())


async def detect(request: Request) -> Response:
    """Tell; the case's id follows from the form's, so that twice is once."""
    visit = visit_of(request)
    body, objections = read(visit, (*ALWAYS, *await _never(visit), *_link(visit), *ALSO))
    objections += await _against_link(visit, body)
    if objections:
        return await _page(visit, objections)
    form_id = visit.form_id() or new_id()
    case_id = id_within(form_id, "case")
    restrictions = _restrictions(body, form_id)
    if restrictions:
        body["restrictions"] = restrictions
    told = await visit.tell(
        Telling(
            happened="person-detected",
            subject=case_id,
            body={"detecting_agency": visit.desk.settings.node, **body},
            form_id=form_id,
        )
    )
    if told.accepted is False:
        return await _page(visit, [_beside(reason) for reason in told.reasons])
    visit.session.said = "detected" if told.accepted else "on-its-way"
    reads = told.accepted and _reads_cases(visit)
    return back_to(f"/cases/{case_id}" if reads else "/detect")


async def _never(visit: Visit) -> Fields:
    """Who may never hear of the case: asked in the step in which somebody would be told."""
    everybody = await agencies(visit, active=False)
    return (
        Field(name="never_agencies", kind=Kind.MANY, text="never-agencies", options=everybody),
        many("never_types", "agency-type", text="never-types"),
        many("never_oblasts", "oblast", text="never-oblasts"),
        Field(name=UNTIL, kind=Kind.DAY, text="until", hint="for-ever-hint"),
        choice(AUTHOR, "restriction-author", given=("person",)),
    )


def _link(visit: Visit) -> Fields:
    """What it goes on from or belongs to; whoever may not read cases knows a number as a whole."""
    words = visit.words
    kinds = tuple(each for each in words.codes("case-link-kind") if each[0] != MERGED)
    number = "case-number-hint" if _reads_cases(visit) else "whole-number-hint"
    return (
        Field(name=LINK[0], kind=Kind.CASE, text="linked-case", hint=number),
        choice(LINK[1], "case-link-kind", options=kinds, nothing="choose"),
    )


async def _against_link(visit: Visit, body: dict[str, Any]) -> Objections:
    """How two cases belong together is never guessed: by it restrictions go over, or do not."""
    given = [name for name in LINK if visit.value(name)]
    if given and len(given) < len(LINK):
        return [{"code": "required", "field": name} for name in LINK if name not in given]
    if LINK[0] not in body:
        return []
    if len(body[LINK[0]]) <= SHORT and not _reads_cases(visit):
        return [{"code": "wrong-format", "field": LINK[0]}]
    return await cases_found(visit, _link(visit), body)


def _reads_cases(visit: Visit) -> bool:
    return visit.may_open("GET", "/cases/{case_id}")


def _restrictions(body: dict[str, Any], form_id: UUID) -> list[dict[str, Any]]:
    """One restriction for each code that was chosen; its id follows from all that it says."""
    about = {AUTHOR: body.pop(AUTHOR, "person"), UNTIL: body.pop(UNTIL, None)}
    chosen = [(place, code) for name, place in NEVER.items() for code in body.pop(name, ())]
    return [
        {
            "restriction_id": str(id_within(form_id, f"{place} {code} {sorted(about.items())}")),
            place: code,
            **{name: value for name, value in about.items() if value is not None},
        }
        for place, code in chosen
    ]


def _beside(reason: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """What the door says of a restriction, beside the question that it came from."""
    first, _, inside = (reason["field"] or "").partition("/")
    place = inside.rpartition("/")[2]
    questions = {place: name for name, place in NEVER.items()} | {UNTIL: UNTIL}
    if first != "restrictions" or place not in questions:
        return reason
    return {**reason, "field": questions[place]}


async def _page(visit: Visit, reasons: Sequence[Mapping[str, str | None]]) -> Response:
    return page(
        visit,
        "detect.html",
        422 if reasons else 200,
        always=asked(visit, ALWAYS, reasons),
        never=asked(visit, await _never(visit), reasons),
        link=asked(visit, _link(visit), reasons),
        also=asked(visit, ALSO, reasons),
        reasons=reasons,
        form_id=(visit.form_id() if reasons else None) or new_id(),
    )
