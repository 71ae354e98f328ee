"""Ids of places to live say what everybody knows, and agencies are named as the registry does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import NODE_PATTERN
from contracts.vocabulary import PLACES_TO_LIVE
from services.referral.domain.kept import kept_organization, kept_service
from services.referral.domain.listings import (
    Seen,
    name_of,
    objections_to,
    read_directory,
)
from services.referral.domain.naming import NODE, is_opaque
from tests.unit.referral.builders import AGENCY, a_document, a_service, an_id

SEEN = frozenset({AGENCY})
A_STREET = "Invented street 5, Kanareika"


@pytest.mark.parametrize("service_type", PLACES_TO_LIVE)
@pytest.mark.parametrize(
    ("given_id", "opaque"),
    [
        ("{own}", True),
        ("{own}.1", True),
        ("{own}.123", True),
        (str(an_id("a record")), True),
        (str(an_id("a record")).upper(), True),
        ("{own}.1234", False),
        ("{own}.210015", False),
        ("{own}.", False),
        ("{own}.5a", False),
        ("{own}.1.2", False),
        ("{own}.1\n", False),
        ("{own}-5", False),
        ("{own}\u0661", False),
        ("{own}, " + A_STREET, False),
        (A_STREET, False),
        (f"{an_id('a record')} {A_STREET}", False),
        (f"{AGENCY}.psychological", False),
        (f"{AGENCY}.1", False),
        ("an-ngo.shelter", False),
    ],
)
def test_an_id_of_a_place_to_live_is_its_agency_its_kind_and_a_number_or_a_uuid(
    service_type: str, given_id: str, *, opaque: bool
) -> None:
    record = a_service(
        service_type=service_type, id=given_id.format(own=f"{AGENCY}.{service_type}")
    )
    against = objections_to(record, Seen(agencies=SEEN))
    assert against == (() if opaque else ("id-not-opaque",))
    told = name_of(record, 7)
    assert told == (record["id"] if opaque else "services[7]")
    (refused, *_) = (*read_directory(a_document(record)).refused, None)
    assert (refused is None) if opaque else (refused is not None and A_STREET not in str(refused))


def test_of_another_service_the_id_stays_as_it_is_written() -> None:
    record = a_service(service_type="psychological", id="room 5")
    assert objections_to(record, Seen(agencies=SEEN)) == ()
    assert name_of(record, 0) == "room 5"


@pytest.mark.parametrize("service_type", ["shelters", "", None, ["shelter"], {"shelter": 1}])
def test_the_id_of_a_record_whose_kind_nobody_knows_is_not_told(service_type: Any) -> None:
    record = a_service(service_type=service_type, id=A_STREET)
    assert "service-type-unknown" in objections_to(record, Seen(agencies=SEEN))
    assert name_of(record, 3) == "services[3]"


def test_an_agency_is_named_as_its_node_and_by_nothing_else() -> None:
    named = {"id": A_STREET, "name": "A shelter"}
    record = a_service(organization_id=A_STREET, id=f"{A_STREET}.crisis-room")
    document = a_document(record) | {"organizations": [named]}
    (refused,) = read_directory(document).refused
    assert refused.reasons == ("id-not-opaque", "organization-unknown")
    assert refused.record == "services[0]"
    other = a_service(organization_id=A_STREET, id="legal-aid", service_type="free-legal-aid")
    (refused,) = read_directory(a_document(other) | {"organizations": [named]}).refused
    assert refused.reasons == ("organization-unknown",)
    left_out: set[str] = set()
    assert kept_organization(named, left_out) == {}
    assert left_out == {"organizations.id"}
    assert "organization_id" not in kept_service(other, left_out)


def test_the_form_of_a_node_is_that_of_the_registry() -> None:
    assert f"^{NODE.pattern}$" == NODE_PATTERN


@given(st.text(), st.text(), st.sampled_from(PLACES_TO_LIVE))
def test_no_text_but_a_number_stands_behind_the_kind(words: str, agency: str, kind: str) -> None:
    record = {"id": f"{agency}.{kind}{words}", "organization_id": agency, "service_type": kind}
    harmless = NODE.fullmatch(agency) is not None
    harmless &= words == "" or (words[0] == "." and words[1:].isascii() and words[1:].isdigit())
    harmless &= len(words) <= 4
    assert harmless or not is_opaque(record)
