"""What has to be there before services start: databases, schemas, revisions, topics.

It runs in a process of its own, because the supervisor must stay without loop, thread and
connection until it has forked the services. Doing it again changes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from itertools import groupby

from deploy.local import broker_admin, buses, databases, topics
from deploy.local.addresses import DatabaseAddress
from deploy.local.credentials import Credentials, make_credentials
from deploy.local.failures import NotReady, StackFailure
from deploy.local.kafka import KafkaServer
from deploy.local.layout import StateFolder
from deploy.local.postgres import PostgresServer
from deploy.local.shapes import TopicShape
from deploy.local.topology import Topology

READY_SECONDS = 120.0
PAUSE_SECONDS = 0.05


def set_up(state: StateFolder, topology: Topology, brokers: Mapping[str, KafkaServer]) -> None:
    """Wait for all servers and bring everything to the form that services expect."""
    asyncio.run(_set_up(state, topology, brokers))


async def _set_up(
    state: StateFolder, topology: Topology, brokers: Mapping[str, KafkaServer]
) -> None:
    shares = buses.buses_of(brokers).shares(topics.wanted_topics(topology))
    making = [
        asyncio.to_thread(_make_topics, server, shares[server.bootstrap])
        for server in brokers.values()
    ]
    await asyncio.gather(_make_databases(state, topology), *making)


async def _make_databases(state: StateFolder, topology: Topology) -> None:
    server = PostgresServer(state.postgres)
    deadline = time.monotonic() + READY_SECONDS
    while not await asyncio.to_thread(server.answers):
        if time.monotonic() > deadline:
            raise server.why_not_ready()
        await asyncio.sleep(PAUSE_SECONDS)
    credentials = make_credentials(state, topology)
    await databases.provision(server, topology, credentials)
    await migrate(server, topology, credentials)


async def migrate_again(state: StateFolder, topology: Topology) -> None:
    """Do it on a database that runs already."""
    server = PostgresServer(state.postgres)
    if not server.running():
        raise StackFailure("The database does not run: start it with `nrm up`.")
    credentials = make_credentials(state, topology)
    await databases.provision(server, topology, credentials)
    await migrate(server, topology, credentials)


async def migrate(server: DatabaseAddress, topology: Topology, credentials: Credentials) -> None:
    """Bring every schema to the newest revision, as the owner."""
    from services.chassis.schema import SchemaTarget, migrate_all  # noqa: PLC0415 - takes a second

    for database, units in groupby(topology.units, key=lambda unit: unit.database):
        targets = [
            SchemaTarget(
                schema=unit.schema,
                role=unit.role,
                service_migrations=unit.migrations if unit.migrations.is_dir() else None,
            )
            for unit in units
        ]
        await migrate_all(credentials.owner_url(server, database), targets)


def _make_topics(server: KafkaServer, wanted: tuple[TopicShape, ...]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not broker_admin.answers(server.bootstrap, seconds=1.0):
        if time.monotonic() > deadline:
            raise (
                server.why_not_ready()
                if not server.running()
                else NotReady(
                    f"The broker gave no metadata within {READY_SECONDS:.0f} s: see {server.log}."
                )
            )
        time.sleep(PAUSE_SECONDS)
    topics.make_topics(server.bootstrap, wanted)
