"""A process is killed in the middle of a list, on a real broker and a real database.

Nothing of the list may be there in part, nothing may be lost, and nothing may be there twice.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from deploy.local.kafka import KafkaServer
from services.chassis.database import Database
from services.chassis.failpoints import Failpoint
from tests.support.kafka import SESSION_SECONDS, MakeTopic, kafka_broker
from tests.support.postgres import ROLE, SCHEMA, Postgres
from tests.support.receiving import effects, envelope_of, make_effects, sent
from tests.support.waiting import until

SUBJECTS = ("a", "b", "c", "d")
NUMBERS = 6
ALL = [(subject, number) for number in range(1, NUMBERS + 1) for subject in SUBJECTS]


@asynccontextmanager
async def a_process(order: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """One process that handles lists; killed at the end if it still lives."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.batch_process"),
        env={**os.environ, "NRM_TEST": "1", **order},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def order(server: KafkaServer, topic: str, postgres: Postgres, folder: str) -> dict[str, str]:
    """What the process is told."""
    told = {
        "topic": topic,
        "kafka": {
            "name": "local",
            "bootstrap": server.bootstrap,
            "client_id": "nrm-test-batches",
            "session_seconds": SESSION_SECONDS,
        },
        "settings": {
            "node": "node-one",
            "service": "house",
            "database_url": postgres.url(ROLE),
            "database_schema": SCHEMA,
            "port": 0,
            "state_dir": folder,
        },
    }
    return {"NRM_BATCH_PROCESS": orjson.dumps(told).decode()}


@pytest_asyncio.fixture
async def told(
    house: Postgres, kafka_server: KafkaServer, kafka_topic: MakeTopic, tmp_path: Path
) -> dict[str, str]:
    """What a process is told, and everything on its topic."""
    await make_effects(house)
    topic = await asyncio.to_thread(kafka_topic, 1)
    broker = kafka_broker(kafka_server)
    producer = broker.producer()
    await producer.start()
    for event in ALL:
        await (await producer.send(sent(envelope_of(*event), topic=topic)))
    await producer.stop()
    await broker.close()
    return order(kafka_server, topic, house, str(tmp_path))


@pytest.mark.parametrize(
    ("failpoint", "kept"),
    [(f"{Failpoint.HANDLED_BEFORE_COMMIT}:3", 0), (str(Failpoint.SETTLED_BEFORE_FINISH), 1)],
)
async def test_a_list_is_there_whole_or_not_at_all_and_then_once(
    database: Database, told: dict[str, str], failpoint: str, kept: int
) -> None:
    async with a_process({**told, "NRM_FAILPOINT": failpoint}) as process:
        async with asyncio.timeout(90):
            assert await process.wait() == -signal.SIGKILL
    there = await effects(database)
    assert (len(there) > 1) == bool(kept), "in part, or not together"
    async with a_process(told) as process:

        async def everything() -> bool:
            assert process.returncode is None
            return len(await effects(database)) >= len(ALL)

        await until(everything, seconds=90)
    found = await effects(database)
    assert sorted(found) == sorted(ALL), "each once"
    for subject in SUBJECTS:
        assert [n for s, n in found if s == subject] == list(range(1, NUMBERS + 1))
