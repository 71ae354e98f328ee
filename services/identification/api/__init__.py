"""The HTTP door to cases: states, clocks and codes, for the roles that ``access`` names.

No identity is here: it is in the gateway's safe. A frozen case shows nothing but its freeze.
"""

from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Path, Query, Request

from services.chassis.audit_route import add_audit_route
from services.chassis.database import Database
from services.chassis.errors import NotFound
from services.chassis.web import caller
from services.identification import handlers
from services.identification.api.shown import (
    CaseShown,
    LetterShown,
    NoticeShown,
    case_shown,
    letter_shown,
    notice_shown,
)
from services.identification.domain import Clocks


def add_routes(app: FastAPI, database: Database, clocks: Clocks) -> None:
    """Open the routes on ``app``."""
    _add_letters(app, database, clocks)
    _add_notices(app, database)
    add_audit_route(app, database, "/v1/cases/{case_id}/audit")

    @app.get("/v1/cases")
    async def list_cases(
        request: Request,
        state: Annotated[str | None, Query(pattern=r"^[a-z-]{1,40}$")] = None,
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> list[CaseShown]:
        """Cases by id, by ``state`` if wanted; ask again ``after`` the last id; all recorded."""
        async with database.transaction() as tx:
            page = await handlers.list_cases(
                tx, caller(request), state=state, after=after, limit=limit
            )
        return [case_shown(view, clocks) for view in page]

    @app.get("/v1/cases/{case_id}")
    async def read_case(request: Request, case_id: UUID) -> CaseShown:
        """One case: state, clocks, codes, to-dos, hand-overs; recorded; 404: there is none."""
        async with database.transaction() as tx:
            view = await handlers.read_case(tx, caller(request), case_id)
        if view is None:
            raise NotFound("no such case")
        return case_shown(view, clocks)


def _add_notices(app: FastAPI, database: Database) -> None:
    @app.get("/v1/notices")
    async def list_notices(
        request: Request,
        kind: Annotated[str, Query(pattern=r"^[a-z-]{1,40}$")],
        state: Annotated[str | None, Query(pattern=r"^[a-z-]{1,40}$")] = None,
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 200,
    ) -> list[NoticeShown]:
        """What others told this agency: no removal, a child, numbers; newest first; by ``state`` if
        wanted (``received``: it stands); ask again ``after`` the last notification; all recorded.
        """
        asked = handlers.NoticesAsked(kind=kind, state=state, after=after, limit=limit)
        async with database.transaction() as tx:
            rows = await handlers.list_notices(tx, caller(request), asked)
        return [notice_shown(row) for row in rows]


def _add_letters(app: FastAPI, database: Database, clocks: Clocks) -> None:
    @app.get("/v1/cases/{case_id}/letters/{kind}")
    async def read_letter(
        request: Request, case_id: UUID, kind: Annotated[str, Path(pattern=r"^(stay|decision)$")]
    ) -> LetterShown:
        """What a letter for the person says; recorded as printed; 404: nothing is to be said."""
        async with database.transaction() as tx:
            letter = await handlers.read_letter(tx, caller(request), case_id, kind, clocks)
        if letter is None:
            raise NotFound("no such letter now")
        return letter_shown(letter)
