"""Load, allow, decide, record, disclose; the tables of subscriptions and deadlines end the room."""

from services.identification.handlers.reading import CaseView, list_cases, read_case
from services.identification.handlers.recording import Context
from services.identification.handlers.tables import deadlines, subscriptions
from services.identification.store.hand_overs import HandOverRow

__all__ = [
    "CaseView",
    "Context",
    "HandOverRow",
    "deadlines",
    "list_cases",
    "read_case",
    "subscriptions",
]
