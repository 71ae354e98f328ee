"""Working days of a jurisdiction: weekends and public holidays, from the `holidays` library."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

WEEK: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""Days of the week as RFC 5545 writes them, in the order of ``date.weekday``."""
WORKING_WEEK: Final = frozenset(WEEK[:5])
LONGEST_SPAN_DAYS: Final = 2_000
"""Two hundred working days of whoever works on one day of the week, and their holidays."""


@cache
def _public_holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessCalendar:
    """Counts working days of ``country`` (ISO 3166-1 alpha-2) by the dates of its time zone.

    On which days of the week an agency works whoever asks may say; what its hours are, it does not
    know. A public holiday is one for everybody in the country.
    """

    country: str
    time_zone: str = "UTC"

    def is_working_day(self, day: date, week: Set[str] = WORKING_WEEK) -> bool:
        """A day of that week, and no public holiday."""
        on_a_day = WEEK[day.weekday()] in week
        return on_a_day and day not in _public_holidays(self.country, day.year)

    def add_working_days(
        self, start: datetime, working_days: int, week: Set[str] = WORKING_WEEK
    ) -> datetime:
        """The same time of day there, ``working_days`` working days later (at most 200)."""
        if not 0 <= working_days <= 200:
            raise ValueError("working days must be between 0 and 200")
        moment, left = start.astimezone(ZoneInfo(self.time_zone)), working_days
        for _ in range(LONGEST_SPAN_DAYS):
            if left == 0 and self.is_working_day(moment.date(), week):
                return moment.astimezone(start.tzinfo)
            moment += timedelta(days=1)
            if left and self.is_working_day(moment.date(), week):
                left -= 1
        raise ValueError("no working day found")
