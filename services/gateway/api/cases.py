"""Routes about one case: the safe, the consent register, restrictions.

A name is never part of a path or a query; ids are UUIDs or the route answers 422.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from services.chassis.audit_route import add_audit_route
from services.chassis.identity import Caller
from services.chassis.problems import problem
from services.chassis.web import caller
from services.gateway.api.bodies import bounded_body
from services.gateway.api.identity import Identity
from services.gateway.domain.holds import LEGAL_HOLD, NOT_STOPPED, RUNNING_STAY, SECOND_PERSON
from services.gateway.handlers import holds
from services.gateway.handlers.closed import UNREADABLE, closed_reading, parsed
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.persons import (
    ALREADY_KEPT,
    CHANGED_SINCE,
    Kept,
    Reading,
    is_a_reason,
    keep_person,
    read_person,
)
from services.gateway.handlers.register import FROZEN, READINGS, CaseIsFrozen, read_register

_VERSION: Final = re.compile(r'"([0-9]{1,9})"')
NO_VERSION: Final = -1
Asking = Annotated[Caller, Depends(caller)]
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": Identity.model_json_schema()}},
    }
}


class KeptCase(BaseModel):
    """A case by its number, and when sharing was stopped; nothing else of it."""

    case_id: UUID
    frozen_at: datetime | None


def case_routes(context: GatewayContext) -> APIRouter:
    """The safe and the registers."""
    routes = APIRouter()
    _add_writing(routes, context)
    _add_reading(routes, context)
    _add_destroying(routes, context)
    _add_kept(routes, context)
    add_audit_route(routes, context.database, "/v1/cases/{case_id}/audit")
    for name in READINGS:
        routes.add_api_route(
            f"/v1/cases/{{case_id}}/{name}",
            _register(context, name),
            response_model=dict[str, Any],
        )
    return routes


def _add_writing(routes: APIRouter, context: GatewayContext) -> None:
    @routes.put("/v1/persons/{case_id}", status_code=204, openapi_extra=_BODY)
    async def put_person(case_id: UUID, request: Request, asking: Asking) -> Response:
        """Put who the person is into the safe; ``If-Match``: the version that it replaces;
        409: another identity is there, or the case is frozen; 412: it changed; 413: too large.
        """
        document = await bounded_body(request, context.settings.person_limit_bytes)
        content = parsed(document)
        if content is UNREADABLE:
            return problem(422, "not-valid", [{"type": "not-json"}])
        identity, objections = closed_reading(Identity, content)
        if identity is None:
            return problem(
                422,
                "not-valid",
                [{"location": each.field, "type": each.code} for each in objections],
            )
        plain = identity.model_dump_json(exclude_defaults=True).encode()
        seen = version_named(request.headers.get("if-match"))
        return _told_of(await keep_person(context, asking, case_id, plain, seen))


def _add_reading(routes: APIRouter, context: GatewayContext) -> None:
    @routes.get("/v1/persons/{case_id}", response_model=Identity)
    async def get_person(case_id: UUID, asking: Asking) -> Response:
        """Who the person is; recorded; 404: nothing is in the safe; 409: the case is frozen."""
        plain, version = await read_person(context, asking, case_id)
        return Response(plain, media_type="application/json", headers={"etag": f'"{version}"'})

    @routes.get("/v1/persons/{case_id}/export", response_model=Identity)
    async def export_person(case_id: UUID, reason: str, asking: Asking) -> Response:
        """Who the person is, for a file; recorded with the reason, a code of ``export-reason``;
        422: no such reason; 404: nothing is in the safe; 409: the case is frozen.
        """
        if not is_a_reason(reason):
            return problem(422, "not-valid", [{"location": "reason", "type": "unknown-code"}])
        plain, _ = await read_person(context, asking, case_id, Reading("person-exported", reason))
        return Response(plain, media_type="application/json")


def _add_destroying(routes: APIRouter, context: GatewayContext) -> None:
    @routes.delete("/v1/persons/{case_id}", status_code=204)
    async def delete_person(case_id: UUID, asking: Asking) -> Response:
        """Destroy what the safe has of a case of which sharing was stopped, once its time has come;
        recorded; 404: nothing is in the safe, which is as good; 409: sharing was not stopped, a
        legal hold stands, somebody lives here, whoever asks lifted a hold of it, or it is too early
        (every reason is in ``errors``).
        """
        against = await holds.destroy_person(context, asking, case_id)
        return _not_destroyed(against) if against else Response(status_code=204)


def _add_kept(routes: APIRouter, context: GatewayContext) -> None:
    @routes.get("/v1/kept-cases")
    async def list_kept_cases(
        asking: Asking,
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> list[KeptCase]:
        """Stopped cases of which the safe still has something, and cases under a legal hold, by id
        and when they were stopped, the newest first; ask again ``after`` the last; all recorded.
        """
        found = await holds.list_kept_cases(context, asking, after, limit)
        return [KeptCase(case_id=case_id, frozen_at=frozen_at) for case_id, frozen_at in found]


def _not_destroyed(against: Sequence[str]) -> Response:
    """Every reason; that a law wants it kept is the first to be told."""
    errors = [{"type": code} for code in against]
    if LEGAL_HOLD in against:
        return problem(409, "legal-hold", errors)
    if NOT_STOPPED in against:
        return problem(409, "not-stopped", errors)
    if RUNNING_STAY in against:
        return problem(409, "running-stay", errors)
    if SECOND_PERSON in against:
        return problem(409, "second-person-needed", errors)
    return problem(409, "not-yet-due", errors)


def _told_of(kept: Kept) -> Response:
    """With the version that is there, also of a refusal: whoever never heard an answer and may not
    read identities can only so put right what they sent. It is a number, nothing of the person.
    """
    tag = {"etag": f'"{kept.version}"'} if kept.version else {}
    if kept.refused == ALREADY_KEPT:
        return problem(409, "already-kept", [], **tag)
    if kept.refused == CHANGED_SINCE:
        return problem(412, "changed-since", [], **tag)
    return Response(status_code=204, headers=tag)


def version_named(tag: str | None) -> int | None:
    """The version that ``If-Match`` names; one that cannot be a version of ours never fits."""
    if tag is None:
        return None
    found = _VERSION.fullmatch(tag.strip())
    return int(found[1]) if found else NO_VERSION


def _register(context: GatewayContext, name: str) -> Any:
    async def read(case_id: UUID, asking: Asking) -> Any:
        try:
            return {name: await read_register(context, asking, case_id, name)}
        except CaseIsFrozen:
            return problem(409, FROZEN)

    read.__doc__ = f"The {name} of the case; recorded; 404: an unknown case; 409: frozen."
    read.__name__ = f"read_{name.replace('-', '_')}"
    return read
