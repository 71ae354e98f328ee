"""Who the person is: asked of the gateway's safe when somebody presses for it, and not kept.

It is an answer to a form and never an address of its own, so that no browser shows it again by
going back or by loading anew, and each look leaves its row in the gateway's audit.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import back_to, page
from console.calling import ChangedMeanwhile
from console.desk import Visit, visit_of
from console.forms import DIGITS, YES
from contracts.vocabulary import code_lists
from services.chassis.errors import NotFound

LINE: Final = 200
NOTES: Final = 8000
SAFE: Final = "safe"


async def show_person(request: Request, case_id: UUID) -> Response:
    """Open the safe for one look."""
    visit = visit_of(request)
    return await _page(visit, case_id)


async def keep_person(request: Request, case_id: UUID) -> Response:
    """Put what the form says into the safe; what the form does not ask stays as it was.

    What somebody else kept since the form was shown is never covered: it is shown instead.
    """
    visit = visit_of(request)
    before, version = await _read(visit, case_id)
    person = _merged(before, visit)
    if person is None:
        return await _page(visit, case_id, 422, "not-a-year")
    if version != visit.value("version"):
        return await _page(visit, case_id, 409, "changed-meanwhile")
    path = f"/v1/persons/{case_id}"
    try:
        await visit.desk.services.put(visit.session, path, person, version)
    except ChangedMeanwhile:
        return await _page(visit, case_id, 409, "changed-meanwhile")
    visit.session.said = "person-kept"
    return back_to(f"/cases/{case_id}")


async def _page(visit: Visit, case_id: UUID, status: int = 200, wrong: str = "") -> Response:
    person, version = await _read(visit, case_id)
    shown = {"person": person, "version": version, "case_id": case_id, "wrong": wrong}
    shown |= {"genders": code_lists()["gender"].codes}
    return page(visit, "person.html", status, **shown)


async def _read(visit: Visit, case_id: UUID) -> tuple[dict[str, Any], str]:
    """Who is in the safe, and which version that is; nothing where nobody is."""
    services = visit.desk.services
    try:
        found, version = await services.versioned(visit.session, f"/v1/persons/{case_id}")
    except NotFound:
        return {}, ""
    return (dict(found), version) if isinstance(found, Mapping) else ({}, "")


def _merged(before: Mapping[str, Any], visit: Visit) -> dict[str, Any] | None:
    year, name, phone = visit.value("birth_year"), visit.value("name"), visit.value("phone")
    if year and not (year.isdecimal() and len(year) < DIGITS):
        return None
    person = {key: value for key, value in before.items() if value not in (None, "", [])}
    person |= {"birth_year": int(year)} if year else {}
    gender = visit.value("gender")
    person |= {"gender": gender} if gender in code_lists()["gender"] else {}
    person |= {"notes": visit.value("notes")[:NOTES]}
    names, phones = list(person.get("names", [])), list(person.get("phones", []))
    if name:
        first = names[0] if names else {}
        names[:1] = [{**first, "full": name[:LINE]}]
    if phone:
        first = phones[0] if phones else {}
        phones[:1] = [{**first, "number": phone[:30], "safe": visit.value(SAFE) == YES}]
    return person | {"names": names, "phones": phones}
