"""A process that handles lists of events of one real topic, for tests that kill it.

``python -m tests.support.batch_process``; what it needs comes by ``NRM_BATCH_PROCESS`` (JSON),
where it is to die by ``NRM_FAILPOINT``. It runs until it is ended.
"""

import asyncio
import os
from dataclasses import replace

import orjson

from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.failpoints import failpoints_from
from services.chassis.messaging.inboxes import inbox_consumer
from services.chassis.messaging.kafka import KafkaBroker, KafkaSettings
from tests.support.receiving import House, context_of


async def consume() -> None:
    """Join the group and handle what is there."""
    given = orjson.loads(os.environ["NRM_BATCH_PROCESS"])
    settings = ServiceSettings(**given["settings"])
    database = await Database.open(settings)
    database.failpoints = failpoints_from(os.environ)
    house = House()
    topic = given["topic"]
    table = replace(house.subscriptions(together=True), topics=(topic,), consumer=topic)
    context = context_of(house, database, settings, subscriptions=table)
    broker = KafkaBroker(KafkaSettings(**given["kafka"]))
    await inbox_consumer(context, broker).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(consume())
