"""The one clock of which the agency that handed a case over is told: that of the first decision.

It runs for everybody who is taken over and may have been trafficked, whatever is decided later, so
that it tells nothing of it. Each other clock does by running at all: a period and a conclusive
decision are for who is presumed, a second look is at who was refused (Convention, Art. 10 and 13).
None of them may ever be told to another agency; what is told has no field for which clock it is.
"""

from datetime import datetime
from typing import Final

from services.identification.domain.case import Case, Change
from services.identification.domain.clocks import REASONABLE_GROUNDS_DUE
from services.identification.domain.decisions import Undecided
from services.identification.domain.facts import DecisionFellOverdue

RUNNING: Final = "running"
PASSED: Final = "passed"
OVER: Final = "over"
NOT_TOLD: Final = "not-told"
ORDER: Final = (RUNNING, PASSED, OVER, NOT_TOLD)
"""Each follows only what stands before it; nothing that comes late or twice turns it back."""
SHOWN_DUE: Final = frozenset({RUNNING, PASSED})
TAKEN_OVER: Final = "hand-over"
"""How a case came here that another agency handed over (of the list ``case-origin``)."""


def first_decision_due(case: Case) -> datetime | None:
    """When the first decision is due, while it is awaited.

    Which decision ended the waiting, or that none did, is not looked at here and told by nothing.
    """
    return case.grounds_due_at if isinstance(case.state, Undecided) else None


def the_first_clock_may_have_changed(change: Change) -> bool:
    """Whether it is worth to look at what the other agency was told."""
    rang = any(isinstance(fact, DecisionFellOverdue) for fact in change.facts)
    return rang or REASONABLE_GROUNDS_DUE in change.stopped


def to_tell(case: Case, told: str | None, now: datetime) -> str | None:
    """What the other agency is told now that it was not told before; mostly nothing.

    Of a clock that it was never told of, it hears nothing later: one that begins with a correction
    would say what was found out. Once it is over nothing follows, neither that a negative decision
    is looked at again nor that the case is closed.
    """
    if told is None:
        return None
    status = _status(case, now)
    return status if is_later(status, told) else None


def is_later(status: str, kept: str | None) -> bool:
    """Whether this is news to whoever was told ``kept`` before."""
    return kept is None or ORDER.index(status) > ORDER.index(kept)


def is_news(said: str, kept: str | None) -> bool:
    """Whether a letter tells us something: that the clock runs comes with the receipt alone."""
    return said != RUNNING and is_later(said, kept)


def _status(case: Case, now: datetime) -> str:
    due_at = first_decision_due(case)
    if due_at is None:
        return OVER
    return PASSED if now >= due_at else RUNNING
