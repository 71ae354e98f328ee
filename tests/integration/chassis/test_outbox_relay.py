"""What a transaction publishes reaches the bus: in order per key, not lost, not renumbered."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from pydantic import BaseModel

from contracts.envelope import Classification, Envelope
from services.chassis.clock import SystemClock, new_id
from services.chassis.database import Database, Transaction
from services.chassis.environment import ServiceSettings
from services.chassis.errors import DatabaseUnavailable, Misuse, RecordTooLarge
from services.chassis.failpoints import Failpoint, Failpoints
from services.chassis.messaging.broker import BrokerRecord, TopicPartition
from services.chassis.messaging.codec import decode
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.outbox import Outbox, publish
from services.chassis.messaging.relay import Relay, RelayContext, RelayLimits
from services.chassis.messaging.relay_rows import parked_rows, redrive_row
from services.chassis.messaging.restore import raise_epoch
from services.chassis.messaging.work import Cause, Work
from services.chassis.telemetry import Telemetry
from tests.support.waiting import until

CLOCK = SystemClock()
THINGS = "nrm.local.node-one.things.v1"
OTHERS = "nrm.local.node-one.others.v1"
QUICK = RelayLimits(
    poll_seconds=0.05,
    standby_seconds=0.05,
    notify_pause_seconds=0.01,
    measure_seconds=0.05,
    stuck_seconds=0.2,
    look_seconds=0.05,
    bus_retry_seconds=0.1,
)


class ThingHappened(BaseModel):
    number: int
    padding: str = ""


@dataclass(frozen=True)
class ThingSpec:
    type: str = "org.nrm.house.thing-happened.v1"
    topic: str = "things"
    dataschema: str = "urn:nrm:schema:org.nrm.house.thing-happened.v1.0"
    classification: Classification = Classification.CASE_CODED


def spec_for(publisher: str, model: type[Any]) -> ThingSpec:
    return {("house", ThingHappened): ThingSpec()}[publisher, model]


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker("local", {THINGS: 4, OTHERS: 4})


@pytest_asyncio.fixture
async def outbox(database: Database) -> Outbox:
    outbox = Outbox(spec_for=spec_for)
    outbox.install(database)
    return outbox


def a_work(tx: Transaction, cause: str | None = None, node: str = "node-one") -> Work:
    return Work(
        transaction=tx,
        now=CLOCK.now(),
        cause=Cause(id=cause or str(new_id())),
        caller="test",
        node=node,
        service="house",
    )


async def write(database: Database, subject: str, numbers: range, topic: str = "things") -> None:
    async with database.transaction() as tx:
        a_work(tx)
        for number in numbers:
            publish(tx, ThingHappened(number=number), subject=subject, topic=topic)


@asynccontextmanager
async def relaying(
    database: Database, broker: MemoryBroker, **changes: Any
) -> AsyncIterator[Relay]:
    relay = Relay(
        RelayContext(
            **{"database": database, "broker": broker, "clock": CLOCK, "limits": QUICK, **changes}
        )
    )
    stop = asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    try:
        yield relay
    finally:
        if task.done():
            task.result()
        stop.set()
        async with asyncio.timeout(10):
            await task


async def rows(database: Database) -> list[Any]:
    async with database.transaction() as tx:
        return list(await tx.connection.fetch("SELECT * FROM outbox ORDER BY position"))


async def is_empty(database: Database) -> bool:
    return not await rows(database)


async def has_rows(database: Database, count: int) -> bool:
    return len(await rows(database)) == count


def arrived(broker: MemoryBroker, topic: str = THINGS) -> list[BrokerRecord]:
    return list(
        itertools.chain.from_iterable(
            broker.log(TopicPartition(topic, number)).records for number in range(4)
        )
    )


def envelopes(broker: MemoryBroker, topic: str = THINGS) -> dict[str, list[Envelope]]:
    found: dict[str, list[Envelope]] = defaultdict(list)
    for record in arrived(broker, topic):
        envelope, _ = decode(record)
        found[envelope.subject].append(envelope)
    return found


def numbers_of(events: list[Envelope]) -> list[int | None]:
    """The sequence numbers, first occurrences only."""
    return list(dict.fromkeys(event.sequence for event in events))


async def test_numbers_are_gapless_and_in_commit_order_whatever_is_rolled_back(
    database: Database, outbox: Outbox
) -> None:
    async def work(number: int) -> None:
        async def once(tx: Transaction) -> None:
            a_work(tx)
            for subject in ("b", "a") if number % 2 else ("a", "b", "a"):
                publish(tx, ThingHappened(number=number), subject=subject)
            if number % 5 == 0:
                raise Misuse("rolled back on purpose")

        if number % 5:
            await database.run(once)
        else:
            with pytest.raises(Misuse):
                await database.run(once)

    await asyncio.gather(*(work(number) for number in range(60)))
    written = await rows(database)
    for subject in ("a", "b"):
        mine = [row["sequence"] for row in written if row["aggregateid"] == subject]
        assert mine == list(range(1, len(mine) + 1))


async def test_all_events_of_a_transaction_are_written_by_one_statement(
    database: Database, outbox: Outbox
) -> None:
    before = database.statements
    await write(database, "subject", range(7))
    assert database.statements - before == 1


async def test_one_row_keeps_the_names_that_debezium_reads(
    database: Database, outbox: Outbox
) -> None:
    await write(database, "subject", range(1))
    (row,) = await rows(database)
    assert (row["aggregatetype"], row["aggregateid"], row["topic"]) == ("things", "subject", THINGS)
    assert (row["key"], row["bus"], row["epoch"], row["sequence"]) == ("subject", "local", 1, 1)
    assert 0 <= row["shard"] < 16


async def test_the_same_cause_gives_the_same_ids_and_another_node_others(
    database: Database, outbox: Outbox
) -> None:
    async def ids(node: str) -> list[UUID]:
        async with database.transaction() as tx:
            a_work(tx, cause="one-cause", node=node)
            return [publish(tx, ThingHappened(number=n), subject="s") for n in range(2)]

    first, again, elsewhere = await ids("node-one"), await ids("node-one"), await ids("node-two")
    assert first == again
    assert len({*first, *elsewhere}) == 4
    assert all(one.version == 8 for one in first)


async def test_an_event_that_the_bus_would_refuse_is_refused_in_the_transaction(
    database: Database, outbox: Outbox
) -> None:
    async with database.transaction() as tx:
        a_work(tx)
        with pytest.raises(RecordTooLarge):
            publish(tx, ThingHappened(number=1, padding="x" * 1_000_000), subject="s")
    assert await is_empty(database)


async def test_nothing_is_published_without_work_or_by_a_stranger(
    database: Database, outbox: Outbox
) -> None:
    async with database.transaction() as tx:
        with pytest.raises(Misuse):
            publish(tx, ThingHappened(number=1), subject="s")
        a_work(tx)
        with pytest.raises(Misuse):
            publish(tx, ThingHappened(number=1), subject="s", publisher="stranger")


async def test_committed_events_arrive_whole_and_in_order_and_leave_the_outbox(
    database: Database, outbox: Outbox, broker: MemoryBroker
) -> None:
    async with relaying(database, broker) as relay:
        outbox.wake["local"] = relay.wake
        for number in range(20):
            await write(database, f"subject-{number % 3}", range(3))
        await until(lambda: is_empty(database))
        assert relay.readiness().ok
    found = envelopes(broker)
    for events in found.values():
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    (first, *_) = found["subject-0"]
    assert (first.source, first.epoch) == ("urn:nrm:node-one:house", 1)
    assert first.causationid == first.correlationid
    assert first.dataclassification == "case-coded"


async def test_a_lost_acknowledgement_means_a_duplicate_never_a_loss(
    database: Database, outbox: Outbox, broker: MemoryBroker
) -> None:
    broker.faults.lose_acks = 3
    await write(database, "subject", range(5))
    await write(database, "another", range(5))
    async with relaying(database, broker):
        await until(lambda: is_empty(database), seconds=30)
    for events in envelopes(broker).values():
        assert numbers_of(events) == [1, 2, 3, 4, 5]
    assert len(arrived(broker)) > 10


async def test_a_refused_row_is_parked_and_blocks_only_its_own_key(
    database: Database, outbox: Outbox, broker: MemoryBroker, house_settings: ServiceSettings
) -> None:
    await write(database, "bad", range(1))
    broker.faults.refusals = 1
    telemetry = Telemetry(house_settings)
    async with relaying(database, broker, telemetry=telemetry) as relay:
        await until(lambda: bool(relay.readiness().detail == "rows are parked"))
        assert not relay.readiness().ok
        assert b'nrm_outbox_parked{bus="local"} 1.0' in telemetry.render_metrics()
        await write(database, "bad", range(2))
        await write(database, "good", range(3))
        await until(lambda: len(envelopes(broker)["good"]) == 3)
        assert "bad" not in envelopes(broker)
        async with database.transaction() as tx:
            (parked,) = await parked_rows(tx)
            assert parked["parked"] == "RecordRefused"
            assert await redrive_row(tx, parked["id"])
        await until(lambda: is_empty(database))
        await until(lambda: relay.readiness().ok)
    assert numbers_of(envelopes(broker)["bad"]) == [1, 2, 3]


async def test_a_missing_topic_holds_back_only_itself(
    database: Database, outbox: Outbox, broker: MemoryBroker
) -> None:
    await write(database, "subject", range(2), topic="nowhere")
    await write(database, "subject", range(2))
    async with relaying(database, broker):
        await until(lambda: len(arrived(broker)) == 2)
        await until(lambda: has_rows(database, 2))
        broker.create_topic("nrm.local.node-one.nowhere.v1", 4)
        await until(lambda: is_empty(database))


async def test_nothing_is_handed_over_until_the_bus_answers(
    database: Database, outbox: Outbox, broker: MemoryBroker
) -> None:
    broker.faults.down = True
    await write(database, "subject", range(3))
    async with relaying(database, broker) as relay:
        await until(lambda: relay.readiness().detail == "BrokerUnavailable")
        assert relay.readiness().ok
        assert arrived(broker) == []
        broker.faults.down = False
        await until(lambda: is_empty(database))
    assert numbers_of(envelopes(broker)["subject"]) == [1, 2, 3]


async def test_a_stuck_producer_is_replaced_and_what_it_delivers_late_is_a_duplicate(
    database: Database, outbox: Outbox, broker: MemoryBroker
) -> None:
    await write(database, "subject", range(3))
    broker.faults.hold_back = True
    async with relaying(database, broker) as relay:
        await until(lambda: relay.readiness().detail == "BrokerUnavailable")
        broker.faults.hold_back = False
        await until(lambda: is_empty(database))
        assert broker.release() >= 3
    events = envelopes(broker)["subject"]
    assert numbers_of(events) == [1, 2, 3]
    assert len(events) >= 6


async def test_old_rows_make_the_relay_not_ready(
    database: Database, outbox: Outbox, broker: MemoryBroker
) -> None:
    broker.faults.down = True
    await write(database, "subject", range(1))
    limits = replace(QUICK, age_seconds=0.01)
    async with relaying(database, broker, limits=limits) as relay:
        await until(lambda: not relay.readiness().ok)
        broker.faults.down = False
        await until(lambda: relay.readiness().ok)


async def test_a_second_relay_stands_by_and_takes_over_when_the_connection_is_lost(
    database: Database, outbox: Outbox, broker: MemoryBroker
) -> None:
    async with relaying(database, broker) as first:
        await until(lambda: first.leads)
        async with relaying(database, broker) as second:
            await write(database, "subject", range(2))
            await until(lambda: is_empty(database))
            assert not second.leads
            async with database.transaction() as tx:
                await tx.connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                    " AND database = (SELECT oid FROM pg_database"
                    " WHERE datname = current_database())"
                )
            await until(lambda: second.leads)
            await write(database, "subject", range(2))
            await until(lambda: is_empty(database))
            await until(lambda: not first.leads)
    assert numbers_of(envelopes(broker)["subject"]) == [1, 2, 3, 4]


async def test_a_standby_tells_the_leader_in_the_other_process(
    database: Database, outbox: Outbox, broker: MemoryBroker
) -> None:
    async with relaying(database, broker, limits=replace(QUICK, poll_seconds=60.0)) as leader:
        await until(lambda: leader.leads)
        async with relaying(database, broker) as standby:
            outbox.wake["local"] = standby.wake
            await until(lambda: standby.readiness().detail == "stands by")
            await write(database, "subject", range(2))
            await until(lambda: is_empty(database), seconds=5)
            assert leader.leads


async def test_rows_sent_before_a_crash_are_sent_again_by_the_next_relay(
    database: Database, outbox: Outbox, broker: MemoryBroker
) -> None:
    def crash() -> None:
        raise DatabaseUnavailable

    await write(database, "subject", range(3))
    database.failpoints = Failpoints(Failpoint.RELAY_BEFORE_DELETE, 1, crash)
    async with relaying(database, broker):
        await until(lambda: is_empty(database))
    events = envelopes(broker)["subject"]
    assert [event.sequence for event in events] == [1, 2, 3, 1, 2, 3]
    assert len({event.id for event in events}) == 3


async def test_a_restored_database_numbers_in_a_higher_epoch(
    database: Database, outbox: Outbox, broker: MemoryBroker
) -> None:
    await write(database, "subject", range(2))
    async with database.transaction() as tx:
        raised = await raise_epoch(tx, clock=CLOCK, actor="operator", reason="restored")
    await write(database, "subject", range(2))
    async with relaying(database, broker):
        await until(lambda: is_empty(database))
    found = [(event.epoch, event.sequence) for event in envelopes(broker)["subject"]]
    assert found == [(1, 1), (1, 2), (raised, 1), (raised, 2)]
    assert raised > 1
