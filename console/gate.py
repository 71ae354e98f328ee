"""In front of every page: who is signed in, whose page it is, and that a form is one of ours.

No page runs that the gate did not open for. What a browser may do with an answer stands in
``HEADERS``: keep nothing, run no script but ours, show it in no frame, tell no other site.
"""

import hmac
from collections.abc import Mapping, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import access
from console.answers import answer_of, shut
from console.desk import LANGUAGE_COOKIE, VISIT, Desk, Visit
from console.sessions import Session
from services.chassis.errors import NotAllowed, NrmError, RecordTooLarge
from services.chassis.gate import Templates
from services.chassis.logs import logger

BODY_LIMIT_BYTES: Final = 64 * 1024
FIELDS_LIMIT: Final = 400
FORM: Final = "application/x-www-form-urlencoded"
HEADERS: Final[Mapping[str, str]] = {
    "cache-control": "no-store, max-age=0",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}
ASSETS: Final = "/assets/{name}"

log = logger(__name__)


class Gate:
    """ASGI middleware; the only one."""

    def __init__(self, app: ASGIApp, *, api: FastAPI, desk: Desk) -> None:
        self._app = app
        self._templates = Templates(api)
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        template = self._templates.of(scope)
        told = _Told(send, is_asset=template == ASSETS)
        visit = self._visit(request, {})
        try:
            if request.method == "POST":
                visit = self._visit(request, await _form(request))
            scope.setdefault("state", {})[VISIT] = visit
            refusal = self._refusal(request, visit, template)
            if refusal is not None:
                await refusal(scope, receive, told)
            else:
                await self._names_for(visit, template)
                await self._app(scope, receive, told)
        except Exception as error:  # noqa: BLE001 - a person gets a page, the log a place
            if not isinstance(error, NrmError):
                log.error("a page failed", error=error)  # noqa: TRY400 - no traceback
            if not told.started:
                await answer_of(visit, error)(scope, receive, told)

    async def _names_for(self, visit: Visit, template: str | None) -> None:
        """What agencies are called, before a page is made for somebody who is signed in."""
        session = visit.session_if_any
        if session is not None and not session.locked and template != ASSETS:
            await self._desk.agencies.look(session)

    def _visit(self, request: Request, form: Mapping[str, Sequence[str]]) -> Visit:
        cookies = _cookies(request)
        cookie = cookies.get(self._desk.cookie, "")
        session = self._desk.sessions.find(cookie) if cookie else None
        chosen = session.language if session is not None else cookies.get(LANGUAGE_COOKIE, "")
        return Visit(
            desk=self._desk,
            path=request.url.path,
            cookie=cookie,
            session_if_any=session,
            language=self._desk.words(chosen).language,
            form=form,
        )

    def _refusal(self, request: Request, visit: Visit, template: str | None) -> Response | None:
        """Why the page may not run; nothing also where no page would answer (404, 405)."""
        allowed = self._desk.roles_of_pages.get((request.method, template or ""), frozenset())
        session = visit.session_if_any
        if request.method == "POST" and not _is_our_form(request, visit):
            return shut(visit, "form-is-old", 403)
        if template is None or allowed == access.ANYBODY:
            return None
        if session is None:
            return RedirectResponse("/sign-in", 303)
        if session.locked and allowed != access.COVERED:
            return RedirectResponse("/locked", 303)
        if not access.is_open_to(allowed, session.caller.roles):
            return answer_of(visit, NotAllowed("the page is for others"))
        return None


def _cookies(request: Request) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(request.headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


async def _form(request: Request) -> Mapping[str, Sequence[str]]:
    """The fields of a form, at most so many; nothing of any other kind of body."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_LIMIT_BYTES:
            raise RecordTooLarge("a form is larger than any of ours")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return {}
    try:
        return parse_qs(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_LIMIT
        )
    except ValueError:
        return {}


def _is_our_form(request: Request, visit: Visit) -> bool:
    """It comes from a page of this address, and carries what only this session's pages know."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if site != "same-origin" or (origin is not None and not _is_here(origin, request)):
        return False
    session: Session | None = visit.session_if_any
    if session is None:
        return True
    return hmac.compare_digest(visit.value("secret").encode(), session.secret.encode())


def _is_here(origin: str, request: Request) -> bool:
    return urlsplit(origin).netloc == request.headers.get("host", "")


class _Told:
    """``send`` that adds the headers that every answer has."""

    def __init__(self, send: Send, *, is_asset: bool) -> None:
        self._send = send
        self._is_asset = is_asset
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            given = {name for name, _ in message.get("headers", ())}
            ours = [
                (name.encode(), text.encode())
                for name, text in HEADERS.items()
                if name.encode() not in given
            ]
            message = {**message, "headers": [*message.get("headers", ()), *ours]}
        await self._send(message)
