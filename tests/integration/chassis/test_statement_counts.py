"""How many statements an event costs in the chassis: more may never come in unseen.

Time differs from machine to machine; the number of round trips does not.
"""

from dataclasses import replace

import pytest_asyncio

from services.chassis import audit
from services.chassis.clock import FrozenClock
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging.inboxes import InboxSettler
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.outbox import Outbox, publish
from services.chassis.messaging.work import Received, Work
from tests.integration.chassis.test_inbox import Desk
from tests.integration.chassis.test_outbox_relay import (
    QUICK,
    THINGS,
    ThingHappened,
    arrived,
    relaying,
    spec_for,
    write,
)
from tests.support.postgres import Postgres
from tests.support.receiving import AT, House, context_of, make_effects
from tests.support.statements import Statements
from tests.support.waiting import until

BATCHES, ROWS = 3, 20


@pytest_asyncio.fixture
async def desk(
    statements: Statements, house: Postgres, database: Database, house_settings: ServiceSettings
) -> Desk:
    """An inbox whose statements are heard."""
    await make_effects(house)
    people, clock = House(), FrozenClock(AT)
    context = context_of(people, database, house_settings, clock=clock)
    return Desk(database, people, clock, InboxSettler(context))


async def test_a_batch_of_the_relay_is_one_read_and_one_delete(
    statements: Statements, database: Database
) -> None:
    Outbox(spec_for=spec_for).install(database)
    broker = MemoryBroker("local", {THINGS: 4})
    for batch in range(BATCHES):
        await write(database, f"subject-{batch}", range(ROWS))
    limits = replace(QUICK, batch_rows=ROWS, poll_seconds=60.0, measure_seconds=60.0)
    async with relaying(database, broker, limits=limits):
        await until(lambda: len(arrived(broker)) == BATCHES * ROWS)
        await until(lambda: len(statements.about("FROM outbox AS event")) == BATCHES + 2)
    assert len(statements.about("DELETE FROM outbox")) == BATCHES
    assert len(statements.about("FROM outbox AS event")) == BATCHES + 2, "two more find nothing"
    assert len(statements.about("pg_try_advisory_lock")) == 1
    of_relay = [*statements.about("outbox WHERE"), *statements.about("outbox AS")]
    assert len(of_relay) == BATCHES + BATCHES + 2 + 1, "and one measures the backlog"


async def test_a_hop_is_five_round_trips(statements: Statements, desk: Desk) -> None:
    """Enter, the handler's own, everything it publishes and audits, around it one transaction."""
    Outbox(spec_for=spec_for).install(desk.database)

    def publishes(received: Received, work: Work) -> None:
        subject = received.envelope.subject
        publish(work.transaction, ThingHappened(number=1), subject=subject, publisher="house")
        audit.record(work.transaction, actor="desk", action="opened", subject=subject)

    await desk.arrive("a", 1)
    desk.house.behave = publishes
    async with statements.during() as told:
        await desk.arrive("a", 2)
    assert [each.split(" ")[0].strip(";").lower() for each in told] == [
        "begin",
        "select",
        "insert",
        "with",
        "commit",
    ], told


async def test_a_statement_more_is_heard(statements: Statements, desk: Desk) -> None:
    """What this page relies on: whatever is asked by whatever way is counted."""
    await desk.arrive("a", 1)
    async with statements.during() as expected:
        await desk.arrive("a", 2)

    async def asks(_received: Received, work: Work) -> None:
        await work.transaction.connection.fetchval("SELECT 1")

    desk.house.behave = asks
    async with statements.during() as told:
        await desk.arrive("a", 3)
    assert len(told) == len(expected) + 1
