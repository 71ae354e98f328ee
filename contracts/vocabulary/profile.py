"""A jurisdiction's numbers. No clock or limit of a law is a constant in code.

Every value carries its source and a status; the node says at start how many are not verified. A
file that is wrong is refused as a whole, and every error names the file, the line and the value.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

import yaml
from holidays import list_supported_countries

from contracts.vocabulary.calendar import BusinessCalendar
from contracts.vocabulary.lists import NOT_YET_KNOWN, PLACES_TO_LIVE, code_lists
from contracts.vocabulary.strict import ReadText, line_of, read_strictly

_PROFILES: Final = Path(__file__).parent / "profiles"
STATUSES: Final = frozenset({"verified", "borrowed", "to-be-confirmed"})
COOLING_REASONS: Final = (
    "person_unreachable",
    "person_left_area",
    "at_capacity",
    "ineligible",
    "out_of_area",
    "safety",
    "conflict_of_interest",
    "language",
    "mou_not_in_force",
    "incomplete",
    "hold_expired",
    "not_yet_known",
)
"""Codes of the list ``decline-reason`` after which a provider may be asked again, some day."""
ENTRY: Final = frozenset({"value", "source", "status"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value must be: a sentence that follows "must be", and the test of it."""

    sentence: str
    holds: Callable[[Any], bool]


def _whole(least: int, most: int) -> Kind:
    return Kind(
        f"a whole number from {least} to {most}",
        lambda value: type(value) is int and least <= value <= most,
    )


def _one_of(*codes: str) -> Kind:
    return Kind(
        f"one of {', '.join(codes)}", lambda value: isinstance(value, str) and value in codes
    )


def _codes_of(name: str, least: int = 0) -> Kind:
    def holds(value: Any) -> bool:
        return (
            _are_words(value)
            and least <= len(set(value)) == len(value)
            and all(code in code_lists()[name] for code in value)
        )

    return Kind(f"a list of codes of {name}, each once" + ", not empty" * bool(least), holds)


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _calendars() -> frozenset[str]:
    return frozenset(list_supported_countries())


NO_LAW: Final = "none"
"""What a value that cites a law says when there is none: what it permits is off."""
UNDER_A_LAW: Final = ("anonymous_notification_recipients", "anonymous_notification_fields")
TOLD_WITHOUT_A_PERSON: Final = ("citizen-group", "exploitation-group")
"""All that an anonymous notification can tell."""

VALUES: Final[Mapping[str, Kind]] = {
    "holiday_calendar": Kind(
        "a country whose public holidays the holidays library knows (ISO 3166-1 alpha-2)",
        lambda value: isinstance(value, str) and value in _calendars(),
    ),
    "time_zone": Kind(
        "a time zone of the IANA database (Europe/Minsk)",
        lambda value: isinstance(value, str) and value in _time_zones(),
    ),
    "clocks_start_from": _one_of("recorded", "occurred"),
    "reasonable_grounds_working_days": _whole(1, 200),
    # Council of Europe Convention on Action against Trafficking, Art. 13(1): at least 30 days
    "reflection_days": _whole(30, 365),
    "conclusive_after_reflection_working_days": _whole(1, 200),
    "child_notification_hours": _whole(0, 72),
    "identifying_agency_types": _codes_of("agency-type", 1),
    "detecting_agency_types": _codes_of("agency-type", 1),
    "hand_over_duty_types": _codes_of("agency-type"),
    "reflection_review_days": _whole(1, 365),
    "reflection_extension_days": _whole(1, 365),
    "reflection_extensions": _whole(0, 24),
    "reconsideration_days": _whole(1, 3_660),
    "reconsideration_working_days": _whole(1, 200),
    "revocation_authority_types": _codes_of("agency-type", 1),
    "believed_child_review_days": _whole(1, 365),
    "child_notification_recipients": _codes_of("agency-type", 1),
    "guardianship_body_types": _codes_of("agency-type", 1),
    "removal_authority_types": _codes_of("agency-type"),
    "anonymous_notification_law": Kind(
        f"a law and its article, or {NO_LAW}",
        lambda value: isinstance(value, str) and (value == NO_LAW or len(value) > 8),
    ),
    "anonymous_notification_recipients": _codes_of("agency-type"),
    "anonymous_notification_fields": Kind(
        f"a list of {', '.join(TOLD_WITHOUT_A_PERSON)}, each at most once",
        lambda value: (
            _are_words(value)
            and len(set(value)) == len(value)
            and set(value) <= set(TOLD_WITHOUT_A_PERSON)
        ),
    ),
    "anonymous_notification_months": _whole(1, 12),
    "capacity_query_minutes": _whole(1, 1_440),
    "capacity_fresh_hours": _whole(1, 168),
    "emergency_seen_minutes": _whole(1, 240),
    "emergency_accepted_minutes": _whole(1, 480),
    "urgent_accepted_hours": _whole(1, 168),
    "routine_accepted_working_days": _whole(1, 30),
    "routine_accepted_longest_days": _whole(1, 60),
    "accepting_minutes": _whole(1, 1_440),
    "hold_hours": _whole(1, 336),
    "undelivered_emergency_minutes": _whole(1, 240),
    "undelivered_hours": _whole(1, 168),
    "services_asked_each_round": _whole(1, 500),
    "reroute_hops": _whole(0, 20),
    "service_start_days": _whole(1, 60),
    "emergency_escalation_minutes": _whole(1, 240),
    "escalation_hours": _whole(1, 168),
    "consent_notice_days": _whole(1, 90),
    "draft_warning_days": _whole(1, 365),
    "draft_kept_days": _whole(1, 365),
    **{f"cool_down_{reason}_hours": _whole(1, 17_520) for reason in COOLING_REASONS},
    "destroy_after_withdrawal_hours": _whole(1, 720),
    "legal_hold_days": _whole(1, 3_660),
    "legal_hold_confirm_hours": _whole(1, 336),
    "legal_hold_notice_days": _whole(1, 90),
    "placement_below_3_service": _one_of(*PLACES_TO_LIVE),
    "placement_3_to_17_service": _one_of(*PLACES_TO_LIVE),
    "placement_adult_service": _one_of("crisis-room", "shelter"),
    # 0: no limit
    "stay_limit_below_3_months": _whole(0, 60),
    "stay_limit_3_to_17_months": _whole(0, 60),
    "stay_limit_adult_months": _whole(0, 60),
    "stay_alarm_before_limit_months": _whole(1, 12),
    "arrival_hours": _whole(1, 336),
    "child_monitoring_months": _whole(1, 60),
    "follow_up_months": _whole(1, 24),
}
"""Every value that a profile has, no more and no less; the ending of a name is its unit."""


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

    def codes(self, name: str) -> tuple[str, ...]:
        """A list of codes of the profile, in its order."""
        return tuple(self.values[name])

    def law(self, name: str) -> str | None:
        """The law that a value cites (``name`` ends in ``_law``); None: what it permits is off."""
        cited = str(self.values[name])
        return None if cited == NO_LAW else cited

    def word(self, name: str) -> str:
        """A code of the profile; KeyError for a name it does not have."""
        return str(self.values[name])

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


def known_profiles() -> tuple[str, ...]:
    """The names of all profiles that come with this version."""
    return tuple(sorted(found.stem for found in _PROFILES.glob("*.yaml")))


@cache
def load_profile(name: str) -> Profile:
    """The profile in ``profiles/<name>.yaml``; ValueError says what is wrong, and on which line."""
    if name not in known_profiles():
        raise ValueError(f"no such profile; there are: {', '.join(known_profiles())}")
    return read_profile(name, (_PROFILES / f"{name}.yaml").read_text(encoding="utf-8"))


def read_profile(name: str, text: str) -> Profile:
    """A profile from its YAML; ValueError says every value and line that is wrong."""
    try:
        found = read_strictly(text)
    except ValueError as error:
        raise ValueError(f"profile {name}, {error}") from None
    body = found.body
    if wrong := list(_objections(found)):
        raise ValueError("; ".join(f"profile {name}, {sentence}" for sentence in wrong))
    values = {key: entry["value"] for key, entry in body["values"].items()}
    return Profile(
        name=name,
        country=body["country"],
        values=values,
        statuses={key: entry["status"] for key, entry in body["values"].items()},
        calendar=BusinessCalendar(
            country=values["holiday_calendar"], time_zone=values["time_zone"]
        ),
    )


def _lines(root: Any) -> Mapping[str, int]:
    """Value's name -> its line in the file, counted from 1."""
    found = {}
    for top, value in getattr(root, "value", ()):
        found[str(top.value)] = line_of(top)
        if isinstance(value, yaml.MappingNode):
            found.update({str(key.value): line_of(key) for key, _ in value.value})
    return found


def _objections(found: ReadText) -> Iterator[str]:
    for line, name in found.twice:
        yield f"line {line}: {name} is written twice"
    body = found.body
    if not isinstance(body, dict) or set(body) != {"profile", "country", "values"}:
        yield "line 1: it must have profile, country and values, and nothing else"
        return
    lines = _lines(found.root)
    if not _is_text(body["profile"]):
        yield f"line {lines['profile']}: profile must be a name"
    if not _is_country(body["country"]):
        yield f"line {lines['country']}: country must be a code of ISO 3166-1 alpha-2 (BY)"
    values = body["values"]
    if not isinstance(values, dict):
        yield f"line {lines['values']}: values must be the values of a profile, each by its name"
        return
    for name in sorted(VALUES.keys() - values.keys()):
        yield f"line {lines['values']}: {name} is missing"
    for name, entry in values.items():
        if against := _objection(name, entry):
            yield f"line {lines.get(str(name), lines['values'])}: {name} {against}"
    for name in _silent_under_a_law(values):
        yield f"line {lines[name]}: {name} must not be empty where a law is cited"


def _objection(name: Any, entry: Any) -> str | None:
    """What is wrong with one value, as the end of a sentence; nothing when it is right."""
    if name not in VALUES:
        return "is no value of a profile"
    if not isinstance(entry, dict) or set(entry) != ENTRY:
        return "needs value, source and status, and nothing else"
    if not isinstance(entry["status"], str) or entry["status"] not in STATUSES:
        return f"has no known status: {', '.join(sorted(STATUSES))}"
    if not _is_text(entry["source"]):
        return "has no source: say where its value is from"
    holds = VALUES[name].holds(entry["value"])
    return None if holds else f"must be {VALUES[name].sentence}"


def _is_country(value: Any) -> bool:
    """Of the list, but not its *not yet known*: who is its citizen is asked by this code."""
    return isinstance(value, str) and value in code_lists()["country"] and value != NOT_YET_KNOWN


def _silent_under_a_law(values: Mapping[Any, Any]) -> Iterator[str]:
    """A law that has numbers told says to whom, and what."""
    said = {
        name: entry.get("value") if isinstance((entry := values.get(name)), dict) else None
        for name in ("anonymous_notification_law", *UNDER_A_LAW)
    }
    law = said["anonymous_notification_law"]
    if _is_text(law) and law != NO_LAW:
        yield from (name for name in UNDER_A_LAW if said[name] == [])
