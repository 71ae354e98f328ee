"""Notices of other agencies as identification shows them, for the pages' tests."""

from typing import Any
from uuid import UUID

from contracts.vocabulary import code_lists
from services.identification.api.shown import NoticeShown
from tests.support.console_bench import CASE, NOW, POOL, told

NOTICES = "identification/v1/notices"
BAN, CHILD, NUMBERS = "no-removal", "child-notification", "anonymous-notification"
COUNTS_LIMIT = 20
"""Of one notification, by its contract."""
OVER = UUID("abcdef01-0000-4000-8000-000000000001")


def a_notice(kind: str, case_id: UUID | None = CASE, **changes: Any) -> dict[str, Any]:
    """As identification shows it."""
    notice = NoticeShown(
        notification_id=UUID(int=81, version=4),
        case_id=case_id,
        kind=kind,
        direction="incoming",
        agency="interior-brest",
        state="received",
        changed_at=NOW,
    )
    return told(notice.model_copy(update=changes))


def notices_shown(*notices: dict[str, Any]) -> dict[str, Any]:
    """A service that shows these: those that are asked for, after the one that is named."""

    def shown(query: Any) -> list[dict[str, Any]]:
        asked = {name: query[name] for name in ("kind", "state") if name in query}
        fit = [each for each in notices if asked.items() <= each.items()]
        numbers = [each["notification_id"] for each in fit]
        first = numbers.index(query["after"]) + 1 if query.get("after") in numbers else 0
        return fit[first : first + int(query.get("limit", 200))]

    return {NOTICES: shown}


EVERYTHING = (
    a_notice(BAN),
    a_notice(BAN, OVER, state="ended"),
    a_notice(CHILD, POOL, guardian_request="temporary-guardian"),
    a_notice(NUMBERS, None, counts=(("own", "sexual", 2), ("foreign", "labour", 11))),
)


def many_notices(each: int) -> tuple[dict[str, Any], ...]:
    """So many of every kind, as long as a contract lets one be."""
    groups = tuple(
        (citizen, group, 99_999)
        for citizen in code_lists()["citizen-group"].codes
        for group in code_lists()["exploitation-group"].codes
    )
    counts = (*groups, *groups)[:COUNTS_LIMIT]
    made: tuple[tuple[str, dict[str, Any]], ...] = (
        (BAN, {"state": "received"}),
        (BAN, {"state": "ended"}),
        (CHILD, {"guardian_request": "temporary-guardian"}),
        (NUMBERS, {"case_id": None, "counts": counts}),
    )
    return tuple(
        a_notice(
            kind,
            notification_id=UUID(int=(place << 64) + number, version=4),
            **{"case_id": UUID(int=number, version=4)} | changes,
        )
        for place, (kind, changes) in enumerate(made)
        for number in range(1, each + 1)
    )
