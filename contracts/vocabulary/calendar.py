"""Working days of a jurisdiction: weekends and public holidays, from the `holidays` library."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

SATURDAY: Final = 5
LONGEST_SPAN_DAYS: Final = 400


@cache
def _public_holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessCalendar:
    """Counts working days of ``country`` (ISO 3166-1 alpha-2) by the dates of its time zone.

    What an agency's own hours are, it does not know: a day is one for everybody in the country.
    """

    country: str
    time_zone: str = "UTC"

    def is_working_day(self, day: date) -> bool:
        """Neither a weekend nor a public holiday."""
        return day.weekday() < SATURDAY and day not in _public_holidays(self.country, day.year)

    def add_working_days(self, start: datetime, working_days: int) -> datetime:
        """The same time of day there, ``working_days`` working days later (at most 200)."""
        if not 0 <= working_days <= 200:
            raise ValueError("working days must be between 0 and 200")
        moment, left = start.astimezone(ZoneInfo(self.time_zone)), working_days
        for _ in range(LONGEST_SPAN_DAYS):
            if left == 0 and self.is_working_day(moment.date()):
                return moment.astimezone(start.tzinfo)
            moment += timedelta(days=1)
            if left and self.is_working_day(moment.date()):
                left -= 1
        raise ValueError("no working day found")
