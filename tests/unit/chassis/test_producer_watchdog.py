"""A producer that is stuck or dead is replaced; one too many in a row is said."""

import pytest

from services.chassis.errors import BrokerUnavailable
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.watchdog import ProducersStuck, ProducerWatchdog


async def test_nothing_is_made_until_the_bus_answers() -> None:
    broker = MemoryBroker("local", {"topic": 1})
    broker.faults.down = True
    watchdog = ProducerWatchdog(broker)
    with pytest.raises(BrokerUnavailable):
        await watchdog.producer()
    assert not await watchdog.bus_answers()
    broker.faults.down = False
    producer = await watchdog.producer()
    assert producer.usable
    assert await watchdog.producer() is producer
    assert watchdog.topics == {"topic"}


async def test_a_producer_that_is_no_longer_usable_is_replaced() -> None:
    watchdog = ProducerWatchdog(MemoryBroker("local"))
    first = await watchdog.producer()
    first.abandon()
    second = await watchdog.producer()
    assert second is not first
    await watchdog.let_go()
    assert not second.usable


async def test_one_stuck_producer_too_many_in_a_row_is_said() -> None:
    watchdog = ProducerWatchdog(MemoryBroker("local"), abandoned_limit=2)
    await watchdog.producer()
    watchdog.abandon()
    watchdog.acknowledged()
    await watchdog.producer()
    watchdog.abandon()
    await watchdog.producer()
    with pytest.raises(ProducersStuck):
        watchdog.abandon()
    assert watchdog.abandoned == 3
