"""Two example events per type, minimal and complete, made from the models: no person.

The same input gives the same bytes, so that a changed example in a review is a changed contract.
"""

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any, Final

from contracts.catalogue import CATALOGUE, EventSpec
from contracts.envelope import SPEC_VERSION, source_of
from contracts.tools.schemas import schema_of, without_null
from contracts.vocabulary import NOT_YET_KNOWN, code_lists

TIME: Final = "2026-05-14T09:30:00Z"
LATER: Final = "2026-06-14T09:30:00Z"
BY_PATTERN: Final = (
    # pattern beginning -> example of it, first match wins
    ("^[0-9a-f]{64}", "0" * 63 + "1"),
    ("^[0-9]{1,12}/", "7/10"),
    ("^[a-z0-9][a-z0-9-]{1,39}$", "redcross-vitebsk"),
    ("^[a-z0-9][a-z0-9.:-]", "example-2026"),
    ("^20[0-9]{2}", "2026.1"),
    ("^[a-z0-9_./-]", "needs/0/service_type"),
)
LATER_PROPERTIES: Final = frozenset(
    {"expires_at", "valid_until", "ends_at", "answer_by", "window_closes_at", "publish_at"}
)


def _uuid(seed: str) -> str:
    """A version 4 shaped id that depends on nothing but ``seed``."""
    raw = bytearray(hashlib.sha256(seed.encode()).digest()[:16])
    raw[6], raw[8] = raw[6] & 0x0F | 0x40, raw[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))


def _string(schema: dict[str, Any], path: str) -> str:
    listed = schema.get("x-nrm-codelist")
    if listed:
        codes = [code for code in code_lists()[listed].codes if code != NOT_YET_KNOWN]
        return "BY" if listed == "country" else "be" if listed == "language" else codes[0]
    if schema.get("format") == "uuid":
        return _uuid(path)
    if schema.get("format") == "date-time":
        return LATER if path.rsplit(".", 1)[-1] in LATER_PROPERTIES else TIME
    return next(
        example for start, example in BY_PATTERN if schema.get("pattern", "").startswith(start)
    )


def _value(schema: dict[str, Any], path: str, complete: bool) -> Any:
    schema, _ = without_null(schema)
    match schema.get("type"):
        case "object":
            required = set(schema.get("required", ()))
            return {
                name: _value(below, f"{path}.{name}", complete)
                for name, below in schema["properties"].items()
                if complete or name in required
            }
        case "array":
            return [_value(schema["items"], f"{path}[]", complete)]
        case "boolean":
            return False
        case "integer":
            return max(1, int(schema.get("minimum", 1)))
        case _:
            return _string(schema, path)


def example_of(spec: EventSpec, complete: bool) -> dict[str, Any]:
    """One event in CloudEvents structured form."""
    publisher = "registration-desk" if spec.owner == "intake" else spec.owner
    event: dict[str, Any] = {
        "specversion": SPEC_VERSION,
        "id": _uuid(f"{spec.type} id"),
        "source": source_of("border-brest", publisher),
        "type": spec.type,
        "time": TIME,
        "subject": _uuid(f"{spec.type} subject"),
        "datacontenttype": "application/json",
        "dataschema": spec.dataschema,
    }
    if spec.owner != "intake":
        event |= {"dataclassification": str(spec.classification), "sequence": 1, "epoch": 1}
    if spec.topic == "outgoing":
        event |= {"recipient": "redcross-vitebsk", "purpose": "referral"}
    event["data"] = _value(_plain(schema_of(spec)), spec.type, complete)
    return event


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if not key.startswith("$")}


def all_examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every example: file name below ``contracts/examples`` and the event."""
    for spec in CATALOGUE.values():
        yield f"{spec.type}/minimal.json", example_of(spec, complete=False)
        yield f"{spec.type}/complete.json", example_of(spec, complete=True)
