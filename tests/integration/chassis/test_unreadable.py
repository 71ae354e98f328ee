"""Records that nobody can read are put aside by their place; they never end the process."""

import hashlib
from dataclasses import replace

import pytest

from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging import arrival, codec, door
from services.chassis.messaging.inboxes import InboxSettler
from tests.support.postgres import Postgres
from tests.support.receiving import (
    House,
    context_of,
    effects,
    envelope_of,
    make_effects,
    read_back,
    rows,
    sent,
)


@pytest.fixture
def settler(database: Database, house_settings: ServiceSettings) -> InboxSettler:
    """An inbox on a fresh schema."""
    return InboxSettler(context_of(House(), database, house_settings))


@pytest.mark.parametrize("time", [b"0001-01-01T00:00:00+01:00", b"9999-12-31T23:59:59-01:00"])
async def test_an_absurd_time_is_parked(
    settler: InboxSettler, database: Database, time: bytes
) -> None:
    record = read_back(sent(envelope_of("a", 1)), 7)
    headers = tuple((name, time if name == "ce_time" else old) for name, old in record.headers)
    await settler.settle(settler.prepare(replace(record, headers=headers)))
    assert await rows(database) == [("0/7/1", 1, "parked")]


async def test_whatever_reading_raises_is_unreadable(
    settler: InboxSettler, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object, **_named: object) -> None:
        raise RecursionError

    monkeypatch.setattr(arrival, "decode", fail)
    monkeypatch.setattr(door, "decode", fail)
    record = read_back(sent(envelope_of("a", 1)), 7)
    await settler.settle(settler.prepare(record))
    assert await rows(database) == [("0/7/1", 1, "parked")]
    knock = door.knock_of(record)
    assert (knock.envelope, knock.problem) == (None, "envelope: unreadable (RecursionError)")


async def test_what_the_database_refuses_to_park_by_its_names_is_parked_by_its_place(
    settler: InboxSettler, database: Database, house: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_effects(house)
    monkeypatch.setattr(codec, "KEY_BYTES_LIMIT", 100_000)
    monkeypatch.setattr(codec, "ATTRIBUTE_LIMIT", 100_000)
    subject = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(200))
    await settler.settle(settler.prepare(read_back(sent(envelope_of(subject, 1, id="one")), 7)))
    assert await rows(database) == [("0/7/1", 1, "parked")]
    await settler.settle(settler.prepare(read_back(sent(envelope_of("b", 1)), 8)))
    assert await effects(database) == [("b", 1)]
