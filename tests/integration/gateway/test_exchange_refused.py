"""What a gateway does not take from another one, and what becomes of it."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from services.chassis.clock import new_id
from services.chassis.errors import InfrastructureFailure
from services.gateway.domain.exchange import Arrival
from services.gateway.handlers.exchange import effects
from services.gateway.handlers.exchange.pairs import ExchangePart
from services.gateway.handlers.exchange.parking import redrive
from services.gateway.handlers.exchange.receiving import Outcome
from services.gateway.store.exchange.parked import discard_parked, parked, redrive_parked
from services.gateway.store.policy import PolicyRow
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_exchange import (
    RECEIVER,
    SENDER,
    Both,
    Gateway,
    a_cancellation,
    a_policy_row,
    one_sent,
    settle_both,
)
from tests.support.waiting import until

__all__ = ["pair"]


def permitting(version: int, *purposes: str) -> PolicyRow:
    """A newer version in which the sender may ask only for these."""
    row = a_policy_row(version)
    for each in row.document["pairs"]:
        each["purposes"] = list(purposes) if each["sender"] == SENDER else []
    return row


@asynccontextmanager
async def running(gateway: Gateway) -> AsyncIterator[ExchangePart]:
    """The exchange of one node, running."""
    part, stop = ExchangePart(gateway.context), asyncio.Event()
    task = asyncio.create_task(part.run(stop))
    try:
        yield part
    finally:
        stop.set()
        await task


def number(gateway: Gateway, name: str) -> float:
    """What an operator reads of one number, -1 while it is not told."""
    text = gateway.context.telemetry.render_metrics().decode()
    told = [line for line in text.splitlines() if line.startswith(f"nrm_{name} ")]
    return float(told[0].rpartition(" ")[2]) if told else -1.0


async def test_what_is_open_and_with_how_many_something_is_wrong_are_numbers(pair: Both) -> None:
    sender, receiver = pair
    await one_sent(sender)
    await sender.rows("UPDATE exchange_sending SET queued_at = queued_at - interval '1 hour'")
    async with running(sender) as part:
        await until(lambda: number(sender, "exchange_depth") == 1)
        assert number(sender, "exchange_age_seconds") >= 3600
        await receiver.read(SENDER)
        await receiver.report(SENDER)
        await until(lambda: number(sender, "exchange_depth") == 0)
        assert number(sender, "exchange_age_seconds") == 0
        assert number(sender, "exchange_alarms") == 0
        await sender.rows(
            "UPDATE exchange_pair_out SET alarm = 'forgot' WHERE agency = $1", RECEIVER
        )
        await until(lambda: number(sender, "exchange_alarms") == 1)
        assert (part.readiness().ok, part.readiness().detail) == (True, f"alarm: {RECEIVER}")
    names = sender.context.telemetry.render_metrics().decode()
    assert RECEIVER not in names


@pytest.mark.parametrize(
    ("permitted", "outcome"), [("hand-over", Outcome.PARKED), ("referral", Arrival.NEXT)]
)
async def test_what_the_registry_does_not_let_the_sender_send_is_put_aside(
    pair: Both, permitted: str, outcome: object
) -> None:
    sender, receiver = pair
    await receiver.take_policy(permitting(2, permitted))
    await one_sent(sender)
    assert await receiver.read(SENDER) == [outcome]
    aside = await receiver.rows("SELECT error FROM exchange_parked")
    (book,) = await receiver.rows("SELECT alarm, upto FROM exchange_pair_in")
    if outcome is Outcome.PARKED:
        assert aside == [{"error": "NotForUs"}]
        assert book == {"alarm": "parked", "upto": 1}
        assert await receiver.facts("task-offered") == []
    else:
        assert (aside, book) == ([], {"alarm": None, "upto": 1})


async def test_a_cancellation_comes_in_whatever_the_registry_permits_now(pair: Both) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    await settle_both(sender, receiver)
    await receiver.take_policy(permitting(2))
    await sender.outgoing(a_cancellation(new_id()), RECEIVER, case_id)
    await sender.write(RECEIVER)
    await receiver.read(SENDER)
    assert len(await receiver.facts("offer-withdrawn")) == 1


@pytest.mark.parametrize("act", [redrive_parked, discard_parked])
async def test_what_is_parked_is_shown_until_an_operator_settled_it(pair: Both, act: Any) -> None:
    sender, receiver = pair
    await receiver.take_policy(permitting(2, "hand-over"))
    await one_sent(sender)
    await receiver.read(SENDER)
    async with running(receiver) as part:
        await until(lambda: part.readiness().detail == "parked: 1")
        assert part.readiness().ok
        assert number(receiver, "exchange_parked") == 1
        assert number(receiver, "exchange_parked_age_seconds") > 0
        await receiver.take_policy(a_policy_row(3))
        async with receiver.database.transaction() as tx:
            (found,) = await parked(tx)
            assert (found.agency, found.error, found.again) == (SENDER, "NotForUs", False)
            await act(tx, found.id, actor="operator", reason="mended")
        await until(lambda: part.readiness().detail == "")
        assert number(receiver, "exchange_parked") == 0
    assert await receiver.rows("SELECT 1 FROM exchange_parked") == []
    assert len(await receiver.facts("task-offered")) == (1 if act is redrive_parked else 0)


async def test_an_agency_with_too_much_parked_is_read_no_further_until_there_is_room(
    pair: Both,
) -> None:
    sender, receiver = pair
    limits = dataclasses.replace(receiver.context.limits, parked_each=2)
    receiver = Gateway(
        name=receiver.name,
        context=dataclasses.replace(receiver.context, limits=limits),
        line=receiver.line,
    )
    await receiver.take_policy(permitting(2, "hand-over"))
    for _ in range(4):
        await one_sent(sender)
    async with running(receiver) as part:
        await until(lambda: number(receiver, "exchange_full") == 1)
        assert part.readiness().ok
        assert "not read, too much is parked: 1; parked: 2" in part.readiness().detail
        assert number(receiver, "exchange_alarms") == 0
        for left in (2, 1):
            async with receiver.database.transaction() as tx:
                found = await parked(tx)
                assert len(found) == 2
                await discard_parked(tx, found[0].id, actor="operator", reason="made-room")
            await until(partial(_read_up_to, receiver, 5 - left))
        await receiver.take_policy(a_policy_row(3))
    acts = await receiver.rows("SELECT 1 FROM audit WHERE action = 'exchange.parking-full'")
    assert 1 <= len(acts) <= 3, "told each time it begins, not each time it is looked at"


async def _read_up_to(gateway: Gateway, upto: int) -> bool:
    async with gateway.database.transaction() as tx:
        waits = await tx.connection.fetchval("SELECT count(*) FROM exchange_parked")
        found = await tx.connection.fetchval("SELECT upto FROM exchange_pair_in")
    return bool(found >= upto and waits == 2)


async def test_what_fails_again_stays_parked(pair: Both) -> None:
    sender, receiver = pair
    await receiver.take_policy(permitting(2, "hand-over"))
    await one_sent(sender)
    await receiver.read(SENDER)
    async with receiver.database.transaction() as tx:
        (found,) = await parked(tx)
        await redrive_parked(tx, found.id, actor="operator", reason="hoped")
    await redrive(receiver.context)
    async with receiver.database.transaction() as tx:
        assert await parked(tx) == [found]


async def test_a_notice_is_never_parked_the_pair_is_stuck_until_it_is_handled(
    pair: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    await settle_both(sender, receiver)
    await sender.withdraw(case_id)
    await sender.write(RECEIVER)

    async def fails(*_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(effects, "receive_notice", fails)
        assert (await receiver.read(SENDER))[-1] is Arrival.UNREADABLE
    assert await receiver.rows("SELECT 1 FROM exchange_parked") == []
    (book,) = await receiver.rows("SELECT stuck, alarm FROM exchange_pair_in")
    assert book == {"stuck": True, "alarm": "unreadable"}
    await receiver.report(SENDER)
    await sender.read(RECEIVER)
    await settle_both(sender, receiver)
    assert len(await receiver.facts("sharing-stopped")) == 1
    (book,) = await receiver.rows("SELECT stuck, alarm FROM exchange_pair_in")
    assert book == {"stuck": False, "alarm": None}


async def test_a_handler_that_takes_too_long_makes_the_pair_wait(
    pair: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, receiver = pair
    await one_sent(sender)

    async def hangs(*_: Any) -> None:
        raise TimeoutError

    with monkeypatch.context() as broken:
        broken.setattr(effects, "deliver", hangs)
        with pytest.raises(InfrastructureFailure):
            await receiver.read(SENDER)
    assert await receiver.rows("SELECT 1 FROM exchange_parked") == []
    assert await receiver.read(SENDER) == [Arrival.NEXT]
