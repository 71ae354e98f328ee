"""What a record of the directory says, and every reason why it is not loaded."""

from typing import Any

import pytest

from contracts.vocabulary import WEEK
from services.referral.domain.listings import Cover, Listing, Seen, objections_to, read_directory
from tests.unit.referral.builders import AGENCY, a_document, a_service


def test_a_listing_says_what_its_record_says() -> None:
    record = a_service(
        service_type="psychological",
        cover="hours",
        eligibility={"audience_classes": ["women", "girls"]},
        languages=[{"code": "ru"}, {"code": "be"}],
        interpretation_services="by telephone",
        service_areas=[{"extent": "BY-BR"}, {"extent": "BY-VI"}],
        service_at_locations=[
            {"location": {"addresses": [{"state_province": None}, {"state_province": "Brest"}]}},
            {"location": {"addresses": [{"state_province": "BY-MI"}, {"state_province": "BY-BR"}]}},
        ],
        phones=[
            {"number": "+375 00 000-00-01", "description": "office"},
            {"number": "", "description": "duty"},
            {"number": "Invented Person", "description": "duty"},
            {"number": "+375 00 000-00-02", "description": "duty"},
        ],
    )
    assert read_directory(a_document(record)).listings == (
        Listing(
            service_id=f"{AGENCY}.psychological.0",
            agency=AGENCY,
            service_type="psychological",
            cover=Cover.HOURS,
            audiences=frozenset({"women", "girls"}),
            languages=frozenset({"ru", "be"}),
            interpreter=True,
            oblasts=frozenset({"BY-BR", "BY-VI"}),
            home_oblast="BY-MI",
            duty_phone="+375 00 000-00-02",
            days=frozenset(WEEK),
        ),
    )


def test_who_can_come_is_said_by_the_place_or_by_the_service_of_a_hidden_place() -> None:
    shown = {
        "location": {"accessibility": [{"description": "step-free"}, {"description": "hearing"}]}
    }
    words = [{"description": "A ramp, ring twice"}, {"description": "not-yet-known"}, {}, "x"]
    for record, access in (
        (a_service(service_at_locations=[shown]), {"step-free", "hearing"}),
        (a_service(accessibility=[{"description": "sight"}], service_at_locations=[]), {"sight"}),
        (a_service(accessibility=words), set()),
        (a_service(accessibility="step-free"), set()),
    ):
        (listing,) = read_directory(a_document(record)).listings
        assert listing.access == access


def test_what_a_record_leaves_open_is_open_in_its_listing() -> None:
    record = a_service(eligibility={}, service_areas=[], service_capacity=[])
    assert read_directory(a_document(record)).listings == (
        Listing(
            service_id=f"{AGENCY}.crisis-room.0",
            agency=AGENCY,
            service_type="crisis-room",
            cover=Cover.ROUND_THE_CLOCK,
            languages=frozenset({"ru"}),
            duty_phone="+375 00 000-00-00",
            days=frozenset(WEEK),
        ),
    )


def open_on(*schedules: dict[str, Any], **changes: Any) -> set[str]:
    hours = {"opens_at": "09:00", "closes_at": "18:00"}
    record = a_service(schedules=[each | hours for each in schedules], cover="hours")
    (listing,) = read_directory(a_document(record | changes)).listings
    return set(listing.days)


def test_a_service_is_open_on_the_days_of_its_schedules_and_round_the_clock_on_every_day() -> None:
    assert open_on({"freq": "WEEKLY", "byday": "SA"}) == {"SA"}
    monday, rest = {"freq": "WEEKLY", "byday": "MO"}, {"freq": "WEEKLY", "byday": "WE,FR"}
    assert open_on(monday, rest) == {"MO", "WE", "FR"}
    assert open_on(monday, cover="round-the-clock") == set(WEEK)
    assert open_on({"freq": "DAILY"}) == open_on(monday, {"freq": "DAILY"}) == set(WEEK)
    assert open_on({"freq": "DAILY", "byday": "SA,SU"}) == {"SA", "SU"}
    assert open_on({"freq": "DAILY", "byday": ""}) == set(WEEK)
    assert open_on(cover="round-the-clock", schedules=[]) == set(WEEK)


def test_a_service_by_hours_counts_the_days_of_every_other_one_of_its_agency() -> None:
    def weekly(number: int, days: str, **changes: Any) -> dict[str, Any]:
        open_ = {"freq": "WEEKLY", "byday": days, "opens_at": "09:00", "closes_at": "18:00"}
        return a_service(number, schedules=[open_], **{"cover": "hours", **changes})

    document = a_document(
        weekly(1, "MO", service_type="psychological"),
        weekly(2, "WE,FR"),
        weekly(3, "SA", organization_id="an-ngo"),
        weekly(4, "SU", status="defunct"),
    )
    document["organizations"].append({"id": "an-ngo"})
    directory = read_directory(document)
    days = {found.agency: set(found.days) for found in directory.listings}
    assert days == {AGENCY: {"MO", "WE", "FR"}, "an-ngo": {"SA"}}
    assert {frozenset(found.days) for found in directory.listings[1:]} == {
        frozenset({"MO", "WE", "FR"})
    }
    document["services"].append(weekly(5, "MO", cover="round-the-clock", service_type="shelter"))
    by_type = {found.service_type: set(found.days) for found in read_directory(document).listings}
    assert by_type["shelter"] == set(WEEK)
    assert by_type["psychological"] == {"MO", "WE", "FR"}


def test_an_agency_is_called_at_its_own_phone_or_at_that_of_a_service() -> None:
    document = a_document(
        a_service(2), a_service(1, phones=[{"number": "+1", "description": "duty"}])
    )
    directory = read_directory(document)
    assert directory.phone_of(AGENCY) == "+1"
    assert directory.phone_of("nobody") is None
    told = [{"number": "+2"}, {"number": "+3", "description": "duty"}]
    document["organizations"][0] |= {"phones": told}
    assert read_directory(document).phone_of(AGENCY) == "+3"


def test_listings_stand_in_the_order_of_agency_and_service_and_are_found_by_both() -> None:
    document = a_document(
        a_service(2, service_type="shelter"),
        a_service(1, service_type="shelter"),
        a_service(3, organization_id="an-ngo"),
    )
    document["organizations"].append({"id": "an-ngo"})
    directory = read_directory(document)
    ids = [found.service_id for found in directory.listings]
    assert ids == ["an-ngo.crisis-room.3", f"{AGENCY}.shelter.1", f"{AGENCY}.shelter.2"]
    assert [found.service_id for found in directory.of_type("crisis-room")] == ids[:1]
    assert directory.listing(f"{AGENCY}.shelter.2") is directory.listings[2]
    assert directory.listing(None) is None


def test_a_refused_record_is_named_by_its_id_or_its_place() -> None:
    unnamed, wrong = a_service(id=None, status="defunct"), a_service(1, status="defunct")
    refused = read_directory(a_document(a_service(), unnamed, wrong, "text")).refused
    assert [(each.place, each.record, each.reasons) for each in refused[:2]] == [
        (1, "services[1]", ("id-missing", "not-active")),
        (2, f"{AGENCY}.crisis-room.1", ("not-active",)),
    ]
    assert (refused[2].place, refused[2].record) == (3, "services[3]")


def objections_alone(**changes: Any) -> tuple[str, ...]:
    return objections_to(a_service(**changes), Seen(agencies=frozenset({AGENCY})))


NINE_TO_SIX = {"opens_at": "09:00", "closes_at": "18:00"}


@pytest.mark.parametrize(
    ("hours", "readable"),
    [
        ({"freq": "DAILY", "opens_at": "00:00", "closes_at": "24:00"}, True),
        ({"freq": "DAILY", "opens_at": "09:00", "closes_at": "09:00"}, False),
        ({"freq": "DAILY", "opens_at": "9:00", "closes_at": "18:00"}, False),
        ({"freq": "DAILY", "opens_at": "09:00", "closes_at": "soon"}, False),
        ({"freq": "DAILY", "closes_at": "18:00"}, False),
        ({"freq": "DAILY", "opens_at": "09:00"}, False),
        ({"freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR,SA,SU"}, True),
        ({"freq": "WEEKLY", "byday": "MO"}, True),
        ({"freq": "WEEKLY", "byday": "MO TU"}, False),
        ({"freq": "WEEKLY"}, False),
        ({"freq": "DAILY"}, True),
        ({"freq": "DAILY", "byday": None}, True),
        ({"freq": "DAILY", "byday": "SA,SU"}, True),
        ({"freq": "DAILY", "byday": "never"}, False),
        ({"freq": "DAILY", "byday": "MO, TU"}, False),
        ({"freq": "DAILY", "byday": "1MO"}, False),
        ({"freq": "DAILY", "byday": ["MO"]}, False),
        ({"freq": "YEARLY", "byday": "MO"}, False),
        ({"byday": "MO"}, False),
    ],
)
def test_opening_hours_are_days_and_a_beginning_before_an_end(
    hours: dict[str, Any], readable: bool
) -> None:
    given = hours if "closes_at" in hours or "opens_at" in hours else {**hours, **NINE_TO_SIX}
    against = objections_alone(schedules=[given])
    assert against == (() if readable else ("schedule-unreadable",))


@pytest.mark.parametrize(
    ("capacity", "against"),
    [
        ({"available": 4, "maximum": 4}, ()),
        ({"available": 0, "maximum": 0}, ()),
        ({"available": 3}, ()),
        ({"maximum": 4}, ("capacity-unreadable",)),
        ({"available": True, "maximum": 4}, ("capacity-unreadable",)),
        ({"available": 1, "maximum": "4"}, ("capacity-unreadable",)),
        ({"available": 1, "maximum": -4}, ("capacity-unreadable",)),
    ],
)
def test_places_are_counted_and_never_more_available_than_there_are(
    capacity: dict[str, Any], against: tuple[str, ...]
) -> None:
    assert objections_alone(service_capacity=[capacity]) == against


@pytest.mark.parametrize("amount", ["Infinity", "-0.01", None, [], "NaN"])
def test_a_price_is_a_number(amount: Any) -> None:
    assert objections_alone(cost_options=[{"amount": amount}]) == ("price-unreadable",)


def test_every_reason_against_a_record_is_given_at_once() -> None:
    record = {"organization_id": "nobody", "cover": "round-the-clock"}
    assert objections_to(record, Seen(agencies=frozenset({AGENCY}))) == (
        "id-missing",
        "not-active",
        "service-type-unknown",
        "price-missing",
        "language-missing",
        "duty-phone-missing",
        "organization-unknown",
    )
