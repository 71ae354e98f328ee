"""The three processes of job 3 on FastStream and faststream-outbox, with their defaults.

Written as their documentation shows it: a session, ``publish`` into the outbox, a relay between a
queue and a Kafka publisher. Where an order of processing matters (no loss on an error) the
acknowledgement is after the handler.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from faststream import AckPolicy
from faststream.kafka import KafkaMessage
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from benchmarks import event, handler_library
from benchmarks.fso import QUEUE, Library, library_at, relay_rows
from benchmarks.hop_plan import GROUP_SECONDS, MIDDLE, SINK, SOURCE, Plan
from benchmarks.pace import Latencies, steadily
from benchmarks.servers import Place
from benchmarks.wait import until
from services.chassis.clock import new_id

RoleOf = Callable[[Plan, Latencies], AbstractAsyncContextManager[None]]


def _headers(place: Place, subject: str, number: int) -> dict[str, str]:
    return {
        "ce_id": str(new_id()),
        "ce_source": f"urn:nrm:{place.node}:library",
        "ce_type": event.THING.type,
        "ce_subject": subject,
        "ce_sequence": str(number + 1),
        "ce_traceparent": event.TRACEPARENT,
        "ce_specversion": "1.0",
    }


@asynccontextmanager
async def _source(plan: Plan, _latencies: Latencies) -> AsyncIterator[None]:
    place, names = plan.where(), event.subjects()
    async with library_at(place, name=SOURCE) as library:
        relay_rows(library, place.topic(event.THINGS))
        sessions = async_sessionmaker(library.engine, expire_on_commit=False)

        async def send(number: int) -> None:
            subject, sent_at = names[number % event.SUBJECTS], time.monotonic()
            async with sessions() as session, session.begin():
                await library.outbox.publish(
                    event.body_of(subject, number, sent_at).model_dump(mode="json"),
                    queue=QUEUE,
                    session=session,
                    headers=_headers(place, subject, number),
                )

        await library.kafka.start()
        await library.outbox.start()
        sending = asyncio.create_task(steadily(plan.rate, plan.warm + plan.events, send))
        yield
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


@asynccontextmanager
async def _reader(
    library: Library, topic: str, handle: Callable[..., Any], done: Callable[[Any], None]
) -> AsyncIterator[None]:
    sessions = async_sessionmaker(library.engine, expire_on_commit=False)

    @library.kafka.subscriber(
        topic,
        group_id=f"{topic}.library",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def settle(body: event.Thing, message: KafkaMessage) -> None:
        async with sessions() as session, session.begin():
            await handle(session, body, message)
        done(body)

    await library.kafka.start()
    await library.outbox.start()
    await until(lambda: _assigned(library), every=0.05, seconds=GROUP_SECONDS)
    yield


def _assigned(library: Library) -> bool:
    consumers = [getattr(each, "consumer", None) for each in library.kafka.subscribers]
    return all(each is not None and bool(each.assignment()) for each in consumers)


@asynccontextmanager
async def _middle(plan: Plan, _latencies: Latencies) -> AsyncIterator[None]:
    place = plan.where()
    async with library_at(place, name=MIDDLE) as library:
        relay_rows(library, place.topic(event.OUTCOMES))

        async def handle(session: AsyncSession, body: event.Thing, message: KafkaMessage) -> None:
            if await handler_library.enter(session, body, message):
                await handler_library.audit(session, message)
                await library.outbox.publish(
                    event.outcome_of(body).model_dump(mode="json"),
                    queue=QUEUE,
                    session=session,
                    headers={
                        name: str(text)
                        for name, text in message.headers.items()
                        if name.startswith("ce_")
                    },
                )

        async with _reader(library, place.topic(event.THINGS), handle, lambda _body: None):
            yield


@asynccontextmanager
async def _sink(plan: Plan, latencies: Latencies) -> AsyncIterator[None]:
    place = plan.where()

    def done(body: event.Thing) -> None:
        latencies.note(body.sent_at)

    async with (
        library_at(place, name=SINK) as library,
        _reader(library, place.topic(event.OUTCOMES), handler_library.enter, done),
    ):
        yield


ROLES: Final[Mapping[str, RoleOf]] = {SOURCE: _source, MIDDLE: _middle, SINK: _sink}
