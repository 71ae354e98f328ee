"""A request for help: each need, who was asked and why, and what a person decides by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import back_to, listed, page
from console.desk import Visit, visit_of
from console.forms import Field, Kind, asked, read
from console.pages.asking import agencies
from console.telling import Telling
from services.chassis.clock import new_id
from services.chassis.errors import NotFound

CANCEL: Final = Field(name="reason", kind=Kind.CHOICE, code_list="cancel-reason", required=True)
CHOICE_REASON: Final = Field(
    name="reason", kind=Kind.CHOICE, code_list="choice-reason", hint="choice-reason-hint"
)
PERSON_LEFT: Final = (("reason", "person-left"),)
Reasons = Sequence[Mapping[str, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One need of one request, as a form is about it."""

    request: Mapping[str, Any]
    need: Mapping[str, Any]
    word: str
    """The name of the form's heading."""
    happened: str
    fields: tuple[Field, ...]
    says: tuple[tuple[str, str], ...] = ()
    """What it tells by itself."""


async def show_request(request: Request, request_id: UUID) -> Response:
    """One request with the explanation of every choice."""
    visit = visit_of(request)
    found = await visit.ask("referral", f"/v1/requests/{request_id}")
    why = listed(await visit.ask("referral", f"/v1/requests/{request_id}/explanation"))
    considered: dict[str, list[Mapping[str, Any]]] = {}
    for each in why:
        considered.setdefault(each["need_id"], []).append(each)
    return page(
        visit,
        "request.html",
        asked_for=found,
        considered=considered,
        verdict=visit.words.verdict,
    )


async def choose_form(request: Request, request_id: UUID, need_id: UUID) -> Response:
    """Ask who is to be offered the need."""
    visit = visit_of(request)
    return _form(visit, await _to_choose(visit, request_id, need_id), ())


async def choose_provider(request: Request, request_id: UUID, need_id: UUID) -> Response:
    """A person chooses, where nobody was found or an emergency waits."""
    visit = visit_of(request)
    return await _decided(visit, await _to_choose(visit, request_id, need_id))


async def cancel_form(request: Request, request_id: UUID, need_id: UUID) -> Response:
    """Ask why the need is over."""
    visit = visit_of(request)
    return _form(visit, await _to_cancel(visit, request_id, need_id), ())


async def cancel_need(request: Request, request_id: UUID, need_id: UUID) -> Response:
    """Nobody is sought any more."""
    visit = visit_of(request)
    return await _decided(visit, await _to_cancel(visit, request_id, need_id))


async def leave_form(request: Request, request_id: UUID, need_id: UUID) -> Response:
    """Say what leaving a service is, and what it is not."""
    visit = visit_of(request)
    return _form(visit, await _to_leave(visit, request_id, need_id), ())


async def leave_service(request: Request, request_id: UUID, need_id: UUID) -> Response:
    """The person leaves: the service is called off, and no consent ends."""
    visit = visit_of(request)
    return await _decided(visit, await _to_leave(visit, request_id, need_id))


async def _to_choose(visit: Visit, request_id: UUID, need_id: UUID) -> Asked:
    provider = Field(
        name="provider",
        kind=Kind.CHOICE,
        text="provider",
        required=True,
        options=await agencies(visit),
    )
    found, need = await _need(visit, request_id, need_id)
    return Asked(
        request=found,
        need=need,
        word="choose-provider",
        happened="provider-chosen",
        fields=(provider, CHOICE_REASON),
    )


async def _to_cancel(visit: Visit, request_id: UUID, need_id: UUID) -> Asked:
    found, need = await _need(visit, request_id, need_id)
    return Asked(
        request=found,
        need=need,
        word="cancel-need",
        happened="need-cancelled",
        fields=(CANCEL,),
    )


async def _to_leave(visit: Visit, request_id: UUID, need_id: UUID) -> Asked:
    found, need = await _need(visit, request_id, need_id)
    return Asked(
        request=found,
        need=need,
        word="leave",
        happened="need-cancelled",
        fields=(),
        says=PERSON_LEFT,
    )


async def _need(
    visit: Visit, request_id: UUID, need_id: UUID
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    found = await visit.ask("referral", f"/v1/requests/{request_id}")
    if isinstance(found, Mapping):
        for need in found["needs"]:
            if need["need_id"] == str(need_id):
                return found, need
    raise NotFound("the request has no such need")


async def _decided(visit: Visit, about: Asked) -> Response:
    body, objections = read(visit, about.fields)
    if objections:
        return _form(visit, about, objections)
    ids = {"request_id": about.request["request_id"], "need_id": about.need["need_id"]}
    told = await visit.tell(
        Telling(
            happened=about.happened,
            subject=UUID(about.request["case_id"]),
            body={**ids, **dict(about.says), **body},
            form_id=visit.form_id() or new_id(),
        )
    )
    if told.accepted is False:
        return _form(visit, about, told.reasons)
    visit.session.said = "told" if told.accepted else "on-its-way"
    return back_to(f"/requests/{ids['request_id']}")


def _form(visit: Visit, about: Asked, reasons: Reasons) -> Response:
    return page(
        visit,
        "need-form.html",
        422 if reasons else 200,
        asked_for=about.request,
        need=about.need,
        word=about.word,
        fields=asked(visit, about.fields, reasons),
        reasons=reasons,
        form_id=(visit.form_id() if reasons else None) or new_id(),
    )
