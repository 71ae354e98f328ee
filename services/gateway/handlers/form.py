"""The form of what an agency's system sends, alike for Kafka and HTTP: a letter or objections.

Written for the door alone: the chassis's codec stops at the first fault, the door tells all of
them, and it takes no attribute that it does not know (one could hold a name). Nothing that an
agency wrote may be in an objection.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from contracts.envelope import CONTENT_TYPE_JSON, SCHEMA_ROOT, SPEC_VERSION
from services.chassis.messaging.broker import Headers
from services.chassis.messaging.codec import (
    ATTRIBUTE_LIMIT,
    CONTENT_TYPE,
    HTTP_PREFIX,
    KAFKA_PREFIX,
    STRUCTURED,
)
from services.gateway.domain.refusals import Objection
from services.gateway.handlers.closed import UNREADABLE, canonical, parsed

ALLOWED: Final = frozenset(
    {
        *("specversion", "id", "source", "type", "subject", "time"),
        *("datacontenttype", "dataschema", "traceparent"),
    }
)
"""What an agency may say around an event. The rest is the node's own, or could hold a name."""
_INSIDE: Final = "data"
MINOR_DIGITS: Final = 4
_SOURCE: Final = re.compile(r"[a-z][a-z0-9+.-]{0,30}:[a-z0-9/][a-z0-9.:/_-]{0,160}")
_SCHEMA: Final = re.compile(re.escape(SCHEMA_ROOT) + r"[a-z0-9.-]{1,160}")
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_MEDIA_TYPE: Final = re.compile(r"application/(cloudevents\+)?json(; ?charset=utf-8)?", re.I)
_PATTERNS: Final[Mapping[str, re.Pattern[str]]] = {
    "source": _SOURCE,
    "dataschema": _SCHEMA,
    "traceparent": _TRACEPARENT,
    "datacontenttype": _MEDIA_TYPE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An intake event as it was sent: what could be read of it, and what is wrong with its form."""

    intake_id: UUID | None
    source: str
    type: str
    subject: str
    body: Any
    """The parsed body, or ``UNREADABLE``."""
    content: bytes
    """The body as bytes: what a repeat is recognised by, in either mode."""
    traceparent: str | None
    objections: tuple[Objection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Bytes with their headers, before anybody looked at them."""

    attributes: tuple[tuple[str, str | None], ...]
    """CloudEvents attributes of the binary mode, in order, without their prefix."""
    content_type: str
    value: bytes
    key: str = ""
    strangers: tuple[int, ...] = ()
    """Positions of headers that a record would keep and nobody would read: not ours, or again."""


def carried_by_kafka(headers: Headers, key: bytes | None, value: bytes | None) -> Carried:
    """What a record carries; text that is not UTF-8 is told later as wrong."""
    pairs = [(name, _text(raw)) for name, raw in headers if raw is not None]
    return Carried(
        attributes=_without(KAFKA_PREFIX, pairs),
        content_type=dict(pairs).get(CONTENT_TYPE) or CONTENT_TYPE_JSON,
        value=value or b"",
        key=(key or b"").decode("utf-8", "replace"),
        strangers=tuple(_strangers(headers)),
    )


def _strangers(headers: Headers) -> Iterator[int]:
    seen: set[str] = set()
    for position, (name, raw) in enumerate(headers, start=1):
        ours = raw is not None and (name.startswith(KAFKA_PREFIX) or _is_ours(name, _text(raw)))
        if name in seen or not ours:
            yield position
        seen.add(name)


def carried_by_http(headers: Iterable[tuple[str, str]], body: bytes) -> Carried:
    """What a request carries."""
    pairs: list[tuple[str, str | None]] = [(name.lower(), text) for name, text in headers]
    return Carried(
        attributes=_without(HTTP_PREFIX, pairs),
        content_type=dict(pairs).get(CONTENT_TYPE) or CONTENT_TYPE_JSON,
        value=body,
    )


def letter_from(carried: Carried, limit_bytes: int) -> Letter:
    """The letter, with every objection to its form."""
    attributes: Mapping[str, Any] = dict(carried.attributes)
    body: Any = UNREADABLE
    content = carried.value
    objections: list[Objection] = []
    if len(carried.value) > limit_bytes:
        objections.append(Objection("too-large"))
    elif _media_type(carried.content_type) == STRUCTURED:
        document = parsed(carried.value)
        if isinstance(document, dict):
            body = document.get(_INSIDE, UNREADABLE)
            content = _bytes(body) if _INSIDE in document else content
            attributes = {name: value for name, value in document.items() if name != _INSIDE}
            objections += _beside(carried.attributes)
        else:
            objections.append(Objection("not-json"))
    else:
        body = parsed(carried.value)
        if body is UNREADABLE:
            objections.append(Objection("not-json"))
    objections += [*_attribute_objections(attributes), *_schema_objections(attributes)]
    subject = attributes.get("subject") or carried.key
    objections += _carrier_objections(carried, subject)
    return Letter(
        intake_id=as_uuid(attributes.get("id")),
        source=_string(attributes.get("source")),
        type=_string(attributes.get("type")),
        subject=_string(subject),
        body=body,
        content=content,
        traceparent=_string(attributes.get("traceparent")) or None,
        objections=tuple(objections),
    )


def as_uuid(value: Any) -> UUID | None:
    """The UUID that a text is in its one usual form, lower case with dashes; else None."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        found = UUID(value)
    except ValueError:
        return None
    return found if str(found) == value else None


def _attribute_objections(attributes: Mapping[str, Any]) -> list[Objection]:
    found = [
        Objection("unknown-property", f"attributes/position-{position}")
        for position, name in enumerate(attributes, start=1)
        if name not in ALLOWED
    ]
    found += [
        Objection("wrong-format", name)
        for name, value in attributes.items()
        if name in ALLOWED and not _is_sound(name, value)
    ]
    if not attributes.get("id"):
        found.append(Objection("id-missing", "id"))
    elif as_uuid(attributes["id"]) is None:
        found.append(Objection("id-not-a-uuid", "id"))
    if attributes.get("specversion") != SPEC_VERSION:
        found.append(Objection("not-cloudevents", "specversion"))
    found += [
        Objection("required", name) for name in ("source", "type") if not attributes.get(name)
    ]
    return found


def _schema_objections(attributes: Mapping[str, Any]) -> list[Objection]:
    """The schema that is named is one of the type that is named."""
    schema, stem = attributes.get("dataschema"), SCHEMA_ROOT + _string(attributes.get("type"))
    if not isinstance(schema, str) or _SCHEMA.fullmatch(schema) is None:
        return []  # absent, or told as wrong before
    named, _, minor = schema.rpartition(".")
    sound = named == stem and len(minor) <= MINOR_DIGITS and minor.isdigit()
    return [] if sound else [Objection("wrong-format", "dataschema")]


def _beside(attributes: tuple[tuple[str, str | None], ...]) -> list[Objection]:
    """Attributes of the binary mode around a structured event: nobody would read them."""
    return [
        Objection("unknown-property", f"headers/attribute-{position}")
        for position, _ in enumerate(attributes, start=1)
    ]


def _is_ours(header: str, text: str | None) -> bool:
    """Headers that a record may have beside its attributes."""
    if header == "traceparent":
        return _TRACEPARENT.fullmatch(text or "") is not None
    return header == CONTENT_TYPE and text is not None


def _carrier_objections(carried: Carried, subject: Any) -> list[Objection]:
    """What the bus would keep beside the event: its key, other headers, a media type's words."""
    found = [
        Objection("unknown-property", f"headers/position-{position}")
        for position in carried.strangers
    ]
    if carried.key and carried.key != subject:
        found.append(Objection("wrong-format", "key"))
    if _MEDIA_TYPE.fullmatch(carried.content_type) is None:
        found.append(Objection("wrong-format", "content-type"))
    return found


def _is_sound(name: str, value: Any) -> bool:
    if not isinstance(value, str) or len(value) > ATTRIBUTE_LIMIT or not value.isprintable():
        return False
    if (pattern := _PATTERNS.get(name)) is not None:
        return pattern.fullmatch(value) is not None
    return name != "time" or _is_a_moment(value)


def _is_a_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _without(
    prefix: str, pairs: Iterable[tuple[str, str | None]]
) -> tuple[tuple[str, str | None], ...]:
    return tuple(
        (name.removeprefix(prefix), text) for name, text in pairs if name.startswith(prefix)
    )


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _string(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= ATTRIBUTE_LIMIT else ""


def _bytes(body: Any) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        return canonical(body)


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
