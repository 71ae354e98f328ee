"""Pages as answers: templates with the texts of one language; what a person is told of an error.

A template gets codes, times and counts. It escapes everything; nothing in it is safe by decree.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console.assets import address_of
from console.calling import CaseFrozen, SignedOut
from console.desk import Visit
from contracts.vocabulary import LANGUAGES, NOT_YET_KNOWN
from services.chassis.errors import InfrastructureFailure, NotAllowed, NotFound, RecordTooLarge

TEMPLATES: Final = Path(__file__).with_name("templates")
LANGUAGE_NAMES: Final = {"en": "English", "ru": "Русский", "be": "Беларуская"}
ERRORS: Final[Sequence[tuple[type[Exception], int, str]]] = (
    (NotAllowed, 403, "not-for-you"),
    (NotFound, 404, "not-there"),
    (RequestValidationError, 404, "not-there"),
    (CaseFrozen, 409, "case-is-frozen"),
    (RecordTooLarge, 413, "form-too-large"),
    (InfrastructureFailure, 503, "not-now"),
)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(visit: Visit, template: str, status: int = 200, **values: Any) -> Response:
    """A page in this person's language; what was said once is shown once."""
    words, session = visit.words, visit.session_if_any
    said = ""
    if session is not None and not session.locked:
        said, session.said = session.said, ""
    told = {
        "visit": visit,
        "session": session,
        "language": words.language,
        "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
        "t": words.text,
        "label": words.label,
        "title_of": words.title,
        "why": words.why,
        "day": lambda text: words.day(moment_of(text)),
        "last_day": lambda text: words.day(last_moment_before(moment_of(text))),
        "moment": lambda text: words.moment(moment_of(text)),
        "away": lambda text: words.away(moment_of(text), visit.now),
        "late": lambda text: moment_of(text) < visit.now,
        "asset": address_of,
        "not_yet_known": NOT_YET_KNOWN,
        "agency": lambda node: visit.desk.agencies.called(node, words.language),
        "agency_in_full": lambda node: visit.desk.agencies.in_full(node, words.language),
        "node": visit.desk.settings.node,
        "said": said,
        "known_pages": {path for method, path in visit.desk.roles_of_pages if method == "GET"},
    }
    made = HTMLResponse(_templates().get_template(template).render(told | values), status)
    if session is not None and not session.locked:  # without a script, too
        made.headers["refresh"] = f"{visit.desk.settings.idle_minutes * 60}; url=/locked"
    return made


def moment_of(text: str) -> datetime:
    """A time of a service's answer."""
    return datetime.fromisoformat(text)


def last_moment_before(end: datetime) -> datetime:
    """The last moment of a period that does not hold its end: midnight is of the day before."""
    return end - datetime.resolution


def shut(visit: Visit, why: str, status: int) -> Response:
    """A page that says why there is no other: the name of a text."""
    return page(visit, "shut.html", status, why=why)


def answer_of(visit: Visit, error: Exception) -> Response:
    """The page that stands for an error; what is not known here is our own fault."""
    if isinstance(error, SignedOut):
        visit.desk.sessions.close(visit.cookie)
        return RedirectResponse("/sign-in", 303)
    for kind, status, why in ERRORS:
        if isinstance(error, kind):
            return shut(visit, why, status)
    return shut(visit, "our-fault", 500)


def back_to(path: str) -> Response:
    """After a form: to a page of ours, by GET, so that going back sends nothing twice."""
    return RedirectResponse(path, 303)


def listed(value: object) -> list[Mapping[str, Any]]:
    """A list of a service's answer."""
    return list(value) if isinstance(value, list) else []
