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
from console.pages.asking import (
    OVER,
    bands_of,
    clocks_of,
    drafts_of,
    id_of_officer,
    read_case,
    register_of,
    requests_of,
)
from console.pages.case_forms import FORMS, SECOND_FORMS
from console.pages.holds import holds_of
from console.pages.sheets import groups_of
from contracts.vocabulary import code_lists
from services.chassis.clock import new_id

IN_THE_SAFE, IN_THE_CASE, GLOTIP = "age-band-glotip", "majority", "glotip"
PAGE: Final = "100"
STAYS: Final = frozenset({"reflection", "child-protection"})
"""While a case is so, nobody may be removed from the country."""
DECIDED: Final = STAYS | {
    *("presumed", "identified", "not-presumed", "not-identified", "revoked"),
}
"""While a case is so, there is a decision that the person can be given in a letter."""
FORM_OF: Final[Mapping[str, str]] = {
    "guardian-status": "guardian",
    "majority-reasons": "age",
    "child-authority": "child-authority",
    "best-interests": "best-interests",
    "childs-view": "childs-view",
    "protection-measure": "protection",
    "placement-review": "placement",
    "tell-of-hand-over": "person-told",
    "tell-of-notification": "person-told",
    "find-contact": "contact",
    "find-child": "missing",
}
"""To-do -> the form that does it; every other one is a code that is put right."""


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
        held = await holds_of(visit, case_id)
        return page(visit, "case-closed-off.html", case=case, holds=held)
    consents, restrictions, requests, drafts, bands, held = await asyncio.gather(
        register_of(visit, case_id, "consents"),
        register_of(visit, case_id, "restrictions"),
        requests_of(visit, case_id),
        drafts_of(visit, case_id),
        _bands(visit, case_id),
        holds_of(visit, case_id),
    )
    return page(
        visit,
        "case.html",
        case=case,
        clocks=clocks_of(case),
        groups=groups_of((*FORMS, *SECOND_FORMS), case),
        form_of=FORM_OF,
        holds=held,
        against_the_safe=against_the_safe(case, bands),
        own_number=str(id_of_officer(visit.session.caller.name)),
        may_stay=case["state"] in STAYS,
        decided=case["state"] in DECIDED,
        consents=consents,
        restrictions=restrictions,
        requests=requests,
        drafts=drafts,
        form_id=new_id(),
    )


async def _bands(visit: Visit, case_id: UUID) -> Mapping[str, Mapping[str, Any]]:
    """For whoever may open the safe; for nobody else it is asked."""
    if not visit.may_open("POST", "/cases/{case_id}/person"):
        return {}
    return await bands_of(visit, str(case_id), "age-bands")


def against_the_safe(
    case: Mapping[str, Any], bands: Mapping[str, Mapping[str, Any]]
) -> tuple[str, str] | None:
    """(text, form) where the birth in the safe contradicts what the case says of majority.

    Both lists have the words of GLOTIP: they contradict each other where these are not the same.
    Nothing is changed by it.
    """
    band, said = bands.get(IN_THE_SAFE), (case["codes"] or {}).get(IN_THE_CASE)
    lists = code_lists()
    by_safe = lists[IN_THE_SAFE].maps[GLOTIP].outward.get(band["code"] if band else "")
    by_case = lists[IN_THE_CASE].maps[GLOTIP].outward.get(said or "")
    if band is None or by_safe is None or by_case is None or by_safe == by_case:
        return None
    if by_safe == lists[IN_THE_CASE].maps[GLOTIP].outward["adult"]:
        return "safe-says-adult", "of-age" if case["child"] else "age"
    return ("safe-says-child" if band["certain"] else "safe-says-maybe-child"), "age"


def _order(case: Mapping[str, Any]) -> tuple[bool, bool, str]:
    """A missing child first, then what is stuck, then the next clock."""
    missing = bool(case["record"] and case["record"]["missing_at"])
    stuck = bool(case["unfinished"] and case["unfinished"]["stuck"])
    clocks = clocks_of(case)
    return not missing, not stuck, clocks[0][1] if clocks else "9999"


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
