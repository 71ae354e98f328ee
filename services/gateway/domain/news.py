"""What a piece of news says without being asked: its kind, its clock, whether it can wait. Pure.

And in which order a page is read: what cannot wait first. Within a case nothing overtakes anything:
that a child was found would else be read before that it went missing again. Looks at codes alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

EMERGENCY: Final = "emergency"
CHILD_MISSING: Final = "child-missing"
DESTRUCTION_DUE: Final = "destruction-due"
WORDS: Final = 5
TIME: Final = "time"
"""When it was told; for clocks of which the fact names no moment."""
CLOCKS: Final[Mapping[str, tuple[str, ...]]] = {
    "reflection-review-due": ("due_at",),
    "reflection-ended": ("ended_at",),
    "majority-review-due": ("due_at",),
    "decision-overdue": ("due_at",),
    "hand-over-confirmed": ("decision_due_at",),
    "awaited-decision-overdue": ("due_at", TIME),
    DESTRUCTION_DUE: ("due_at",),
    "child-notification-overdue": ("due_at",),
    "offer-received": ("seen_by", "answer_by"),
    "offer-unseen": ("happened_at",),
    "place-sought": ("hold_until",),
    "task-accepted": ("start_by",),
    "task-scheduled": ("arrive_by", "starts_at"),
    "expected-earlier": ("arrive_by",),
    "task-expired": ("happened_at",),
    "start-overdue": ("start_by",),
    "draft-end-near": ("ends_at",),
    "draft-ended": ("happened_at",),
    "person-not-arrived": ("arrive_by", "happened_at"),
    "hold-expired": ("happened_at",),
    "arrival-overdue": ("arrive_by",),
    "help-called-off": ("happened_at",),
    "episode-not-begun": ("starts_at",),
    "follow-up-due": ("due_at",),
    "monitoring-ended": ("happened_at",),
    "stay-limit-near": ("limit_at",),
    "stay-overdue": ("ended_at",),
    "consent-expired": ("expired_at",),
    "consent-expiry-near": ("expires_at",),
    "legal-hold-end-near": ("stands_until",),
    "legal-hold-ended": ("ended_at",),
    "sending-delayed": (TIME,),
}
"""Kind -> where its fact says by when something is due, or when the clock ran out."""
Entry = TypeVar("Entry", bound=Mapping[str, Any])


def kind_of(entry: Mapping[str, Any]) -> str:
    """What happened, a code of ``news-kind``: the word of the event's type."""
    return _words(entry)[3]


def owner_of(entry: Mapping[str, Any]) -> str:
    """The service that told it."""
    return _words(entry)[2]


def _words(entry: Mapping[str, Any]) -> list[str]:
    """``org.nrm.<owner>.<kind>.v1``; nothing of a piece that was left blank."""
    words = str(entry["type"]).split(".")
    return words if len(words) == WORDS else [""] * WORDS


def due_of(entry: Mapping[str, Any]) -> str | None:
    """By when something is to be done, or when its clock ran out; None: it has no clock."""
    told = {TIME: entry["time"], **entry["facts"]}
    found = (told.get(name) for name in CLOCKS.get(kind_of(entry), ()))
    return next((moment for moment in found if moment), None)


def it_cannot_wait(entry: Mapping[str, Any]) -> bool:
    """A child is missing, somebody is in danger now, or an emergency is asked for or stands."""
    facts = entry["facts"]
    danger = facts.get("urgency") == EMERGENCY or facts.get("immediate_danger") is True
    return danger or kind_of(entry) == CHILD_MISSING


def emergencies_first(page: Sequence[Entry]) -> list[Entry]:
    """The page with what cannot wait in front, and before it only what the same case told earlier.

    Everything else keeps its order. What to ask for next is the page's, not its last entry's.
    """
    last = {entry["case_id"]: place for place, entry in enumerate(page) if it_cannot_wait(entry)}
    lifted = [place <= last.get(entry["case_id"], -1) for place, entry in enumerate(page)]
    first = [entry for entry, up in zip(page, lifted, strict=True) if up]
    return first + [entry for entry, up in zip(page, lifted, strict=True) if not up]
