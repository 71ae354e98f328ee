"""Signing in and out, the covered screen, the language, leaving at once, and the first page."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.answers import back_to, page
from console.assets import KEPT, assets
from console.desk import LANGUAGE_COOKIE, Visit, visit_of
from console.pages.news import passed_clocks
from contracts.vocabulary import LANGUAGES
from services.chassis.errors import NotFound

TOKEN_LIMIT: Final = 512
LANGUAGE_SECONDS: Final = 365 * 86_400


async def sign_in_form(request: Request) -> Response:
    """Ask for the token."""
    visit = visit_of(request)
    return page(visit, "sign-in.html", wrong="")


async def sign_in(request: Request) -> Response:
    """Open a session for the token's person."""
    visit = visit_of(request)
    sessions, token = visit.desk.sessions, visit.value("token")
    if sessions.too_many_failures():
        return page(visit, "sign-in.html", 429, wrong="too-many-tries")
    caller = visit.desk.tokens.authenticate(f"Bearer {token}") if token else None
    if caller is None:
        sessions.failed()
        return page(visit, "sign-in.html", 403, wrong="token-is-wrong")
    if visit.cookie:
        sessions.close(visit.cookie)
    cookie = sessions.open(caller, token[:TOKEN_LIMIT], visit.language)
    if cookie is None:
        return page(visit, "sign-in.html", 503, wrong="too-many-people")
    answer = back_to("/")
    _set_cookie(visit, answer, visit.desk.cookie, cookie)
    return answer


async def sign_out(request: Request) -> Response:
    """Close the session."""
    return _gone(visit_of(request), "/sign-in")


async def leave(request: Request) -> Response:
    """Close the session and show a page of somebody else, at once."""
    visit = visit_of(request)
    return _gone(visit, visit.desk.settings.exit_address)


async def locked_form(request: Request) -> Response:
    """Cover the screen."""
    visit = visit_of(request)
    visit.session.locked = True
    return page(visit, "locked.html", wrong="")


async def unlock(request: Request) -> Response:
    """Uncover it for the same person."""
    visit = visit_of(request)
    sessions = visit.desk.sessions
    if sessions.too_many_failures():
        return page(visit, "locked.html", 429, wrong="too-many-tries")
    caller = visit.desk.tokens.authenticate(f"Bearer {visit.value('token')}")
    if not sessions.unlock(visit.session, caller):
        return page(visit, "locked.html", 403, wrong="token-is-wrong")
    return back_to("/")


async def choose_language(request: Request) -> Response:
    """Show everything in another language from now on."""
    visit = visit_of(request)
    chosen, path = visit.value("to"), visit.value("path")
    answer = back_to(path if _is_ours(path) else "/")
    if chosen in LANGUAGES:
        if visit.session_if_any is not None:
            visit.session_if_any.language = chosen
        _set_cookie(visit, answer, LANGUAGE_COOKIE, chosen)
    return answer


async def home(request: Request) -> Response:
    """What this person can do; above it, whose clock ran out."""
    visit = visit_of(request)
    return page(visit, "home.html", passed=await passed_clocks(visit))


async def asset(name: str) -> Response:
    """A style, a script or a picture of ours."""
    found = assets().get(name)
    if found is None:
        raise NotFound("no such asset")
    return Response(found[0], media_type=found[1], headers={"cache-control": KEPT})


def _gone(visit: Visit, where: str) -> Response:
    visit.desk.sessions.close(visit.cookie)
    answer = RedirectResponse(where, 303, headers={"clear-site-data": '"cache"'})
    secure = visit.desk.settings.secure_cookie
    answer.delete_cookie(visit.desk.cookie, secure=secure, httponly=True, samesite="strict")
    return answer


def _set_cookie(visit: Visit, answer: Response, name: str, value: str) -> None:
    """Guarded as far as browsers can; only the language outlives the browser's window."""
    answer.set_cookie(
        name,
        value,
        max_age=LANGUAGE_SECONDS if name == LANGUAGE_COOKIE else None,
        path="/",
        secure=visit.desk.settings.secure_cookie,
        httponly=True,
        samesite="strict",
    )


def _is_ours(path: str) -> bool:
    return path.startswith("/") and not path.startswith("//") and "\\" not in path
