"""For the officer for data protection: who looked at a case and why, and who was told what of it.

Of a frozen case, too. Each service shows its own rows, a page at a time; looking leaves one more in
each. Nothing of the person stands here: names of access keys, codes and times.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import listed, page
from console.desk import Visit, visit_of
from console.pages.asking import register_of
from contracts.vocabulary import code_lists
from services.chassis.errors import InfrastructureFailure

SERVICES: Final = ("gateway", "identification", "referral", "assistance")
"""Who keeps rows about a case."""
PAGE: Final = "40"
ROWS: Final = 150
"""So many disclosures stand on a page."""
DIGITS: Final = 5
EXPORTED, REASONS, PROBLEMS = "person-exported", "export-reason", "problem"


async def show_audit(request: Request, case_id: UUID) -> Response:
    """What each service recorded of the case, the newest first; or the older rows of one."""
    visit, given = visit_of(request), request.query_params
    of, before = given.get("of", ""), given.get("before", "")
    older = of in SERVICES and before.isdecimal() and len(before) < len(str(2**62))
    asked = ((of, before),) if older else tuple((name, "") for name in SERVICES)
    return page(
        visit,
        "audit.html",
        case_id=str(case_id),
        parts=[await _part(visit, case_id, *each) for each in asked if _is_here(visit, each[0])],
        is_older=older,
    )


async def show_disclosures(request: Request, case_id: UUID) -> Response:
    """Which agency was told what of the case, when, and on what basis; the newest first."""
    visit, given = visit_of(request), request.query_params.get("skip", "")
    skip = int(given) if given.isdecimal() and len(given) <= DIGITS else 0
    rows = await register_of(visit, case_id, "disclosures")
    told = [{**row, "word": str(row["event_type"]).split(".")[3]} for row in reversed(rows)]
    return page(
        visit,
        "disclosures.html",
        case_id=str(case_id),
        rows=told[skip : skip + ROWS],
        older=skip + ROWS if len(told) > skip + ROWS else None,
    )


def _is_here(visit: Visit, service: str) -> bool:
    return visit.desk.services.has(service)


async def _part(visit: Visit, case_id: UUID, service: str, before: str) -> dict[str, Any]:
    """The rows of one service; none where it cannot say now."""
    query = {"limit": PAGE} | ({"before": before} if before else {})
    try:
        told = await visit.ask(service, f"/v1/cases/{case_id}/audit", **query)
    except InfrastructureFailure:
        return {"service": service, "acts": None, "older": None}
    found = told if isinstance(told, Mapping) else {}
    acts = [{**act, "why": _why(visit, act)} for act in listed(found.get("audit"))]
    return {"service": service, "acts": acts, "older": found.get("older")}


def _why(visit: Visit, act: Mapping[str, Any]) -> str:
    """The reason of an export, and why nothing was done, in words; any other as the code it is."""
    reason, _, outcome = str(act["reason"]).partition(":")
    listed = REASONS if act["action"] == EXPORTED else PROBLEMS
    said = (_in_words(visit, listed, reason), _in_words(visit, PROBLEMS, outcome))
    return ": ".join(each for each in said if each)


def _in_words(visit: Visit, name: str, code: str) -> str:
    return visit.words.label(name, code) if code in code_lists()[name] else code
