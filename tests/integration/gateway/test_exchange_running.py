"""The exchange as it runs: all loops of two gateways, on the hub in memory and on real Kafka."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from contracts.statistics import CountsContributed, NoisyTable, PlanPublished
from deploy.local import broker_admin
from deploy.local.kafka import KafkaServer
from deploy.local.shapes import TopicShape
from services.chassis.clock import new_id
from services.chassis.database import Transaction
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.messaging.work import Received
from services.gateway.handlers.exchange import exchange_parts, hub_subscriptions
from services.gateway.handlers.exchange.statistics import PLAN
from services.gateway.store.exchange import sendings
from services.gateway.store.exchange.sendings import Sending
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_exchange import (
    NOW,
    QUICK,
    RECEIVER,
    SENDER,
    THIRD,
    Gateway,
    a_policy_row,
    an_envelope,
    an_offer,
    hub_topics,
    progress_on,
    two_gateways,
)
from tests.support.kafka import kafka_broker, kafka_server
from tests.support.postgres import Postgres
from tests.support.waiting import until

__all__ = ["kafka_server", "pair"]
Both = tuple[Gateway, Gateway]


@asynccontextmanager
async def running(*gateways: Gateway) -> AsyncIterator[None]:
    """Every part of these gateways runs."""
    stop = asyncio.Event()
    parts = [part for gateway in gateways for part in exchange_parts(gateway.context)]
    tasks = [asyncio.create_task(part.run(stop)) for part in parts]
    try:
        yield
        for part, task in zip(parts, tasks, strict=True):
            assert part.readiness().ok, part.readiness().detail
            assert not task.done() or task.result() is None
    finally:
        stop.set()
        await asyncio.gather(*tasks)


def facts_there(gateway: Gateway, happened: str, count: int) -> Callable[[], Awaitable[bool]]:
    async def there() -> bool:
        return len(await gateway.facts(happened)) >= count

    return there


async def the_loop_goes_round(sender: Gateway, receiver: Gateway, count: int) -> None:
    """Offers there, progress back, a withdrawal: every step by the running loops."""
    cases = [new_id() for _ in range(count)]
    for case_id in cases:
        await sender.consent_to(case_id, receiver.name)
        await sender.outgoing(an_offer(counted_by=sender.name), receiver.name, case_id)
    await until(facts_there(receiver, "task-offered", count), seconds=60)
    await until(facts_there(sender, "sending-delivered", count), seconds=60)
    for fact in await receiver.facts("task-offered"):
        task_id = UUID(fact["body"]["task_id"])
        await receiver.outgoing(progress_on(task_id), sender.name, UUID(fact["key"]))
    await until(facts_there(sender, "task-progressed", count), seconds=60)
    progressed = await sender.facts("task-progressed")
    assert {fact["key"] for fact in progressed} == {str(case_id) for case_id in cases}
    await sender.withdraw(cases[0])
    await until(facts_there(receiver, "sharing-stopped", 1), seconds=60)


async def test_the_loop_goes_round_on_the_hub_in_memory(pair: Both) -> None:
    async with running(*pair):
        await the_loop_goes_round(*pair, count=20)


async def test_a_hub_that_fails_for_a_while_loses_nothing_and_doubles_nothing(pair: Both) -> None:
    sender, receiver = pair
    hub = sender.context.hub
    assert isinstance(hub, MemoryBroker)
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    async with running(*pair):
        for number in range(30):
            await sender.outgoing(an_offer(), RECEIVER, case_id)
            hub.faults.down = number % 10 in (3, 4, 5)
            hub.faults.lose_acks = hub.faults.duplicates = int(number % 7 == 0)
            await asyncio.sleep(0.02)
        hub.faults.down = False
        await until(facts_there(sender, "sending-delivered", 30), seconds=60)
    assert len(await receiver.facts("task-offered")) == 30
    assert await sender.rows("SELECT 1 FROM exchange_sending") == []


@pytest_asyncio.fixture
async def seldom(
    postgres_server: Postgres, door_template: str, tmp_path: Path
) -> AsyncIterator[Both]:
    """Two gateways whose writers and reporters do nothing by themselves for ten minutes."""
    limits = replace(QUICK, repeat_seconds=600.0, receipt_seconds=600.0)
    async with two_gateways(postgres_server, door_template, tmp_path, limits=limits) as both:
        yield both


@dataclass
class Asked:
    """For whom the queues were asked, and how often all were looked at."""

    agencies: list[str] = field(default_factory=list)
    looks: int = 0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Counted from now on."""
    counted = Asked()
    first, waiting = sendings.first_queued, sendings.agencies_waiting

    async def first_queued(tx: Transaction, agency: str) -> Sending | None:
        found = await first(tx, agency)
        counted.agencies.append(agency)
        return found

    async def agencies_waiting(tx: Transaction) -> frozenset[str]:
        counted.looks += 1
        return await waiting(tx)

    monkeypatch.setattr(sendings, "first_queued", first_queued)
    monkeypatch.setattr(sendings, "agencies_waiting", agencies_waiting)
    return counted


async def test_a_pair_with_nothing_to_send_is_left_alone(seldom: Both, asked: Asked) -> None:
    """Each round locks a row and commits: an idle gateway would do so for every agency."""
    async with running(*seldom):
        await until(lambda: asked.looks >= 20)
    assert asked.agencies.count(THIRD) == len(seldom)  # the two themselves have receipts


async def test_what_was_queued_and_woke_nobody_leaves_by_the_next_look(
    seldom: Both, asked: Asked
) -> None:
    """As when a process ends between the commit and the call."""
    sender, receiver = seldom
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    async with running(*seldom):
        await until(lambda: RECEIVER in asked.agencies and SENDER in asked.agencies)
        listening = dict(sender.context.wakes)
        sender.context.wakes.clear()
        await sender.outgoing(an_offer(), RECEIVER, case_id)
        sender.context.wakes.update(listening)
        await until(facts_there(receiver, "task-offered", 1))


async def test_a_suspension_holds_and_its_end_lets_go(seldom: Both) -> None:
    sender, receiver = pair = seldom
    async with running(*pair):
        for gateway in pair:
            await gateway.take_policy(a_policy_row(2, suspended=(RECEIVER,)))
        case_id = new_id()
        await sender.consent_to(case_id, RECEIVER)
        await sender.outgoing(an_offer(), RECEIVER, case_id)
        await sender.withdraw(case_id)  # never told anything: nothing to notify
        other = new_id()
        await sender.consent_to(other, RECEIVER)
        await sender.outgoing(an_offer(), RECEIVER, other)
        for gateway in pair:
            await gateway.take_policy(a_policy_row(3))
        await until(facts_there(receiver, "task-offered", 1), seconds=30)
        await until(facts_there(sender, "sending-refused", 1), seconds=30)
    assert await receiver.facts("sharing-stopped") == []


async def test_the_loop_goes_round_on_real_kafka(
    postgres_server: Postgres, door_template: str, tmp_path: Path, kafka_server: KafkaServer
) -> None:
    tag = f"t{secrets.token_hex(4)}-"
    names = [TopicShape(name, 1, {}) for name in hub_topics(tag)]
    broker_admin.create(kafka_server.bootstrap, names)
    hub = kafka_broker(kafka_server, name="hub")
    limits = replace(QUICK, fetch_seconds=0.5, repeat_seconds=2.0)
    try:
        async with (
            two_gateways(
                postgres_server, door_template, tmp_path, hub, tag=tag, limits=limits
            ) as both,
            running(*both),
        ):
            await the_loop_goes_round(*both, count=20)
    finally:
        await hub.close()


def a_plan(**changes: Any) -> PlanPublished:
    given: dict[str, Any] = {
        "plan_id": new_id(),
        "dataset": "identified",
        "protocol": "source-noise",
        "vintage": "P",
        "period_start": NOW,
        "period_end": NOW,
        "cut_off_at": NOW,
        "window_closes_at": NOW,
        "publish_at": NOW,
        "minimum_nodes": 1,
        "roster": (SENDER,),
        "custodians": ("custodian-one",),
        "tables": (
            {"table": "t", "cells": ("a",), "clip": 1, "rho": "1/2", "sigma_squared": "1/1"},
        ),
    }
    return PlanPublished(**{**given, **changes})


def counts_for(plan: PlanPublished) -> CountsContributed:
    return CountsContributed(
        plan_id=plan.plan_id,
        submission_id=new_id(),
        tables=(NoisyTable(table="t", values=(3,)),),
    )


async def copied(gateway: Gateway, plan: PlanPublished) -> None:
    """The plan arrives from the hub."""
    envelope = an_envelope("hub", PLAN, plan.plan_id)
    handler = hub_subscriptions(gateway.context).handlers[PLAN]
    async with gateway.database.transaction() as tx:
        work = gateway.context.work(tx, envelope.id)
        await handler(Received(envelope=envelope, body=plan), work)


@pytest.mark.parametrize(
    ("roster", "recipient", "reason"),
    [
        ((SENDER,), "custodian-one", None),
        ((RECEIVER,), "custodian-one", "no-basis"),
        ((SENDER,), "custodian-two", "unknown-recipient"),
    ],
)
async def test_counts_leave_only_for_the_plan_that_asks_this_node(
    pair: Both, roster: tuple[str, ...], recipient: str, reason: str | None
) -> None:
    sender, _ = pair
    plan = a_plan(roster=roster)
    await copied(sender, plan)
    (copy,) = await sender.rows("SELECT topic, type FROM outbox")
    assert copy == {"topic": f"nrm.local.{SENDER}.statistics.v1", "type": PLAN}
    outgoing_id = await sender.outgoing(counts_for(plan), recipient, plan.plan_id)
    contributed = await sender.rows(
        "SELECT key, headers FROM outbox WHERE topic = 'nrm.statistics.contribution.v1'"
    )
    refused = [fact["body"]["reason"] for fact in await sender.facts("sending-refused")]
    assert refused == ([reason] if reason else [])
    assert len(contributed) == (0 if reason else 1)
    for row in contributed:
        assert row["key"] == str(plan.plan_id)
        assert str(outgoing_id) not in str(row["headers"])


async def test_a_plan_id_with_another_body_is_skipped_and_a_suspended_node_sends_no_counts(
    pair: Both,
) -> None:
    sender, _ = pair
    plan = a_plan()
    await copied(sender, plan)
    await copied(sender, plan.model_copy(update={"minimum_nodes": 2}))
    assert len(await sender.rows("SELECT 1 FROM outbox")) == 1
    differs = "SELECT subject FROM audit WHERE action = 'exchange.plan-differs'"
    assert await sender.rows(differs) == [{"subject": str(plan.plan_id)}]
    await sender.take_policy(a_policy_row(2, suspended=(SENDER,)))
    await sender.outgoing(counts_for(plan), "custodian-one", plan.plan_id)
    (refused,) = await sender.facts("sending-refused")
    assert refused["body"]["reason"] == "not-a-participant"
