"""News as the gateway shows them, for the pages' tests."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from httpx import QueryParams

from services.gateway.api.news import NewsShown, PieceShown
from tests.support.console_bench import CASE, HELPED, NOW, POOL, TASK, told
from tests.support.console_help import DUE, PLAN

OLDER = "AAAAAAAAAAE"
NEWS = "gateway/v1/news"


def a_piece(kind: str, **changes: Any) -> PieceShown:
    """One piece of news about nothing but a case."""
    piece = PieceShown(
        id=f"event-of-{kind}",
        kind=kind,
        told_at=NOW - timedelta(hours=2),
        due_at=None,
        cannot_wait=False,
        case_id=CASE,
        led_here=False,
        done=False,
        side=None,
        agency=None,
        task_id=None,
        request_id=None,
        need_id=None,
        plan_id=None,
        follow_up_id=None,
        contract_id=None,
        service_type=None,
        urgency=None,
        decision=None,
    )
    return piece.model_copy(update=changes)


def of_a_task(kind: str, task_id: UUID = HELPED, **changes: Any) -> PieceShown:
    """One about help that was asked of this agency, or by it."""
    given = {"task_id": task_id, "side": "provider", "service_type": "crisis-room"}
    return a_piece(kind, **given | {"agency": "interior-brest"} | changes)


def a_page(*pieces: PieceShown, older: str | None = None) -> dict[str, Any]:
    """What the gateway answers."""
    return told(NewsShown(news=list(pieces), older=older))


def a_gateway_with(*pieces: PieceShown, looks: int = 1000) -> Callable[[QueryParams], Any]:
    """What a gateway answers that has these pieces, the newest first, and looks through so many."""

    def answer(query: QueryParams) -> dict[str, Any]:
        begin, limit = int(query.get("before", 0)), int(query["limit"])
        kinds, urgent = query.get_list("kind"), "cannot_wait" in query
        found: list[PieceShown] = []
        older = None
        for n, piece in enumerate(pieces[begin : begin + looks], start=begin + 1):
            if (not kinds or piece.kind in kinds) and (piece.cannot_wait or not urgent):
                found.append(piece)
            older = f"{n:011}" if n < len(pieces) else None
            if len(found) == limit:
                break
        return a_page(*found, older=older)

    return answer


def news_shown() -> dict[str, Any]:
    """A page with something of each sort."""
    late = NOW - timedelta(hours=1)
    return {
        NEWS: a_page(
            of_a_task("offer-received", TASK, due_at=NOW + timedelta(hours=1), cannot_wait=True),
            of_a_task("arrival-overdue", due_at=late),
            a_piece("follow-up-due", side="provider", plan_id=PLAN, follow_up_id=DUE, due_at=late),
            of_a_task("task-declined", side="sender", request_id=TASK, need_id=TASK),
            a_piece("decision-overdue", led_here=True, due_at=late, decision="conclusive"),
            a_piece("case-frozen", case_id=POOL),
            older=OLDER,
        )
    }
