"""Routes of the agency's own system: intake, and the two feeds that it polls.

An answer repeats nothing but ids; what is wrong is told by codes and places, and each code has its
label in the language that ``Accept-Language`` asks for.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import JSONResponse, Response

from services.chassis.errors import RecordTooLarge
from services.chassis.identity import Caller
from services.chassis.language import label, language
from services.chassis.web import caller
from services.gateway.api.bodies import bounded_body
from services.gateway.domain.news import emergencies_first
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.feeds import (
    ANSWERS,
    INCOMING,
    read_feed,
    with_duty_phones,
    without_frozen_cases,
)
from services.gateway.handlers.form import carried_by_http, letter_from
from services.gateway.handlers.intake import Reply, receive, wait_for_answer

POSITION_LIMIT: Final = 2**53
_WAIT: Final = re.compile(r"(?:^|[,;\s])wait=([0-9]{1,4})(?:$|[,;\s])")

Asking = Annotated[Caller, Depends(caller)]
After = Annotated[int, Query(ge=0, le=POSITION_LIMIT, description="the last position seen")]
Limit = Annotated[int, Query(ge=1, le=500, description="entries at most")]
Prefer = Annotated[str | None, Header(description="wait=5: wait so many seconds at most")]
_EVENT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/cloudevents+json": {"schema": {"type": "object"}},
        },
    }
}


def intake_routes(context: GatewayContext) -> APIRouter:
    """Intake, answers, incoming."""
    routes = APIRouter()

    @routes.post("/v1/intake", status_code=202, openapi_extra=_EVENT)
    async def post_intake(request: Request, asking: Asking, prefer: Prefer = None) -> Response:
        """Take an intake event (CloudEvents, binary or structured); people by role, else 403.

        200: accepted. 422: refused with every reason. 202: on its way to the service that decides;
        the final answer is in ``/v1/answers``.
        """
        limit = context.settings.intake_limit_bytes
        try:
            body = await bounded_body(request, limit)
        except RecordTooLarge:
            return _answered(_too_large())
        letter = letter_from(carried_by_http(request.headers.items(), body), limit)
        reply = await receive(context, asking, letter)
        seconds = wanted_wait(prefer)
        if seconds:
            reply = await wait_for_answer(context, reply, seconds)
        return _answered(reply)

    _add_feeds(routes, context)
    return routes


def _add_feeds(routes: APIRouter, context: GatewayContext) -> None:
    @routes.get("/v1/answers")
    async def get_answers(after: After = 0, limit: Limit = 100) -> dict[str, Any]:
        """Final answers to intake events, in order; ask again ``after`` the value of ``next``;
        410: what followed was forgotten, go on after the header ``Ask-After``.
        """
        page, following = await read_feed(context, ANSWERS, after, limit)
        said = [{**entry, "reasons": in_words(entry["reasons"])} for entry in page]
        return {"answers": said, "next": following}

    @routes.get("/v1/incoming")
    async def get_incoming(after: After = 0, limit: Limit = 100) -> dict[str, Any]:
        """Offers and news for this agency, in order, but on each page emergencies first (within a
        case the order stays); ask again ``after`` the value of ``next``, not of the last entry;
        410: what followed was forgotten, go on after the header ``Ask-After``.
        """
        page, following = await read_feed(context, INCOMING, after, limit)
        told = await without_frozen_cases(context, await with_duty_phones(context.directory, page))
        return {"incoming": emergencies_first(told), "next": following}


def wanted_wait(prefer: str | None) -> int:
    """The seconds of ``Prefer: wait=…``; 0 without."""
    found = _WAIT.search(prefer or "")
    return int(found.group(1)) if found else 0


def in_words(reasons: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Reasons of a refusal, each with the label of its code."""
    return [{**reason, "label": label("refusal-reason", reason["code"])} for reason in reasons]


def _too_large() -> Reply:
    return Reply(intake_id=None, accepted=False, reasons=({"code": "too-large", "field": None},))


def _answered(reply: Reply) -> JSONResponse:
    body: dict[str, Any] = {"intake_id": str(reply.intake_id) if reply.intake_id else None}
    if reply.accepted is None:
        return JSONResponse(body, 202, headers={"Location": "/v1/answers"})
    body |= {
        "accepted": reply.accepted,
        "case_id": str(reply.case_id) if reply.case_id else None,
        "reasons": in_words(reply.reasons),
    }
    status = 200 if reply.accepted else 422
    return JSONResponse(body, status, headers={"Content-Language": language()})
