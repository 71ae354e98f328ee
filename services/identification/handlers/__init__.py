"""Load, allow, decide, record, disclose; the tables of subscriptions and deadlines end the room."""

from services.identification.handlers.reading import (
    CaseView,
    list_cases,
    list_notices,
    read_case,
    read_letter,
)
from services.identification.handlers.recording import Context
from services.identification.handlers.tables import deadlines, subscriptions
from services.identification.store.hand_overs import HandOverRow
from services.identification.store.notices import NoticeRow, NoticesAsked

__all__ = [
    "CaseView",
    "Context",
    "HandOverRow",
    "NoticeRow",
    "NoticesAsked",
    "deadlines",
    "list_cases",
    "list_notices",
    "read_case",
    "read_letter",
    "subscriptions",
]
