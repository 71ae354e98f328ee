"""The three processes of job 3 on the chassis: each a whole frame with web part and relay."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from benchmarks import event
from benchmarks.hop_plan import GROUP_SECONDS, MIDDLE, SINK, SOURCE, Plan
from benchmarks.house import fresh_work, open_frame, running, settings_at
from benchmarks.pace import Latencies, steadily
from benchmarks.wait import until
from services.chassis.audit import record
from services.chassis.frame import Bolts, Frame
from services.chassis.messaging.outbox import publish
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Handler, Received, Work

RoleOf = Callable[[Plan, Latencies], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _bolted(frame: Frame, *subscriptions: Subscriptions) -> AsyncIterator[None]:
    bolts = Bolts(routes=lambda _app: None, access={}, subscriptions=subscriptions)
    runnable = frame.bolt(bolts)
    async with running(runnable):
        await until(lambda: runnable.readiness().ok, every=0.05, seconds=GROUP_SECONDS)
        yield


def _reading(service: str, topic: str, event_type: str, handler: Handler) -> Subscriptions:
    return Subscriptions(consumer=service, topics=(topic,), handlers={event_type: handler})


@asynccontextmanager
async def _source(plan: Plan, _latencies: Latencies) -> AsyncIterator[None]:
    names = event.subjects()
    frame = await open_frame(settings_at(plan.where(), SOURCE))

    async def send(number: int) -> None:
        subject, sent_at = names[number % event.SUBJECTS], time.monotonic()
        async with frame.database.transaction() as tx:
            await frame.lock(tx, subject)
            fresh_work(frame, tx)
            publish(tx, event.body_of(subject, number, sent_at), subject=subject)

    async with _bolted(frame):
        sending = asyncio.create_task(steadily(plan.rate, plan.warm + plan.events, send))
        yield
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


@asynccontextmanager
async def _middle(plan: Plan, _latencies: Latencies) -> AsyncIterator[None]:
    async def handle(received: Received, work: Work) -> None:
        await event.change(received, work)
        subject = received.envelope.subject
        publish(work.transaction, event.outcome_of(received.body), subject=subject)
        record(work.transaction, actor=work.caller, action="settle-thing", subject=subject)

    frame = await open_frame(settings_at(plan.where(), MIDDLE))
    async with _bolted(frame, _reading(MIDDLE, event.THINGS, event.THING.type, handle)):
        yield


@asynccontextmanager
async def _sink(plan: Plan, latencies: Latencies) -> AsyncIterator[None]:
    async def handle(received: Received, work: Work) -> None:
        await event.change(received, work)
        sent_at = received.body.sent_at
        work.transaction.after_commit("benchmark", lambda: latencies.note(sent_at))

    frame = await open_frame(settings_at(plan.where(), SINK))
    async with _bolted(frame, _reading(SINK, event.OUTCOMES, event.OUTCOME.type, handle)):
        yield


ROLES: Final[Mapping[str, RoleOf]] = {SOURCE: _source, MIDDLE: _middle, SINK: _sink}
