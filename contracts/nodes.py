"""Where in an event's body nodes are named, by the types of its model alone.

A node's name has the form of any lower-case word, so a form is no check: whoever takes a body from
outside asks the registry about every place found here. A property added later is found too,
because its type says what it is. Nothing here keeps a value.
"""

from collections.abc import Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from contracts.envelope import REGISTRY_KEYWORD

EACH: Final = "*"
"""In a place: every one of a list."""
Place = tuple[str, ...]


@cache
def node_places(model: type[BaseModel]) -> tuple[Place, ...]:
    """Every place of a model where a node is named, such as ``("recipients", "*")``."""
    return tuple(
        (name, *below)
        for name, about in model.model_fields.items()
        for below in _places(about.annotation, (about,))
    )


def nodes_named(body: BaseModel) -> Iterator[tuple[str, str]]:
    """Each node that a body names, with its place, such as ``recipients/0``."""
    for place in node_places(type(body)):
        for at, value in _along(body, place):
            yield "/".join(at), value


def _places(annotation: Any, notes: tuple[Any, ...]) -> Iterator[Place]:
    if any(_names_a_node(note) for note in notes):
        yield from _on_a_text(annotation)
        return
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _places(inner[0], inner[1:])
    elif origin in (Union, UnionType):
        for part in inner:
            yield from _places(part, ())
    elif origin in (list, tuple, set, frozenset):
        yield from ((EACH, *below) for below in _places(inner[0], ()))
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from node_places(annotation)


def _on_a_text(annotation: Any) -> Iterator[Place]:
    """The note may stand on the text itself, or on what holds it (``Node | None``)."""
    options = {part for part in get_args(annotation) if part is not NoneType} or {annotation}
    if options != {str}:
        raise TypeError("a node is a text, alone or in a list")
    yield ()


def _names_a_node(note: Any) -> bool:
    extra = note.json_schema_extra if isinstance(note, FieldInfo) else None
    return isinstance(extra, dict) and REGISTRY_KEYWORD in extra


def _along(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if value is None:
        return
    if not place:
        yield (), str(value)
        return
    step, rest = place[0], place[1:]
    parts = enumerate(value) if step == EACH else ((step, getattr(value, step)),)
    for name, part in parts:
        yield from (((str(name), *at), found) for at, found in _along(part, rest))
