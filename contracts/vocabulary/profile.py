"""A jurisdiction's numbers. No clock or limit of a law is a constant in code.

Every value carries its source and a status; the node says at start how many are not verified.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from contracts.vocabulary.calendar import BusinessCalendar

_PROFILES: Final = Path(__file__).parent / "profiles"
STATUSES: Final = frozenset({"verified", "borrowed", "to-be-confirmed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The values of one jurisdiction, with a calendar of its working days."""

    name: str
    country: str
    values: Mapping[str, Any]
    statuses: Mapping[str, str]
    calendar: BusinessCalendar

    def number(self, name: str) -> int:
        """A whole number of the profile; KeyError for a name it does not have."""
        return int(self.values[name])

    def minutes(self, name: str) -> timedelta:
        """A span given in minutes (``name`` ends in ``_minutes``)."""
        return timedelta(minutes=self.number(name))

    def hours(self, name: str) -> timedelta:
        """A span given in hours (``name`` ends in ``_hours``)."""
        return timedelta(hours=self.number(name))

    def days(self, name: str) -> timedelta:
        """A span given in calendar days (``name`` ends in ``_days``)."""
        return timedelta(days=self.number(name))

    @property
    def not_verified(self) -> int:
        """How many values are borrowed or still to be confirmed."""
        return sum(status != "verified" for status in self.statuses.values())


@cache
def load_profile(name: str) -> Profile:
    """The profile in ``profiles/<name>.yaml``; ValueError says which value is wrong."""
    path = _PROFILES / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in _PROFILES.glob("*.yaml")))
        raise ValueError(f"no such profile; there are: {known}")
    body = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    values, statuses = {}, {}
    for key, entry in body["values"].items():
        if set(entry) != {"value", "source", "status"} or entry["status"] not in STATUSES:
            raise ValueError(f"{key} needs value, source and a known status")
        values[key], statuses[key] = entry["value"], entry["status"]
    return Profile(
        name=name,
        country=body["country"],
        values=values,
        statuses=statuses,
        calendar=BusinessCalendar(country=values["holiday_calendar"]),
    )
