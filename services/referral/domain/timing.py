"""By when an offer must be answered, from the profile: no number of a law is in the code."""

from collections.abc import Set
from datetime import datetime

from contracts.vocabulary import WORKING_WEEK, Profile
from services.referral.domain.requests import EMERGENCY, ROUTINE


def seen_by(urgency: str, now: datetime, profile: Profile) -> datetime | None:
    """When somebody must have opened it; only an emergency has such a time."""
    if urgency != EMERGENCY:
        return None
    return now + profile.minutes("emergency_seen_minutes")


def start_by(accepted_at: datetime, now: datetime, profile: Profile) -> datetime:
    """When help that was agreed to must have begun. No clock starts at a time still to come."""
    return min(accepted_at, now) + profile.days("service_start_days")


def answer_by(
    urgency: str, now: datetime, profile: Profile, days: Set[str] = WORKING_WEEK
) -> datetime:
    """Minutes for an emergency, hours when urgent, working days of the receiver otherwise.

    ``days`` are those of the week on which the agency's people answer, as the directory lists its
    services (HSDS schedules); none listed: the working week. Both agencies are under one profile:
    its public holidays and the dates of its time zone are the receiver's, too. However seldom it
    is open, ``routine_accepted_longest_days`` later the next one is asked. The sender reckons
    it, and the offer tells it: no node reckons it again from a directory of its own.
    """
    if urgency == EMERGENCY:
        return now + profile.minutes("emergency_accepted_minutes")
    if urgency == ROUTINE:
        number = profile.number("routine_accepted_working_days")
        longest = now + profile.days("routine_accepted_longest_days")
        return min(profile.calendar.add_working_days(now, number, days or WORKING_WEEK), longest)
    return now + profile.hours("urgent_accepted_hours")
