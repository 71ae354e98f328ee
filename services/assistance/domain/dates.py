"""Months as the law counts them: the same day of a later month, or its last day."""

from calendar import monthrange
from datetime import datetime
from typing import Final

MONTHS: Final = 12


def after_months(at: datetime, months: int) -> datetime:
    """``months`` after ``at``; the 31st of a short month is its last day."""
    year, month = divmod(at.year * MONTHS + at.month - 1 + months, MONTHS)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
