"""When something is due and when reflection ends. Every number comes from the profile."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.vocabulary import Profile

REASONABLE_GROUNDS_DUE: Final = "reasonable-grounds-due"
CONCLUSIVE_DUE: Final = "conclusive-due"
REFLECTION_ENDS: Final = "reflection-ends"
REFLECTION_REVIEW: Final = "reflection-review"
RECONSIDERATION_DUE: Final = "reconsideration-due"
CHILD_NOTIFICATION_DUE: Final = "child-notification-due"
MAJORITY_REVIEW: Final = "majority-review"
DESTRUCTION_DUE: Final = "destruction-due"
"""Of a frozen case: it runs beside those of a case, for whether the case is known here or not."""
KINDS: Final = (
    REASONABLE_GROUNDS_DUE,
    CONCLUSIVE_DUE,
    REFLECTION_ENDS,
    REFLECTION_REVIEW,
    RECONSIDERATION_DUE,
    CHILD_NOTIFICATION_DUE,
    MAJORITY_REVIEW,
)


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

    def destruction(self, frozen_at: datetime) -> DueDate:
        """When whoever was told to stop has destroyed what it has."""
        hours = self.profile.hours("destroy_after_withdrawal_hours")
        return DueDate(kind=DESTRUCTION_DUE, due_at=frozen_at + hours)

    def reasonable_grounds(self, start: datetime) -> DueDate:
        """Working days that the authority has for the first decision."""
        return self._working_days(REASONABLE_GROUNDS_DUE, start, "reasonable_grounds_working_days")

    def reflection(self, start: datetime) -> DueDate:
        """Calendar days in which the person recovers and thinks."""
        return DueDate(kind=REFLECTION_ENDS, due_at=start + self.profile.days("reflection_days"))

    def extension(self, ends_at: datetime) -> DueDate:
        """The new end of a reflection period that one extension makes longer."""
        more = self.profile.days("reflection_extension_days")
        return DueDate(kind=REFLECTION_ENDS, due_at=ends_at + more)

    def review(self, start: datetime, ends_at: datetime) -> DueDate | None:
        """When somebody looks whether the person needs more time; the end itself is no review."""
        due_at = start + self.profile.days("reflection_review_days")
        return DueDate(kind=REFLECTION_REVIEW, due_at=due_at) if due_at < ends_at else None

    def conclusive(self, reflection_ends_at: datetime) -> DueDate:
        """Working days after reflection that the authority has for the conclusive decision."""
        days = "conclusive_after_reflection_working_days"
        return self._working_days(CONCLUSIVE_DUE, reflection_ends_at, days)

    def reconsideration(self, start: datetime) -> DueDate:
        """Working days that the authority has to look at a negative decision again."""
        return self._working_days(RECONSIDERATION_DUE, start, "reconsideration_working_days")

    def reconsider_until(self, decided_at: datetime) -> datetime:
        """Until when another look can be asked for."""
        return decided_at + self.profile.days("reconsideration_days")

    def child_notification(self, start: datetime) -> DueDate:
        """Hours in which the child authorities are told."""
        hours = self.profile.hours("child_notification_hours")
        return DueDate(kind=CHILD_NOTIFICATION_DUE, due_at=start + hours)

    def majority_review(self, start: datetime) -> DueDate:
        """When it is looked at again whether somebody is a child (Convention, Art. 10(3))."""
        days = self.profile.days("believed_child_review_days")
        return DueDate(kind=MAJORITY_REVIEW, due_at=start + days)

    def _working_days(self, kind: str, start: datetime, days: str) -> DueDate:
        due_at = self.profile.calendar.add_working_days(start, self.profile.number(days))
        return DueDate(kind=kind, due_at=due_at)
