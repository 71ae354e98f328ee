"""What fails while its bus answers, a topic or a row, holds back itself alone."""

import asyncio
from dataclasses import replace

import pytest

from services.chassis.database import Database
from services.chassis.errors import BrokerUnavailable
from services.chassis.messaging.broker import Acknowledged, OutgoingRecord
from services.chassis.messaging.memory import MemoryBroker, MemoryProducer
from services.chassis.messaging.outbox import Outbox
from tests.integration.chassis.test_outbox_relay import (
    OTHERS,
    QUICK,
    THINGS,
    arrived,
    envelopes,
    is_empty,
    numbers_of,
    relaying,
    spec_for,
    write,
)
from tests.support.waiting import until


class OneTopicFails(MemoryBroker):
    """A bus that answers metadata, but one topic of which takes nothing."""

    at_once: bool
    failing: str | None = THINGS

    def producer(self) -> MemoryProducer:
        return OneTopicFailsProducer(self)


class OneTopicFailsProducer(MemoryProducer):
    async def send(self, record: OutgoingRecord) -> asyncio.Future[Acknowledged]:
        assert isinstance(self._broker, OneTopicFails)
        if record.topic != self._broker.failing:
            return await super().send(record)
        error = BrokerUnavailable("this topic has no leader")
        if self._broker.at_once:
            raise error
        answer: asyncio.Future[Acknowledged] = asyncio.get_running_loop().create_future()
        answer.set_exception(error)
        return answer


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_topic_that_takes_nothing_lets_the_others_pass(
    database: Database, at_once: bool
) -> None:
    Outbox(spec_for=spec_for).install(database)
    broker = OneTopicFails("local", {THINGS: 4, OTHERS: 4})
    broker.at_once = at_once
    for number in range(6):
        await write(database, f"first-{number}", range(1))
    await write(database, "second", range(3), topic="others")
    async with relaying(database, broker, limits=replace(QUICK, batch_rows=2)):
        await until(lambda: len(arrived(broker, OTHERS)) == 3)
        assert arrived(broker, THINGS) == []
        broker.failing = None
        await until(lambda: is_empty(database))
    assert len(arrived(broker, THINGS)) == 6


async def test_a_refused_row_among_others_is_found_and_they_are_sent(
    database: Database,
) -> None:
    Outbox(spec_for=spec_for).install(database)
    broker = MemoryBroker("local", {THINGS: 4})
    await write(database, "first", range(2))
    await write(database, "second", range(2))
    broker.faults.refusals = 1
    async with relaying(database, broker):
        await until(lambda: is_empty(database))
    assert numbers_of(envelopes(broker)["first"]) == [1, 2]
    assert numbers_of(envelopes(broker)["second"]) == [1, 2]


async def test_what_no_bus_takes_is_parked_and_only_its_key_waits_behind_it(
    database: Database,
) -> None:
    """Nothing was handed over when it is found, so what stood before it is sent after it."""
    Outbox(spec_for=spec_for).install(database)
    broker = MemoryBroker("local", {THINGS: 4})
    await write(database, "first", range(3))
    await write(database, "second", range(2))
    async with database.transaction() as tx:
        await tx.connection.execute(
            "UPDATE outbox SET payload = convert_to(repeat('x', 1000000), 'UTF8')"
            " WHERE aggregateid = 'first' AND sequence = 2"
        )
    async with relaying(database, broker) as relay:
        await until(lambda: len(arrived(broker, THINGS)) == 3)
        await until(lambda: not relay.readiness().ok)
    assert numbers_of(envelopes(broker)["first"]) == [1]
    assert numbers_of(envelopes(broker)["second"]) == [1, 2]


class OneSendFails(MemoryBroker):
    """A bus that does not acknowledge one record, the first time it is sent."""

    number: int
    sends: int = 0

    def producer(self) -> MemoryProducer:
        return OneSendFailsProducer(self)


class OneSendFailsProducer(MemoryProducer):
    async def send(self, record: OutgoingRecord) -> asyncio.Future[Acknowledged]:
        assert isinstance(self._broker, OneSendFails)
        self._broker.sends += 1
        if self._broker.sends != self._broker.number:
            return await super().send(record)
        answer: asyncio.Future[Acknowledged] = asyncio.get_running_loop().create_future()
        answer.set_exception(BrokerUnavailable("not acknowledged"))
        return answer


@pytest.mark.parametrize("number", [2, 4])
async def test_what_was_read_ahead_never_overtakes_what_did_not_arrive(
    database: Database, number: int
) -> None:
    """The last of a batch: a real producer fails what it was given behind the one that failed."""
    Outbox(spec_for=spec_for).install(database)
    broker = OneSendFails("local", {THINGS: 4})
    broker.number = number
    await write(database, "first", range(6))
    async with relaying(database, broker, limits=replace(QUICK, batch_rows=2)):
        await until(lambda: is_empty(database))
    numbers = numbers_of(envelopes(broker)["first"])
    assert list(dict.fromkeys(numbers)) == [1, 2, 3, 4, 5, 6]
