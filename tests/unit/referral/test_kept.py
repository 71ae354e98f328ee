"""Of a register the directory keeps what the house reads: no place, no count, no name."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli import directory as command
from cli.main import app
from contracts.vocabulary import PLACES_TO_LIVE
from services.referral.domain.kept import kept_organization, kept_service, left_out_beside
from services.referral.domain.listings import Seen, objections_to, read_directory
from services.referral.store.directory import load_directory
from tests.unit.referral.builders import AGENCY, a_document, a_service

CANARY = "Kanareika"
STREET = f"Invented street 5, {CANARY}"
LOCATION: dict[str, Any] = {
    "name": CANARY,
    "location_type": "physical",
    "latitude": 53.12345,
    "longitude": 27.54321,
    "alternate_name": STREET,
    "addresses": [
        {"address_1": STREET, "city": CANARY, "postal_code": "000111", "state_province": "BY-BR"}
    ],
    "accessibility": [{"description": "step-free", "details": CANARY}, {"description": STREET}],
    "contacts": [{"name": CANARY}],
}
A_REGISTERS_SERVICE: dict[str, Any] = {
    "name": f"Shelter of {CANARY}",
    "description": STREET,
    "service_at_locations": [{"id": CANARY, "description": CANARY, "location": LOCATION}],
    "service_capacity": [{"available": 771, "maximum": 882, "unit": {"name": CANARY}}],
    "contacts": [{"name": CANARY, "phones": [{"number": "+375 00 999-99-99"}]}],
    "phones": [
        {"number": "+375 00 000-00-00", "description": "duty", "extension": CANARY},
        {"number": "+375 00 999-99-98", "description": CANARY},
        {"number": f"{CANARY} +375", "description": "duty"},
        {"number": "+375 00 999-99-97"},
    ],
    "interpretation_services": f"ask {CANARY}",
    "eligibility": {"audience_classes": ["women"], "words": CANARY},
    "eligibility_description": CANARY,
    "cost_options": [{"amount": 0, "currency": CANARY, "amount_description": CANARY}],
    "schedules": [
        {
            "freq": "DAILY",
            "byday": "",
            "valid_from": CANARY,
            "opens_at": "00:00",
            "closes_at": "24:00",
            "description": CANARY,
        }
    ],
    "languages": [{"code": "ru", "note": CANARY}],
    "service_areas": [{"extent": "BY-BR", "extent_type": CANARY, "name": CANARY}],
    "accessibility": CANARY,
    CANARY: CANARY,
}
AN_ORGANIZATION: dict[str, Any] = {
    "id": AGENCY,
    "name": "  An invented\n NGO ",
    "names": {"ru": " Выдуманная\n НПО ", "be": "Выдуманая НДА", "de": CANARY, CANARY: CANARY},
    "description": CANARY,
    "email": f"{CANARY}@example.org",
    "contacts": [{"name": CANARY}],
    "locations": [LOCATION],
    "phones": [{"number": "+375 00 000-00-09", "description": "duty"}, CANARY],
}
NEVER = (CANARY, "Invented street", "53.12", "27.54", "771", "882", "999-99", "000111")


def a_register(service_type: str, **changes: Any) -> dict[str, Any]:
    service = a_service(**A_REGISTERS_SERVICE | {"service_type": service_type, **changes})
    document = a_document(service, a_service(1, cost_options=[{"amount": 7}], name=CANARY))
    more = {"contacts": [{"name": CANARY}] * 3, "locations": [LOCATION], CANARY: CANARY}
    return document | more | {"organizations": [AN_ORGANIZATION, {"name": CANARY}, CANARY]}


def run(*words: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.parametrize("service_type", [*PLACES_TO_LIVE, "psychological"])
def test_no_address_count_or_name_of_a_register_is_ever_written_or_told(
    service_type: str, tmp_path: Path
) -> None:
    given, live, out = (tmp_path / name for name in ("given.json", "live", "out"))
    given.write_text(json.dumps(a_register(service_type)), encoding="utf-8")
    told = run("directory", "check", given, code=1)
    told += run("directory", "import", given, "--to", live)
    told += run("directory", "export", out, "--from", live)
    told += run("directory", "export", "--from", given)
    for text in (told, live.read_text(encoding="utf-8"), out.read_text(encoding="utf-8")):
        assert [never for never in NEVER if never in text] == []
    assert live.read_bytes() == out.read_bytes()
    assert len(load_directory(live).listings) == 1


def test_what_is_left_out_is_told_by_property_and_number_of_records(tmp_path: Path) -> None:
    given, live = tmp_path / "given.json", tmp_path / "live"
    given.write_text(json.dumps(a_register("shelter")), encoding="utf-8")
    told = json.loads(run("directory", "import", given, "--to", live, "--json"))["left_out"]
    assert told["contacts"] == 3
    assert told["services.service_capacity"] == 1
    assert told["services.service_at_locations"] == 1
    assert told["services.phones"] == 1
    assert told["services.schedules.valid_from"] == 1
    assert told["organizations.contacts"] == 1
    assert told["organizations"] == 1
    assert told["organizations.names.de"] == told["organizations.names.(another property)"] == 1
    assert told["(another property)"] == told["services.(another property)"] == 1
    shown = " ".join(run("directory", "import", given, "--to", live).split())
    assert "Left out of the directory (property, records): contacts 3," in shown
    again = json.loads(run("directory", "import", live, "--to", live, "--json"))
    assert (again["loaded"], again["left_out"]) == (1, {})


def test_where_accommodation_is_is_left_out_and_what_somebody_needs_to_enter_stays() -> None:
    left_out: set[str] = set()
    shelter = kept_service(
        a_service(service_type="shelter", service_at_locations=[{"location": LOCATION}]), left_out
    )
    assert "service_at_locations" not in shelter
    assert shelter["accessibility"] == [{"description": "step-free"}]
    assert left_out == {
        "services.name",
        "services.service_at_locations",
        "services.service_capacity",
    }
    assert "accessibility" not in kept_service(a_service(), set())


def test_of_another_service_the_oblast_stays() -> None:
    service = a_service(
        service_type="psychological", service_at_locations=[{"location": LOCATION}, {"id": "x"}]
    )
    assert kept_service(service, set())["service_at_locations"] == [
        {
            "location": {
                "location_type": "physical",
                "addresses": [{"state_province": "BY-BR"}],
                "accessibility": [{"description": "step-free"}],
            }
        }
    ]


@pytest.mark.parametrize(
    ("name", "given_value", "kept"),
    [
        ("phones", [{"number": "+1"}], []),
        ("phones", "+1", []),
        ("interpretation_services", "by telephone", "yes"),
        ("interpretation_services", "", None),
        ("eligibility", "women", None),
        ("eligibility", {"audience_classes": ["women", "cats"]}, {"audience_classes": ["women"]}),
        ("languages", "ru", None),
        ("languages", [{"code": "be"}, "ru", {"code": "xx"}], [{"code": "be"}]),
        ("schedules", [{"byday": "MO,TU"}, {"byday": "MO,Anna"}], [{"byday": "MO,TU"}]),
        ("schedules", [{"opens_at": "09:00", "closes_at": "late"}], [{"opens_at": "09:00"}]),
        ("cost_options", [{"amount": "0.00", "currency": "BYN"}], None),
        ("cost_options", [{"amount": 3}, {"amount": "free"}], []),
        ("status", "soon", None),
        ("cover", "round-the-clock", "round-the-clock"),
        ("service_areas", [{"extent": "BY-VI", "extent_type": "iso-3166-2"}], None),
        ("description", None, None),
    ],
)
def test_a_property_keeps_its_codes_and_nothing_else(
    name: str, given_value: Any, kept: Any
) -> None:
    whole = name in ("cost_options", "service_areas") and kept is None
    found = kept_service({"service_type": "food", name: given_value}, set())
    assert found.get(name) == (given_value if whole else kept)


def test_nothing_is_told_of_what_says_nothing() -> None:
    left_out: set[str] = set()
    kept_service(
        {"name": None, "description": "", "contacts": [], "url": {}, "status": None}, left_out
    )
    assert left_out == set()
    assert left_out_beside({"version": "3.1", "contacts": [], "attributes": {"a": 1}}) == {
        "attributes": 1
    }


def test_an_agency_keeps_its_name_on_one_line_and_needs_an_id() -> None:
    left_out: set[str] = set()
    assert kept_organization({"id": "an-ngo", "name": "x" * 121}, left_out)["name"] == "x" * 120
    assert left_out == {"organizations.name"}
    assert kept_organization({"id": 5, "name": "x"}, set()) == {}
    assert kept_organization({"id": "an-ngo", "name": " "}, set()) == {"id": "an-ngo"}
    assert kept_organization("Anna", set()) == {}


def test_an_agency_keeps_its_name_in_each_language_of_the_pages_and_no_other() -> None:
    left_out: set[str] = set()
    names = {"en": "House", "ru": " Дом\n Надежды ", "be": "x" * 121, "de": "Haus"}
    kept = kept_organization({"id": "an-ngo", "name": "Дом", "names": names}, left_out)
    assert kept["names"] == {"en": "House", "ru": "Дом Надежды", "be": "x" * 120}
    assert left_out == {f"organizations.names.{each}" for each in ("ru", "be", "de")}
    left_out.clear()
    assert kept_organization(kept, left_out) == kept
    assert left_out == set()


@pytest.mark.parametrize("names", [None, "Anna", ["Anna"], {}, {"ru": " "}, {"ru": {"a": "Anna"}}])
def test_what_names_nothing_in_any_language_is_not_kept(names: object) -> None:
    assert kept_organization({"id": "an-ngo", "names": names}, set()) == {"id": "an-ngo"}


anything: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["BY-BR", "duty"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(anything, st.sampled_from(["shelter", "psychological"]))
def test_what_is_kept_reads_as_what_was_given_and_keeping_it_again_changes_nothing(
    nonsense: Any, service_type: str
) -> None:
    for name in A_REGISTERS_SERVICE:
        record = a_service(**A_REGISTERS_SERVICE | {name: nonsense, "service_type": service_type})
        if objections_to(record, Seen(agencies=frozenset({AGENCY}))):
            continue
        kept = kept_service(record, set())
        left_out: set[str] = set()
        assert kept_service(kept, left_out) == kept
        assert left_out == set()
        assert (
            read_directory(a_document(kept)).listings == read_directory(a_document(record)).listings
        )


def test_a_sifted_text_has_only_good_records() -> None:
    text = json.dumps(a_register("shelter"))
    written = command.written(command.sift(text, progress=False).document)
    assert command.sift(written, progress=False).refused == ()
