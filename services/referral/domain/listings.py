"""The directory of agencies and their services, read record by record (HSDS 3.1 names).

A bad record is refused with its reason and the rest is loaded. Help is free: a service with a
price above zero is refused. Agencies only; no person's name or number may be in a directory.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final, Protocol

from contracts.vocabulary import NOT_YET_KNOWN, PLACES_TO_LIVE, code_lists
from services.referral.domain.naming import is_node, is_opaque
from services.referral.domain.opening import WEEKDAYS, is_readable, open_days

Fields = Mapping[str, Any]
PHONE: Final = re.compile(
    r"(?=.{2,40}\Z)\(?[+0-9][0-9 \u00a0()./-]+(?:[, ]? ?(?:ext|доб|дад)\.? ?[0-9]{1,6})?"
)
"""A number, with its extension, and nothing else: whose it is has no place in it."""


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
    """Where it stands; not read of accommodation, whose location is confidential."""
    duty_phone: str | None = None
    access: frozenset[str] = frozenset()
    """What it says it has for who needs it to come and be understood; not said is not known."""
    days: frozenset[str] = frozenset()
    """When people answer: every day round the clock, else on the days of its agency's office."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRecord:
    """A record that was not loaded: its id, if it may be told, or its place, and why."""

    place: int
    """Its position in the file, from 0: what a log may tell of it."""
    record: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What was loaded, in order of agency and service, and what was refused."""

    listings: tuple[Listing, ...] = ()
    refused: tuple[RefusedRecord, ...] = ()
    phones: Mapping[str, str] = field(default_factory=dict)
    """Agency -> its own duty phone, or that of one of its services."""

    def of_type(self, service_type: str) -> tuple[Listing, ...]:
        """Every listed service of a type."""
        return tuple(found for found in self.listings if found.service_type == service_type)

    def listing(self, service_id: str | None) -> Listing | None:
        """The service of that id."""
        return next((found for found in self.listings if found.service_id == service_id), None)

    def phone_of(self, agency: str) -> str | None:
        """Where the agency is called, whoever of it is on duty."""
        return self.phones.get(agency)


class Services(Protocol):
    """What is listed, for whoever seeks: a directory, or a file that changes."""

    def of_type(self, service_type: str) -> tuple[Listing, ...]:
        """Every listed service of a type."""

    def listing(self, service_id: str | None) -> Listing | None:
        """The service of that id."""

    def phone_of(self, agency: str) -> str | None:
        """Where the agency is called, whoever of it is on duty."""


def it_has_an_id(service: Fields) -> str | None:
    """A service without an id cannot be named (HSDS 3.1, service.id)."""
    return None if _text(service.get("id")) else "id-missing"


def an_id_of_accommodation_is_opaque(service: Fields) -> str | None:
    """The id of a place to live says nothing of where it is.

    Project: its location is confidential and stays with its provider, and ids travel.
    """
    says = _is_accommodation(service) and it_has_an_id(service) is None and not is_opaque(service)
    return "id-not-opaque" if says else None


def it_is_active(service: Fields) -> str | None:
    """Only an active service can be offered (HSDS 3.1, service.status)."""
    return None if service.get("status") == "active" else "not-active"


def its_type_is_known(service: Fields) -> str | None:
    """The type is a code of the list (code list: ``service-type``)."""
    known = _text(service.get("service_type")) in code_lists()["service-type"]
    return None if known else "service-type-unknown"


def it_is_free(service: Fields) -> str | None:
    """Help is free for the person: every price is given and is zero.

    Law 350-Z, Art. 20; HSDS 3.1, cost_options.
    """
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
    """Eligibility names audience classes of the list (code list: ``audience-class``)."""
    return _all_known(_audiences(service), "audience-class", "eligibility-unknown")


def its_languages_are_known(service: Fields) -> str | None:
    """Languages are ISO 639-1 codes."""
    codes = _column(service, "languages", "code")
    return _all_known(codes, "language", "language-unknown") if codes else "language-missing"


def its_oblasts_are_known(service: Fields) -> str | None:
    """Service areas are oblasts of the list (code list: ``oblast``, ISO 3166-2)."""
    return _all_known(_column(service, "service_areas", "extent"), "oblast", "oblast-unknown")


def its_cover_is_known(service: Fields) -> str | None:
    """Round the clock, or hours with a schedule (HSDS 3.1, schedules)."""
    cover = service.get("cover")
    if cover not in tuple(Cover):
        return "cover-unknown"
    lacks_hours = cover == Cover.HOURS and not _rows(service.get("schedules"))
    return "schedule-missing" if lacks_hours else None


def its_hours_can_be_read(service: Fields) -> str | None:
    """Opening hours are a day or days and a beginning before an end (HSDS schedule, RFC 5545)."""
    readable = all(is_readable(row) for row in _rows(service.get("schedules")))
    return None if readable else "schedule-unreadable"


def no_more_is_available_than_there_is(service: Fields) -> str | None:
    """Available is never above maximum (HSDS 3.1, service_capacity)."""
    for row in _rows(service.get("service_capacity")):
        available, maximum = row.get("available"), row.get("maximum")
        if not _is_count(available) or not (maximum is None or _is_count(maximum)):
            return "capacity-unreadable"
        if maximum is not None and available > maximum:
            return "available-above-maximum"
    return None


def round_the_clock_has_a_duty_phone(service: Fields) -> str | None:
    """In an emergency somebody must be reachable from the first moment.

    Project: it is answered within minutes.
    """
    lacks = service.get("cover") == Cover.ROUND_THE_CLOCK and _duty_phone(service) is None
    return "duty-phone-missing" if lacks else None


RECORD_RULES: Final[tuple[Callable[[Fields], str | None], ...]] = (
    it_has_an_id,
    an_id_of_accommodation_is_opaque,
    it_is_active,
    its_type_is_known,
    it_is_free,
    its_audiences_are_known,
    its_languages_are_known,
    its_oblasts_are_known,
    its_cover_is_known,
    its_hours_can_be_read,
    no_more_is_available_than_there_is,
    round_the_clock_has_a_duty_phone,
)


@dataclass(slots=True)
class Seen:
    """What stood before a record in the same document: the only thing that reading remembers."""

    agencies: frozenset[str]
    services: set[str] = field(default_factory=set)


def its_agency_is_listed(service: Fields, seen: Seen) -> str | None:
    """A service is an organization's of the same document, named as its node is.

    HSDS 3.1, service.organization_id.
    """
    listed = _text(service.get("organization_id")) in seen.agencies
    return None if listed else "organization-unknown"


def its_id_is_its_own(service: Fields, seen: Seen) -> str | None:
    """One id is one service (HSDS 3.1, service.id is unique)."""
    return "id-repeated" if _text(service.get("id")) in seen.services else None


DOCUMENT_RULES: Final[tuple[Callable[[Fields, Seen], str | None], ...]] = (
    its_agency_is_listed,
    its_id_is_its_own,
)


def objections_to(record: object, seen: Seen) -> tuple[str, ...]:
    """Every reason why a record is refused, as codes of the list ``directory-refusal``."""
    service: Fields = record if isinstance(record, Mapping) else {}
    found = [
        *(rule(service) for rule in RECORD_RULES),
        *(rule(service, seen) for rule in DOCUMENT_RULES),
    ]
    reasons = tuple(reason for reason in found if reason is not None)
    if not reasons:
        seen.services.add(str(service["id"]))
    return reasons


def agencies_of(document: object) -> frozenset[str]:
    """The agencies that a document lists by the names of their nodes."""
    content: Fields = document if isinstance(document, Mapping) else {}
    rows = _rows(content.get("organizations"))
    return frozenset(name for row in rows if is_node(name := row.get("id")))


def read_directory(document: object) -> Directory:
    """Every good record of the document; every bad one with its reasons."""
    content: Fields = document if isinstance(document, Mapping) else {}
    seen = Seen(agencies=agencies_of(document))
    listings: list[Listing] = []
    refused: list[RefusedRecord] = []
    given = content.get("services")
    for place, record in enumerate(given if isinstance(given, list) else []):
        reasons = objections_to(record, seen)
        if reasons:
            refused.append(
                RefusedRecord(place=place, record=name_of(record, place), reasons=reasons)
            )
        else:
            listings.append(_listing(record))
    ordered = sorted(_open_as_agencies(listings), key=lambda each: (each.agency, each.service_id))
    return Directory(
        listings=tuple(ordered),
        refused=tuple(refused),
        phones=_phones_of_services(ordered) | _phones_of_agencies(content),
    )


def _open_as_agencies(listings: Sequence[Listing]) -> list[Listing]:
    """Those by hours with the days of all that their agency gives by hours: its office answers."""
    office: dict[str, frozenset[str]] = {}
    for found in listings:
        if found.cover is Cover.HOURS:
            office[found.agency] = office.get(found.agency, frozenset()) | found.days
    return [
        replace(found, days=office[found.agency]) if found.cover is Cover.HOURS else found
        for found in listings
    ]


def _phones_of_services(listings: Sequence[Listing]) -> dict[str, str]:
    """The first service's that has one, for each agency."""
    return {found.agency: found.duty_phone for found in reversed(listings) if found.duty_phone}


def _phones_of_agencies(content: Fields) -> dict[str, str]:
    told = ((_text(row.get("id")), _duty_phone(row)) for row in _rows(content.get("organizations")))
    return {agency: phone for agency, phone in told if agency and phone}


def name_of(record: object, place: int) -> str:
    """A record's id, or its place in the document where the id may say where somebody lives."""
    service: Fields = record if isinstance(record, Mapping) else {}
    given, kind = _text(service.get("id")), its_type_is_known(service)
    told = is_opaque(service) or (kind is None and not _is_accommodation(service))
    return given if given and told else f"services[{place}]"


def _listing(service: Fields) -> Listing:
    at = "service_at_locations"
    homes = [
        address.get("state_province")
        for place in ([] if _is_accommodation(service) else _rows(service.get(at)))
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
        home_oblast=next((home for home in homes if home in code_lists()["oblast"]), None),
        duty_phone=_duty_phone(service),
        access=access_of(service),
        days=_days_of(service),
    )


def _days_of(service: Fields) -> frozenset[str]:
    """Every day where somebody answers round the clock; else those of its schedules."""
    if service["cover"] == Cover.ROUND_THE_CLOCK:
        return WEEKDAYS
    return open_days(_rows(service.get("schedules")))


def access_of(service: Fields) -> frozenset[str]:
    """HSDS accessibility of its locations; of the service itself where its place is confidential.

    Words that are no code of ours say nothing: HSDS has free text here.
    """
    places = [_part(place, "location") for place in _rows(service.get("service_at_locations"))]
    rows = [row for each in (service, *places) for row in _rows(each.get("accessibility"))]
    said = {str(row.get("description")) for row in rows}
    return frozenset(said & set(code_lists()["access-need"].codes)) - {NOT_YET_KNOWN}


def _duty_phone(service: Fields) -> str | None:
    numbers = [
        _text(phone.get("number"))
        for phone in _rows(service.get("phones"))
        if phone.get("description") == "duty"
    ]
    return next((number for number in numbers if number and PHONE.fullmatch(number)), None)


def _audiences(service: Fields) -> list[str]:
    given = _part(service, "eligibility").get("audience_classes")
    return [str(code) for code in given] if isinstance(given, list) else []


def _column(service: Fields, rows: str, column: str) -> list[str]:
    return [str(row.get(column)) for row in _rows(service.get(rows))]


def _is_accommodation(service: Fields) -> bool:
    return _text(service.get("service_type")) in PLACES_TO_LIVE


def _is_count(given: object) -> bool:
    return type(given) is int and given >= 0


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
