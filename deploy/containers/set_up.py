"""The one-shot job of one node: roles, schemas, revisions, topics; then it ends.

It runs as the owner of the node's database and the administrator of its broker, which no service
does, and knows nothing of any other node.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import asyncpg

from deploy.containers.inside import HUB, MOUNTED
from deploy.local import broker_admin, databases, topics
from deploy.local.addresses import SUPERUSER, DatabaseAt
from deploy.local.credentials import make_credentials
from deploy.local.failures import NotReady, StackFailure
from deploy.local.layout import StateFolder
from deploy.local.setting_up import READY_SECONDS, migrate
from deploy.local.shapes import TopicShape
from deploy.local.topology import Topology
from services.chassis.messaging.broker import LOCAL, bus_of

NODE, DATABASE, BROKER = "NRM_SET_UP_NODE", "NRM_SET_UP_DATABASE", "NRM_SET_UP_BROKER"
PAUSE_SECONDS = 0.2
CONNECT_SECONDS = 5.0
ATTEMPTS = 5


def set_up(topology: Topology, environment: Mapping[str, str]) -> None:
    """Bring one node's database and broker to the form that its services expect."""
    missing = [name for name in (NODE, DATABASE) if not environment.get(name)]
    if missing:
        raise StackFailure(f"{', '.join(missing)} must be set: docker-compose.yml does so.")
    node = environment[NODE]
    asyncio.run(_make_database(topology.only(node), environment[DATABASE]))
    if bootstrap := environment.get(BROKER):
        _make_topics(bootstrap, topics_of(topology, node))


def _make_topics(bootstrap: str, wanted: tuple[TopicShape, ...]) -> None:
    """A broker that has only just started may miss its first requests: then once more."""
    for attempt in range(ATTEMPTS):
        try:
            broker_admin.wait_until_answers(bootstrap, seconds=READY_SECONDS)
            topics.make_topics(bootstrap, wanted)
        except StackFailure:
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            return


def topics_of(topology: Topology, node: str) -> tuple[TopicShape, ...]:
    """The topics of a node's own bus, or of the hub's."""
    wanted = topics.wanted_topics(topology)
    if node == HUB:
        return tuple(shape for shape in wanted if bus_of(shape.name) != LOCAL)
    return tuple(shape for shape in wanted if shape.name.startswith(f"nrm.local.{node}."))


async def _make_database(alone: Topology, address: str) -> None:
    credentials = make_credentials(StateFolder(MOUNTED), alone, also=(SUPERUSER,))
    host, _, port = address.rpartition(":")
    server = DatabaseAt(host, int(port), credentials.passwords[SUPERUSER])
    await _wait_for(server)
    await databases.provision(server, alone, credentials)
    await migrate(server, alone, credentials)


async def _wait_for(server: DatabaseAt) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            connection = await asyncpg.connect(server.superuser_url(), timeout=CONNECT_SECONDS)
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            if time.monotonic() > deadline:
                raise NotReady(
                    f"The database at {server.host} took no connections within "
                    f"{READY_SECONDS:.0f} s ({type(error).__name__})."
                ) from None
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            await connection.close()
            return
