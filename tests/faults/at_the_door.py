"""A real door on a bus, whose clerk writes its answers in the transaction; and what must hold.

The answers are entries of a feed, as the gateway's are: one that was not committed never happened.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.chassis.database import Transaction
from services.chassis.failpoints import Failpoint, Failpoints
from services.chassis.messaging import feeds, parking
from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.check_in import Said, Seen, check_in, visitor_named
from services.chassis.messaging.consumer import Consumer
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.door import Answer, DoorSettler, Knock, door_consumer
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.work import Work
from tests.support.receiving import AT, envelope_of, sent
from tests.support.waiting import until

INTAKE = "nrm.local.node-one.intake.v1"
PLACE = TopicPartition(INTAKE, 0)
NAME = b"a-name"
"""What a sender that does everything wrong may have put into a record."""
GOOD, BAD = b'{"number": 1}', b'{"name": "a-name"}'


class Died(BaseException):
    """Stands for SIGKILL."""


def die() -> None:
    """The process's last act."""
    raise Died


@dataclass
class Front:
    """A bus with one intake topic, the doors on it, and what was posted at them."""

    broker: MemoryBroker
    context: ConsumerContext
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    """Whose answer waits until its gate is opened."""
    called: list[str] = field(default_factory=list)
    """Whom the clerk was asked about, also where nothing came of it."""

    async def answer(self, knock: Knock, work: Work) -> Answer:
        """Refuse what holds a name and what is not the first of its id."""
        name = knock.event_id or knock.place
        self.called.append(name)
        if name in self.gates:
            await self.gates[name].wait()
        refused = NAME in knock.body or knock.seen is Seen.REUSED
        await self.say(work.transaction, name, refused=refused)
        return Answer.REFUSED if refused else Answer.ACCEPTED

    async def say(self, tx: Transaction, name: str, *, refused: bool) -> None:
        """Write an answer in the transaction."""
        await feeds.append(tx, "answers", {"name": name, "refused": refused}, AT)

    def post(self, name: str, body: bytes = GOOD) -> None:
        """On the bus; every id is about a subject of its own, so in a lane of its own."""
        envelope = envelope_of(name, None, id=name, epoch=None)
        self.broker.append(sent(envelope, body, INTAKE))

    async def post_by_http(self, tx: Transaction, name: str, body: bytes = GOOD) -> None:
        """What the web door does in its transaction."""
        told = envelope_of(name, None, id=name, epoch=None)
        visitor = visitor_named(
            self.context.keys.digest,
            source=told.source,
            event_id=name,
            said=Said(content=body, type=told.type, subject=told.subject),
        )
        known = await check_in(tx, visitor, AT)
        if not known.again:
            await self.say(tx, name, refused=known.seen is Seen.REUSED)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Consumer]:
        """A door, stopped in order at the end."""
        consumer = door_consumer(self.context, self.broker, self.answer)
        stop = asyncio.Event()
        task = asyncio.create_task(consumer.run(stop))
        try:
            yield consumer
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await task

    @asynccontextmanager
    async def open_until_killed(self, failpoints: Failpoints | None = None) -> AsyncIterator[None]:
        """A door whose process ends at once, with all that it had in hand."""
        self.context.database.failpoints = failpoints or Failpoints()
        consumer = door_consumer(self.context, self.broker, self.answer)
        task = asyncio.create_task(consumer.run(asyncio.Event()))
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def come_to_rest(self, consumer: Consumer) -> None:
        """Everything is read, committed, and deleted as far as it may be."""
        log, offsets = self.broker.log(PLACE), consumer.offsets
        await until(lambda: max(log.start, offsets.committed_upto(PLACE)) == log.end)
        settler = consumer._settler
        assert isinstance(settler, DoorSettler)
        await settler._deletion.once(offsets)

    async def dies_before_commit(self) -> None:
        """A door that is killed when it has answered and not committed."""
        failpoints = Failpoints(Failpoint.DOOR_BEFORE_COMMIT, 1, die)
        before = len(self.called)
        async with self.open_until_killed(failpoints):
            await until(lambda: len(self.called) > before and failpoints._left == 0)

    async def answers(self) -> list[tuple[str, bool]]:
        """(id, refused) of every committed answer."""
        async with self.context.database.transaction() as tx:
            found = await tx.connection.fetch("SELECT body FROM feed_entry ORDER BY id")
        return [(row["body"]["name"], row["body"]["refused"]) for row in found]

    async def check(self, expected: Iterable[tuple[str, bool]]) -> None:
        """Each is answered once as expected, no name is left on the bus, nothing is put aside."""
        answers = await self.answers()
        for one in sorted({*expected, *answers}):
            many = answers.count(one)
            assert many or one not in expected, f"{one[0]} was never answered"
            assert one in expected, f"{one[0]} was answered otherwise"
            assert many == 1, f"{one[0]} was answered {many} times"
        left = [record.value or b"" for record in self.broker.log(PLACE).records]
        assert not any(NAME in value for value in left), "a name is left on the bus"
        async with self.context.database.transaction() as tx:
            assert await parking.listed(tx) == [], "something was put aside"
