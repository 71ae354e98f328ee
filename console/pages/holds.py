"""Legal holds: why what is here of a case is kept, until when; placing, confirming and lifting one.

Whoever may open these pages sees times and grounds alone: nothing of a frozen case is shown here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import back_to, listed, moment_of, page
from console.desk import Visit, visit_of
from console.forms import Field, Kind
from console.pages.asking import id_or_nothing, register_of
from console.pages.fields import Fields, choice
from console.pages.sheets import About, Body, Ids, Sheet, Thing, asks
from console.telling import id_within
from services.chassis.clock import new_id
from services.chassis.errors import NotFound

PAGE: Final = 200
Holds = Sequence[Mapping[str, Any]]


async def list_held(request: Request) -> Response:
    """Cases of which a record is kept, by their numbers alone."""
    return await _listed(visit_of(request), id_or_nothing(request.query_params.get("after", "")))


async def open_by_number(request: Request) -> Response:
    """The case whose whole number was sent; by a form, because people also type names."""
    visit = visit_of(request)
    if number := id_or_nothing(visit.value("number")):
        return back_to(f"/holds/{number}")
    return await _listed(visit, "", unread=True)


async def _listed(visit: Visit, after: str, *, unread: bool = False) -> Response:
    query = {"limit": str(PAGE)} | ({"after": after} if after else {})
    cases = listed(await visit.ask("gateway", "/v1/kept-cases", **query))
    return page(
        visit,
        "held.html",
        422 if unread else 200,
        cases=[{"case_id": case["case_id"], "frozen_at": case["frozen_at"]} for case in cases],
        following=cases[-1]["case_id"] if len(cases) == PAGE else None,
        unread=unread,
    )


async def show_holds(request: Request, case_id: UUID) -> Response:
    """The holds of one case, and what this person may do about them."""
    return await _shown(visit_of(request), case_id, ())


async def destroy_person(request: Request, case_id: UUID) -> Response:
    """Destroy what the safe has of a stopped case; why not, or that it has nothing, is said."""
    visit = visit_of(request)
    path = f"/v1/persons/{case_id}"
    try:
        against = await visit.desk.services.destroy(visit.session, path)
    except NotFound:
        visit.session.said = "nothing-to-destroy"
        return back_to(f"/holds/{case_id}")
    if against:
        return await _shown(visit, case_id, against)
    visit.session.said = "destroyed"
    return back_to(f"/holds/{case_id}")


async def _shown(visit: Visit, case_id: UUID, against: Sequence[str]) -> Response:
    thing = await _read(visit, {"case_id": case_id})
    sheets = [
        sheet for sheet in HOLD_FORMS if sheet.fits(thing) and visit.may_open("POST", sheet.place)
    ]
    return page(
        visit,
        "holds.html",
        409 if against else 200,
        case_id=str(case_id),
        holds=thing["holds"],
        sheets=sheets,
        against=against,
    )


async def holds_of(visit: Visit, case_id: UUID) -> Holds:
    """Every hold of the case, oldest first, each with whether it stands now."""
    rows = await register_of(visit, case_id, "legal-holds")
    return [{**row, "stands": _stands(visit, row)} for row in rows]


def _stands(visit: Visit, row: Mapping[str, Any]) -> bool:
    return row["ended_at"] is None and moment_of(row["stands_until"]) > visit.now


async def _read(visit: Visit, ids: Ids) -> Thing:
    case_id = ids["case_id"]
    return {"case_id": str(case_id), "holds": await holds_of(visit, case_id)}


def _standing(thing: Thing) -> Holds:
    return [hold for hold in thing["holds"] if hold["stands"]]


def _unconfirmed(thing: Thing) -> Holds:
    return [hold for hold in _standing(thing) if hold["confirmed_at"] is None]


def _which(visit: Visit, holds: Holds) -> Field:
    """One of several holds, by its ground and its day."""
    words = visit.words
    options = tuple(
        (
            hold["hold_id"],
            f"{words.label('legal-hold-ground', hold['ground'])} – "
            f"{words.moment_of(hold['ends_at'])}",
        )
        for hold in holds
    )
    return Field(
        name="hold_id", kind=Kind.CHOICE, text="which-hold", required=True, options=options
    )


async def _to_lift(visit: Visit, thing: Thing) -> Fields:
    return (_which(visit, _standing(thing)),)


async def _to_confirm(visit: Visit, thing: Thing) -> Fields:
    return (_which(visit, _unconfirmed(thing)),)


def _placed(visit: Visit, _thing: Thing, body: Body) -> Body:
    return body | {"hold_id": str(id_within(visit.form_id() or new_id(), "hold"))}


A_RECORD: Final = About(
    place="/holds/{case_id}",
    read=_read,
    called=lambda words, thing: words.text("case-called", short=thing["case_id"][:8]),
    clocks=lambda _thing: [],
)
HOLD_FORMS: Final[tuple[Sheet, ...]] = (
    Sheet(
        word="place-hold",
        happened="legal-hold-placed",
        about=A_RECORD,
        fields=asks(
            choice("ground", "legal-hold-ground", required=True),
            Field(name="ends_at", kind=Kind.DAY, text="until", required=True),
        ),
        body=_placed,
    ),
    Sheet(
        word="confirm-hold",
        happened="legal-hold-confirmed",
        about=A_RECORD,
        fields=_to_confirm,
        fits=lambda thing: bool(_unconfirmed(thing)),
    ),
    Sheet(
        word="lift-hold",
        happened="legal-hold-lifted",
        about=A_RECORD,
        fields=_to_lift,
        fits=lambda thing: bool(_standing(thing)),
        stops=True,
    ),
)
