"""A person's name in exactly the form of a code: in lower case, with hyphens, wherever one fits.

The form lets it pass, so the door asks the registry, and the operator's list of systems.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.nodes import EACH, node_places
from services.gateway.disclosure.door import Asked, refusal
from services.gateway.domain.refusals import Objection
from services.gateway.handlers.examining import INTAKE, Examined, Surroundings, examine
from services.gateway.handlers.form import carried_by_http, letter_from
from tests.unit.gateway.test_door_rules import AROUND, LIMIT, STRUCTURED

NAME = "ivan-petrov"
EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples"
EVERYBODY = frozenset({"border-brest", "redcross-vitebsk"})
KNOWN = replace(AROUND, participants=EVERYBODY)
UNKNOWN = replace(AROUND, participants=None)
PLACES = [(name, place) for name, spec in INTAKE.items() for place in node_places(spec.model)]
SOURCES = (
    f"urn:nrm:{NAME}:registration-desk",
    f"urn:nrm:border-brest:{NAME}",
    "urn:nrm:redcross-vitebsk:registration-desk",
    f"https://agency.example/{NAME}",
    f"urn:nrm:border-brest:registration-desk:{NAME}",
)


def an_example(event_type: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / event_type / "complete.json").read_text())
    return document


def asked(document: dict[str, Any], around: Surroundings = KNOWN) -> Examined:
    content = json.dumps(document).encode()
    return examine(letter_from(carried_by_http(STRUCTURED, content), LIMIT), around)


def with_name(content: Any, place: tuple[str, ...]) -> Iterator[str]:
    """Put the name at this place, and tell where that is."""
    step = 0 if place[0] == EACH else place[0]
    if len(place) == 1:
        content[step] = NAME
        yield str(step)
    else:
        yield str(step)
        yield from with_name(content[step], place[1:])


def test_there_are_places_to_try() -> None:
    assert {place[-1] for _, place in PLACES} == {
        "detecting_agency",
        "agency",
        "provider",
        "recipient",
        "second_authority",
        EACH,
    }
    assert len(PLACES) >= 5


@pytest.mark.parametrize("event_type", sorted(INTAKE))
def test_a_complete_example_passes(event_type: str) -> None:
    assert asked(an_example(event_type)).objections == ()


@pytest.mark.parametrize(("event_type", "place"), PLACES)
def test_a_name_instead_of_a_participant_is_refused_by_its_place(
    event_type: str, place: tuple[str, ...]
) -> None:
    document = an_example(event_type)
    where = "/".join(with_name(document["data"], place))
    examined = asked(document)
    assert Objection("not-a-participant", where) in examined.objections
    assert examined.body is None
    answer = refusal(Asked(intake_id=None, case_id=None), examined.objections)
    assert NAME not in answer.model_dump_json()


@pytest.mark.parametrize(("event_type", "place"), PLACES)
def test_before_the_registry_is_known_nobody_is_believed(
    event_type: str, place: tuple[str, ...]
) -> None:
    document = an_example(event_type)
    assert asked(document, UNKNOWN).waits_for_registry
    assert not asked(document).waits_for_registry
    list(with_name(document["data"], place))
    assert asked(document, UNKNOWN).waits_for_registry
    wrong = copy.deepcopy(document)
    wrong["data"]["surname"] = NAME
    assert asked(wrong, UNKNOWN).objections
    assert not asked(wrong, UNKNOWN).waits_for_registry


def test_what_names_nobody_does_not_wait_for_the_registry() -> None:
    document = an_example("org.nrm.intake.case-closed.v1")
    assert not asked(document, UNKNOWN).waits_for_registry


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_that_is_no_system_of_this_node_is_refused(source: str) -> None:
    examined = asked({**an_example("org.nrm.intake.case-closed.v1"), "source": source})
    assert examined.objections == (Objection("unknown-source", "source"),)


@pytest.mark.parametrize("version", [NAME, "ivan", "2026", "1988-07-23", "2026.1988", "v1"])
def test_the_version_of_a_form_is_a_number(version: str) -> None:
    document = an_example("org.nrm.intake.consent-recorded.v1")
    document["data"]["text_version"] = version
    assert asked(document).objections == (Objection("wrong-format", "text_version"),)


@pytest.mark.parametrize(
    "schema",
    [
        f"urn:nrm:schema:{NAME}",
        f"urn:nrm:schema:{NAME}.v1.0",
        f"urn:nrm:schema:org.nrm.intake.case-closed.v1.{NAME}",
        "urn:nrm:schema:org.nrm.intake.person-detected.v1.0",
        "urn:nrm:schema:org.nrm.intake.case-closed.v1.19880723",
    ],
)
def test_the_schema_is_one_of_the_type(schema: str) -> None:
    examined = asked({**an_example("org.nrm.intake.case-closed.v1"), "dataschema": schema})
    assert examined.objections == (Objection("wrong-format", "dataschema"),)
