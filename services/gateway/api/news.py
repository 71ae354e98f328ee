"""The route on which people read news: what happened in the cases of their agency, as codes.

No identity is here, and nothing that says more of the person than what kind of help it is about
and why that help was declined, rests or could not be asked for.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, StringConstraints

from services.chassis.identity import Caller
from services.chassis.messaging.feeds import LAST
from services.chassis.web import caller
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.news import Wanted, read_news

PLACE_BYTES: Final = 8
KINDS_LIMIT: Final = 100
Asking = Annotated[Caller, Depends(caller)]
Place = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{11}$", description="what ``older`` said")]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,40}$")]
Kinds = Annotated[
    frozenset[Kind], Query(max_length=KINDS_LIMIT, description="codes of ``news-kind``")
]
Limit = Annotated[int, Query(ge=1, le=100, description="pieces at most")]


class PieceShown(BaseModel):
    """One piece of news, as codes; ids lead to what it is about."""

    id: str
    kind: str
    """A code of ``news-kind``."""
    told_at: datetime
    due_at: datetime | None
    """By when something is to be done, or when its clock ran out."""
    cannot_wait: bool
    case_id: UUID | None
    """Nothing: it is about this node itself, a contract of it or numbers that it was told."""
    led_here: bool
    """Whether the case is one of this node's own, which identification shows."""
    done: bool
    """What it asks for was done here, as the gateway itself knows: somebody had it destroy what was
    due, or it had nothing. False where only another service could say so.
    """
    side: str | None
    """Of a task: ``sender`` or ``provider``; nothing where it is about no task."""
    agency: str | None
    """Of whom or to whom it is, in the registry's words."""
    task_id: UUID | None
    request_id: UUID | None
    need_id: UUID | None
    plan_id: UUID | None
    follow_up_id: UUID | None
    contract_id: UUID | None
    service_type: str | None
    urgency: str | None
    decision: str | None
    reason: str | None = None
    """Why help was declined, rests, or could not be asked for: a code of the list for that kind
    (``decline-reason``, ``pause-reason``, ``not-sent-reason``)."""


class NewsShown(BaseModel):
    """A page of news, the newest first."""

    news: list[PieceShown]
    older: str | None
    """What to ask ``before`` for the next page; nothing: there is none."""


def news_routes(context: GatewayContext) -> APIRouter:
    """News for people."""
    routes = APIRouter()

    @routes.get("/v1/news")
    async def get_news(asking: Asking, wanted: Annotated[Wanted, Depends(_wanted)]) -> NewsShown:
        """News for the caller's roles, the newest first, from ``since`` on, of a ``kind`` and only
        what ``cannot_wait`` if wanted; ask again ``before`` the value of ``older``; which cases
        were shown is recorded; of a frozen one only what the freeze asks of people.
        """
        found = await read_news(context, asking, wanted)
        return NewsShown(
            news=[PieceShown.model_validate(piece) for piece in found.news],
            older=None if found.older is None else place_of(found.older),
        )

    return routes


def _wanted(
    before: Place | None = None,
    since: AwareDatetime | None = None,
    kind: Kinds = frozenset(),
    limit: Limit = 50,
    *,
    cannot_wait: bool = False,
) -> Wanted:
    return Wanted(
        before=None if before is None else position_named(before),
        since=since,
        kinds=kind,
        limit=limit,
        cannot_wait=cannot_wait,
    )


def place_of(position: int) -> str:
    """A position as a word that says nothing, and that nobody makes up."""
    return urlsafe_b64encode(position.to_bytes(PLACE_BYTES)).decode().rstrip("=")


def position_named(place: str) -> int:
    """The position that a word names; one that cannot be ours is the last of all."""
    return min(int.from_bytes(urlsafe_b64decode(place + "=")), LAST)
