"""What other agencies told this one: nobody may be removed, there is a child, numbers of persons.

Each by law or with the person's consent, and next to nothing is in it: who told it and when. The
numbers have no case behind them and lead nowhere.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from console.answers import listed, page
from console.desk import Visit, visit_of

NO_REMOVAL, CHILD, NUMBERS = "no-removal", "child-notification", "anonymous-notification"
STANDS: Final = "received"


async def list_received(request: Request) -> Response:
    """Bans on removal, those that stand first; children; numbers. Each the newest first."""
    visit = visit_of(request)
    bans = await _received(visit, NO_REMOVAL)
    return page(
        visit,
        "received.html",
        standing=[ban for ban in bans if ban["state"] == STANDS],
        over=[ban for ban in bans if ban["state"] != STANDS],
        children=await _received(visit, CHILD),
        numbers=await _received(visit, NUMBERS),
    )


async def _received(visit: Visit, kind: str) -> list[Mapping[str, Any]]:
    return listed(await visit.ask("identification", "/v1/notices", kind=kind))
