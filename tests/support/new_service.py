"""A service that comes new to a topic: notes each event and publishes a consequence of it.

Run as a process of its own, so that it can be killed like one: what it is given is one line of
JSON. It says ``ready`` once its consumer is. Nothing of the domain may be here.
"""

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from contracts.envelope import Classification
from services.chassis.clock import SystemClock
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.failpoints import failpoints_from
from services.chassis.messaging.inboxes import inbox_consumer
from services.chassis.messaging.kafka import KafkaBroker, KafkaSettings
from services.chassis.messaging.outbox import Outbox, publish
from services.chassis.messaging.relay import Relay, RelayContext
from services.chassis.messaging.work import Received, Work
from services.chassis.telemetry import Telemetry
from tests.support.receiving import House, context_of

CONSUMER = "newcomer"
SESSION_SECONDS = 6.0


class Noted(BaseModel):
    """What follows from each event."""

    number: int


@dataclass(frozen=True)
class Spec:
    """The one type that it publishes."""

    topic: str
    type: str = "org.nrm.house.noted.v1"
    dataschema: str = "urn:nrm:schema:org.nrm.house.noted.v1.0"
    classification: Classification = Classification.CASE_CODED


@dataclass(frozen=True)
class Given:
    """What one life of the process is told."""

    bootstrap: str
    reads: str
    writes: str
    settings: dict[str, Any]


async def run(given: Given) -> None:
    """Consumer and relay, until the process is ended."""
    settings = ServiceSettings(**{**given.settings, "state_dir": Path(given.settings["state_dir"])})
    async with AsyncExitStack() as stack:
        database = await Database.open(settings)
        stack.push_async_callback(database.close)
        database.failpoints = failpoints_from(os.environ)
        Outbox(spec_for=lambda *_: Spec(given.writes)).install(database)
        broker = KafkaBroker(
            KafkaSettings(
                name="local",
                bootstrap=given.bootstrap,
                client_id=CONSUMER,
                slot=0,
                session_seconds=SESSION_SECONDS,
            )
        )
        stack.push_async_callback(broker.close)
        relay = Relay(
            RelayContext(
                database=database,
                broker=broker,
                clock=SystemClock(),
                telemetry=Telemetry(settings),
            )
        )
        house = House(behave=follow)
        subscriptions = replace(house.subscriptions(), consumer=CONSUMER, topics=(given.reads,))
        consumer = inbox_consumer(
            context_of(house, database, settings, subscriptions=subscriptions), broker
        )
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(relay.run(stop))
            group.create_task(consumer.run(stop))


def follow(received: Received, work: Work) -> None:
    """The consequence of one event."""
    number = received.envelope.sequence or 0
    publish(work.transaction, Noted(number=number), subject=received.envelope.subject)


if __name__ == "__main__":
    asyncio.run(run(Given(**json.loads(sys.argv[1]))))
