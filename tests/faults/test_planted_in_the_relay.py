"""Faults planted in the relay while it runs: in what it deletes, who leads, what is given up.

A trigger watches the outbox, so that a row that leaves before an older one of its lane is seen
whoever deletes it.
"""

# ruff: noqa: S608 - names of tables are put together here, never values

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio

from services.chassis.database import Database
from services.chassis.errors import BrokerUnavailable
from services.chassis.messaging import relay
from services.chassis.messaging.broker import Acknowledged, OutgoingRecord
from services.chassis.messaging.memory import MemoryBroker, MemoryProducer
from services.chassis.messaging.outbox import Outbox
from services.chassis.messaging.relay_rows import OutboxRow, OutboxRows
from services.chassis.messaging.sent import Sent
from services.chassis.messaging.watchdog import ProducerWatchdog
from tests.integration.chassis.test_outbox_relay import (
    THINGS,
    envelopes,
    is_empty,
    numbers_of,
    relaying,
    spec_for,
    write,
)
from tests.support.postgres import ROLE, SCHEMA, Postgres
from tests.support.waiting import until

WATCH = (
    f"CREATE TABLE {SCHEMA}.overtaken (position bigint)",
    f"GRANT SELECT, INSERT ON {SCHEMA}.overtaken TO {ROLE}",
    f"""
    CREATE FUNCTION {SCHEMA}.watch_outbox() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO {SCHEMA}.overtaken SELECT gone.position FROM gone WHERE EXISTS (
            SELECT 1 FROM {SCHEMA}.outbox o WHERE o.topic = gone.topic AND o.key = gone.key
            AND o.position < gone.position);
        RETURN NULL;
    END $$
    """,
    f"CREATE TRIGGER watched AFTER DELETE ON {SCHEMA}.outbox REFERENCING OLD TABLE AS gone"
    f" FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.watch_outbox()",
)
PLANTED_SECONDS = 2.0
"""How long is waited for what a planted fault keeps from coming."""


class OneIsLost(MemoryBroker):
    """The second record of the first batch neither arrives nor is acknowledged."""

    left = 2

    def producer(self) -> MemoryProducer:
        return OneIsLostProducer(self)


class OneIsLostProducer(MemoryProducer):
    async def send(self, record: OutgoingRecord) -> asyncio.Future[Acknowledged]:
        assert isinstance(self._broker, OneIsLost)
        self._broker.left -= 1
        if self._broker.left:
            return await super().send(record)
        answer: asyncio.Future[Acknowledged] = asyncio.get_running_loop().create_future()
        answer.set_exception(BrokerUnavailable("it did not arrive"))
        return answer


@dataclass
class Post:
    """An outbox that is watched, and the bus that it is emptied to."""

    database: Database
    broker: MemoryBroker
    patience: float = 15.0

    async def check(self, many: int) -> None:
        """Everything arrived in order, and nothing left the outbox before an older one."""
        numbers = numbers_of(envelopes(self.broker)["subject"])
        assert set(numbers) == set(range(1, many + 1)), "never reached the bus"
        async with self.database.transaction() as tx:
            overtaken = await tx.connection.fetchval("SELECT count(*) FROM overtaken")
        assert overtaken == 0, "left the outbox before an older one"


@pytest_asyncio.fixture
async def post(house: Postgres, database: Database) -> AsyncIterator[Post]:
    """A fresh outbox and a fresh bus."""
    await house.run(*WATCH)
    Outbox(spec_for=spec_for).install(database)
    yield Post(database, OneIsLost("local", {THINGS: 4}))


Story = Callable[[Post], Awaitable[None]]
Plant = Callable[[pytest.MonkeyPatch], None]


async def one_of_three_does_not_arrive(post: Post) -> None:
    """The first and the third are acknowledged."""
    await write(post.database, "subject", range(3))
    async with relaying(post.database, post.broker):
        await until(lambda: is_empty(post.database))
    await post.check(3)


async def a_producer_is_given_up(post: Post) -> None:
    """It took everything, acknowledged nothing, and what it held never arrives."""
    assert isinstance(post.broker, OneIsLost)
    post.broker.left = -1
    post.broker.faults.hold_back = True
    await write(post.database, "subject", range(3))
    async with relaying(post.database, post.broker):
        await until(lambda: len(post.broker._held) >= 3)
        post.broker._held.clear()
        post.broker.faults.hold_back = False
        await until(lambda: is_empty(post.database), seconds=post.patience)
    await post.check(3)


async def the_leader_loses_its_connection(post: Post) -> None:
    """Two relays; the one that leads is cut off, the other one goes on."""
    assert isinstance(post.broker, OneIsLost)
    post.broker.left = -1
    async with relaying(post.database, post.broker) as first:
        await until(lambda: first.leads)
        async with relaying(post.database, post.broker) as second:
            await until(lambda: second.leads or second.readiness().detail == "stands by")
            assert not second.leads, "two lead at once"
            await write(post.database, "subject", range(2))
            await until(lambda: is_empty(post.database))
            async with post.database.transaction() as tx:
                await tx.connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                    " AND granted AND database = (SELECT oid FROM pg_database"
                    " WHERE datname = current_database())"
                )
            await until(lambda: second.leads, seconds=post.patience)
            await write(post.database, "subject", range(2))
            await until(lambda: is_empty(post.database))
            await until(lambda: not first.leads)
    await post.check(4)


def deletes_all_it_sent(patch: pytest.MonkeyPatch) -> None:
    """Acknowledged or not."""
    patch.setattr(relay, "acknowledged_prefix", lambda sent: [one.row for one in sent])


def deletes_all_acknowledged(patch: pytest.MonkeyPatch) -> None:
    """Acknowledged, but not only the prefix."""

    def acknowledged(sent: Sequence[Sent]) -> list[OutboxRow]:
        return [one.row for one in sent if one.answer.done() and not one.answer.exception()]

    patch.setattr(relay, "acknowledged_prefix", acknowledged)


def gives_nothing_up(patch: pytest.MonkeyPatch) -> None:
    """A stuck producer is waited for, for ever."""
    patch.setattr(ProducerWatchdog, "abandon", lambda _watchdog: None)


def everybody_leads(patch: pytest.MonkeyPatch) -> None:
    """No lock is asked for."""

    async def leads(_rows: OutboxRows) -> bool:
        return True

    patch.setattr(OutboxRows, "lead", leads)


def only_the_first_is_asked(patch: pytest.MonkeyPatch) -> None:
    """Who did not get the lock at once never gets it."""
    asked: set[int] = set()
    lead = OutboxRows.lead

    async def once(rows: OutboxRows) -> bool:
        first = id(rows) not in asked
        asked.add(id(rows))
        return first and await lead(rows)

    patch.setattr(OutboxRows, "lead", once)


PLANTED: dict[str, tuple[Story, Plant, type[Exception], str | None]] = {
    "what did not arrive is deleted": (
        one_of_three_does_not_arrive,
        deletes_all_it_sent,
        AssertionError,
        "never reached",
    ),
    "more than the prefix is deleted": (
        one_of_three_does_not_arrive,
        deletes_all_acknowledged,
        AssertionError,
        "before an older one",
    ),
    "what a given up producer held is deleted": (
        a_producer_is_given_up,
        deletes_all_it_sent,
        AssertionError,
        "never reached",
    ),
    "a stuck producer is not given up": (
        a_producer_is_given_up,
        gives_nothing_up,
        TimeoutError,
        None,
    ),
    "two lead": (the_leader_loses_its_connection, everybody_leads, AssertionError, "two lead"),
    "nobody takes over": (
        the_leader_loses_its_connection,
        only_the_first_is_asked,
        TimeoutError,
        None,
    ),
}


@pytest.mark.parametrize("fault", sorted(PLANTED))
async def test_a_fault_in_the_relay_is_found(
    post: Post, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    story, plant, error, sentence = PLANTED[fault]
    plant(monkeypatch)
    post.patience = PLANTED_SECONDS
    with pytest.raises(error, match=sentence):
        await story(post)


@pytest.mark.parametrize("name", sorted({each[0].__name__ for each in PLANTED.values()}))
async def test_the_same_story_ends_well_without_the_fault(post: Post, name: str) -> None:
    story = next(each[0] for each in PLANTED.values() if each[0].__name__ == name)
    await story(post)
