"""Letters for the person: printed here, handed over by hand, sent to nobody.

What one says is asked of identification, which records that it was printed. The name is written by
hand; no page of this holds one, and no reason of a decision.
"""

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import page
from console.desk import Visit, visit_of

STAY: Final = "stay"
DECISION: Final = "decision"


async def show_letter(request: Request, case_id: UUID) -> Response:
    """The paper that says until when the person may stay, and nothing more."""
    return await _printed(visit_of(request), case_id, STAY)


async def show_decision(request: Request, case_id: UUID) -> Response:
    """What was decided, what follows, and until when another look can be asked for."""
    return await _printed(visit_of(request), case_id, DECISION)


async def _printed(visit: Visit, case_id: UUID, kind: str) -> Response:
    letter = await visit.ask("identification", f"/v1/cases/{case_id}/letters/{kind}")
    return page(
        visit,
        f"letter-{kind}.html",
        case_id=str(case_id),
        letter=letter,
        today=visit.now.isoformat(),
    )
