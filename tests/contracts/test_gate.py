"""The gate is green today, and turns red for each thing it must not let through."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonsubschema import isSubschema

from contracts.catalogue import CATALOGUE
from contracts.tools import asyncapi, released, schemas
from contracts.tools.__main__ import gate_problems
from contracts.tools.compare import breaking_changes
from contracts.tools.examples import example_of
from contracts.tools.lint import problems

TYPE = "org.nrm.referral.task-offered.v1"


@pytest.fixture
def schema() -> dict[str, Any]:
    return copy.deepcopy(schemas.schema_of(CATALOGUE[TYPE]))


def test_the_committed_contracts_pass_the_gate() -> None:
    assert gate_problems() == []


def test_an_optional_property_may_come_and_go(schema: dict[str, Any]) -> None:
    wider = copy.deepcopy(schema)
    wider["properties"]["interpreter"] = {"type": "boolean", "x-nrm-class": "flag"}
    assert breaking_changes(schema, wider) == []
    assert breaking_changes(wider, schema) == []


def _without(schema: dict[str, Any], name: str) -> None:
    del schema["properties"][name]
    schema["required"].remove(name)


def _with(schema: dict[str, Any], name: str) -> None:
    schema["properties"][name] = {"type": "boolean", "x-nrm-class": "flag"}
    schema["required"].append(name)


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "new and required": lambda schema: _with(schema, "interpreter"),
    "required and gone": lambda schema: _without(schema, "urgency"),
    "optional becomes required": lambda schema: schema["required"].append("language"),
    "required becomes optional": lambda schema: schema["required"].remove("urgency"),
    "another type": lambda schema: schema["properties"]["urgency"].update(type="integer"),
    "a pattern changed": lambda schema: schema["properties"]["urgency"].update(pattern="^[a-z]+$"),
    "a bound narrowed": lambda schema: schema["properties"]["dependants"]["anyOf"][0].update(
        maximum=5
    ),
    "null no longer allowed": lambda schema: schema["properties"].update(
        dependants={"type": "integer", "x-nrm-class": "count"}
    ),
    "another code list": lambda schema: schema["properties"]["urgency"].update(
        {"x-nrm-codelist": "unit"}
    ),
    "another privacy class": lambda schema: schema["properties"]["urgency"].update(
        {"x-nrm-class": "reference"}
    ),
    "opened for producers": lambda schema: schema.update(additionalProperties=True),
}


def a_changed(schema: dict[str, Any], change: str) -> dict[str, Any]:
    changed = copy.deepcopy(schema)
    CHANGES[change](changed)
    assert changed != schema
    return changed


@pytest.mark.parametrize("change", CHANGES)
def test_a_breaking_change_turns_the_gate_red(schema: dict[str, Any], change: str) -> None:
    assert breaking_changes(schema, a_changed(schema, change)) != []


def opened(schema: dict[str, Any]) -> dict[str, Any]:
    """The reader's form: open, and in the draft that the second opinion speaks."""
    text = json.dumps(schema).replace(
        '"additionalProperties": false', '"additionalProperties": true'
    )
    loaded: dict[str, Any] = json.loads(text)
    return closed(loaded)


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    kept = ("type", "properties", "required", "additionalProperties")
    return {key: schema[key] for key in kept if schema[key] != []}


SECOND_OPINION = (
    "new and required",
    "required and gone",
    "optional becomes required",
    "another type",
)


@pytest.mark.parametrize("change", SECOND_OPINION)
def test_a_second_tool_agrees_that_it_breaks(change: str) -> None:
    small = {
        "type": "object",
        "properties": {
            "urgency": {"type": "string"},
            "language": {"type": "string"},
            "dependants": {"type": "integer"},
        },
        "required": ["urgency"],
        "additionalProperties": False,
    }
    changed = a_changed(small, change)
    both_ways = isSubschema(small, opened(changed)) and isSubschema(closed(changed), opened(small))
    assert not both_ways
    assert breaking_changes(small, changed) != []


def test_a_second_tool_agrees_that_an_optional_property_is_safe() -> None:
    small: dict[str, Any] = {
        "type": "object",
        "properties": {"urgency": {"type": "string"}},
        "required": ["urgency"],
        "additionalProperties": False,
    }
    wider = copy.deepcopy(small)
    wider["properties"]["interpreter"] = {"type": "boolean"}
    assert isSubschema(small, opened(wider))
    assert breaking_changes(small, wider) == []


@pytest.mark.parametrize(
    ("name", "property_schema", "sentence"),
    [
        ("surname", {"type": "string", "pattern": "^.+$", "x-nrm-class": "code"}, "looks personal"),
        ("phone_number", {"type": "string", "pattern": "^.+$", "x-nrm-class": "code"}, "personal"),
        (
            "birth_date",
            {"type": "string", "format": "date-time", "x-nrm-class": "time"},
            "personal",
        ),
        ("victim_id", {"type": "string", "format": "uuid", "x-nrm-class": "reference"}, "personal"),
        ("weight", {"type": "integer"}, "no privacy class"),
        ("mood", {"type": "string", "x-nrm-class": "code"}, "free text"),
        ("kind", {"type": "string", "const": "a", "x-nrm-class": "code"}, "outside the subset"),
        (
            "kind",
            {"type": "string", "pattern": "^a$", "x-nrm-class": "code", "x-nrm-codelist": "moods"},
            "does not exist",
        ),
    ],
)
def test_an_unclassified_or_personal_looking_property_turns_the_gate_red(
    schema: dict[str, Any], name: str, property_schema: dict[str, Any], sentence: str
) -> None:
    assert problems(schema) == []
    schema["properties"][name] = property_schema
    assert any(sentence in problem for problem in problems(schema))


def test_an_object_that_is_open_turns_the_gate_red(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = True
    assert any("additionalProperties" in problem for problem in problems(schema))


def test_a_released_schema_is_frozen_by_its_hash(tmp_path: Path) -> None:
    name = released.release(TYPE, tmp_path)
    assert released.frozen_problems(tmp_path) == []
    candidates = {TYPE: schemas.schema_of(CATALOGUE[TYPE])}
    assert released.compatibility_problems(candidates, tmp_path) == []
    with pytest.raises(ValueError, match="released already"):
        released.release(TYPE, tmp_path)

    frozen = next(path for path in tmp_path.iterdir() if path.name != released.INDEX)
    frozen.write_text(frozen.read_text().replace("urgency", "hurry"))
    assert released.frozen_problems(tmp_path) == [f"{name}: the released schema was changed"]
    frozen.unlink()
    assert released.frozen_problems(tmp_path) == [f"{name}: the released schema is gone"]


def test_a_candidate_that_breaks_a_released_schema_turns_the_gate_red(tmp_path: Path) -> None:
    released.release(TYPE, tmp_path)
    changed = a_changed(schemas.schema_of(CATALOGUE[TYPE]), "required and gone")
    found = released.compatibility_problems({TYPE: changed}, tmp_path)
    assert any("was required and is gone" in problem for problem in found)
    assert any("without a new minor version" in problem for problem in found)
    assert released.compatibility_problems({}, tmp_path) != []


def test_a_stray_file_among_the_released_schemas_is_found(tmp_path: Path) -> None:
    released.release(TYPE, tmp_path)
    (tmp_path / "stray.schema.json").write_text("{}")
    assert any("not in the index" in problem for problem in released.frozen_problems(tmp_path))


@pytest.mark.parametrize("event_type", sorted(CATALOGUE))
def test_every_example_is_valid_for_the_reference_validator(event_type: str) -> None:
    folder = schemas.CONTRACTS / "examples" / event_type
    validator = jsonschema.Draft202012Validator(schemas.schema_of(CATALOGUE[event_type]))
    for kind in ("minimal", "complete"):
        event = json.loads((folder / f"{kind}.json").read_text())
        assert list(validator.iter_errors(event["data"])) == []
        assert event["dataschema"] == CATALOGUE[event_type].dataschema


@given(st.sampled_from(sorted(CATALOGUE)), st.data())
@settings(max_examples=200, deadline=None)
def test_schema_model_and_a_second_validator_agree_on_changed_examples(
    event_type: str, data: st.DataObject
) -> None:
    spec = CATALOGUE[event_type]
    schema = schemas.schema_of(spec)
    body = example_of(spec, complete=True)["data"]
    for name in data.draw(st.lists(st.sampled_from(sorted(body)), unique=True)):
        change = data.draw(st.sampled_from(["drop", "null", "text", "keep"]))
        if change == "drop":
            del body[name]
        elif change != "keep":
            body[name] = None if change == "null" else "not of this form!"
    by_schema = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.FormatChecker()
    ).is_valid(body)
    by_second = jsonschema_rs.validator_for(schema, validate_formats=True).is_valid(body)
    try:
        spec.model.model_validate_json(json.dumps(body))
        by_model = True
    except ValueError:
        by_model = False
    assert by_schema == by_second == by_model


def test_every_type_has_a_topic_card_and_every_card_a_reason_to_exist() -> None:
    named = {card["name"] for card in asyncapi.cards()}
    used = {asyncapi.card_of(spec) for spec in CATALOGUE.values()}
    copied_by_the_gateway = {
        "nrm.local.<node>.incoming.v1",
        "nrm.local.<node>.statistics.v1",
        "nrm.statistics.contribution.v1",
    }
    assert used <= named
    assert named - used <= copied_by_the_gateway


def test_every_command_has_one_owner_and_every_body_one_type_per_publisher() -> None:
    pairs = [(spec.owner, spec.model) for spec in CATALOGUE.values()]
    assert len(pairs) == len(set(pairs))
    assert all(
        spec.command_owner for spec in CATALOGUE.values() if spec.topic in ("intake", "commands")
    )
