"""Notices of other agencies as identification shows them, for the pages' tests."""

from typing import Any
from uuid import UUID

from services.identification.api.shown import NoticeShown
from tests.support.console_bench import CASE, NOW, POOL, told

NOTICES = "identification/v1/notices"
BAN, CHILD, NUMBERS = "no-removal", "child-notification", "anonymous-notification"


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
    """A service that shows these, by the kind that is asked for."""

    def shown(query: Any) -> list[dict[str, Any]]:
        return [notice for notice in notices if notice["kind"] == query["kind"]]

    return {NOTICES: shown}


EVERYTHING = (
    a_notice(BAN),
    a_notice(BAN, OVER, state="ended"),
    a_notice(CHILD, POOL, guardian_request="temporary-guardian"),
    a_notice(NUMBERS, None, counts=(("own", "sexual", 2), ("foreign", "labour", 11))),
)
