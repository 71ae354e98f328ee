"""Several events in one transaction: every rule of the inbox holds as it does for each alone.

What goes together, what goes alone, what an error costs, and how many statements it all takes.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.chassis import audit
from services.chassis.clock import FrozenClock
from services.chassis.database import Database, Statement
from services.chassis.environment import ServiceSettings
from services.chassis.errors import DatabaseUnavailable, Misuse, TransactionConflict
from services.chassis.messaging import parking
from services.chassis.messaging.batch import BATCH_LIMIT, Batch, Batched
from services.chassis.messaging.inbox import erase
from services.chassis.messaging.inboxes import InboxSettler
from services.chassis.messaging.limits import ParkingStopped
from services.chassis.messaging.locking import lock_subject
from services.chassis.messaging.work import Answer, Park, Received, Waits, Work
from tests.support.batch_desk import Desk, answers_on, fails_on, of
from tests.support.postgres import Postgres
from tests.support.receiving import (
    AT,
    QUICK,
    SOURCE,
    House,
    context_of,
    envelope_of,
    keys,
    make_effects,
    name_of,
    read_back,
    sent,
)
from tests.support.waiting import until


@pytest_asyncio.fixture
async def desk(
    house: Postgres, database: Database, house_settings: ServiceSettings
) -> AsyncIterator[Desk]:
    """An inbox on a fresh schema."""
    await make_effects(house)
    people = House()
    context = context_of(
        people,
        database,
        house_settings,
        clock=FrozenClock(AT),
        subscriptions=people.subscriptions(together=True),
    )
    yield Desk(database, house_settings, people, InboxSettler(context))


async def test_a_list_is_handled_in_order_and_once(desk: Desk) -> None:
    for _ in range(2):
        await desk.arrive(*of("a", "b"))
    assert await desk.effects() == of("a", "b")
    assert desk.house.batches == [6]
    assert await desk.rows() == []
    assert 'nrm_events_handled_total{bus="local"} 6.0' in desk.shown()
    assert 'nrm_events_duplicate_total{bus="local"} 6.0' in desk.shown()
    assert 'nrm_handler_seconds_count{bus="local"} 12.0' in desk.shown()


async def test_a_batch_takes_one_statement_beside_the_handlers(desk: Desk) -> None:
    many = [(f"s{number}", 1) for number in range(BATCH_LIMIT)]
    before = desk.database.statements
    await desk.arrive(*many)
    assert desk.database.statements - before == 1 + len(many)
    before = desk.database.statements
    await desk.arrive(*[(f"s{number}", 2, "unlisted") for number in range(BATCH_LIMIT)])
    assert desk.database.statements - before == 1, "what is skipped goes together, too"
    before = desk.database.statements
    await desk.arrive(*many)
    assert desk.database.statements - before == 1, "duplicates go together, too"


async def test_one_event_alone_takes_the_short_way(desk: Desk) -> None:
    before = desk.database.statements
    await desk.arrive(("a", 1))
    assert desk.database.statements - before == 2
    assert desk.house.batches == [1]


async def test_what_is_skipped_goes_along(desk: Desk) -> None:
    await desk.arrive(("a", 1, "unlisted"), ("a", 2), ("b", 1), ("a", 3, "unlisted"), ("a", 4))
    assert desk.house.batches == [3]
    assert await desk.effects() == [("a", 2), ("b", 1), ("a", 4)]


async def test_only_the_poison_is_parked(desk: Desk) -> None:
    desk.house.behave = fails_on(("b", 2))
    await desk.arrive(*of("a", "b", "c"))
    assert await desk.effects() == [*of("a", "b", "c")[:4], ("c", 2), ("a", 3), ("c", 3)]
    assert await desk.rows() == [("b", 2, "parked"), ("b", 3, "behind")]
    assert 'nrm_batches_repeated_total{bus="local"} 1.0' in desk.shown()
    desk.house.behave = None
    await desk.arrive(*of("a", "b", first=4, last=4))
    assert ("b", 4, "behind") in await desk.rows()
    assert ("a", 4) in await desk.effects()


async def test_what_cannot_be_read_is_parked_and_the_rest_goes_on(desk: Desk) -> None:
    await desk.arrive(("a", 1), ("b", 1, "broken"), ("b", 2), ("a", 2))
    assert await desk.effects() == [("a", 1), ("a", 2)]
    assert await desk.rows() == [("b", 1, "parked"), ("b", 2, "behind")]


async def test_an_event_that_waits_is_kept_without_a_repetition(desk: Desk) -> None:
    desk.house.behave = answers_on(Waits("thing", "one"), ("b", 1))
    await desk.arrive(("a", 1), ("b", 1), ("c", 1))
    assert desk.house.batches == [3]
    assert await desk.effects() == [("a", 1), ("c", 1)]
    assert await desk.rows() == [("b", 1, "waiting")]
    desk.house.behave = None
    await desk.settler.sweep.once()
    assert ("b", 1) in await desk.effects()


async def test_what_comes_behind_an_event_that_waits_stands_behind_it(desk: Desk) -> None:
    desk.house.behave = answers_on(Waits("thing", "one"), ("b", 1))
    await desk.arrive(*of("a", "b", last=2))
    assert await desk.effects() == [("a", 1), ("a", 2)]
    assert await desk.rows() == [("b", 1, "waiting"), ("b", 2, "behind")]


async def test_a_handler_may_say_that_one_can_never_be_handled(desk: Desk) -> None:
    desk.house.behave = answers_on(Park("Nonsense"), ("b", 1), ("c", 1))
    await desk.arrive(("a", 1), ("b", 1))
    await desk.arrive(("c", 1))
    assert desk.house.calls.count(("b", 1)) == desk.house.calls.count(("c", 1)) == 1
    async with desk.database.transaction() as tx:
        assert [each.error for each in await parking.listed(tx)] == ["Nonsense", "Nonsense"]
    assert await desk.effects() == [("a", 1)]
    with pytest.raises(Misuse):
        Park("words about somebody")


async def test_what_was_handled_behind_one_that_waits_is_taken_back(
    desk: Desk, house_settings: ServiceSettings
) -> None:
    async def heedless(batch: Batch) -> list[Answer]:
        wait = answers_on(Waits("thing", "one"), ("b", 1))
        answers: list[Answer] = [wait(each, None) for each in batch.events]
        for each, answer in zip(batch.events, answers, strict=True):
            if answer is None:
                await desk.house.handle(each, batch.work(each))
        return answers

    handler = Batched(heedless)
    table = replace(desk.house.subscriptions(), handlers={name_of("plain"): handler})
    desk.settle_with(subscriptions=table)
    await desk.arrive(*of("a", "b", last=2))
    assert await desk.effects() == [("a", 1), ("a", 2)]
    assert await desk.rows() == [("b", 1, "waiting"), ("b", 2, "behind")]


async def test_a_gap_sends_its_subject_the_long_way(desk: Desk) -> None:
    await desk.arrive(("a", 1), ("b", 2), ("a", 2), ("b", 3), ("c", 1))
    assert desk.house.batches == [3]
    assert await desk.rows() == [("b", 2, "gap"), ("b", 3, "gap")]
    await desk.arrive(("b", 1), ("a", 3))
    assert await desk.rows() == []
    assert [event for event in await desk.effects() if event[0] == "b"] == of("b")


async def test_what_comes_twice_in_one_list_is_handled_once(desk: Desk) -> None:
    await desk.arrive(("a", 1), ("a", 1), ("a", 2), ("a", 1), ("b", 1))
    assert await desk.effects() == [("a", 1), ("b", 1), ("a", 2)]


async def test_a_known_id_and_another_body_under_it_are_not_handled(desk: Desk) -> None:
    await desk.arrive(("a", 1), id="same")
    await desk.arrive(("a", 1), ("b", 1), epoch=2, id="same")
    assert await desk.effects() == [("a", 1)]
    assert 'nrm_events_duplicate_total{bus="local"} 2.0' in desk.shown()
    await desk.arrive(("c", 1, "plain"), ("d", 1, "plain"), id="twice")
    assert await desk.effects() == [("a", 1), ("c", 1)], "the same id twice in one list"


async def test_an_older_epoch_is_counted(desk: Desk) -> None:
    await desk.arrive(("a", 1), ("b", 1), epoch=2)
    await desk.arrive(("a", 1), ("c", 1), epoch=1)
    assert await desk.effects() == [("a", 1), ("b", 1), ("c", 1), ("a", 1)]
    assert 'nrm_events_older_epoch_total{bus="local"} 1.0' in desk.shown()


async def test_what_never_waits_is_handled_where_it_stands(desk: Desk) -> None:
    desk.house.behave = fails_on(("a", 1))
    await desk.arrive(("a", 1), ("b", 1), ("a", 2, "ended"), ("b", 2))
    assert await desk.effects() == [("b", 1), ("a", 2), ("b", 2)]
    assert await desk.rows() == [("a", 1, "parked")]


async def test_an_erased_subject_is_not_read_though_it_was_erased_in_the_list(desk: Desk) -> None:
    async def behave(received: Received, work: Work) -> None:
        if received.envelope.sequence == 2:
            digest = keys().digest(b"a")
            await erase(work.transaction, subject="a", subject_digest=digest, at=AT)

    desk.house.behave = behave
    await desk.arrive(*of("a"))
    await desk.arrive(("a", 4), ("a", 5))
    assert await desk.effects() == [("a", 1), ("a", 2)]


async def test_a_lock_that_a_request_holds_holds_up_its_own_subject_only(desk: Desk) -> None:
    await desk.arrive(("b", 1))
    async with desk.database.transaction() as tx:
        await lock_subject(tx, "house", "b")
        task = asyncio.create_task(desk.arrive(*of("a", "b", "c")))

        async def others() -> bool:
            return len(await desk.effects()) == 7

        await until(others)
        assert not task.done()
    await task
    assert [event for event in await desk.effects() if event[0] == "b"] == of("b")


async def test_each_event_is_a_cause_of_its_own(desk: Desk) -> None:
    causes = []

    def behave(received: Received, work: Work) -> None:
        causes.append((work.cause.id, work.transaction.notes["work"] is work))
        audit.record(
            work.transaction,
            actor=work.caller,
            action="handled",
            subject=received.envelope.subject,
            reason=work.cause.id,
        )

    desk.house.behave = behave
    await desk.arrive(*of("a", "b", last=2))
    assert causes == [("a-1-1", True), ("b-1-1", True), ("a-1-2", True), ("b-1-2", True)]
    async with desk.database.transaction() as tx:
        kept = await tx.connection.fetch("SELECT subject, reason FROM audit ORDER BY id")
    assert [tuple(row) for row in kept] == [
        *(("a", "a-1-1"), ("b", "b-1-1"), ("a", "a-1-2"), ("b", "b-1-2"))
    ]


async def test_a_failing_database_repeats_the_whole_list_and_parks_nothing(desk: Desk) -> None:
    failures = iter([DatabaseUnavailable(), DatabaseUnavailable()])

    def behave(_received: Received, _work: Work) -> None:
        for failure in failures:
            raise failure

    desk.house.behave = behave
    await desk.arrive(*of("a"))
    assert await desk.effects() == of("a")
    assert desk.house.batches == [3]


async def test_a_deadlock_sends_each_event_alone(desk: Desk) -> None:
    failures = iter([TransactionConflict("40P01")])

    def behave(_received: Received, _work: Work) -> None:
        for failure in failures:
            raise failure

    desk.house.behave = behave
    await desk.arrive(*of("a"))
    assert await desk.effects() == of("a")
    assert desk.house.batches == [1, 1, 1]


async def test_a_handler_that_hangs_over_one_event_ends_for_that_one_only(desk: Desk) -> None:
    async def behave(received: Received, _work: Work) -> None:
        if received.envelope.subject == "b":
            await asyncio.Event().wait()

    desk.house.behave = behave
    desk.settle_with(limits=replace(QUICK, handler_seconds=0.1, tries=1))
    await desk.arrive(*of("a", "b", last=1))
    assert await desk.effects() == [("a", 1)]
    assert await desk.rows() == [("b", 1, "parked")]


async def test_too_many_parked_stop_the_consumer_from_a_batch_too(desk: Desk) -> None:
    many = [(f"s{number}", 1) for number in range(QUICK.parked_in_a_row + 5)]
    desk.house.behave = answers_on(Park("Nonsense"), *many)
    for each in many[: QUICK.parked_in_a_row]:
        await desk.arrive(each)
    with pytest.raises(ParkingStopped):
        await desk.arrive(*many[-2:])
    assert len(await desk.rows()) == QUICK.parked_in_a_row


async def test_an_answer_is_missing(desk: Desk) -> None:
    async def silent(_batch: Batch) -> list[Answer]:
        return []

    table = replace(desk.house.subscriptions(), handlers={name_of("plain"): Batched(silent)})
    desk.settle_with(subscriptions=table)
    await desk.arrive(("a", 1), ("b", 1))
    assert [row[2] for row in await desk.rows()] == ["parked", "parked"]


async def test_a_batch_has_a_bound(desk: Desk) -> None:
    with pytest.raises(Misuse):
        Batched(desk.house.handle_all, limit=BATCH_LIMIT + 1)
    handler = Batched(desk.house.handle_all, limit=4)
    table = replace(desk.house.subscriptions(), handlers={name_of("plain"): handler})
    desk.settle_with(subscriptions=table)
    assert desk.settler.at_once == 4
    await desk.arrive(*of("a", "b", last=5))
    assert desk.house.batches == [4, 4, 2]


async def test_two_processes_that_take_the_same_lists_have_one_effect_each(desk: Desk) -> None:
    settlers = []
    for _ in range(3):
        desk.settle_with()
        settlers.append(desk.settler)
    records = [
        read_back(sent(envelope_of(*event)), number)
        for number, event in enumerate(of("a", "b", "c", last=10))
    ]
    for first in range(0, len(records), 6):
        some = records[first : first + 6]
        await asyncio.gather(*(s.settle_together([s.prepare(r) for r in some]) for s in settlers))
    found = await desk.effects()
    assert sorted(found) == sorted(of("a", "b", "c", last=10))
    for subject in ("a", "b", "c"):
        assert [event for event in found if event[0] == subject] == of(subject, last=10)
    assert await desk.rows() == []


async def test_marks_are_those_that_events_alone_would_leave(desk: Desk) -> None:
    marks = Statement(text("SELECT subject, source, epoch, read FROM inbox_mark ORDER BY 1"))
    await desk.arrive(*of("a", "b"), ("b", 4, "unlisted"))
    async with desk.database.transaction() as tx:
        assert [tuple(row) for row in await tx.fetch(marks)] == [
            ("a", SOURCE, 1, 3),
            ("b", SOURCE, 1, 4),
        ]
