"""Sheets: one form about one thing, and the event that it becomes. A sheet is a row, not a page.

Its questions are the contract's own (``out_of_contract``), or a function where they depend on what
a service shows. What a form offers before anybody chose is what the services say; nothing is kept.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import back_to, page
from console.desk import Visit, visit_of
from console.forms import Field, Kind, Objections, asked, read
from console.pages.asking import agencies, clocks_of, read_case, whole_number
from console.questions import questions
from console.telling import Telling
from console.words import Words
from services.chassis.clock import new_id
from services.chassis.errors import NotFound

Thing = Mapping[str, Any]
Ids = Mapping[str, UUID]
Fields = tuple[Field, ...]
Body = dict[str, Any]
Reasons = Sequence[Mapping[str, str | None]]
Ask = Callable[[Visit, Thing], Awaitable[Fields]]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a form is about: where it stands, how it is read, what it is called."""

    place: str
    """Its address, with the names of ids in braces."""
    read: Callable[[Visit, Ids], Awaitable[Thing]]
    called: Callable[[Words, Thing], str]
    clocks: Callable[[Thing], list[tuple[str, str]]]
    given: tuple[str, ...] = ()
    """Properties of the body that the thing itself answers."""
    subject: str = "case_id"
    home: str = ""
    """Where its forms lead back to; without one, to the thing's own page."""
    gone: str = ""
    """Where telling it ends it, the name of what its home says when it is not there any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One form: where it is, what it asks, what it tells."""

    word: str
    """The last word of its address, and the name of its heading's text."""
    happened: str
    about: About
    fields: Ask
    body: Callable[[Visit, Thing, Body], Body] | None = None
    leads_to: Callable[[UUID, UUID], str] | None = None
    """(subject, form) -> where to go on; without one, back to the thing."""
    group: str = ""
    """The name of the heading under which the thing's page lists it; none: the page places it."""
    fits: Callable[[Thing], bool] = lambda _thing: True
    """Whether the thing's page offers it: a sheet that does not fit now is not in the way."""
    clocks: tuple[str, ...] = ()
    """Which clocks of the thing are shown beside the questions."""
    stops: bool = False
    """Whether it ends something: its button looks like it."""
    against: Callable[[Body], Objections] = lambda _body: []
    """What of the answers contradicts itself, where the door could only obey one of them."""
    beside: tuple[tuple[str, str], ...] = ()
    """A place in the body that no question has the name of, and the question it came from."""
    other_way: str = ""
    """The name of a second button beside *save*; pressed, it leads back to the thing."""

    @property
    def place(self) -> str:
        """Its address, with the names of ids in braces."""
        return f"{self.about.place}/{self.word}"


def asks(*fields: Field) -> Ask:
    """The same fields whatever the thing is."""

    async def ask(_visit: Visit, _thing: Thing) -> Fields:
        return fields

    return ask


def out_of_contract(
    happened: str, *, only: Collection[str] = (), **changes: Mapping[str, Any]
) -> Ask:
    """The questions of the event's contract, or ``only`` some; ``changes`` overrule one."""

    async def ask(visit: Visit, _thing: Thing) -> Fields:
        fields = questions(happened, only=only, changes=changes)
        if not any(field.agencies for field in fields):
            return fields
        options = await agencies(visit)
        return tuple(
            replace(field, options=options) if field.agencies else field for field in fields
        )

    return ask


def shows(sheet: Sheet) -> Callable[[Request], Awaitable[Response]]:
    """The page that asks."""

    async def show(request: Request) -> Response:
        visit, thing = visit_of(request), await _thing(request, sheet)
        return _page(visit, sheet, thing, (await sheet.fields(visit, thing), ()))

    return show


def takes(sheet: Sheet) -> Callable[[Request], Awaitable[Response]]:
    """The page that tells."""

    async def take(request: Request) -> Response:
        visit = visit_of(request)
        try:
            thing = await _thing(request, sheet)
        except NotFound:
            if not sheet.about.gone:
                raise
            visit.session.said = visit.session.said or sheet.about.gone
            return back_to(sheet.about.home.format_map(request.path_params))
        fields = await sheet.fields(visit, thing)
        body, objections = read(visit, fields)
        objections += await cases_found(visit, fields, body)
        objections += sheet.against(body)
        if objections:
            return _page(visit, sheet, thing, (fields, objections))
        subject, form_id = UUID(thing[sheet.about.subject]), visit.form_id() or new_id()
        made = sheet.body(visit, thing, body) if sheet.body is not None else body
        made = {name: thing[name] for name in sheet.about.given} | made
        told = await visit.tell(
            Telling(happened=sheet.happened, subject=subject, body=made, form_id=form_id)
        )
        if told.accepted is False:
            reasons = [_beside(sheet, reason) for reason in told.reasons]
            return _page(visit, sheet, thing, (fields, reasons))
        visit.session.said = "told" if told.accepted else "on-its-way"
        other = sheet.other_way and visit.value(sheet.other_way)
        where = sheet.leads_to(subject, form_id) if sheet.leads_to and not other else None
        return back_to(where if where and told.accepted else _home(sheet, thing))

    return take


def groups_of(sheets: Sequence[Sheet], thing: Thing) -> dict[str, list[Sheet]]:
    """The sheets that fit now, by the heading under which the thing's page lists them."""
    found: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        if sheet.fits(thing):
            found.setdefault(sheet.group, []).append(sheet)
    return found


async def _thing(request: Request, sheet: Sheet) -> Thing:
    try:
        ids = {name: UUID(value) for name, value in request.path_params.items()}
    except ValueError:
        raise NotFound("no id of a thing") from None
    found = await sheet.about.read(visit_of(request), ids)
    return {**found, **{name: str(value) for name, value in ids.items()}}


def _beside(sheet: Sheet, reason: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """What the door says of a part of the body, beside the question that it came from."""
    place = f"{reason['field'] or ''}/"
    asked_by = (name for part, name in sheet.beside if place.startswith(f"{part}/"))
    return {**reason, "field": next(asked_by, reason["field"])}


async def cases_found(visit: Visit, fields: Fields, body: Body) -> Objections:
    """Put whole numbers of cases for short ones; what is not one case of this node is wrong."""
    wrong: Objections = []
    for field in fields:
        if field.kind is Kind.CASE and field.name in body:
            found = await whole_number(visit, body[field.name])
            if found is None:
                wrong.append({"code": "unknown-linked-case", "field": field.name})
            body[field.name] = found
    return wrong


def _place(sheet: Sheet, thing: Thing) -> str:
    return sheet.about.place.format(**thing)


def _home(sheet: Sheet, thing: Thing) -> str:
    return (sheet.about.home or sheet.about.place).format(**thing)


def _page(visit: Visit, sheet: Sheet, thing: Thing, what: tuple[Fields, Reasons]) -> Response:
    fields, reasons = what
    return page(
        visit,
        "sheet.html",
        422 if reasons else 200,
        sheet=sheet,
        place=_place(sheet, thing),
        home=_home(sheet, thing),
        called=sheet.about.called(visit.words, thing),
        clocks=[clock for clock in sheet.about.clocks(thing) if clock[0] in sheet.clocks],
        fields=asked(visit, fields, reasons),
        reasons=reasons,
        form_id=(visit.form_id() if reasons else None) or new_id(),
    )


async def _case(visit: Visit, ids: Ids) -> Thing:
    return await read_case(visit, ids["case_id"])


A_CASE: Final = About(
    place="/cases/{case_id}",
    read=_case,
    called=lambda words, case: words.text("case-called", short=case["case_id"][:8]),
    clocks=clocks_of,
)
