"""A wall clock that jumped forgets nothing and gives nothing up."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.chassis.clock import FrozenClock
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging.check_in import Said, Seen, check_in, visitor_named
from services.chassis.messaging.door import Answer, DoorSettler
from services.chassis.messaging.handling import Handling
from services.chassis.messaging.limits import ParkingLimit
from services.chassis.messaging.memory import MemoryBroker
from tests.support.receiving import House, context_of, keys

BEGUN = datetime(2026, 11, 1, 12, tzinfo=UTC)
YEARS = timedelta(days=800)


class TornClock(FrozenClock):
    """Its wall time can be set without monotonic time passing."""

    torn = timedelta(0)

    def wall(self) -> datetime:
        return super().wall() + self.torn


def jump(clock: TornClock) -> None:
    clock.torn = YEARS


def pass_by(clock: TornClock) -> None:
    clock.advance(YEARS)


@pytest.mark.parametrize(("happens", "kept"), [(jump, True), (pass_by, False)])
async def test_nothing_is_forgotten_or_given_up_by_a_clock_that_jumped(
    database: Database, house_settings: ServiceSettings, happens: Any, kept: bool
) -> None:
    clock = TornClock(BEGUN)
    context = context_of(House(), database, house_settings, clock=clock)

    async def answerer(*_: object) -> Answer:
        return Answer.ACCEPTED

    door = DoorSettler(context, answerer, MemoryBroker("local"))
    handling = Handling(context, ParkingLimit(context.limits))
    visitor = visitor_named(
        keys().digest, source="somebody", event_id="one", said=Said(content=b"{}")
    )
    async with database.transaction() as tx:
        await check_in(tx, visitor, BEGUN)
        await tx.connection.execute(
            "INSERT INTO inbox_known (consumer, source, event_id, body_digest, handled_at)"
            " VALUES ('house', 'somebody', 'one', '', $1)",
            BEGUN,
        )
    happens(clock)
    await door._forget()
    await door._sweep._purge()
    async with database.transaction() as tx:
        known = await tx.connection.fetchval("SELECT count(*) FROM inbox_known")
        seen = (await check_in(tx, visitor, BEGUN)).seen
    assert (known, seen) == ((1, Seen.REPEAT) if kept else (0, Seen.NEW))
    row: Any = SimpleNamespace(waiting_since=BEGUN)
    reading: Any = SimpleNamespace(spec=SimpleNamespace(gives_up=True))
    assert handling._gives_up(reading, row) is not kept
