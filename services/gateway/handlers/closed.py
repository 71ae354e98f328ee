"""Closed reading: what came from outside against a model that knows every property it may have.

Every objection is collected, as a code and a place. A place is made of the model's own property
names and of positions: the name of an unknown property is a value of the sender's (it may be
somebody's name), so its parent and its position are told instead. Nothing here keeps a value.
"""

import json
import math
from typing import Any, Final, NoReturn, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from services.gateway.domain.refusals import Objection

DEPTH_LIMIT: Final = 16
PLACE_LIMIT: Final = 120
Model = TypeVar("Model", bound=BaseModel)
Place = tuple[int | str, ...]

_CODES: Final = {
    "missing": "required",
    "extra_forbidden": "unknown-property",
    "string_pattern_mismatch": "wrong-format",
    "greater_than": "out-of-range",
    "greater_than_equal": "out-of-range",
    "less_than": "out-of-range",
    "less_than_equal": "out-of-range",
    "too_short": "out-of-range",
    "too_long": "out-of-range",
    "string_too_short": "out-of-range",
    "string_too_long": "out-of-range",
    "timezone_aware": "wrong-format",
    "timezone_naive": "wrong-format",
    "value_error": "wrong-format",
}
_FORMATS: Final = ("datetime", "date", "uuid", "time")


def parsed(document: bytes) -> Any:
    """The JSON value, or ``UNREADABLE``: not JSON, a name twice in one object, or too deep."""
    try:
        orjson.loads(document)
        value = json.loads(
            document, object_pairs_hook=_once_each, parse_constant=_no_constant, parse_float=_finite
        )
    except (ValueError, RecursionError):
        return UNREADABLE
    return value if _depth_is_bounded(value) else UNREADABLE


class _Unreadable:
    """What ``parsed`` gives for bytes that no reading may be built on."""


UNREADABLE: Final = _Unreadable()


def canonical(value: Any) -> bytes:
    """The same bytes for the same JSON value, whatever its spacing and order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def closed_reading(model: type[Model], content: Any) -> tuple[Model | None, tuple[Objection, ...]]:
    """``content`` as ``model``, or every objection."""
    try:
        return model.model_validate_json(canonical(content), strict=True), ()
    except ValidationError as error:
        problems = error.errors(include_input=False, include_context=False, include_url=False)
        found = [(problem["type"], problem["loc"]) for problem in problems]
    places = [place for _, place in found]
    return None, tuple(
        _objection(kind, place, content)
        for kind, place in found
        if not (kind == "too_short" and any(_is_inside(other, place) for other in places))
    )


def _is_inside(place: Place, outer: Place) -> bool:
    """A list whose parts are wrong counts as too short; then the parts are told, not the list."""
    return len(place) > len(outer) and place[: len(outer)] == outer


def _objection(kind: str, place: Place, content: Any) -> Objection:
    if kind == "extra_forbidden":
        return Objection("unknown-property", _place(_unnamed(place, content)))
    code = _CODES.get(kind)
    if code is None:
        code = "wrong-format" if kind.startswith(_FORMATS) else "wrong-type"
    return Objection(code, _place(place))


def _unnamed(place: Place, content: Any) -> Place:
    parent = content
    for part in place[:-1]:
        parent = parent[part]
    return (*place[:-1], f"position-{list(parent).index(place[-1]) + 1}")


def _place(place: Place) -> str | None:
    return "/".join(str(part) for part in place)[:PLACE_LIMIT] or None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError
    return content


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _depth_is_bounded(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH_LIMIT):
        inner = [part for part in level if isinstance(part, dict | list)]
        if not inner:
            return True
        level = [
            child for part in inner for child in (part.values() if isinstance(part, dict) else part)
        ]
    return False
