"""The one place where an exchange record is closed and opened: sealing and signatures go here.

A record is a length-prefixed head (canonical JSON, alike for every record of a pair) and the
content. Today the content is only framed; when keys come, ``wrap`` seals it to the recipient and
signs both, and ``unwrap`` verifies and opens. The digest is over exactly the bytes that a
signature will cover, never over how they are written down. Pure: no key is looked up here.
"""
# ruff: noqa: N818 - a name says what is wrong, not that something is

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson

VERSION: Final = 1
SUITE_NONE: Final = 0
"""The content is not sealed yet."""
HEAD_LIMIT_BYTES: Final = 4_096
LENGTH_BYTES: Final = 4
DIGEST_LENGTH: Final = 64


class NotARecord(ValueError):
    """The bytes are no exchange record: they do not count as a number of the pair."""


class CannotUnwrap(ValueError):
    """A valid head over content that does not open: the pair is stuck at this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The outside of a record. ``seq`` 0: a receipt, which has no place in the order."""

    id: UUID
    sender: str
    recipient: str
    epoch: int
    seq: int
    registry_version: int
    registry_hash: str
    not_after: datetime
    v: int = VERSION
    suite: int = SUITE_NONE
    key_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwrapped:
    """A record as read: its head, the digest of its signed bytes, and what is inside."""

    head: Head
    digest: str
    inner: bytes | None
    """None: it does not open."""


def wrap(head: Head, inner: bytes) -> bytes:
    """The bytes of a record."""
    written = orjson.dumps(_written(head), option=orjson.OPT_SORT_KEYS)
    return len(written).to_bytes(LENGTH_BYTES, "big") + written + _sealed(head, inner)


def unwrap(record: bytes) -> Unwrapped:
    """Head, digest and content; raises NotARecord for bytes that no gateway of ours made."""
    length = int.from_bytes(record[:LENGTH_BYTES], "big")
    if len(record) <= LENGTH_BYTES or not 0 < length <= HEAD_LIMIT_BYTES:
        raise NotARecord("length")
    written = record[LENGTH_BYTES : LENGTH_BYTES + length]
    head = _read(written)
    try:
        inner = _opened(head, record[LENGTH_BYTES + length :])
    except CannotUnwrap:
        inner = None
    return Unwrapped(head=head, digest=digest_of(record), inner=inner)


def digest_of(record: bytes) -> str:
    """Digest of the signed bytes."""
    return hashlib.sha256(record).hexdigest()


def _sealed(head: Head, inner: bytes) -> bytes:
    if head.suite != SUITE_NONE:
        raise CannotUnwrap("suite")
    return inner


def _opened(head: Head, content: bytes) -> bytes:
    if head.suite != SUITE_NONE:
        raise CannotUnwrap
    return content


def _written(head: Head) -> dict[str, Any]:
    return {
        "v": head.v,
        "id": str(head.id),
        "sender": head.sender,
        "recipient": head.recipient,
        "epoch": head.epoch,
        "seq": head.seq,
        "registry_version": head.registry_version,
        "registry_hash": head.registry_hash,
        "not_after": head.not_after.astimezone(UTC).isoformat(),
        "suite": head.suite,
        "key_id": head.key_id,
    }


def _read(written: bytes) -> Head:
    try:
        fields = orjson.loads(written)
        head = _head(fields)
        canonical = orjson.dumps(_written(head), option=orjson.OPT_SORT_KEYS)
    except (ValueError, TypeError, KeyError):
        raise NotARecord("head") from None
    if canonical != written:
        raise NotARecord("head")
    return head


def _head(fields: Mapping[str, Any]) -> Head:
    head = Head(
        id=UUID(fields["id"]),
        sender=str(fields["sender"]),
        recipient=str(fields["recipient"]),
        epoch=_whole(fields["epoch"]),
        seq=_whole(fields["seq"]),
        registry_version=_whole(fields["registry_version"]),
        registry_hash=str(fields["registry_hash"]),
        not_after=datetime.fromisoformat(fields["not_after"]),
        v=_whole(fields["v"]),
        suite=_whole(fields["suite"]),
        key_id=_whole(fields["key_id"]),
    )
    if head.v != VERSION or len(head.registry_hash) != DIGEST_LENGTH:
        raise NotARecord
    return head


def _whole(number: Any) -> int:
    if type(number) is not int or not 0 <= number < 2**53:
        raise NotARecord
    return number
