"""What the gateway forgets by age, what it never does, and what a poller hears of it."""

from datetime import timedelta

from services.chassis.clock import FrozenClock, new_id
from services.chassis.retention import Retention
from services.gateway.domain.exchange import Arrival
from services.gateway.store.retention import Kept, keeps
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_door import NODE, Door, as_
from tests.support.gateway_exchange import (
    RECEIVER,
    SENDER,
    Both,
    Gateway,
    offer,
    one_sent,
    settle_both,
)

__all__ = ["pair"]
KEPT = Kept(
    feeds=timedelta(days=90),
    answers=timedelta(days=430),
    original_codes=timedelta(days=90),
    exchange=timedelta(days=400),
)
KEPT_FOR_EVER = (
    *("case_row", "exchange_reference", "exchange_disclosure", "consent"),
    *("exchange_pair_in", "exchange_pair_out"),
)
ADD_ENTRIES = """
    INSERT INTO feed_entry (feed, position, body, appended_at)
    SELECT 'answers', n, '{"accepted": true, "reasons": []}'::jsonb,
        now() - make_interval(days => 100 - n * 20)
    FROM generate_series(1, 4) AS n
"""


async def after(gateway: Gateway, days: int) -> dict[str, int]:
    """One look, so many days from now."""
    clock = FrozenClock(gateway.context.clock.wall())
    clock.advance(timedelta(days=days))
    return await Retention(gateway.database, clock, keeps(KEPT)).forget()


async def count(gateway: Gateway, table: str) -> int:
    (row,) = await gateway.rows(f"SELECT count(*) AS many FROM {table}")  # noqa: S608 - ours
    return int(row["many"])


async def test_answers_and_words_go_by_their_age(pair: Both) -> None:
    gateway, _ = pair
    async with gateway.database.transaction() as tx:
        for days in (1, 91, 431):
            await tx.connection.execute(
                "INSERT INTO answer (intake_id, accepted, reasons, answered_at)"
                " VALUES ($1, true, '[]'::jsonb, now() - make_interval(days => $2))",
                new_id(),
                days,
            )
            await tx.connection.execute(
                "INSERT INTO original_code (cause_id, subject, sealed, recorded_at)"
                " VALUES ($1, $2, '', now() - make_interval(days => $3))",
                str(days),
                new_id(),
                days,
            )
    gone = await after(gateway, 0)
    assert (gone["answer"], gone["original_code"]) == (1, 2)


async def test_a_received_record_is_a_repeat_as_long_as_it_is_known(pair: Both) -> None:
    sender, receiver = pair
    await one_sent(sender)
    await settle_both(sender, receiver)
    never = [await count(receiver, table) for table in KEPT_FOR_EVER]
    gone = await after(receiver, 399)
    assert (gone["exchange_inner"], gone["exchange_seen"]) == (0, 0)
    gone = await after(receiver, 401)
    assert (gone["exchange_inner"], gone["exchange_seen"]) == (1, 1)
    assert [await count(receiver, table) for table in KEPT_FOR_EVER] == never
    async with receiver.database.transaction() as tx:
        await tx.connection.execute("UPDATE exchange_pair_in SET read_offset = 0")
    settled = await receiver.read(SENDER)
    assert set(settled) == {Arrival.DUPLICATE}
    assert len(await receiver.facts("task-offered")) == 1


async def test_what_is_still_to_come_of_a_pair_is_never_forgotten(pair: Both) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    await settle_both(sender, receiver)
    await offer(sender, case_id)
    await sender.write(RECEIVER)
    async with receiver.database.transaction() as tx:
        await tx.connection.execute(
            "INSERT INTO exchange_seen (agency, epoch, seq, digest, seen_at)"
            " SELECT agency, epoch, upto + 1, 'other', now() FROM exchange_pair_in"
        )
    assert (await after(receiver, 401))["exchange_seen"] == 1
    assert await receiver.read(SENDER) == [Arrival.FORK]


async def test_a_poller_that_asks_for_what_was_forgotten_is_told_where_to_go_on(
    door: Door,
) -> None:
    async with door.database.transaction() as tx:
        await tx.connection.execute(ADD_ENTRIES)
        await tx.connection.execute("INSERT INTO feed_position (feed, last) VALUES ('answers', 4)")
    clock = FrozenClock(door.context.clock.wall())
    await Retention(door.database, clock, [keeps(KEPT)[0]]).forget()
    entries = await door.rows("SELECT position FROM feed_entry ORDER BY position")
    assert len(entries) == 4
    clock.advance(timedelta(days=30))
    keep = Retention(door.database, clock, [keeps(KEPT)[0]])
    assert await keep.forget() == {"feed_entry": 2}
    headers = as_("agency-system")
    told = await door.client.get("/v1/answers?after=0", headers=headers)
    assert told.status_code == 410
    assert told.json()["type"] == "urn:nrm:problem:no-longer-kept"
    assert NODE not in told.text
    upto = told.headers["Ask-After"]
    page = await door.client.get(f"/v1/answers?after={upto}", headers=headers)
    assert [each["position"] for each in page.json()["answers"]] == [3, 4]
