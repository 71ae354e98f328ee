"""What an agency tells holds no word of its own choosing: every text is of a kind that is checked.

A person's name written in lower case with hyphens has the form of a code. So a text is a code of a
list, a participant of the registry, an id or a time; what is none of these is listed here with the
reason why no name fits.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest

from contracts.catalogue import CATALOGUE, EventSpec
from contracts.envelope import Contract, Identifier, Node
from contracts.nodes import EACH, node_places, nodes_named
from contracts.tools.schemas import schema_of, without_null

TOLD = [spec for spec in CATALOGUE.values() if spec.topic in ("intake", "commands")]
NO_NAME_FITS = {
    "text_version": "year and number of the printed form: digits and one dot",
    "form_version": "year and number of the printed form: digits and one dot",
}
NAMES = ("ivan-petrov", "ivan", "petrov1988", "ivan.petrov", "1988-ivan", "1988.07.23", "Petrov")


def texts(schema: dict[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every text in a schema, with its place."""
    outer = {key: value for key, value in schema.items() if key.startswith("x-nrm")}
    schema = {**outer, **without_null(schema)[0]}
    if schema.get("type") == "string":
        yield place, schema
    if schema.get("type") == "array":
        yield from texts(schema["items"], (*place, EACH))
    for name, below in schema.get("properties", {}).items():
        yield from texts(below, (*place, name))


def is_checked(schema: dict[str, Any]) -> bool:
    kinds = ("x-nrm-codelist", "x-nrm-registry")
    return any(kind in schema for kind in kinds) or schema.get("format") in ("uuid", "date-time")


def unchecked(spec: EventSpec) -> dict[str, dict[str, Any]]:
    return {place[-1]: each for place, each in texts(schema_of(spec)) if not is_checked(each)}


@pytest.mark.parametrize("spec", TOLD, ids=lambda spec: spec.type)
def test_no_text_of_intake_is_a_free_word(spec: EventSpec) -> None:
    for name, schema in unchecked(spec).items():
        assert name in NO_NAME_FITS
        assert [word for word in NAMES if re.search(schema["pattern"], word)] == []


def test_what_is_listed_apart_is_there() -> None:
    assert {name for spec in TOLD for name in unchecked(spec)} == NO_NAME_FITS.keys()


def test_planted_a_free_word_is_found() -> None:
    class Planted(Contract):
        version: Identifier

    spec = EventSpec(
        type="org.nrm.intake.planted.v1",
        model=Planted,
        topic="intake",
        owner="intake",
        classification=TOLD[0].classification,
    )
    schema = unchecked(spec)["version"]
    assert [word for word in NAMES if re.search(schema["pattern"], word)]


@pytest.mark.parametrize("spec", CATALOGUE.values(), ids=lambda spec: spec.type)
def test_the_walk_over_types_finds_what_the_schema_shows(spec: EventSpec) -> None:
    shown = {place for place, each in texts(schema_of(spec)) if "x-nrm-registry" in each}
    assert set(node_places(spec.model)) == shown


class Inner(Contract):
    agency: Node | None = None
    others: tuple[tuple[Node, ...], ...] = ()


class Outer(Contract):
    one: Annotated[Node | None, "a note"] = None
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()


def test_a_node_is_found_wherever_a_model_holds_one() -> None:
    body = Outer(
        one="node-a",
        inner=Inner(agency="node-b", others=(("node-c",), ("node-d", "node-e"))),
        many=(Inner(), Inner(agency="node-f")),
    )
    assert dict(nodes_named(body)) == {
        "one": "node-a",
        "inner/agency": "node-b",
        "inner/others/0/0": "node-c",
        "inner/others/1/0": "node-d",
        "inner/others/1/1": "node-e",
        "many/1/agency": "node-f",
    }
    assert dict(nodes_named(Outer())) == {}
