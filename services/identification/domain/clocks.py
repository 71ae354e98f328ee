"""When a decision is due and when reflection ends. Every number comes from the profile."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.vocabulary import Profile

REASONABLE_GROUNDS_DUE: Final = "reasonable-grounds-due"
CONCLUSIVE_DUE: Final = "conclusive-due"
REFLECTION_ENDS: Final = "reflection-ends"
KINDS: Final = (REASONABLE_GROUNDS_DUE, CONCLUSIVE_DUE, REFLECTION_ENDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDate:
    """A clock that runs out at ``due_at``."""

    kind: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The clocks of one jurisdiction."""

    profile: Profile

    def start(self, *, recorded_at: datetime, occurred_at: datetime) -> datetime:
        """From when a clock counts: when it was recorded or when it happened, as the law says."""
        if self.profile.values["clocks_start_from"] == "occurred":
            return occurred_at
        return recorded_at

    def reasonable_grounds(self, start: datetime) -> DueDate:
        """Working days that the authority has for the first decision."""
        days = self.profile.number("reasonable_grounds_working_days")
        due_at = self.profile.calendar.add_working_days(start, days)
        return DueDate(kind=REASONABLE_GROUNDS_DUE, due_at=due_at)

    def reflection(self, start: datetime) -> DueDate:
        """Calendar days in which the person recovers and thinks."""
        return DueDate(kind=REFLECTION_ENDS, due_at=start + self.profile.days("reflection_days"))

    def conclusive(self, reflection_ends_at: datetime) -> DueDate:
        """Working days after reflection that the authority has for the conclusive decision."""
        days = self.profile.number("conclusive_after_reflection_working_days")
        due_at = self.profile.calendar.add_working_days(reflection_ends_at, days)
        return DueDate(kind=CONCLUSIVE_DUE, due_at=due_at)
