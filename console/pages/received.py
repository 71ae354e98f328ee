"""What other agencies told this one: nobody may be removed, there is a child, numbers of persons.

Each by law or with the person's consent, and next to nothing is in it: who told it and when. The
numbers have no case behind them and lead nowhere.

A ban that stands is asked for by itself: however many ended or came later, it is on one of its
pages. What is over has pages of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from console.answers import listed, page
from console.desk import Visit, visit_of
from console.pages.asking import id_or_nothing

NO_REMOVAL, CHILD, NUMBERS = "no-removal", "child-notification", "anonymous-notification"
STANDS, ENDED = "received", "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One list of the page: which notices, and how many of them at once."""

    kind: str
    rows: int
    state: str = ""


PARTS: Final[Mapping[str, _Part]] = {
    "standing": _Part(kind=NO_REMOVAL, state=STANDS, rows=40),
    "over": _Part(kind=NO_REMOVAL, state=ENDED, rows=20),
    "children": _Part(kind=CHILD, rows=25),
    "numbers": _Part(kind=NUMBERS, rows=10),
}
"""By the word of its address. A row of numbers may be as long as five others."""


async def list_received(request: Request) -> Response:
    """Bans on removal, those that stand first; children; numbers. Each the newest first, or of one
    of them what comes after a row.
    """
    visit, given = visit_of(request), request.query_params
    of, after = given.get("of", ""), id_or_nothing(given.get("after", ""))
    alone = of in PARTS
    asked = (of,) if alone else PARTS
    lists = {name: await _received(visit, PARTS[name], after if alone else "") for name in asked}
    return page(
        visit,
        "received.html",
        lists=lists,
        following={name: _following(PARTS[name], rows) for name, rows in lists.items()},
        alone=alone,
    )


def _following(part: _Part, rows: list[Mapping[str, Any]]) -> str | None:
    """The row after which there is more to ask for."""
    return rows[-1]["notification_id"] if len(rows) == part.rows else None


async def _received(visit: Visit, part: _Part, after: str) -> list[Mapping[str, Any]]:
    query = {"kind": part.kind, "state": part.state, "after": after, "limit": str(part.rows)}
    said = {name: value for name, value in query.items() if value}
    return listed(await visit.ask("identification", "/v1/notices", **said))
