"""The types that the three services publish and read, as a catalogue lists them.

Two of them are published under an older major than the readers', so that they are lifted.
"""

from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from contracts.envelope import Classification
from tests.faults.story import ASKED, CONSEQUENCES, DONE, KINDS, LIFTED, NEVER_WAIT

MARK = 7


class Body(BaseModel):
    """The one body."""

    mark: int = MARK


class OldBody(BaseModel):
    """What it was in the major before."""

    old_mark: int = MARK


def lifted(content: dict[str, Any]) -> dict[str, Any]:
    """The body as it is today, of one of the major before."""
    return {"mark": content["old_mark"]}


@dataclass(frozen=True)
class Type:
    """A type as the catalogue lists it."""

    type: str
    topic: str
    model: Any = Body
    dataschema: str = "urn:nrm:schema:test"
    classification: Classification = Classification.CASE_CODED
    never_waits: bool = False
    gives_up: bool = False


def name_of(publisher: str, kind: str) -> str:
    """The whole name of a type."""
    return f"org.nrm.{publisher}.{kind}.v1"


def _types() -> dict[str, Type]:
    listed = [("maker", kind, ASKED) for kind in sorted(set(KINDS))]
    listed += [("doer", kind, DONE) for kind in sorted(set(CONSEQUENCES.values()))]
    return {
        name_of(owner, kind): Type(
            name_of(owner, kind),
            topic,
            model=type(kind, (OldBody if kind in LIFTED else Body,), {"__module__": __name__}),
            never_waits=kind in NEVER_WAIT,
            gives_up=kind == "need",
        )
        for owner, kind, topic in listed
    }


TYPES = _types()
"""As they are published."""
NEWER = {name: f"{name.rpartition('.')[0]}.v2" for name in TYPES if name.split(".")[3] in LIFTED}
CATALOGUE = {
    NEWER.get(name, name): replace(spec, type=NEWER[name], model=Body) if name in NEWER else spec
    for name, spec in TYPES.items()
}
"""As they are read."""


def spec_for(publisher: str, model: type[Any]) -> Type:
    """The type of a body."""
    return TYPES[name_of(publisher, model.__name__)]
