"""How a body is read: open for what is new, closed for what is wrong, and nothing is echoed."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from services.chassis.errors import MalformedEvent, UnknownMajor
from services.chassis.messaging.reading import Contracts, read_body
from services.chassis.messaging.subscriptions import Kind, Subscriptions


def code(codelist: str) -> Any:
    """A coded property."""
    return Field(pattern="^[a-z-]+$", max_length=20, json_schema_extra={"x-nrm-codelist": codelist})


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    colour: Annotated[str, code("colour")] | None = None


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    number: int
    colour: Annotated[str, code("colour")] = "red"
    colours: tuple[Annotated[str, code("colour")], ...] = ()
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Spec:
    type: str
    model: Any = Whole
    never_waits: bool = False
    gives_up: bool = False


@dataclass(frozen=True)
class Colours:
    codes: tuple[str, ...] = ("red", "green", "other")
    fallback: str = "other"


def lifted(body: dict[str, Any]) -> dict[str, Any]:
    """Version 1 called it ``count``."""
    return {"number": body.pop("count"), **body}


NEW, OLD = "org.nrm.house.painted.v2", "org.nrm.house.painted.v1"
CONTRACTS = Contracts(
    catalogue={NEW: Spec(NEW)}, codelists={"colour": Colours()}, upcasters={OLD: (NEW, lifted)}
)


def test_an_unknown_optional_property_is_ignored_at_every_depth() -> None:
    body = read_body(CONTRACTS, NEW, b'{"number": 1, "new": 2, "parts": [{"newer": 3}]}')
    assert body.model == Whole(number=1, parts=(Part(),))


def test_an_unknown_code_is_taken_as_the_fallback_and_the_original_is_kept() -> None:
    content = (
        b'{"number": 1, "colour": "mauve", "colours": ["red", "teal"],'
        b' "parts": [{"colour": "puce"}]}'
    )
    body = read_body(CONTRACTS, NEW, content)
    assert body.model == Whole(
        number=1, colour="other", colours=("red", "other"), parts=(Part(colour="other"),)
    )
    assert body.unmapped == {"colour": "mauve", "colours.1": "teal", "parts.0.colour": "puce"}


def test_an_old_major_is_lifted_to_the_one_that_is_read() -> None:
    assert read_body(CONTRACTS, OLD, b'{"count": 7}').model.number == 7


def test_a_major_that_nobody_here_reads_is_an_error_not_a_skip() -> None:
    with pytest.raises(UnknownMajor):
        read_body(CONTRACTS, "org.nrm.house.painted.v9", b"{}")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"[]",
        b'{"number": "Anna"}',
        b'{"colour": 5, "number": 1}',
        b'{"colour": "Anna B.", "number": 1}',
    ],
)
def test_a_wrong_body_is_said_by_place_and_code_and_never_echoed(content: bytes) -> None:
    with pytest.raises(MalformedEvent) as refused:
        read_body(CONTRACTS, NEW, content)
    assert "Anna" not in str(refused.value)
    assert refused.value.__cause__ is None


async def nothing(_received: Any, _work: Any) -> None:
    """A handler."""


def test_a_type_is_skipped_only_when_no_major_of_it_is_listed() -> None:
    table = Subscriptions(consumer="house", topics=("things",), handlers={NEW: nothing})
    kinds = {
        name: table.kind_of(CONTRACTS, name)
        for name in (NEW, OLD, "org.nrm.house.painted.v9", "org.nrm.house.drawn.v1")
    }
    assert list(kinds.values()) == [Kind.PLAIN, Kind.PLAIN, Kind.PLAIN, Kind.SKIP]


def test_topics_are_suffixes_of_the_node_or_whole_names_of_the_hub() -> None:
    table = Subscriptions(consumer="c", topics=("things", "nrm.registry.v1"), handlers={})
    assert table.topic_names("node-one") == ("nrm.local.node-one.things.v1", "nrm.registry.v1")
