"""By when an offer must be answered, from the profile: no number of a law is in the code."""

from datetime import datetime

from contracts.vocabulary import Profile
from services.referral.domain.requests import EMERGENCY


def seen_by(urgency: str, now: datetime, profile: Profile) -> datetime | None:
    """When somebody must have opened it; only an emergency has such a time."""
    if urgency != EMERGENCY:
        return None
    return now + profile.minutes("emergency_seen_minutes")


def start_by(accepted_at: datetime, now: datetime, profile: Profile) -> datetime:
    """When help that was agreed to must have begun. No clock starts at a time still to come."""
    return min(accepted_at, now) + profile.days("service_start_days")


def answer_by(urgency: str, now: datetime, profile: Profile) -> datetime:
    """Minutes for an emergency, hours when urgent, working days of the jurisdiction otherwise.

    Both agencies are under one profile: its public holidays and the dates of its time zone are the
    receiver's, too. The receiver's own opening days (HSDS schedules) are not looked at.
    """
    if urgency == EMERGENCY:
        return now + profile.minutes("emergency_accepted_minutes")
    if urgency == "routine":
        days = profile.number("routine_accepted_working_days")
        return profile.calendar.add_working_days(now, days)
    return now + profile.hours("urgent_accepted_hours")
