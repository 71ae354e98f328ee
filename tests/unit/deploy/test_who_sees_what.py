"""The page of who sees what says what the code does, and what it says holds for the worst cases."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import pytest

from contracts.catalogue import CATALOGUE
from contracts.envelope import Classification
from deploy import reference_sees
from services.gateway.access.basis import BASIS

DECISIONS = (
    "identification.person-presumed",
    "identification.person-not-presumed",
    "identification.person-identified",
    "identification.person-not-identified",
)
NODES_OWN = ("gateway.restriction-set", "assistance.pool-changed", "identification.case-opened")


class Row(NamedTuple):
    event: str
    property: str
    what: str
    services: str
    own_system: str
    another_agency: str
    hub: str


def rows() -> Iterator[Row]:
    for line in reference_sees.page().splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if len(cells) == len(Row._fields) and re.match(r"[a-z]+\.[a-z-]+$", cells[0]):
            yield Row(*cells)


def test_every_property_of_every_event_is_on_the_page() -> None:
    told = {(row.event, row.property) for row in rows()}
    for spec in CATALOGUE.values():
        event = spec.type.removeprefix("org.nrm.").removesuffix(".v1")
        for name in spec.model.model_fields:
            assert (event, name) in told


def test_only_what_the_basis_table_names_leaves() -> None:
    leaving = {row.event for row in rows() if row.another_agency != "-"}
    assert leaving == {
        event_type.removeprefix("org.nrm.").removesuffix(".v1") for event_type in BASIS
    }


@pytest.mark.parametrize("event", DECISIONS)
def test_a_decision_is_seen_by_no_provider_and_no_other_agency(event: str) -> None:
    found = [row for row in rows() if row.event == event]
    assert found
    for row in found:
        assert row.another_agency == row.hub == "-"
        assert not {"referral", "assistance"} & set(row.services.split(", "))


@pytest.mark.parametrize("event", NODES_OWN)
def test_what_is_the_nodes_own_never_leaves(event: str) -> None:
    found = [row for row in rows() if row.event == event]
    assert found
    assert all(row.another_agency == row.hub == "-" for row in found)


def test_only_aggregates_reach_the_hub() -> None:
    to_hub = {row.event for row in rows() if row.hub != "-"}
    aggregates = {
        spec.type.removeprefix("org.nrm.").removesuffix(".v1")
        for spec in CATALOGUE.values()
        if spec.classification is Classification.AGGREGATE
    }
    assert to_hub == aggregates


def test_one_more_way_out_changes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    wider: Mapping[str, object] = MappingProxyType(
        {
            **BASIS,
            "org.nrm.identification.person-identified.v1": next(iter(BASIS.values())),
        }
    )
    before = reference_sees.page()
    monkeypatch.setattr(reference_sees, "BASIS", wider)
    assert reference_sees.page() != before
