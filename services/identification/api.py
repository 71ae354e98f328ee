"""The HTTP door to cases: states, clocks and codes, for the roles that ``access`` names.

No identity is here: it is in the gateway's safe. A frozen case shows nothing but its freeze.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel

from services.chassis.database import Database
from services.chassis.errors import NotFound
from services.chassis.messaging.unfinished import Unfinished
from services.chassis.web import caller
from services.identification import handlers
from services.identification.domain import Case, Presumed, Reflection, open_to_dos
from services.identification.domain.codes import CODE_NAMES
from services.identification.handlers import CaseView, HandOverRow


class HandOverShown(BaseModel):
    """One hand-over: to or from whom, and what became of it."""

    offer_id: UUID
    direction: str
    agency: str
    state: str
    reason: str | None
    hand_over_reference: UUID | None
    changed_at: datetime
    sender_not_told: bool
    """We have the case, but our word of it could not leave, for ``reason``: tell them."""


class ClocksShown(BaseModel):
    """What is due when."""

    reasonable_grounds_due_at: datetime | None
    reflection_ends_at: datetime | None
    conclusive_due_at: datetime | None


class CaseShown(BaseModel):
    """One case. Of a frozen one only the first two properties are given; of one that is not there
    yet, because what opens it could not be finished, only that."""

    case_id: UUID
    frozen_at: datetime | None
    state: str | None = None
    origin: str | None = None
    counted_by: str | None = None
    occurred_at: datetime | None = None
    recorded_at: datetime | None = None
    codes: dict[str, Any] | None = None
    to_dos: tuple[str, ...] = ()
    clocks: ClocksShown | None = None
    hand_overs: tuple[HandOverShown, ...] = ()
    unfinished: Unfinished | None = None
    """Events of this case that could not be finished here: counts; ``stuck`` asks for help."""


def add_routes(app: FastAPI, database: Database) -> None:
    """Open the routes on ``app``."""

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
        return [_shown(view) for view in page]

    @app.get("/v1/cases/{case_id}")
    async def read_case(request: Request, case_id: UUID) -> CaseShown:
        """One case: state, clocks, codes, to-dos, hand-overs; recorded; 404: there is none."""
        async with database.transaction() as tx:
            view = await handlers.read_case(tx, caller(request), case_id)
        if view is None:
            raise NotFound("no such case")
        return _shown(view)


def _shown(view: CaseView) -> CaseShown:
    case = view.case
    if case is None:
        return CaseShown(case_id=view.case_id, frozen_at=view.frozen_at, unfinished=view.unfinished)
    return CaseShown(
        case_id=case.case_id,
        frozen_at=view.frozen_at,
        state=case.state.code,
        origin=case.origin,
        counted_by=case.counted_by,
        occurred_at=case.occurred_at,
        recorded_at=case.recorded_at,
        codes={name: getattr(case.codes, name) for name in CODE_NAMES},
        to_dos=open_to_dos(case.codes),
        clocks=_clocks(case),
        hand_overs=tuple(_hand_over(row) for row in view.hand_overs),
        unfinished=view.unfinished,
    )


def _clocks(case: Case) -> ClocksShown:
    state = case.state
    return ClocksShown(
        reasonable_grounds_due_at=case.grounds_due_at,
        reflection_ends_at=state.ends_at if isinstance(state, Reflection) else None,
        conclusive_due_at=state.conclusive_due_at
        if isinstance(state, Reflection | Presumed)
        else None,
    )


def _hand_over(row: HandOverRow) -> HandOverShown:
    return HandOverShown(
        offer_id=row.offer_id,
        direction=row.direction,
        agency=row.agency,
        state=row.state,
        reason=row.reason,
        hand_over_reference=row.hand_over_reference,
        changed_at=row.changed_at,
        sender_not_told=row.sender_not_told,
    )
