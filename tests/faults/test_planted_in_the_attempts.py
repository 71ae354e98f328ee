"""A record that kills its process is put aside after a bounded number of lives; faults are found.

Real consumers on a real PostgreSQL, one life after another: a handler that dies takes its process
along, and a new one begins with nothing but the database and the bus.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Any

import pytest
import pytest_asyncio

from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging import parking
from services.chassis.messaging.attempts import Attempts
from services.chassis.messaging.broker import BrokerRecord
from services.chassis.messaging.consumer import Consumer
from services.chassis.messaging.inboxes import InboxSettler, inbox_consumer
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.rows import CRASH, Rows
from services.chassis.messaging.work import Received, Waits, Work
from tests.support.postgres import Postgres
from tests.support.receiving import (
    OTHERS,
    QUICK,
    THINGS,
    House,
    context_of,
    effects,
    envelope_of,
    make_effects,
    rows,
    sent,
)
from tests.support.waiting import until

LIMITS = replace(QUICK, drain_at_stop_seconds=0.02)
LIVES_LIMIT = QUICK.attempts + 3
"""The first life knows of nothing; after these a poison is put aside."""
KILLER, INNOCENT = "killer", "innocent"


class Died(BaseException):
    """Stands for SIGKILL."""


@dataclass
class Lives:
    """One consumer after another on the same bus and database."""

    broker: MemoryBroker
    database: Database
    settings: ServiceSettings
    house: House = field(default_factory=House)
    consumer: Consumer | None = None
    inside: set[str] = field(default_factory=set)
    needs: bool = False
    """Whether the killer waits for something at first."""

    def publish(self, subject: str, sequence: int = 1, kind: str = "plain") -> None:
        """One record on the bus."""
        self.broker.append(sent(envelope_of(subject, sequence, kind)))

    async def behave(self, received: Received, _work: Work) -> Waits | None:
        """The killer dies as soon as whoever may run beside it does."""
        subject = received.envelope.subject
        if subject == KILLER and self.needs:
            return Waits("case", subject)
        self.inside.add(subject)
        if subject == KILLER:
            await until(self.alone_or_accompanied)
            raise Died
        if subject == INNOCENT and not self.needs and not self.attempts.one_at_a_time.locked():
            await asyncio.Event().wait()
        return None

    @property
    def attempts(self) -> Attempts:
        """Of the life that is lived now."""
        assert self.consumer is not None
        return self.consumer._settler.attempts

    async def alone_or_accompanied(self) -> bool:
        """The innocent one is at work too, is done, or stands at the lock."""
        done = INNOCENT in [subject for subject, _ in await effects(self.database)]
        return done or INNOCENT in self.inside or bool(self.attempts.one_at_a_time._waiters)

    async def live(self, over: Callable[[], Awaitable[bool]]) -> bool:
        """One life; whether it ended in peace, that is with ``over``."""
        context = context_of(self.house, self.database, self.settings, limits=LIMITS)
        self.consumer = consumer = inbox_consumer(context, self.broker)
        self.inside.clear()
        stop = asyncio.Event()
        task = asyncio.create_task(consumer.run(stop))

        def dead() -> bool:
            return task.done() or any(each.done() for each in consumer._lanes._tasks)

        async def ended() -> bool:
            return dead() or await over()

        await until(ended)
        if dead():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return False
        stop.set()
        await task
        return True

    async def put_aside(self) -> bool:
        """The killer is parked, and the innocent one was handled or parked."""
        parked = {(subject, state) for subject, _, state in await rows(self.database)}
        done = [subject for subject, _ in await effects(self.database)]
        return (KILLER, "parked") in parked and (INNOCENT in done or (INNOCENT, "parked") in parked)

    async def check(self) -> None:
        """The killer is put aside as such, and everything else was handled."""
        for _ in range(LIVES_LIMIT):
            if await self.live(self.put_aside):
                break
        else:
            pytest.fail("it dies for ever")
        async with self.database.transaction() as tx:
            parked = [(each.place.stream.subject, each.error) for each in await parking.listed(tx)]
        assert parked == [(KILLER, CRASH)], "an innocent one was put aside"
        assert (INNOCENT, 1) in await effects(self.database)


@pytest_asyncio.fixture
async def lives(
    house: Postgres, database: Database, house_settings: ServiceSettings
) -> AsyncIterator[Lives]:
    """A fresh bus and a fresh schema."""
    await make_effects(house)
    lives = Lives(
        MemoryBroker("local", {THINGS: 4, OTHERS: 4}),
        database,
        house_settings,
    )
    lives.house.behave = lives.behave
    yield lives


async def a_record_that_kills(lives: Lives) -> None:
    """It comes from the bus, and so does an innocent one beside it."""
    lives.publish(KILLER)
    lives.publish(INNOCENT)
    await lives.check()


async def a_row_that_kills(lives: Lives) -> None:
    """It waited in the database; what it waited for came, and it kills."""
    lives.publish(KILLER, kind="fact")
    lives.publish(INNOCENT)
    lives.needs = True

    async def waiting() -> bool:
        stored = await rows(lives.database)
        return stored == [(KILLER, 1, "waiting")] and len(await effects(lives.database)) == 1

    assert await lives.live(waiting)
    lives.needs = False
    await lives.check()


def counts_in_memory(patch: pytest.MonkeyPatch) -> None:
    """An attempt is not committed before it is tried."""

    async def first(_attempts: Attempts, _record: BrokerRecord) -> int:
        return 1

    patch.setattr(Attempts, "count", first)


def counts_no_rows(patch: pytest.MonkeyPatch) -> None:
    """An attempt at a stored row is not committed before it is tried."""

    async def first(_rows: Rows, _stream: object) -> int:
        return 1

    patch.setattr(Rows, "attempt", first)


def believes_the_last_end(patch: pytest.MonkeyPatch) -> None:
    """Every process thinks that the one before it ended in order."""
    begin = Attempts.begin

    async def planted(attempts: Attempts, at: datetime) -> None:
        await begin(attempts, at)
        attempts.unclean = False

    patch.setattr(Attempts, "begin", planted)


class Open:
    """A lock that locks nothing out."""

    _waiters = ()

    def locked(self) -> bool:
        """Never."""
        return False

    async def __aenter__(self) -> None:
        """Come in."""

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Go."""


def all_at_once(patch: pytest.MonkeyPatch) -> None:
    """After an unclean stop everything still goes side by side."""
    make = InboxSettler.__init__

    def planted(settler: InboxSettler, *given: Any) -> None:
        make(settler, *given)
        settler.attempts.one_at_a_time = Open()  # type: ignore[assignment]  # planted

    patch.setattr(InboxSettler, "__init__", planted)


Story = Callable[[Lives], Awaitable[None]]
FOR_EVER, INNOCENT_TOO = "dies for ever", "an innocent one"
PLANTED: dict[str, tuple[Story, Callable[[pytest.MonkeyPatch], None], str]] = {
    "attempts are not committed": (a_record_that_kills, counts_in_memory, FOR_EVER),
    "attempts at rows are not committed": (a_row_that_kills, counts_no_rows, FOR_EVER),
    "an unclean stop is not noticed": (a_record_that_kills, believes_the_last_end, FOR_EVER),
    "not one at a time": (a_record_that_kills, all_at_once, INNOCENT_TOO),
}


@pytest.mark.parametrize("fault", sorted(PLANTED))
async def test_a_fault_in_the_attempts_is_found(
    lives: Lives, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    story, plant, sentence = PLANTED[fault]
    plant(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception), match=sentence):
        await story(lives)


@pytest.mark.parametrize("name", sorted({each[0].__name__ for each in PLANTED.values()}))
async def test_a_poison_is_put_aside_without_the_fault(lives: Lives, name: str) -> None:
    story = next(each[0] for each in PLANTED.values() if each[0].__name__ == name)
    await story(lives)
