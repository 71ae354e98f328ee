"""JSON Schemas (2020-12) from the event models: closed, small subset of keywords, no references.

The ``$id`` is the immutable name that ``dataschema`` of every event carries.
"""

import json
from pathlib import Path
from typing import Any, Final

from contracts.catalogue import CATALOGUE, EventSpec

CONTRACTS: Final = Path(__file__).parent.parent
SCHEMAS: Final = CONTRACTS / "schemas"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
STATUS: Final = "draft"


def schema_of(spec: EventSpec) -> dict[str, Any]:
    """The schema of one event's body, with every reference resolved in place."""
    raw = spec.model.model_json_schema(mode="validation")
    body = _inline(raw, raw.get("$defs", {}))
    body.pop("$defs", None)
    return {
        "$schema": DIALECT,
        "$id": spec.dataschema,
        "x-nrm-type": spec.type,
        "x-nrm-owner": spec.owner,
        "x-nrm-classification": str(spec.classification),
        **body,
    }


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inline(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[1]]
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return _inline({**target, **beside}, definitions)
    return {
        key: _named(value, definitions) if key == "properties" else _inline(value, definitions)
        for key, value in node.items()
        if key != "$defs" and not (key == "title" and isinstance(value, str))
    }


def _named(properties: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Properties by name: a property may itself be called ``title``."""
    return {name: _inline(schema, definitions) for name, schema in properties.items()}


def without_null(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema without its "or null", and whether it had one."""
    if "anyOf" not in schema:
        return schema, False
    option = next(option for option in schema["anyOf"] if option != {"type": "null"})
    outer = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**outer, **option}, True


def all_schemas() -> dict[str, dict[str, Any]]:
    """Every schema by file name."""
    return {f"{spec.type}.{spec.minor}.schema.json": schema_of(spec) for spec in CATALOGUE.values()}


def as_text(document: Any) -> str:
    """The one way a generated JSON file is written."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
