"""What the directory keeps of a record in HSDS: what the house reads, and nothing beside it.

A register of agencies holds more than others may know here: addresses and coordinates of
accommodation, free beds, names of people. What is kept is a list of what may be there, by name
and by form; all else is left out, and told by the property's name alone. Reading what was kept
gives the same listing as reading the record.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from contracts.vocabulary import LANGUAGES, PLACES_TO_LIVE, code_lists
from services.referral.domain.listings import (
    PHONE,
    Cover,
    Fields,
    access_of,
)
from services.referral.domain.naming import NODE
from services.referral.domain.opening import days_in

LeftOut = set[str]
"""Paths of properties, never a value."""
Rule = Callable[[object, str, LeftOut], object]
"""Value, path and what was left out so far -> what is kept of the value; nothing is None."""
NAME_LIMIT: Final = 120
PROPERTY: Final = re.compile(r"[a-z][a-z_]{0,39}")
UNNAMED: Final = "(another property)"
SAID: Final = "yes"


def _leaf(reading: Callable[[object], object]) -> Rule:
    def rule(given: object, path: str, left_out: LeftOut) -> object:
        found = reading(given)
        if found != given:
            left_out.add(path)
        return found

    return rule


def _part(**shape: Rule) -> Rule:
    def rule(given: object, path: str, left_out: LeftOut) -> object:
        if not isinstance(given, Mapping):
            left_out.add(path)
            return None
        found: dict[str, object] = {}
        for name, value in given.items():
            below = f"{path}.{_told(name)}"
            if name in shape:
                kept = shape[name](value, below, left_out) if value is not None else None
                found |= {} if kept is None else {name: kept}
            elif value not in (None, "", [], {}):
                left_out.add(below)
        return found

    return rule


def _list(each: Rule) -> Rule:
    """Whatever is left of each row; a row of which nothing is left is gone."""

    def rule(given: object, path: str, left_out: LeftOut) -> object:
        if not isinstance(given, list):
            left_out.add(path)
            return None
        found = [each(row, path, left_out) for row in given]
        return [row for row in found if row not in (None, {})]

    return rule


def _rows(**shape: Rule) -> Rule:
    return _list(_part(**shape))


def _code(list_name: str) -> Rule:
    return _leaf(lambda given: given if _is_code(given, list_name) else None)


def _is_code(given: object, list_name: str) -> bool:
    return isinstance(given, str) and given in code_lists()[list_name]


def _form(pattern: str) -> Rule:
    form = re.compile(pattern)
    return _leaf(lambda given: given if isinstance(given, str) and form.fullmatch(given) else None)


def _told(name: object) -> str:
    """A property as a message may show it: HSDS writes names so; anything else may be a text."""
    return name if isinstance(name, str) and PROPERTY.fullmatch(name) else UNNAMED


def _price(given: object) -> object:
    try:
        return given if Decimal(str(given)) == 0 else None
    except InvalidOperation:
        return None


def _days(given: object) -> object:
    return given if days_in(given) is not None else None


def _one_line(given: object) -> object:
    found = " ".join(given.split())[:NAME_LIMIT].rstrip() if isinstance(given, str) else ""
    return found or None


TEXT: Final = _form(r"(?s).+")
AN_AGENCY: Final = _form(NODE.pattern)
CLOCK_TIME: Final = _form(r"[0-9]{2}:[0-9]{2}")
ACCESSIBILITY: Final = _rows(description=_code("access-need"))
_A_PHONE: Final = _part(number=_form(PHONE.pattern), description=_form("duty"))


def _phones(given: object, path: str, left_out: LeftOut) -> object:
    """Those on which somebody has duty; any other may be a person's, or say where a house is."""
    found = _list(_A_PHONE)(given, path, left_out)
    rows = found if isinstance(found, list) else []
    kept = [row for row in rows if row.keys() == {"number", "description"}]
    if kept != rows:
        left_out.add(path)
    return kept


_IN_LANGUAGES: Final = _part(**dict.fromkeys(LANGUAGES, _leaf(_one_line)))


def _names(given: object, path: str, left_out: LeftOut) -> object:
    """Ours beside HSDS's one ``name``: what an agency is called in each language of the pages."""
    return _IN_LANGUAGES(given, path, left_out) or None


_AN_ORGANIZATION: Final = _part(id=AN_AGENCY, name=_leaf(_one_line), names=_names, phones=_phones)
_LOCATION: Final = _part(
    location_type=_form("physical|postal|virtual"),
    addresses=_rows(state_province=_code("oblast"), country=_code("country")),
    accessibility=ACCESSIBILITY,
)
_SERVICE: Final[Mapping[str, Rule]] = {
    "id": TEXT,
    "organization_id": AN_AGENCY,
    "status": _form("active"),
    "service_type": _code("service-type"),
    "eligibility": _part(audience_classes=_list(_code("audience-class"))),
    "languages": _rows(code=_code("language")),
    "interpretation_services": _leaf(lambda given: SAID if given else None),
    "cover": _form("|".join(Cover)),
    "schedules": _rows(
        freq=_form("DAILY|WEEKLY"), byday=_leaf(_days), opens_at=CLOCK_TIME, closes_at=CLOCK_TIME
    ),
    "phones": _phones,
    "cost_options": _rows(amount=_leaf(_price), currency=_form("[A-Z]{3}")),
    "service_areas": _rows(extent=_code("oblast"), extent_type=_form("iso-3166-2")),
    "accessibility": ACCESSIBILITY,
}
_ELSEWHERE: Final = _part(**_SERVICE, service_at_locations=_rows(location=_LOCATION))
_CONFIDENTIAL: Final = _part(**_SERVICE)


def kept_service(service: Fields, left_out: LeftOut) -> dict[str, Any]:
    """A service as the directory keeps it; where accommodation is, is not in it at all."""
    if service.get("service_type") not in PLACES_TO_LIVE:
        return _mapping(_ELSEWHERE(service, "services", left_out))
    found = _mapping(_CONFIDENTIAL(service, "services", left_out))
    if access := access_of(service):
        found["accessibility"] = [{"description": code} for code in sorted(access)]
    return found


def kept_organization(organization: object, left_out: LeftOut) -> dict[str, Any]:
    """An organization as the directory keeps it; empty where it cannot be named."""
    found = _mapping(_AN_ORGANIZATION(organization, "organizations", left_out))
    return found if "id" in found else {}


def left_out_beside(document: Fields) -> dict[str, int]:
    """What stands beside organizations and services, and of how many records it is."""
    read = ("version", "organizations", "services")
    found: dict[str, int] = {}
    for name, value in document.items():
        if name not in read and value not in (None, "", [], {}):
            many = len(value) if isinstance(value, list) else 1
            found[_told(name)] = found.get(_told(name), 0) + many
    return found


def _mapping(given: object) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}
