"""From which of its two times each clock of a case counts: when something happened, or when it was
recorded here.

The profile's ``clocks_start_from`` is for the first decision, for the period with all that follows
from it, and for a child that was met here. What begins with a word that was recorded later (taking
a case over, a correction, asking for another look) counts from that recording, whatever it says.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from services.identification.domain.case import Case, ChildProtection, Reflection
from services.identification.domain.clocks import Clocks
from services.identification.domain.told_clock import TAKEN_OVER

RECORDED: Final = "recorded"
OCCURRED: Final = "occurred"


def counts_from(case: Case, clocks: Clocks) -> Mapping[str, str]:
    """``recorded`` or ``occurred`` for each clock that a case may have, by the name of its time."""
    of_the_profile = clocks.profile.word("clocks_start_from")
    return {
        "reasonable_grounds_due_at": of_the_profile,
        "reflection_ends_at": of_the_profile,
        "no_decision_before": of_the_profile,
        "conclusive_due_at": of_the_profile,
        "reflection_review_at": _review(case, clocks),
        "child_notification_due_at": _child_notification(case, clocks),
        "majority_review_at": _majority_review(case, clocks),
        "reconsider_until": RECORDED,
        "reconsideration_due_at": RECORDED,
    }


def _review(case: Case, clocks: Clocks) -> str:
    """Reviews follow each other from the first day of the period, unless one began in between."""
    due, state = case.record.reflection_review_at, case.state
    start = state.starts_at if isinstance(state, Reflection | ChildProtection) else None
    return _word(clocks, due, start, clocks.profile.days("reflection_review_days"))


def _child_notification(case: Case, clocks: Clocks) -> str:
    """Of a child that was met here; one that turned out to be one counts from that word."""
    from_then = clocks.child_notification(case.occurred_at).due_at
    begun = from_then == case.record.child_notification_due_at
    return clocks.profile.word("clocks_start_from") if begun else RECORDED


def _majority_review(case: Case, clocks: Clocks) -> str:
    """Looks follow each other; whoever takes a case over begins with a date of its own."""
    start = None if case.origin == TAKEN_OVER else case.occurred_at
    due = case.record.majority_review_at
    return _word(clocks, due, start, clocks.profile.days("believed_child_review_days"))


def _word(clocks: Clocks, due: datetime | None, start: datetime | None, step: timedelta) -> str:
    """The profile's word where the time lies a whole number of steps after the start."""
    if due is None or start is None or (due - start) % step:
        return RECORDED
    return clocks.profile.word("clocks_start_from")
