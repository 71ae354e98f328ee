"""What a schema may contain: few keywords, a privacy class on every property, no personal names.

The subset keeps the comparison of versions decidable by a page of code (``compare.py``).
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from contracts.envelope import PrivacyClass
from contracts.vocabulary import code_lists

KEYWORDS: Final = frozenset(
    {
        "$schema",
        "$id",
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "minItems",
        "maxItems",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "anyOf",
        "default",
        "description",
        "x-nrm-type",
        "x-nrm-owner",
        "x-nrm-classification",
        "x-nrm-class",
        "x-nrm-codelist",
        "x-nrm-registry",
    }
)
PERSONAL_WORDS: Final = frozenset(
    [
        *(
            "name",
            "names",
            "surname",
            "forename",
            "patronymic",
            "firstname",
            "lastname",
            "nickname",
        ),
        *("birth", "birthday", "birthdate", "dob", "age", "passport", "document", "identity"),
        *("phone", "telephone", "mobile", "email", "mail", "address", "street", "city", "village"),
        *("town", "district", "postcode", "latitude", "longitude", "location", "ip", "photo"),
        *("picture", "note", "notes", "comment", "comments", "remark", "narrative", "story"),
        *("description", "text", "free", "sex", "gender", "religion", "ethnicity", "employer"),
        "victim",
    ]
)
NOT_PERSONAL: Final = frozenset({"text_version"})
"""Property names that hold a word of the list above and are no danger, each for a reason.

``text_version``: which printed consent form was read to the person.
"""


def problems(schema: dict[str, Any]) -> list[str]:
    """Every objection to one schema, as sentences that name the property."""
    return [*_node(schema, "")]


def _node(schema: dict[str, Any], path: str) -> Iterator[str]:
    where = path or "the body"
    for keyword in schema.keys() - KEYWORDS:
        yield f"{where}: keyword {keyword} is outside the subset"
    if "anyOf" in schema:
        yield from _nullable(schema, path)
        return
    kind = schema.get("type")
    if kind == "object":
        yield from _object(schema, path)
    elif kind == "array":
        if "items" not in schema:
            yield f"{where}: an array needs items"
        else:
            yield from _node(schema["items"], f"{path}[]")
    else:
        yield from _leaf(schema, where)


def _nullable(schema: dict[str, Any], path: str) -> Iterator[str]:
    options = [option for option in schema["anyOf"] if option != {"type": "null"}]
    if len(options) != 1 or len(schema["anyOf"]) != 2:
        yield f"{path}: anyOf may only say 'or null'"
        return
    outer: dict[str, Any] = {
        key: schema[key]
        for key in ("x-nrm-class", "x-nrm-codelist", "x-nrm-registry")
        if key in schema
    }
    yield from _node({**options[0], **outer}, path)


def _object(schema: dict[str, Any], path: str) -> Iterator[str]:
    if schema.get("additionalProperties") is not False:
        yield f"{path or 'the body'}: additionalProperties must be false (closed for producers)"
    for name, below in schema.get("properties", {}).items():
        inner = f"{path}.{name}" if path else name
        yield from _looks_personal(name, inner)
        yield from _node(below, inner)


def _looks_personal(name: str, path: str) -> Iterator[str]:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        yield f"{path}: a property is named in lower case with underscores"
    found = set(name.split("_")) & PERSONAL_WORDS
    if found and name not in NOT_PERSONAL:
        yield f"{path}: looks personal ({', '.join(sorted(found))})"


def _leaf(schema: dict[str, Any], where: str) -> Iterator[str]:
    privacy = schema.get("x-nrm-class")
    if privacy not in {str(known) for known in PrivacyClass}:
        yield f"{where}: has no privacy class (x-nrm-class)"
    if schema.get("type") == "string" and not ({"pattern", "format"} & schema.keys()):
        yield f"{where}: a string needs a pattern or a format; free text cannot be in an event"
    listed = schema.get("x-nrm-codelist")
    if listed is not None and listed not in code_lists():
        yield f"{where}: code list {listed} does not exist"
