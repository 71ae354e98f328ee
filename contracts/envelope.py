"""What surrounds every event (CloudEvents 1.0), and the privacy class of every property inside one.

No direct identifier is ever in an event. A property whose type is not one of the classes
below cannot be in a contract: the schema gate turns red.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE_JSON: Final = "application/json"
SCHEMA_ROOT: Final = "urn:nrm:schema:"


class PrivacyClass(StrEnum):
    """What a property may be (``x-nrm-class``). Free text, names and places have no class."""

    CODE = "code"
    COUNT = "count"
    REFERENCE = "reference"
    TIME = "time"
    FLAG = "flag"
    SEALED = "sealed"
    DIGEST = "digest"
    SIGNATURE = "signature"


class Classification(StrEnum):
    """Who may hold the event as a whole (``dataclassification``)."""

    CASE_CODED = "case-coded"
    """About one person, as codes under an opaque id: never leaves the node as it is."""
    ADDRESSED = "addressed"
    """For one other agency; leaves only through the gateway's check."""
    NODE_CODED = "node-coded"
    """About this node's own capacity or policy, or numbers that it was told; no case."""
    AGGREGATE = "aggregate"
    """Counts with noise, plans and releases; no case can be in it."""


def _class(name: PrivacyClass, **extra: Any) -> dict[str, Any]:
    return {"x-nrm-class": str(name), **extra}


def code(codelist: str) -> Any:
    """A string property whose value is one code of ``codelist`` (checked after the schema).

    The schema holds a pattern only, so that a new code is never a breaking change.
    """
    return Field(
        pattern=CODE_PATTERN,
        json_schema_extra=_class(PrivacyClass.CODE, **{"x-nrm-codelist": codelist}),
    )


CODE_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$"
NODE_PATTERN: Final = r"^[a-z0-9][a-z0-9-]{1,39}$"
REGISTRY_KEYWORD: Final = "x-nrm-registry"
"""On a string that names something of the registry: its pattern alone would let a name pass."""

Reference = Annotated[UUID, Field(json_schema_extra=_class(PrivacyClass.REFERENCE))]
Node = Annotated[
    str,
    Field(
        pattern=NODE_PATTERN,
        json_schema_extra=_class(PrivacyClass.CODE, **{REGISTRY_KEYWORD: "participant"}),
    ),
]
"""A participant of the registry; the gateway refuses any other word (``contracts.nodes``)."""
EARLIEST_TIME: Final = datetime(1800, 1, 1, tzinfo=UTC)
LATEST_TIME: Final = datetime(2300, 1, 1, tzinfo=UTC)
Time = Annotated[
    AwareDatetime,
    Field(ge=EARLIEST_TIME, le=LATEST_TIME, json_schema_extra=_class(PrivacyClass.TIME)),
]
"""A moment with its zone; every calendar, zone and clock of a reader can hold it and add to it.

JSON Schema has no word for the bounds: the model checks them, as it does codes. They are wider than
what the door takes, so that what a node works out from a time of its own people fits, too.
"""
Flag = Annotated[bool, Field(json_schema_extra=_class(PrivacyClass.FLAG))]
Count = Annotated[int, Field(ge=0, le=1_000_000, json_schema_extra=_class(PrivacyClass.COUNT))]
Noisy = Annotated[int, Field(ge=-(2**53), le=2**53, json_schema_extra=_class(PrivacyClass.COUNT))]
"""A count with noise; may be negative."""
Digest = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{64}$", json_schema_extra=_class(PrivacyClass.DIGEST)),
]
Ratio = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,12}/[1-9][0-9]{0,11}$", json_schema_extra=_class(PrivacyClass.COUNT)),
]
"""A rational number, numerator/denominator: floating point never touches counts or noise."""
Identifier = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9.:-]{0,79}$", json_schema_extra=_class(PrivacyClass.CODE)),
]
"""A name the project or a jurisdiction gives to a thing that is no person: a dataset, a cell."""


FormVersion = Annotated[
    str,
    Field(pattern=r"^20[0-9]{2}\.[0-9]{1,2}$", json_schema_extra=_class(PrivacyClass.CODE)),
]
"""Which printed form: its year and its number in that year. No word fits, and no date of birth."""


class Contract(BaseModel):
    """Base of every event body and its parts: closed for producers, frozen.

    Readers validate with ``extra="ignore"`` (open for readers).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_timedelta="iso8601")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """CloudEvents attributes and the extensions of the project.

    ``sequence`` and ``epoch`` are set by the store, per (source, epoch, topic, subject), gapless;
    records that were not numbered by a store (intake) carry ``None``. ``time`` is when it was
    recorded (UTC); when it happened is ``occurred_at`` in the body.
    """

    id: str
    source: str
    type: str
    time: datetime
    subject: str
    dataschema: str
    datacontenttype: str = CONTENT_TYPE_JSON
    sequence: int | None = None
    epoch: int | None = None
    correlationid: str | None = None
    causationid: str | None = None
    traceparent: str | None = None
    dataclassification: str | None = None
    mouversion: str | None = None
    recipient: str | None = None
    purpose: str | None = None
    sender: str | None = None

    def with_(self, **changes: Any) -> Self:
        """The same envelope with some attributes changed."""
        return replace(self, **changes)


def source_of(node: str, service: str) -> str:
    """``source`` of everything that ``service`` of ``node`` publishes."""
    return f"urn:nrm:{node}:{service}"


def node_of(source: str) -> str:
    """The node in a ``source`` of ours; raises ValueError for any other source."""
    parts = source.split(":")
    if len(parts) != 4 or parts[:2] != ["urn", "nrm"]:
        raise ValueError("source is not urn:nrm:<node>:<service>")
    return parts[2]
