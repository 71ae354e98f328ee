"""Cases of this agency: their clocks, what is still to ask, what is stuck, and one case in whole.

A case is called by the beginning of its random id, never by a name.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import listed, page
from console.desk import Visit, visit_of
from services.chassis.clock import new_id
from services.chassis.errors import NotFound

PAGE: Final = "100"
OVER: Final = frozenset({"closed", "entered-in-error"})
CLOCKS: Final = (
    *("reasonable_grounds_due_at", "reflection_review_at", "reflection_ends_at"),
    *("conclusive_due_at", "reconsider_until", "reconsideration_due_at"),
    *("child_notification_due_at", "majority_review_at"),
)


async def list_cases(request: Request) -> Response:
    """A page of cases: what is stuck or overdue first, then by its next clock."""
    visit = visit_of(request)
    after = request.query_params.get("after", "")
    query = {"limit": PAGE} | ({"after": after} if _is_id(after) else {})
    cases = listed(await visit.ask("identification", "/v1/cases", **query))
    following = cases[-1]["case_id"] if len(cases) == int(PAGE) else None
    shown = sorted((case for case in cases if case["state"] not in OVER), key=_order)
    over = [case for case in cases if case["state"] in OVER]
    return page(
        visit, "cases.html", cases=shown, over=over, following=following, clocks_of=clocks_of
    )


async def show_case(request: Request, case_id: UUID) -> Response:
    """One case with its consents, restrictions, requests and hand-overs."""
    visit = visit_of(request)
    case = await read_case(visit, case_id)
    if case["frozen_at"] is not None or case["state"] is None:
        return page(visit, "case-closed-off.html", case=case)
    consents, restrictions, tasks = await asyncio.gather(
        register_of(visit, case_id, "consents"),
        register_of(visit, case_id, "restrictions"),
        sent_tasks(visit, case_id),
    )
    return page(
        visit,
        "case.html",
        case=case,
        clocks=clocks_of(case),
        consents=consents,
        restrictions=restrictions,
        tasks=tasks,
        form_id=new_id(),
    )


async def read_case(visit: Visit, case_id: UUID) -> dict[str, Any]:
    """The case as identification shows it."""
    found = await visit.ask("identification", f"/v1/cases/{case_id}")
    return dict(found) if isinstance(found, Mapping) else {}


async def register_of(visit: Visit, case_id: UUID, name: str) -> list[Mapping[str, Any]]:
    """A register of the gateway about the case; nothing where it never heard of it."""
    try:
        told = await visit.ask("gateway", f"/v1/cases/{case_id}/{name}")
    except NotFound:
        return []
    return listed(told.get(name)) if isinstance(told, Mapping) else []


async def sent_tasks(visit: Visit, case_id: UUID) -> list[Mapping[str, Any]]:
    """What other agencies were asked for this person; nothing where this node asks nobody."""
    try:
        tasks = listed(await visit.ask("referral", "/v1/tasks", side="sender"))
    except NotFound:
        return []
    return [task for task in tasks if task["case_id"] == str(case_id)]


def clocks_of(case: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, due) of every clock that runs, the next one first."""
    clocks = case["clocks"] or {}
    running = [(name, clocks[name]) for name in CLOCKS if clocks.get(name)]
    return sorted(running, key=lambda clock: clock[1])


def _order(case: Mapping[str, Any]) -> tuple[bool, str]:
    stuck = bool(case["unfinished"] and case["unfinished"]["stuck"])
    clocks = clocks_of(case)
    return not stuck, clocks[0][1] if clocks else "9999"


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
