"""Faults planted in the door: what is refused stays, goes too early, or an id happens twice.

Each is found by the same story that ends well without it, told to the real door.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from services.chassis.database import Database, Transaction
from services.chassis.environment import ServiceSettings
from services.chassis.messaging import deletion, door
from services.chassis.messaging.broker import BrokerRecord
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.offsets import Offsets
from services.chassis.messaging.subscriptions import Subscriptions
from tests.faults.at_the_door import BAD, GOOD, INTAKE, PLACE, Front
from tests.support.postgres import SCHEMA, Postgres
from tests.support.receiving import House, context_of
from tests.support.waiting import until

Story = Callable[[Front], Awaitable[None]]
Plant = Callable[[Front, pytest.MonkeyPatch], None]


@pytest_asyncio.fixture
async def front(
    house: Postgres, database: Database, house_settings: ServiceSettings
) -> AsyncIterator[Front]:
    """A fresh bus and a fresh schema."""
    subscriptions = Subscriptions(consumer="house.door", topics=("intake",), handlers={})
    context = context_of(House(), database, house_settings, subscriptions=subscriptions)
    yield Front(MemoryBroker("local", {INTAKE: 1}), context)


async def a_refused_one_and_its_repeat(front: Front) -> None:
    """A name arrives twice among good ones."""
    for name, body in (("one", GOOD), ("bad", BAD), ("bad", BAD), ("two", GOOD)):
        front.post(name, body)
    async with front.open() as consumer:
        await front.come_to_rest(consumer)
    await front.check([("one", False), ("bad", True), ("two", False)])


async def killed_with_an_older_one_in_hand(front: Front) -> None:
    """A refused record is finished, the one before it is not; then the process dies."""
    front.gates["slow"] = asyncio.Event()
    front.post("slow")
    front.post("bad", BAD)
    async with front.open_until_killed():

        async def refused() -> bool:
            return ("bad", True) in await front.answers()

        await until(refused)
        await a_pass_of_deletions(front)
    front.gates.clear()
    async with front.open() as consumer:
        await front.come_to_rest(consumer)
    await front.check([("slow", False), ("bad", True)])


async def a_pass_of_deletions(front: Front) -> None:
    """The door's own task looks what is due: wait until it has asked the bus, or may not."""
    deleted: list[int] = []
    once = deletion.Deletion.once

    async def noted(self: deletion.Deletion, offsets: Offsets) -> int:
        many = await once(self, offsets)
        deleted.append(many)
        return many

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deletion.Deletion, "once", noted)
        await until(lambda: len(deleted) > 1)


async def killed_before_the_answer_is_committed(front: Front) -> None:
    """The clerk has answered; the transaction is lost with the process."""
    front.post("bad", BAD)
    await front.dies_before_commit()
    async with front.open() as consumer:
        await front.come_to_rest(consumer)
    await front.check([("bad", True)])


def never_due(_front: Front, patch: pytest.MonkeyPatch) -> None:
    """The refused record is not noted for deletion."""

    async def nothing(*_: object) -> None:
        """Forget it."""

    patch.setattr(deletion, "due", nothing)


def repeats_are_forgotten(_front: Front, patch: pytest.MonkeyPatch) -> None:
    """How an id ended is not noted: its repeat stays."""

    async def nothing(*_: object) -> None:
        """Forget it."""

    patch.setattr(door, "note_refusal", nothing)


def deletes_what_was_fetched(_front: Front, patch: pytest.MonkeyPatch) -> None:
    """Everything fetched counts as committed."""
    patch.setattr(
        Offsets, "committed_upto", lambda offsets, place: offsets.expected().get(place, 0)
    )


def deletes_at_once(front: Front, patch: pytest.MonkeyPatch) -> None:
    """The record is deleted in the middle of the transaction."""

    async def gone(_tx: Transaction, record: BrokerRecord, _at: object) -> None:
        await front.broker.delete_records(PLACE, record.offset + 1)

    patch.setattr(deletion, "due", gone)


PLANTED: dict[str, tuple[Story, Plant, str]] = {
    "the refused record is not deleted": (a_refused_one_and_its_repeat, never_due, "a name"),
    "its repeat is not deleted": (a_refused_one_and_its_repeat, repeats_are_forgotten, "a name"),
    "deleted beyond the committed offset": (
        killed_with_an_older_one_in_hand,
        deletes_what_was_fetched,
        "slow was never answered",
    ),
    "deleted before the answer is committed": (
        killed_before_the_answer_is_committed,
        deletes_at_once,
        "bad was never answered",
    ),
}


@pytest.mark.parametrize("fault", sorted(PLANTED))
async def test_a_fault_in_the_deletion_is_found(
    front: Front, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    story, plant, sentence = PLANTED[fault]
    plant(front, monkeypatch)
    with pytest.raises(AssertionError, match=sentence):
        await story(front)


@pytest.mark.parametrize("name", sorted({story.__name__ for story, _, _ in PLANTED.values()}))
async def test_the_same_story_ends_well_without_the_fault(front: Front, name: str) -> None:
    story = next(story for story, _, _ in PLANTED.values() if story.__name__ == name)
    await story(front)


# ---------------------------------------------------------------- both doors at once


async def by_both_doors_at_once(front: Front, by_bus: bytes) -> None:
    """By HTTP, not yet committed, when the same id comes by the bus."""
    async with front.open() as consumer:
        async with front.context.database.transaction() as tx:
            await front.post_by_http(tx, "one")
            front.post("one", by_bus)
            await until(lambda: somebody_waits_or_was_asked(front))
        await front.come_to_rest(consumer)


async def somebody_waits_or_was_asked(front: Front) -> bool:
    """The record from the bus is at a lock, or past where one should be."""
    async with front.context.database.transaction() as tx:
        waiting = await tx.connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted")
    return bool(waiting) or "one" in front.called


async def no_lock_at_the_door(house: Postgres) -> None:
    """Plant: who checks in does not wait for another with the same id."""
    connection = await house.connect()
    source: str = await connection.fetchval(
        f"SELECT pg_get_functiondef('{SCHEMA}.door_check_in'::regproc)"
    )
    lock = "perform pg_advisory_xact_lock(hashtextextended(p_source || ' ' || p_event_id, 0));"
    assert lock in source
    await connection.execute(f"SET search_path = {SCHEMA}")
    await connection.execute(source.replace(lock, ""))
    await connection.close()


OTHER = b'{"number": 2}'


@pytest.mark.parametrize("said", [GOOD, OTHER], ids=["the same body", "another body"])
async def test_an_id_by_both_doors_at_once_happens_once(front: Front, said: bytes) -> None:
    await by_both_doors_at_once(front, said)
    await front.check([("one", False), *([("one", True)] if said == OTHER else [])])


async def test_without_the_lock_an_id_by_both_doors_happens_twice_and_is_found(
    front: Front, house: Postgres
) -> None:
    await no_lock_at_the_door(house)
    await by_both_doors_at_once(front, OTHER)
    with pytest.raises(AssertionError, match="one was answered 2 times"):
        await front.check([("one", False), ("one", True)])
