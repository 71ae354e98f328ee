"""The door: each record is answered once; refused ones leave the bus; ids are not used twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest_asyncio

from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging import parking
from services.chassis.messaging.broker import OutgoingRecord, TopicPartition
from services.chassis.messaging.check_in import Said, Seen, check_in, visitor_named
from services.chassis.messaging.consumer import Consumer
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.door import Answer, Knock, door_consumer, knock_of
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Work
from tests.support.postgres import Postgres
from tests.support.receiving import AT, House, context_of, envelope_of, keys, sent
from tests.support.waiting import until

INTAKE = "nrm.local.node-one.intake.v1"
PLACE = TopicPartition(INTAKE, 0)


@dataclass
class Clerk:
    """Answers knocks; refuses what ``refuse`` names, fails on what ``fail`` names."""

    refuse: set[str] = field(default_factory=set)
    fail: set[str] = field(default_factory=set)
    answered: list[tuple[str, str]] = field(default_factory=list)

    async def answer(self, knock: Knock, _work: Work) -> Answer:
        """One answer."""
        name = knock.event_id or knock.place
        if name in self.fail:
            raise ValueError
        refused = name in self.refuse or knock.seen is Seen.REUSED or knock.envelope is None
        self.answered.append((name, "refused" if refused else "accepted"))
        return Answer.REFUSED if refused else Answer.ACCEPTED


@dataclass
class Porch:
    """A bus with one intake topic and a door on it."""

    broker: MemoryBroker
    context: ConsumerContext
    clerk: Clerk

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Consumer]:
        """The door, open for a while."""
        consumer = door_consumer(self.context, self.broker, self.clerk.answer)
        stop = asyncio.Event()
        task = asyncio.create_task(consumer.run(stop))
        try:
            yield consumer
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await task

    def post(self, event_id: str, body: bytes = b"{}") -> None:
        """An agency's system posts an event without our numbers."""
        envelope = envelope_of("case", None, id=event_id, epoch=None)
        self.broker.append(sent(envelope, body, INTAKE))

    @property
    def kept(self) -> list[int]:
        """Offsets that are still on the bus."""
        return [record.offset for record in self.broker.log(PLACE).records]

    async def answers(self, many: int) -> list[tuple[str, str]]:
        """Wait for so many answers."""
        await until(lambda: len(self.clerk.answered) >= many)
        return self.clerk.answered


@pytest_asyncio.fixture
async def porch(house: Postgres, database: Database, house_settings: ServiceSettings) -> Porch:
    """A fresh porch."""
    subscriptions = Subscriptions(consumer="house.door", topics=("intake",), handlers={})
    context = context_of(House(), database, house_settings, subscriptions=subscriptions)
    return Porch(MemoryBroker("local", {INTAKE: 1}), context, Clerk())


async def test_a_record_is_answered_once_however_often_it_is_posted(porch: Porch) -> None:
    for _ in range(3):
        porch.post("one")
    porch.post("two")
    async with porch.open():
        assert await porch.answers(2) == [("one", "accepted"), ("two", "accepted")]
    assert porch.kept == [0, 1, 2, 3]


async def test_a_known_id_with_another_body_is_refused_as_reused(porch: Porch) -> None:
    porch.post("one", b'{"a": 1}')
    porch.post("one", b'{"a": 2}')
    porch.post("one", b'{"a": 2}')
    porch.post("one", b'{"a": 1}')
    porch.post("end")
    async with porch.open():
        answered = await porch.answers(3)
    assert answered == [("one", "accepted"), ("one", "refused"), ("end", "accepted")]


async def test_a_refused_record_and_its_repeat_leave_the_bus(porch: Porch) -> None:
    porch.clerk.refuse = {"bad"}
    porch.post("good")
    porch.post("bad", b'{"name": "somebody"}')
    porch.post("bad", b'{"name": "somebody"}')
    porch.post("good-too")
    async with porch.open():
        await porch.answers(3)
        await until(lambda: porch.kept == [3])

        async def cleared() -> bool:
            async with porch.context.database.transaction() as tx:
                return bool(await tx.connection.fetchval("SELECT count(*) FROM delete_due") == 0)

        await until(cleared)
        porch.post("after")
        await porch.answers(4)
    async with porch.open():
        porch.post("last")
        await porch.answers(5)
    assert [name for name, _ in porch.clerk.answered] == [
        *("good", "bad", "good-too", "after", "last")
    ]


async def test_what_was_due_before_a_crash_is_deleted_by_the_next_process(porch: Porch) -> None:
    porch.post("one")
    porch.post("two")
    async with porch.open() as consumer:
        await porch.answers(2)
        await until(lambda: consumer.offsets.committed_upto(PLACE) == 2)
    async with porch.context.database.transaction() as tx:
        await tx.connection.execute("INSERT INTO delete_due VALUES ($1, 0, 0, now())", INTAKE)
    async with porch.open():
        await until(lambda: porch.kept == [1])


async def test_what_left_the_bus_unread_is_not_waited_for(porch: Porch) -> None:
    porch.post("one")
    async with porch.open() as consumer:
        await until(lambda: consumer.offsets.committed_upto(PLACE) == 1)
    porch.post("two")
    await porch.broker.delete_records(PLACE, 2)
    async with porch.open() as consumer:
        await until(lambda: dict(consumer.offsets.expected()) == {PLACE: 2})
        porch.post("three")
        await porch.answers(2)
    assert [name for name, _ in porch.clerk.answered] == ["one", "three"]


async def test_a_record_without_an_id_is_answered_by_its_place(porch: Porch) -> None:
    porch.broker.append(OutgoingRecord(INTAKE, b"k", b"nonsense"))
    async with porch.open():
        assert await porch.answers(1) == [("0/0", "refused")]
        await until(lambda: porch.kept == [])


async def test_the_id_is_found_where_everything_else_is_wrong(porch: Porch) -> None:
    body = orjson.dumps({"specversion": "1.0", "id": "here", "source": "them"})
    porch.broker.append(OutgoingRecord(INTAKE, None, body))
    knock = knock_of(porch.broker.log(PLACE).records[0])
    assert (knock.event_id, knock.source) == ("here", "them")
    assert knock.envelope is None
    assert knock.problem


async def test_what_the_answerer_fails_on_is_parked_and_may_be_redriven(porch: Porch) -> None:
    porch.clerk.fail = {"one"}
    porch.post("one")
    porch.post("two")
    async with porch.open():
        assert await porch.answers(1) == [("two", "accepted")]

        async def parked() -> int:
            async with porch.context.database.transaction() as tx:
                return len(await parking.listed(tx))

        async def one_is_parked() -> bool:
            return await parked() == 1

        await until(one_is_parked)
        porch.clerk.fail = set()
        async with porch.context.database.transaction() as tx:
            (stored,) = await parking.listed(tx)
            order = parking.Order(actor="operator", reason="mended")
            await parking.redrive(tx, stored.place, order)
        assert await porch.answers(2) == [("two", "accepted"), ("one", "accepted")]


async def test_http_and_kafka_share_one_memory_of_visitors(porch: Porch) -> None:
    told = envelope_of("case", 1)
    said = Said(content=b"{}", type=told.type, subject=told.subject)
    visitor = visitor_named(keys().digest, source=told.source, event_id="one", said=said)
    async with porch.context.database.transaction() as tx:
        assert (await check_in(tx, visitor, AT)).seen is Seen.NEW
    porch.post("one")
    porch.post("two")
    async with porch.open():
        assert await porch.answers(1) == [("two", "accepted")]
    async with porch.context.database.transaction() as tx:
        again = await check_in(tx, visitor, AT)
    assert (again.seen, again.again, again.refused) == (Seen.REPEAT, True, False)
