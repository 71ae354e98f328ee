"""How a body is read: older majors are lifted, unknown properties ignored, unknown codes kept.

Closed for producers, open for readers. Which types, lists and upcasters there are is passed in:
no word of the domain may be here, and no error may hold anything that came with the event.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Protocol, Union, get_args, get_origin

import orjson
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from services.chassis.errors import MalformedEvent, UnknownMajor

UPCASTS_LIMIT: Final = 10
PROBLEMS_LIMIT: Final = 20
_CODELIST: Final = "x-nrm-codelist"

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class Spec(Protocol):
    """What the chassis needs to know about one event type."""

    @property
    def type(self) -> str:
        """The name, ending in its major version."""

    @property
    def model(self) -> Any:
        """The pydantic model of the body."""

    @property
    def never_waits(self) -> bool:
        """Handled at once, even on a blocked key."""

    @property
    def gives_up(self) -> bool:
        """Stops waiting after a bounded time and is refused."""


class CodeSet(Protocol):
    """One code list: its codes, and the one that an unknown code is taken as."""

    @property
    def codes(self) -> Iterable[str]:
        """Every code."""

    @property
    def fallback(self) -> str:
        """What an unknown code is taken as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """Everything a reader knows: types by name, code lists by name, upcasters by old type."""

    catalogue: Mapping[str, Spec]
    codelists: Mapping[str, CodeSet] = field(default_factory=dict)
    upcasters: Mapping[str, tuple[str, Upcaster]] = field(default_factory=dict)

    def current(self, event_type: str) -> str:
        """The type that an event of ``event_type`` is read as: the end of its upcasters."""
        for _ in range(UPCASTS_LIMIT):
            if event_type not in self.upcasters:
                break
            event_type = self.upcasters[event_type][0]
        return event_type


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it is read; ``unmapped``: place in the body -> code that no list of ours holds."""

    spec: Spec
    model: Any
    unmapped: Mapping[str, str]


def stem_of(event_type: str) -> str:
    """The type without its major version."""
    return event_type.rpartition(".v")[0]


def read_body(contracts: Contracts, event_type: str, body: bytes) -> Body:
    """Read a body; raises UnknownMajor or MalformedEvent (codes and places only)."""
    content = _parsed(body)
    for _ in range(UPCASTS_LIMIT):
        if event_type not in contracts.upcasters:
            break
        event_type, lift = contracts.upcasters[event_type]
        content = lift(content)
    spec = contracts.catalogue.get(event_type)
    if spec is None:
        raise UnknownMajor("no model for this major version")
    model = _validated(spec, content)
    unmapped: dict[str, str] = {}
    shape = _shape_of(spec.model)
    if shape is not None:
        content = _mapped(content, shape, "", _Mapping(contracts.codelists, unmapped))
        if unmapped:
            model = _validated(spec, content)
    return Body(spec, model, unmapped)


def _validated(spec: Spec, content: dict[str, Any]) -> Any:
    """The model; before any code is mapped, so that a code is at least of a code's form."""
    try:
        return spec.model.model_validate(content, extra="ignore")
    except ValidationError as error:
        problems = _problems(error)
    raise MalformedEvent(problems)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        raise MalformedEvent("the body is no JSON object")
    return content


def _problems(error: ValidationError) -> str:
    found = error.errors(include_input=False, include_context=False, include_url=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['type']}"
        for problem in found[:PROBLEMS_LIMIT]
    )


# ---------------------------------------------------------------- codes inside a body


@dataclass(frozen=True, slots=True)
class _Code:
    codelist: str


@dataclass(frozen=True, slots=True)
class _Many:
    each: "_Shape"


@dataclass(frozen=True, slots=True)
class _Parts:
    parts: Mapping[str, "_Shape"]


_Shape = _Code | _Many | _Parts


@dataclass(frozen=True, slots=True)
class _Mapping:
    codelists: Mapping[str, CodeSet]
    unmapped: dict[str, str]

    def taken_as(self, codelist: str, code: str, place: str) -> str:
        known = self.codelists.get(codelist)
        if known is None or code in _members(tuple(known.codes)):
            return code
        self.unmapped[place] = code
        return known.fallback


@cache
def _members(codes: tuple[str, ...]) -> frozenset[str]:
    return frozenset(codes)


@cache
def _shape_of(model: type[BaseModel]) -> _Parts | None:
    """Where codes are in a model, found once per model; None when it has none."""
    parts: dict[str, _Shape] = {}
    for name, about in model.model_fields.items():
        shape = _shape(about.annotation, (about,))
        if shape is not None:
            parts[about.alias or name] = shape
    return _Parts(parts) if parts else None


def _shape(annotation: Any, notes: tuple[Any, ...]) -> _Shape | None:
    for note in notes:
        extra = note.json_schema_extra if isinstance(note, FieldInfo) else None
        if isinstance(extra, dict) and _CODELIST in extra:
            return _Code(str(extra[_CODELIST]))
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(inner[0], inner[1:])
    if origin in (Union, UnionType):
        found = [_shape(part, ()) for part in inner if part is not NoneType]
        return next((shape for shape in found if shape is not None), None)
    if origin in (list, tuple, set, frozenset):
        each = _shape(inner[0], ())
        return _Many(each) if each is not None else None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _shape_of(annotation)
    return None


def _mapped(value: Any, shape: _Shape, place: str, mapping: _Mapping) -> Any:
    if isinstance(shape, _Code) and isinstance(value, str):
        return mapping.taken_as(shape.codelist, value, place)
    if isinstance(shape, _Many) and isinstance(value, list):
        return [
            _mapped(each, shape.each, f"{place}.{number}", mapping)
            for number, each in enumerate(value)
        ]
    if isinstance(shape, _Parts) and isinstance(value, dict):
        return {
            name: _mapped(part, shape.parts[name], f"{place}.{name}".lstrip("."), mapping)
            if name in shape.parts
            else part
            for name, part in value.items()
        }
    return value
