"""What a letter to the person may say: that nobody may remove them, or what was decided.

It is printed for the person alone and handed over by hand. Nobody is named in it, no reason of a
decision is repeated, and what happened to the person is not in it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.identification.domain.case import (
    Case,
    ChildProtection,
    Identified,
    NotIdentified,
    NotPresumed,
    Presumed,
    Reflection,
    Revoked,
)
from services.identification.domain.clocks import Clocks

STAY: Final = "stay"
DECISION: Final = "decision"
PRESUMED: Final = "presumed"
WAITING: Final = (Reflection, ChildProtection, Presumed)
"""Presumed, and the conclusive decision is still to come."""
PROTECTED: Final = (Reflection, ChildProtection)
NEGATIVE: Final = (NotPresumed, NotIdentified, Revoked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What one letter says: codes and times."""

    kind: str
    says: str
    """`stay`, or what was decided: a code of ``identification-state``."""
    until: datetime | None = None
    """To the end of the time to recover, or before when nothing is decided about a child."""
    decision_by: datetime | None = None
    reconsider_until: datetime | None = None
    reconsideration_working_days: int | None = None


def letter_of(case: Case, kind: str, clocks: Clocks) -> Letter | None:
    """The letter of this kind as the case stands now; None: there is nothing to say."""
    if kind == STAY:
        return _of_stay(case)
    return _of_decision(case, clocks) if kind == DECISION else None


def _of_stay(case: Case) -> Letter | None:
    """Nobody is removed while the person recovers (Convention, Art. 13(1))."""
    if not isinstance(case.state, PROTECTED):
        return None
    return Letter(kind=STAY, says=STAY, until=case.state.ends_at)


def _of_decision(case: Case, clocks: Clocks) -> Letter | None:
    """A person is told what was decided and how to have it looked at again (ODIHR, NRM Handbook
    2022: decisions in writing, with the way to challenge them).
    """
    state = case.state
    if isinstance(state, WAITING):
        until = None if isinstance(state, Presumed) else state.ends_at
        by = state.conclusive_due_at
        return Letter(kind=DECISION, says=PRESUMED, until=until, decision_by=by)
    if isinstance(state, Identified):
        return Letter(kind=DECISION, says=state.code)
    if isinstance(state, NEGATIVE):
        return Letter(
            kind=DECISION,
            says=state.code,
            reconsider_until=state.reconsider_until,
            reconsideration_working_days=clocks.profile.number("reconsideration_working_days"),
        )
    return None
