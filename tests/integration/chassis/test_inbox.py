"""The inbox's rules, one by one, on a real PostgreSQL: what is handled, stored, skipped, when."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.chassis.clock import FrozenClock
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.errors import Conflict, DatabaseUnavailable
from services.chassis.messaging import parking
from services.chassis.messaging.arrival import Stream
from services.chassis.messaging.inbox import State, erase
from services.chassis.messaging.inboxes import ArrivedPiece, InboxSettler
from services.chassis.messaging.limits import ParkingStopped
from services.chassis.messaging.work import Received, Waits, Work
from tests.support.postgres import Postgres
from tests.support.receiving import (
    AT,
    QUICK,
    SOURCE,
    THINGS,
    House,
    context_of,
    effects,
    envelope_of,
    keys,
    make_effects,
    name_of,
    read_back,
    rows,
    sent,
)

STREAM = Stream("a", SOURCE, THINGS, 1)
ORDER = parking.Order(actor="operator", reason="mended")


@dataclass
class Desk:
    """One inbox with a clock that stands still."""

    database: Database
    house: House
    clock: FrozenClock
    settler: InboxSettler
    offset: int = field(default=0)

    async def arrive(
        self, subject: str, sequence: int, kind: str = "plain", **changes: Any
    ) -> None:
        """One record from the log, settled as a lane does."""
        body = changes.pop("body", None)
        record = read_back(sent(envelope_of(subject, sequence, kind, **changes), body), self.offset)
        self.offset += 1
        piece = self.settler.prepare(record)
        if await self.settler.settle(piece):
            await self.settler.follow(piece)

    async def sweep(self) -> int:
        """Everything that may move, moves."""
        return await self.settler.sweep.once()

    async def effects(self) -> list[tuple[str, int]]:
        """What was handled."""
        return await effects(self.database)

    async def rows(self) -> list[tuple[str, int, str]]:
        """What is stored."""
        return await rows(self.database)


@pytest_asyncio.fixture
async def desk(
    house: Postgres, database: Database, house_settings: ServiceSettings
) -> AsyncIterator[Desk]:
    """An inbox on a fresh schema."""
    await make_effects(house)
    people, clock = House(), FrozenClock(AT)
    context = context_of(people, database, house_settings, clock=clock)
    yield Desk(database, people, clock, InboxSettler(context))


def fails_on(*sequences: int) -> Any:
    """A handler that fails by itself for these numbers."""

    def behave(received: Received, _work: Work) -> None:
        if received.envelope.sequence in sequences:
            raise ValueError("a bug")

    return behave


def waits_on(*sequences: int) -> Any:
    """A handler that lacks a thing for these numbers."""

    def behave(received: Received, _work: Work) -> Waits | None:
        if received.envelope.sequence in sequences:
            return Waits("thing", "one")
        return None

    return behave


async def test_an_event_is_handled_once_however_often_it_comes(desk: Desk) -> None:
    for _ in range(3):
        await desk.arrive("a", 1)
    assert await desk.effects() == [("a", 1)]
    assert await desk.rows() == []


async def test_an_event_takes_three_statements_of_which_one_is_the_handlers(desk: Desk) -> None:
    await desk.arrive("a", 1)
    before = desk.database.statements
    await desk.arrive("a", 2)
    assert desk.database.statements - before == 2, "the inbox asks once, the handler once"


async def test_a_skipped_type_and_a_duplicate_take_one_statement(desk: Desk) -> None:
    before = desk.database.statements
    await desk.arrive("a", 1, "unlisted")
    await desk.arrive("a", 1, "unlisted")
    assert desk.database.statements - before == 2
    await desk.arrive("a", 2)
    assert await desk.effects() == [("a", 2)]


async def test_what_comes_beyond_a_gap_waits_for_the_missing_one(desk: Desk) -> None:
    await desk.arrive("a", 2)
    await desk.arrive("a", 3)
    assert await desk.rows() == [("a", 2, "gap"), ("a", 3, "gap")]
    await desk.arrive("b", 1)
    await desk.arrive("a", 1)
    assert await desk.effects() == [("b", 1), ("a", 1), ("a", 2), ("a", 3)]
    assert await desk.rows() == []


async def test_a_gap_that_stands_too_long_rings(desk: Desk) -> None:
    await desk.arrive("a", 2)
    desk.clock.advance(timedelta(seconds=61))
    await desk.settler.sweep._census()
    assert desk.settler.sweep.alarms == {State.GAP}


async def test_what_fails_by_itself_is_parked_and_blocks_its_key_only(desk: Desk) -> None:
    desk.house.behave = fails_on(1)
    await desk.arrive("a", 1)
    await desk.arrive("a", 2)
    desk.house.behave = None
    await desk.arrive("b", 1)
    assert desk.house.calls.count(("a", 1)) == QUICK.tries
    assert await desk.rows() == [("a", 1, "parked"), ("a", 2, "behind")]
    assert await desk.effects() == [("b", 1)]
    assert await desk.sweep() == 0, "nobody moves a parked record but an operator"


async def test_a_redriven_record_goes_first_and_what_stands_behind_follows(desk: Desk) -> None:
    desk.house.behave = fails_on(1)
    for sequence in (1, 2, 3):
        await desk.arrive("a", sequence)
    async with desk.database.transaction() as tx:
        place = parking.Place("house", STREAM, 1)
        await parking.redrive(tx, place, ORDER)
    assert await desk.sweep() > 0
    assert await desk.rows() == [("a", 1, "parked"), ("a", 2, "behind"), ("a", 3, "behind")]
    desk.house.behave = None
    async with desk.database.transaction() as tx:
        await parking.redrive(tx, place, ORDER)
    await desk.arrive("a", 4)
    await desk.sweep()
    assert await desk.effects() == [("a", 1), ("a", 2), ("a", 3), ("a", 4)]


async def test_a_discarded_record_counts_as_finished(desk: Desk) -> None:
    desk.house.behave = fails_on(1)
    for sequence in (1, 2):
        await desk.arrive("a", sequence)
    async with desk.database.transaction() as tx:
        found = await parking.listed(tx)
        assert [(each.event_type, each.error) for each in found] == [
            (name_of("plain"), "ValueError")
        ]
        await parking.discard(tx, found[0].place, ORDER)
    await desk.sweep()
    await desk.arrive("a", 1)
    assert await desk.effects() == [("a", 2)]
    async with desk.database.transaction() as tx:
        with pytest.raises(Conflict):
            await parking.discard(tx, found[0].place, ORDER)


async def test_parked_bytes_are_sealed_and_shown_only_by_the_key(desk: Desk) -> None:
    desk.house.behave = fails_on(1)
    await desk.arrive("a", 1, body=b'{"number": 4711}')
    async with desk.database.transaction() as tx:
        stored = await tx.connection.fetchval("SELECT sealed FROM inbox_row")
        assert b"4711" not in stored
        shown = await parking.show(tx, parking.Place("house", STREAM, 1), keys(), ORDER)
    assert shown.value == b'{"number": 4711}'


async def test_an_unreadable_body_is_parked_without_being_tried(desk: Desk) -> None:
    await desk.arrive("a", 1, body=b"no json")
    await desk.arrive("b", 1, type="org.nrm.maker.plain.v9")
    assert desk.house.calls == []
    async with desk.database.transaction() as tx:
        assert sorted(each.error for each in await parking.listed(tx)) == [
            "MalformedEvent",
            "UnknownMajor",
        ]


async def test_an_unreadable_envelope_is_parked_by_its_place_and_blocks_nobody(desk: Desk) -> None:
    record = replace(read_back(sent(envelope_of("a", 1)), 7), headers=(("ce_id", b"x"),))
    for _ in range(2):
        await desk.settler.settle(desk.settler.prepare(record))
    assert await desk.rows() == [("0/7/1", 1, "parked")]
    of_a_new_broker = replace(record, timestamp=2)
    await desk.settler.settle(desk.settler.prepare(of_a_new_broker))
    assert await desk.rows() == [("0/7/1", 1, "parked"), ("0/7/2", 1, "parked")]
    await desk.arrive("a", 1)
    assert await desk.effects() == [("a", 1)]


async def test_waiting_blocks_the_key_until_the_thing_is_there(desk: Desk) -> None:
    desk.house.behave = waits_on(1)
    await desk.arrive("a", 1, "fact")
    await desk.arrive("a", 2)
    assert await desk.rows() == [("a", 1, "waiting"), ("a", 2, "behind")]
    assert await desk.sweep() == 0
    desk.house.behave = None
    await desk.sweep()
    assert await desk.effects() == [("a", 1), ("a", 2)]


async def test_a_command_gives_up_after_its_time_and_is_answered(desk: Desk) -> None:
    desk.house.behave = waits_on(1)
    await desk.arrive("a", 1, "need")
    await desk.arrive("a", 2)
    desk.clock.advance(timedelta(seconds=59))
    await desk.sweep()
    assert desk.house.gave_up == []
    desk.clock.advance(timedelta(seconds=2))
    await desk.sweep()
    assert desk.house.gave_up == ["a-1-1"]
    assert await desk.effects() == [("a", 2)]


async def test_a_fact_waits_on_and_rings_and_an_operator_may_release_it(desk: Desk) -> None:
    desk.house.behave = waits_on(1)
    await desk.arrive("a", 1, "fact")
    desk.clock.advance(timedelta(minutes=5))
    await desk.sweep()
    await desk.settler.sweep._census()
    assert desk.settler.sweep.alarms == {State.WAITING}
    async with desk.database.transaction() as tx:
        await parking.discard(tx, parking.Place("house", STREAM, 1), ORDER)
    await desk.sweep()
    assert await desk.rows() == []


async def test_what_never_waits_is_handled_on_a_blocked_key_and_beyond_a_gap(desk: Desk) -> None:
    desk.house.behave = fails_on(1)
    await desk.arrive("a", 1)
    await desk.arrive("a", 2, "ended")
    await desk.arrive("b", 3, "ended")
    assert await desk.effects() == [("a", 2), ("b", 3)]
    assert await desk.rows() == [("a", 1, "parked"), ("b", 3, "done")]
    desk.house.behave = None
    await desk.arrive("b", 1)
    await desk.arrive("b", 2)
    await desk.arrive("b", 3, "ended")
    assert await desk.effects() == [("a", 2), ("b", 3), ("b", 1), ("b", 2)]


async def test_an_older_epochs_row_blocks_the_newer_epoch_of_its_key(desk: Desk) -> None:
    desk.house.behave = fails_on(1)
    await desk.arrive("a", 1)
    desk.house.behave = None
    await desk.arrive("a", 1, epoch=2)
    assert await desk.rows() == [("a", 1, "parked"), ("a", 1, "behind")]
    async with desk.database.transaction() as tx:
        await parking.redrive(tx, parking.Place("house", STREAM, 1), ORDER)
    await desk.sweep()
    assert await desk.effects() == [("a", 1), ("a", 1)]


async def test_a_known_id_in_another_epoch_is_a_duplicate_and_another_body_rings(
    desk: Desk,
) -> None:
    await desk.arrive("a", 1, id="same")
    await desk.arrive("a", 1, epoch=2, id="same")
    await desk.arrive("a", 2, epoch=2, id="same", body=b'{"number": 9}')
    assert await desk.effects() == [("a", 1)]
    shown = desk.settler.handling._context.telemetry.render_metrics().decode()
    assert 'nrm_events_id_reused_total{bus="local"} 1.0' in shown


async def test_an_event_of_an_older_epoch_is_handled_and_counted(desk: Desk) -> None:
    await desk.arrive("a", 1, epoch=2)
    await desk.arrive("a", 1, epoch=1)
    assert await desk.effects() == [("a", 1), ("a", 1)]
    shown = desk.settler.handling._context.telemetry.render_metrics().decode()
    assert 'nrm_events_older_epoch_total{bus="local"} 1.0' in shown


async def test_an_erased_subjects_rows_go_and_what_comes_later_is_not_read(desk: Desk) -> None:
    desk.house.behave = fails_on(1)
    for sequence in (1, 2, 4):
        await desk.arrive("a", sequence)
    async with desk.database.transaction() as tx:
        await erase(tx, subject="a", subject_digest=keys().digest(b"a"), at=AT)
    assert await desk.rows() == [("a", 4, "done")]
    await desk.arrive("a", 3)
    await desk.arrive("a", 5)
    assert await desk.rows() == []
    assert await desk.effects() == []


async def test_a_failing_database_never_parks(desk: Desk) -> None:
    failures = iter([DatabaseUnavailable(), DatabaseUnavailable(), None])

    def behave(_received: Received, _work: Work) -> None:
        failure = next(failures, None)
        if failure is not None:
            raise failure

    desk.house.behave = behave
    await desk.arrive("a", 1)
    assert await desk.effects() == [("a", 1)]


async def test_a_handler_that_hangs_is_ended_and_parked(
    desk: Desk, house_settings: ServiceSettings
) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    desk.house.behave = lambda _received, _work: hang()
    quick = replace(QUICK, handler_seconds=0.02)
    desk.settler = InboxSettler(context_of(desk.house, desk.database, house_settings, limits=quick))
    await desk.arrive("a", 1)
    assert await desk.rows() == [("a", 1, "parked")]


async def test_too_many_parked_in_a_row_stop_the_consumer_but_no_sender_does(desk: Desk) -> None:
    desk.house.behave = fails_on(1)
    for number in range(QUICK.parked_in_a_row + 5):
        await desk.arrive(f"s{number}", 1, sender="bad-agency")
    for number in range(QUICK.parked_in_a_row):
        await desk.arrive(f"t{number}", 1)
    with pytest.raises(ParkingStopped):
        await desk.arrive("u", 1)
    assert ("u", 1, "parked") not in await desk.rows()
    assert desk.settler.parking.senders_over() == 1


async def test_a_row_that_kills_its_process_is_parked_after_three_attempts(desk: Desk) -> None:
    await desk.arrive("a", 2)
    desk.settler.attempts.unclean = True
    async with desk.database.transaction() as tx:
        await tx.connection.execute("UPDATE inbox_row SET attempts = 3")
        await tx.connection.execute(
            "INSERT INTO inbox_mark VALUES ('house', 'a', $1, $2, 1, 1)", SOURCE, THINGS
        )
    await desk.sweep()
    assert desk.house.calls == []
    async with desk.database.transaction() as tx:
        assert [each.error for each in await parking.listed(tx)] == ["crash"]


async def test_a_row_that_survives_its_attempt_is_not_counted_on(desk: Desk) -> None:
    desk.house.behave = waits_on(1)
    await desk.arrive("a", 1, "fact")
    desk.settler.attempts.unclean = True
    for _ in range(5):
        await desk.sweep()
    assert await desk.rows() == [("a", 1, "waiting")]


async def test_processes_that_take_the_same_record_at_once_have_one_effect(
    desk: Desk, house_settings: ServiceSettings
) -> None:
    others = [InboxSettler(context_of(desk.house, desk.database, house_settings)) for _ in range(4)]
    for sequence in range(1, 11):
        record = read_back(sent(envelope_of("a", sequence)))
        await asyncio.gather(*(each.settle(each.prepare(record)) for each in others))
    assert await desk.effects() == [("a", sequence) for sequence in range(1, 11)]
    assert await desk.rows() == []


async def test_a_piece_is_about_its_subject(desk: Desk) -> None:
    piece = desk.settler.prepare(read_back(sent(envelope_of("a", 1))))
    assert isinstance(piece, ArrivedPiece)
    assert piece.about == "a"
