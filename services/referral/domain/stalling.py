"""When a route stands: an agency's node has not taken an offer in the profile's time.

Not a person's clock: whether anybody *answers* is told by the task's own clocks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.vocabulary import Profile
from services.referral.domain.requests import EMERGENCY


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The oldest offer of an urgency that an agency's node has not taken."""

    agency: str
    urgency: str
    since: datetime


def patience(urgency: str, profile: Profile) -> timedelta:
    """How long a node may be away, before somebody telephones."""
    if urgency == EMERGENCY:
        return profile.minutes("undelivered_emergency_minutes")
    return profile.hours("undelivered_hours")


def stalled(waiting: Iterable[Waiting], now: datetime, profile: Profile) -> Mapping[str, timedelta]:
    """By agency, for how long its route stands, counted from the first offer that waits."""
    found: dict[str, timedelta] = {}
    for each in waiting:
        age = now - each.since
        if age > patience(each.urgency, profile):
            found[each.agency] = max(age, found.get(each.agency, age))
    return found
