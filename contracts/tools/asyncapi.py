"""The AsyncAPI 3 document, from the topic cards and the catalogue."""

from typing import Any, Final

import yaml

from contracts.catalogue import CATALOGUE, EventSpec
from contracts.tools.schemas import CONTRACTS, schema_of

CARDS: Final = CONTRACTS / "topics"
DRAFT_07: Final = "application/schema+json;version=draft-07"
PARAMETERS: Final = {
    "node": "Id of the agency's node.",
    "from": "Id of the sending agency's node.",
    "to": "Id of the receiving agency's node.",
}


def cards() -> list[dict[str, Any]]:
    """Every topic card, in the order of file names."""
    return [yaml.safe_load(path.read_text("utf-8")) for path in sorted(CARDS.glob("*.yaml"))]


def card_of(spec: EventSpec) -> str:
    """Name template of the topic a type is published on."""
    if spec.topic == "nrm.exchange":
        return "nrm.exchange.<from>.<to>.v1"
    return spec.topic if spec.topic.startswith("nrm.") else f"nrm.local.<node>.{spec.topic}.v1"


def _key(template: str) -> str:
    return template.replace("<", "").replace(">", "").replace(".", "-")


def _channel(card: dict[str, Any], messages: list[EventSpec]) -> dict[str, Any]:
    template = card["name"]
    channel: dict[str, Any] = {
        "address": template.replace("<", "{").replace(">", "}"),
        "description": card["purpose"],
        "messages": {
            spec.type: {"$ref": f"#/components/messages/{spec.type}"} for spec in messages
        },
        "bindings": {"kafka": {"partitions": card["partitions"]}},
    }
    used = {name: text for name, text in PARAMETERS.items() if f"<{name}>" in template}
    if used:
        channel["parameters"] = {name: {"description": text} for name, text in used.items()}
    return channel


def _message(spec: EventSpec) -> dict[str, Any]:
    schema = {key: value for key, value in schema_of(spec).items() if not key.startswith("$")}
    return {
        "name": spec.type,
        "summary": (spec.model.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "bindings": {"kafka": {"key": {"type": "string", "format": "uuid"}}},
        "payload": {"schemaFormat": DRAFT_07, "schema": schema},
    }


def document() -> dict[str, Any]:
    """The whole document."""
    by_topic: dict[str, list[EventSpec]] = {}
    for spec in CATALOGUE.values():
        by_topic.setdefault(card_of(spec), []).append(spec)
    channels, operations = {}, {}
    for card in cards():
        key = _key(card["name"])
        channels[key] = _channel(card, by_topic.get(card["name"], []))
        reference = {"$ref": f"#/channels/{key}"}
        operations[f"publish-{key}"] = {
            "action": "send",
            "channel": reference,
            "summary": "Written by " + ", ".join(card["producers"]) + ".",
        }
        operations[f"read-{key}"] = {
            "action": "receive",
            "channel": reference,
            "summary": "Read by " + ", ".join(card["consumers"]) + ".",
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "National referral mechanism: events",
            "version": "1.0.0-draft",
            "description": "CloudEvents 1.0 in Kafka binary mode (ce_ headers). Codes only.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": {spec.type: _message(spec) for spec in CATALOGUE.values()}},
    }
