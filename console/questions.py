"""Questions out of the contracts: each property of what is told becomes one field of a form.

What a property may be stands in its own schema: a code of a list, a count, a time, yes or no, a
participant. A property of any other kind has to be given by the page, or left out by name.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from console.forms import Field, Kind
from contracts import intake
from contracts.envelope import REGISTRY_KEYWORD, Contract

CODES: Final = "x-nrm-codelist"
WHEN: Final = "occurred_at"
"""The property that says when it happened; asked last, in the same words everywhere."""
LINKS: Final = frozenset({"linked_case", "into_case"})
"""Properties that name another case of this node."""
BY_TYPE: Final = {"boolean": Kind.YES_NO, "integer": Kind.NUMBER}


def questions(
    happened: str, *, only: Collection[str] = (), changes: Mapping[str, Mapping[str, Any]]
) -> tuple[Field, ...]:
    """The fields for an event, in the contract's order; ``changes`` overrule what one says."""
    found = [
        replace(field, **changes.get(field.name, {}))
        for name, field in _asked(happened).items()
        if not only or name in only
    ]
    return tuple(sorted(found, key=lambda field: field.name == WHEN))


@cache
def _asked(happened: str) -> Mapping[str, Field]:
    schema = _bodies()[happened].model_json_schema()
    required = schema.get("required", ())
    fields = (_field(name, _plain(told)) for name, told in schema["properties"].items())
    return {
        field.name: replace(field, required=field.name in required)
        for field in fields
        if field is not None
    }


@cache
def _bodies() -> Mapping[str, type[Contract]]:
    """Every body that the door takes, by the word of its type: ``PersonDied`` is person-died."""
    return {
        re.sub(r"(?<!^)(?=[A-Z])", "-", n).lower(): getattr(intake, n)
        for n in intake.__all__
        if isinstance(getattr(intake, n), type)
    }


def _plain(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """The property without *or nothing*."""
    return next((one for one in told.get("anyOf", ()) if one.get("type") != "null"), told)


def _field(name: str, told: Mapping[str, Any]) -> Field | None:
    """How it is asked; None for what only a page can give."""
    text = name.replace("_", "-")
    if name == WHEN:
        return Field(name=name, kind=Kind.MOMENT, text="when", hint="when-hint")
    if name in LINKS:
        return Field(name=name, kind=Kind.CASE, text=text, hint="case-number-hint")
    if told.get("type") == "array":
        codes = told["items"].get(CODES)
        return Field(name=name, kind=Kind.MANY, code_list=codes) if codes else None
    if CODES in told:
        asked = text if told[CODES] == "yes-no" else ""
        return Field(name=name, kind=Kind.CHOICE, code_list=told[CODES], text=asked)
    if REGISTRY_KEYWORD in told:
        return Field(name=name, kind=Kind.CHOICE, text=text, agencies=True)
    moment = Kind.MOMENT if told.get("format") == "date-time" else None
    kind = moment or BY_TYPE.get(told.get("type", ""))
    return None if kind is None else Field(name=name, kind=kind, text=text)
