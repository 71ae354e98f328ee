"""A record of a directory that is bad is refused with its reason, and the rest is loaded."""

from pathlib import Path
from typing import Any

import pytest

from services.referral.domain import listings
from services.referral.domain.listings import read_directory
from services.referral.store.directory import load_directory

DIRECTORY = Path(__file__).parents[3] / "deploy" / "local" / "directory.yaml"


def a_record(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "id": "ngo-brest.crisis-room",
        "organization_id": "ngo-brest",
        "status": "active",
        "service_type": "crisis-room",
        "eligibility": {"audience_classes": ["women"]},
        "languages": [{"code": "ru"}],
        "cover": "round-the-clock",
        "phones": [{"number": "+375 00 000-02-02", "description": "duty"}],
        "cost_options": [{"amount": 0}],
        "service_areas": [{"extent": "BY-BR"}],
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def read(*records: Any) -> listings.Directory:
    return read_directory({"organizations": [{"id": "ngo-brest"}], "services": list(records)})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "id-missing"),
        ({"organization_id": "nobody", "id": "nobody.crisis-room"}, "organization-unknown"),
        ({"status": "inactive"}, "not-active"),
        ({"service_type": "miracles"}, "service-type-unknown"),
        ({"cost_options": [{"amount": 5}]}, "price-above-zero"),
        ({"cost_options": [{"amount": 0}, {"amount": "0.01"}]}, "price-above-zero"),
        ({"cost_options": [{"amount": "nothing"}]}, "price-unreadable"),
        ({"cost_options": [{"amount": "NaN"}]}, "price-unreadable"),
        ({"cost_options": [{"amount": -1}]}, "price-unreadable"),
        ({"cost_options": None}, "price-missing"),
        ({"eligibility": {"audience_classes": ["giants"]}}, "eligibility-unknown"),
        ({"languages": [{"code": "xx"}]}, "language-unknown"),
        ({"languages": []}, "language-missing"),
        ({"service_areas": [{"extent": "BY-XX"}]}, "oblast-unknown"),
        ({"cover": "sometimes"}, "cover-unknown"),
        ({"cover": "hours"}, "schedule-missing"),
        ({"phones": []}, "duty-phone-missing"),
    ],
)
def test_a_bad_record_is_refused_and_the_rest_is_loaded(
    changes: dict[str, Any], reason: str
) -> None:
    good = a_record(id="ngo-brest.crisis-room.2")
    directory = read(a_record(**changes), good)
    assert [found.service_id for found in directory.listings] == ["ngo-brest.crisis-room.2"]
    (refused,) = directory.refused
    assert refused.reasons == (reason,)


def test_an_id_is_given_once() -> None:
    directory = read(a_record(), a_record())
    assert len(directory.listings) == 1
    assert directory.refused[0].reasons == ("id-repeated",)


@pytest.mark.parametrize("document", [None, [], "text", {"services": 3}, {"services": [3, None]}])
def test_nonsense_is_an_empty_directory(document: object) -> None:
    assert read_directory(document).listings == ()


def test_the_demos_directory_is_whole() -> None:
    directory = load_directory(DIRECTORY)
    assert directory.refused == ()
    offered = {(found.agency, found.service_type) for found in directory.listings}
    assert offered == {
        ("redcross-vitebsk", "nursing-visit"),
        ("redcross-vitebsk", "social-care"),
        ("redcross-vitebsk", "vocational"),
        ("redcross-vitebsk", "psychological"),
        ("ngo-brest", "psychological"),
        ("ngo-brest", "crisis-room"),
        ("ngo-brest", "free-legal-aid"),
        ("ngo-brest", "shelter"),
        ("redcross-vitebsk", "shelter"),
        ("education-brest", "child-3-17"),
    }
    assert all((found.duty_phone or "").startswith("+375 00 ") for found in directory.listings)
