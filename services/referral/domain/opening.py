"""When a service is open: the days and hours of its schedules (HSDS 3.1 names, RFC 5545 words)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from contracts.vocabulary import WEEK

Row = Mapping[str, Any]
WEEKDAYS: Final = frozenset(WEEK)
CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-4]):[0-5][0-9]")
UNSAID: Final = (None, "")


def is_readable(row: Row) -> bool:
    """Whether it says days, and a beginning before an end."""
    if row.get("freq") not in ("DAILY", "WEEKLY"):
        return False
    if days_are_needed(row) and days_in(row.get("byday")) is None:
        return False
    opens, closes = (str(row.get(name)) for name in ("opens_at", "closes_at"))
    return all(CLOCK.fullmatch(time) for time in (opens, closes)) and opens < closes


def days_are_needed(row: Row) -> bool:
    """A weekly rule says its days; a daily one may, and what it says must be understood."""
    return row.get("freq") == "WEEKLY" or row.get("byday") not in UNSAID


def days_in(given: object) -> frozenset[str] | None:
    """The days that a ``byday`` names; None where one word of it is no day."""
    found = frozenset(given.split(",")) if isinstance(given, str) else None
    return found if found is not None and found <= WEEKDAYS else None


def open_days(schedules: Iterable[Row]) -> frozenset[str]:
    """The days of all of them.

    RFC 5545: ``BYDAY`` limits a rule that is daily, too; without it such a rule means every day.
    """
    return frozenset(day for row in schedules for day in days_in(row.get("byday")) or WEEKDAYS)
