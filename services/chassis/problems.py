"""Answers that say no: problem details (RFC 9457) made of codes and locations.

A status is mapped from an error here and nowhere else. No input, no text of an exception and no
name that the caller made up may ever be in an answer. Each code has a label in the caller's
language (list ``problem``) and is explained in ``contracts/vocabulary/meanings.yaml``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from services.chassis.errors import (
    CannotOpen,
    Conflict,
    ContractBroken,
    InfrastructureFailure,
    NoLongerKept,
    NotAllowed,
    NotFound,
    NrmError,
    RecordTooLarge,
)
from services.chassis.language import label, language
from services.chassis.logs import logger

MEDIA_TYPE: Final = "application/problem+json"
TYPE_ROOT: Final = "urn:nrm:problem:"
ERRORS_LIMIT: Final = 50
RETRY_AFTER_SECONDS: Final = 2
UNLISTED: Final = "?"
_PLACES: Final = frozenset({"body", "query", "path", "header", "cookie"})

log = logger(__name__)

STATUS: Final[Sequence[tuple[type[NrmError], int, str]]] = (
    (NotAllowed, 403, "not-allowed"),
    (NotFound, 404, "not-found"),
    (Conflict, 409, "conflict"),
    (NoLongerKept, 410, "no-longer-kept"),
    (RecordTooLarge, 413, "too-large"),
    (ContractBroken, 422, "not-of-the-contract"),
    (CannotOpen, 500, "internal"),
    (InfrastructureFailure, 503, "not-available-now"),
)

OF_THE_FRAMEWORK: Final[Mapping[int, str]] = {
    400: "not-readable",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
}
"""What the framework refuses by itself, under words of ours: its own change with its version."""


def problem(
    status: int, code: str, errors: Iterable[Mapping[str, Any]] = (), **headers: str
) -> JSONResponse:
    """An answer of ``status`` whose type is ``code``; ``errors`` hold locations and types.

    The title is said in the caller's language, as RFC 9457, 3.1.3 lets it.
    """
    body: dict[str, Any] = {
        "type": TYPE_ROOT + code,
        "title": label("problem", code),
        "status": status,
    }
    listed = list(errors)[:ERRORS_LIMIT]
    if listed:
        body["errors"] = listed
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named["Content-Language"] = language()
    return JSONResponse(body, status, headers=named, media_type=MEDIA_TYPE)


def problem_of(error: Exception) -> JSONResponse:
    """The answer that stands for ``error``; what is not known here is our own fault."""
    for kind, status, code in STATUS:
        if isinstance(error, kind):
            if status == 503:
                return problem(status, code, Retry_After=str(RETRY_AFTER_SECONDS))
            if isinstance(error, NoLongerKept):
                return problem(status, code, Ask_After=str(error.upto))
            return problem(status, code)
    log.error("a request failed", error=error)
    return problem(500, "internal")


def _http_problem(error: HTTPException) -> JSONResponse:
    code = OF_THE_FRAMEWORK.get(error.status_code)
    if code is None:
        log.error("a status that no problem stands for", code=error.status_code)
        return problem(500, "internal")
    allow = (error.headers or {}).get("Allow")
    if allow is not None:
        return problem(error.status_code, code, Allow=allow)
    return problem(error.status_code, code)


class ValidationProblems:
    """Locations of what is wrong in a request; a name that no schema of ours has becomes ``?``."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._known: frozenset[str] | None = None

    def errors(self, error: RequestValidationError) -> list[dict[str, Any]]:
        """Each location with the type of its error; never the input, never a message."""
        if self._known is None:
            self._known = _PLACES | _names_in(self._app.openapi())
        known = self._known
        return [
            {
                "location": [
                    part if isinstance(part, int) or part in known else UNLISTED
                    for part in each["loc"]
                ],
                "type": each["type"],
            }
            for each in error.errors()
        ]


def _names_in(document: Any) -> frozenset[str]:
    """Every property and parameter name in an OpenAPI document."""
    names: set[str] = set()
    open_nodes: list[Any] = [document]
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, list):
            open_nodes.extend(node)
        elif isinstance(node, dict):
            properties = node.get("properties")
            names.update(properties if isinstance(properties, dict) else ())
            if isinstance(node.get("name"), str) and "in" in node:
                names.add(node["name"])
            open_nodes.extend(node.values())
    return frozenset(names)


def answer_with_problems(app: FastAPI) -> None:
    """Make every error of ``app`` a problem."""
    validation = ValidationProblems(app)

    async def refused(_request: Request, error: Exception) -> JSONResponse:
        return problem_of(error)

    async def invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
        return problem(422, "not-valid", validation.errors(error))

    async def unmet(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        return _http_problem(error)

    app.add_exception_handler(NrmError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, unmet)
