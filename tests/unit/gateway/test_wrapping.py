"""The bytes of an exchange record: what is in them, and which bytes are none."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.wrapping import (
    HEAD_LIMIT_BYTES,
    CannotUnwrap,
    Head,
    NotARecord,
    digest_of,
    unwrap,
    wrap,
)

WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EPOCH = int(WALL.timestamp())


def a_head(**changes: Any) -> Head:
    head = Head(
        id=UUID("7c1f2a4e-3f0c-4d6b-9a55-1d1f0a3b2c01"),
        sender="border-brest",
        recipient="interior-brest",
        epoch=EPOCH,
        seq=1,
        registry_version=1,
        registry_hash="a" * 64,
        not_after=WALL,
    )
    return replace(head, **changes)


@given(st.binary(max_size=2000), st.integers(0, 2**40))
def test_what_is_wrapped_unwraps_to_the_same(inner: bytes, seq: int) -> None:
    record = wrap(a_head(seq=seq), inner)
    unwrapped = unwrap(record)
    assert (unwrapped.head, unwrapped.inner) == (a_head(seq=seq), inner)
    assert unwrapped.digest == digest_of(record)


@given(st.binary(max_size=300))
def test_other_bytes_are_no_record(content: bytes) -> None:
    with pytest.raises(NotARecord, match=r"^(length|head)$"):
        unwrap(content)


def test_the_same_head_written_in_another_way_is_no_record() -> None:
    record = wrap(a_head(), b"{}")
    with pytest.raises(NotARecord):
        unwrap(record.replace(b'"epoch":', b'"epoch" :', 1))


def test_a_suite_that_this_node_cannot_open_is_said_so_and_never_written() -> None:
    with pytest.raises(CannotUnwrap, match=r"^suite$"):
        wrap(a_head(suite=2), b"{}")
    unknown = wrap(a_head(), b"{}").replace(b'"suite":0', b'"suite":2', 1)
    assert unwrap(unknown).inner is None


FIELDS: dict[str, Any] = {
    "v": 1,
    "id": "7c1f2a4e-3f0c-4d6b-9a55-1d1f0a3b2c01",
    "sender": "border-brest",
    "recipient": "interior-brest",
    "epoch": EPOCH,
    "seq": 1,
    "registry_version": 1,
    "registry_hash": "a" * 64,
    "not_after": "2026-11-22T12:00:00+00:00",
    "suite": 0,
    "key_id": 0,
}
"""The outside of a record, as it is written down: every gateway must read the same."""


def as_bytes(fields: dict[str, Any], inner: bytes = b"{}") -> bytes:
    written = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    return len(written).to_bytes(4, "big") + written + inner


def test_a_record_is_the_length_the_head_and_the_content_and_its_digest_is_over_all() -> None:
    record = wrap(a_head(), b"{}")
    assert record == as_bytes(FIELDS)
    assert digest_of(record) == hashlib.sha256(record).hexdigest()
    assert unwrap(as_bytes(FIELDS)).head == a_head()


@pytest.fixture
def machine_in_minsk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Minsk")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("machine_in_minsk")
def test_a_time_of_another_zone_is_written_as_that_of_greenwich() -> None:
    minsk = timezone(timedelta(hours=3))
    assert wrap(a_head(not_after=WALL.astimezone(minsk)), b"{}") == as_bytes(FIELDS)


def test_every_field_of_the_head_is_read_as_it_was_written() -> None:
    other = Head(
        id=UUID(int=7),
        sender="ngo-brest",
        recipient="border-brest",
        epoch=0,
        seq=2**53 - 1,
        registry_version=9,
        registry_hash="b" * 64,
        not_after=WALL + timedelta(days=5),
        key_id=3,
    )
    assert unwrap(wrap(other, b"")).head == other
    assert unwrap(wrap(other, b"")).inner == b""


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"registry_hash": "a" * 63},
        {"registry_hash": "a" * 65},
        {"epoch": -1},
        {"seq": 2**53},
        {"seq": 1.0},
        {"registry_version": "1"},
        {"key_id": None},
        {"suite": -1},
        {"id": "no-uuid"},
        {"sender": 7},
        {"not_after": "soon"},
        {"more": 1},
    ],
)
def test_a_head_that_is_not_just_so_is_no_record(changes: dict[str, Any]) -> None:
    with pytest.raises(NotARecord, match=r"^head$"):
        unwrap(as_bytes({**FIELDS, **changes}))


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_head_that_lacks_a_field_is_no_record(name: str) -> None:
    with pytest.raises(NotARecord):
        unwrap(as_bytes({key: value for key, value in FIELDS.items() if key != name}))


def test_a_head_is_read_up_to_its_limit_and_not_beyond() -> None:
    room = HEAD_LIMIT_BYTES - len(orjson.dumps({**FIELDS, "sender": ""}))
    assert unwrap(as_bytes({**FIELDS, "sender": "s" * room})).head.sender == "s" * room
    with pytest.raises(NotARecord, match=r"^length$"):
        unwrap(as_bytes({**FIELDS, "sender": "s" * (room + 1)}))


def test_a_suite_of_another_gateway_leaves_the_content_closed_and_the_head_readable() -> None:
    sealed = unwrap(as_bytes({**FIELDS, "suite": 1}))
    assert (sealed.head, sealed.inner) == (replace(a_head(), suite=1), None)
