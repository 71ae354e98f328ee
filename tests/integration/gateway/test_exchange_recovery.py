"""What goes wrong between two gateways, on real PostgreSQL: lost, doubled, forked, restored."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from services.chassis.clock import FrozenClock, new_id
from services.chassis.messaging.broker import OutgoingRecord
from services.gateway.domain.exchange import Arrival
from services.gateway.domain.wrapping import unwrap, wrap
from services.gateway.handlers.exchange.receiving import Outcome
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_exchange import (
    FORTH,
    NOW,
    RECEIVER,
    SENDER,
    Both,
    hub_of,
    lose,
    offer,
    on_the_hub,
    one_sent,
    settle_both,
    two_gateways,
)
from tests.support.postgres import Postgres

__all__ = ["pair"]


async def test_what_the_hub_loses_is_sent_again_and_handled_once(pair: Both) -> None:
    sender, receiver = pair
    await one_sent(sender)
    lose(sender)
    await sender.write(RECEIVER)  # a writer that begins repeats what has no receipt
    await sender.write(RECEIVER)
    first, second = on_the_hub(sender)
    assert first == second
    assert await receiver.read(SENDER) == [Arrival.NEXT, Arrival.DUPLICATE]
    assert len(await receiver.facts("task-offered")) == 1


async def test_a_number_beyond_the_next_is_dropped_and_comes_again(pair: Both) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    await offer(sender, case_id)
    lose(sender)
    await sender.write(RECEIVER)
    lose(sender, 1)
    assert Arrival.AHEAD in await receiver.read(SENDER)
    assert await receiver.facts("task-offered") == []
    await settle_both(sender, receiver)
    assert len(await receiver.facts("task-offered")) == 2


async def test_another_record_under_a_number_is_a_fork_and_ends_in_a_new_epoch(
    pair: Both,
) -> None:
    sender, receiver = pair
    await one_sent(sender)
    (record,) = on_the_hub(sender)
    unwrapped = unwrap(record)
    assert unwrapped.inner is not None
    other = wrap(replace(unwrapped.head, id=new_id()), unwrapped.inner)
    async with receiver.database.transaction() as tx:  # seen first: the other one
        await tx.connection.execute(
            "INSERT INTO exchange_seen VALUES ($1, $2, $3, $4, now())",
            SENDER,
            unwrapped.head.epoch,
            unwrapped.head.seq,
            unwrap(other).digest,
        )
    assert await receiver.read(SENDER) == [Arrival.FORK]
    (book,) = await receiver.rows("SELECT stuck, alarm, upto FROM exchange_pair_in")
    assert book == {"stuck": True, "alarm": "fork", "upto": 0}
    await receiver.report(SENDER)
    await sender.read(RECEIVER)
    await settle_both(sender, receiver)
    (book,) = await receiver.rows("SELECT stuck, upto FROM exchange_pair_in")
    assert book == {"stuck": False, "upto": 1}
    assert len(await receiver.facts("task-offered")) == 1


async def test_an_expired_record_gets_the_pair_stuck_until_a_new_epoch(
    postgres_server: Postgres, door_template: str, tmp_path: Path
) -> None:
    clock = FrozenClock(NOW)
    async with two_gateways(postgres_server, door_template, tmp_path, clock=clock) as both:
        sender, receiver = both
        await one_sent(sender)
        clock.advance(timedelta(days=6))
        assert await receiver.read(SENDER) == [Arrival.EXPIRED]
        await receiver.report(SENDER)
        await sender.read(RECEIVER)
        await settle_both(sender, receiver)
        assert len(await receiver.facts("task-offered")) == 1
        (told,) = await sender.facts("sending-delivered")
        assert told["body"]["recipient"] == RECEIVER


async def test_bytes_that_are_no_record_and_types_that_do_not_travel_stop_nothing(
    pair: Both,
) -> None:
    sender, receiver = pair
    producer = hub_of(sender).producer()
    await producer.start()
    await one_sent(sender)
    (record,) = on_the_hub(sender)
    unwrapped = unwrap(record)
    assert unwrapped.inner is not None
    inside = orjson.loads(unwrapped.inner)
    inside["type"] = "org.nrm.identification.case-opened.v1"
    lose(sender)
    for value in (b"nonsense", wrap(unwrapped.head, orjson.dumps(inside))):
        await producer.send(OutgoingRecord(FORTH, None, value, partition=0))
    assert await receiver.read(SENDER) == [Outcome.FOREIGN, Outcome.PARKED]
    (parked,) = await receiver.rows("SELECT sealed, error FROM exchange_parked")
    assert parked["error"] == "NotForUs"
    assert b"case-opened" not in parked["sealed"]
    (book,) = await receiver.rows("SELECT upto, alarm FROM exchange_pair_in")
    assert book == {"upto": 1, "alarm": "parked"}
    assert await receiver.facts() == []


@pytest.mark.parametrize("far", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
async def test_a_record_with_a_time_of_no_age_is_put_aside_and_the_next_comes_in(
    pair: Both, far: str
) -> None:
    sender, receiver = pair
    producer = hub_of(sender).producer()
    await producer.start()
    for _ in range(2):
        await one_sent(sender)
    first, *_again, second = on_the_hub(sender)
    unwrapped = unwrap(first)
    assert unwrapped.inner is not None
    inside = orjson.loads(unwrapped.inner)
    inside["data"]["answer_by"] = far
    lose(sender)
    for value in (wrap(unwrapped.head, orjson.dumps(inside)), second):
        await producer.send(OutgoingRecord(FORTH, None, value, partition=0))
    assert await receiver.read(SENDER) == [Outcome.PARKED, Arrival.NEXT]
    (parked,) = await receiver.rows("SELECT error FROM exchange_parked")
    assert parked["error"] == "MalformedEvent"
    assert len(await receiver.facts("task-offered")) == 1


async def test_a_restored_sender_opens_a_new_epoch_and_says_nothing_twice(pair: Both) -> None:
    sender, receiver = pair
    await one_sent(sender)
    await receiver.read(SENDER)
    sender.database.epoch += 1
    await sender.write(RECEIVER)
    first, second = (unwrap(record).head for record in on_the_hub(sender))
    assert second.epoch > first.epoch
    assert second.seq == 1
    assert await receiver.read(SENDER) == [Arrival.NEXT]
    assert len(await receiver.facts("task-offered")) == 1
    await receiver.report(SENDER)
    await sender.read(RECEIVER)
    assert len(await sender.facts("sending-delivered")) == 1


async def test_a_receiver_that_went_back_is_noticed_and_gets_what_has_no_receipt(
    pair: Both,
) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    await settle_both(sender, receiver)
    async with receiver.database.transaction() as tx:
        for table in ("pair_in", "seen", "inner"):
            await tx.connection.execute(f"DELETE FROM exchange_{table}")  # noqa: S608
    lose(sender)
    await receiver.report(SENDER)
    await sender.read(RECEIVER)
    (book,) = await sender.rows("SELECT alarm FROM exchange_pair_out")
    assert book["alarm"] == "receiver-went-back"
    await offer(sender, case_id)
    await settle_both(sender, receiver)
    assert len(await receiver.facts("task-offered")) == 2
