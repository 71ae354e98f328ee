"""The directory of agencies and their services, read record by record (HSDS 3.1 names).

A bad record is refused with its reason and the rest is loaded. Help is free: a service with a
price above zero is refused. Agencies only; no person's name or number may be in a directory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from contracts.vocabulary import code_lists

Fields = Mapping[str, Any]


class Cover(StrEnum):
    """When somebody answers."""

    HOURS = "hours"
    ROUND_THE_CLOCK = "round-the-clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One service of one agency, as others may know it."""

    service_id: str
    agency: str
    service_type: str
    cover: Cover
    audiences: frozenset[str] = frozenset()
    """Whom it is for; none named: everybody."""
    languages: frozenset[str] = frozenset()
    interpreter: bool = False
    oblasts: frozenset[str] = frozenset()
    """Where it is given; none named: everywhere."""
    home_oblast: str | None = None
    """Where it stands; not given where the location is confidential."""
    duty_phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRecord:
    """A record that was not loaded: its id (or its place in the file) and why."""

    place: int
    """Its position in the file, from 0: what a log may tell of it."""
    record: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What was loaded, in order of agency and service, and what was refused."""

    listings: tuple[Listing, ...] = ()
    refused: tuple[RefusedRecord, ...] = ()

    def of_type(self, service_type: str) -> tuple[Listing, ...]:
        """Every listed service of a type."""
        return tuple(found for found in self.listings if found.service_type == service_type)

    def listing(self, service_id: str | None) -> Listing | None:
        """The service of that id."""
        return next((found for found in self.listings if found.service_id == service_id), None)


def it_has_an_id(service: Fields) -> str | None:
    """A service without an id cannot be named."""
    return None if _text(service.get("id")) else "id-missing"


def it_is_active(service: Fields) -> str | None:
    """Only an active service can be offered."""
    return None if service.get("status") == "active" else "not-active"


def its_type_is_known(service: Fields) -> str | None:
    """The type is a code of the list."""
    known = service.get("service_type") in code_lists()["service-type"]
    return None if known else "service-type-unknown"


def it_is_free(service: Fields) -> str | None:
    """Help is free for the person: every price is given and is zero."""
    options = _rows(service.get("cost_options"))
    if not options:
        return "price-missing"
    for option in options:
        try:
            amount = Decimal(str(option.get("amount")))
        except InvalidOperation:
            return "price-unreadable"
        if not amount.is_finite() or amount < 0:
            return "price-unreadable"
        if amount > 0:
            return "price-above-zero"
    return None


def its_audiences_are_known(service: Fields) -> str | None:
    """Eligibility names audience classes of the list."""
    return _all_known(_audiences(service), "audience-class", "eligibility-unknown")


def its_languages_are_known(service: Fields) -> str | None:
    """Languages are ISO 639-1 codes."""
    codes = _column(service, "languages", "code")
    return _all_known(codes, "language", "language-unknown") if codes else "language-missing"


def its_oblasts_are_known(service: Fields) -> str | None:
    """Service areas are oblasts of the list."""
    return _all_known(_column(service, "service_areas", "extent"), "oblast", "oblast-unknown")


def its_cover_is_known(service: Fields) -> str | None:
    """Round the clock, or hours with a schedule."""
    cover = service.get("cover")
    if cover not in tuple(Cover):
        return "cover-unknown"
    lacks_hours = cover == Cover.HOURS and not _rows(service.get("schedules"))
    return "schedule-missing" if lacks_hours else None


def round_the_clock_has_a_duty_phone(service: Fields) -> str | None:
    """In an emergency somebody must be reachable from the first moment."""
    lacks = service.get("cover") == Cover.ROUND_THE_CLOCK and _duty_phone(service) is None
    return "duty-phone-missing" if lacks else None


RECORD_RULES: Final[tuple[Callable[[Fields], str | None], ...]] = (
    it_has_an_id,
    it_is_active,
    its_type_is_known,
    it_is_free,
    its_audiences_are_known,
    its_languages_are_known,
    its_oblasts_are_known,
    its_cover_is_known,
    round_the_clock_has_a_duty_phone,
)


def read_directory(document: object) -> Directory:
    """Every good record of the document; every bad one with its reasons."""
    content: Fields = document if isinstance(document, Mapping) else {}
    agencies = frozenset(
        name for row in _rows(content.get("organizations")) if (name := _text(row.get("id")))
    )
    listings: list[Listing] = []
    refused: list[RefusedRecord] = []
    given = content.get("services")
    for place, record in enumerate(given if isinstance(given, list) else []):
        service: Fields = record if isinstance(record, Mapping) else {}
        reasons = [reason for rule in RECORD_RULES if (reason := rule(service)) is not None]
        if service.get("organization_id") not in agencies:
            reasons.append("organization-unknown")
        if any(known.service_id == service.get("id") for known in listings):
            reasons.append("id-repeated")
        name = _text(service.get("id")) or f"services[{place}]"
        if reasons:
            refused.append(RefusedRecord(place=place, record=name, reasons=tuple(reasons)))
        else:
            listings.append(_listing(service))
    ordered = sorted(listings, key=lambda found: (found.agency, found.service_id))
    return Directory(listings=tuple(ordered), refused=tuple(refused))


def _listing(service: Fields) -> Listing:
    homes = [
        address.get("state_province")
        for place in _rows(service.get("service_at_locations"))
        for address in _rows(_part(place, "location").get("addresses"))
    ]
    return Listing(
        service_id=str(service["id"]),
        agency=str(service["organization_id"]),
        service_type=str(service["service_type"]),
        cover=Cover(service["cover"]),
        audiences=frozenset(_audiences(service)),
        languages=frozenset(_column(service, "languages", "code")),
        interpreter=bool(service.get("interpretation_services")),
        oblasts=frozenset(_column(service, "service_areas", "extent")),
        home_oblast=next((home for home in homes if isinstance(home, str)), None),
        duty_phone=_duty_phone(service),
    )


def _duty_phone(service: Fields) -> str | None:
    numbers = [
        _text(phone.get("number"))
        for phone in _rows(service.get("phones"))
        if phone.get("description") == "duty"
    ]
    return next(filter(None, numbers), None)


def _audiences(service: Fields) -> list[str]:
    given = _part(service, "eligibility").get("audience_classes")
    return [str(code) for code in given] if isinstance(given, list) else []


def _column(service: Fields, rows: str, column: str) -> list[str]:
    return [str(row.get(column)) for row in _rows(service.get(rows))]


def _rows(given: object) -> Sequence[Fields]:
    if not isinstance(given, list):
        return ()
    return [row for row in given if isinstance(row, Mapping)]


def _part(record: Fields, name: str) -> Fields:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _text(given: object) -> str | None:
    return given if isinstance(given, str) and given else None


def _all_known(codes: Sequence[str], list_name: str, reason: str) -> str | None:
    known = code_lists()[list_name]
    return None if all(code in known for code in codes) else reason
