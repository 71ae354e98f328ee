"""Three Kafka brokers that are one cluster: every record on all, acknowledged by two at least.

What a hub in earnest runs on three machines, here in one folder on loopback, to measure and to
test what the loss of one broker does. The embedded stack does not use it: one broker is enough to
work with, and three take 1 GB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.local import broker_admin, ports
from deploy.local.kafka import KafkaServer, Member, new_cluster

MEMBERS: Final = 3
READY_SECONDS: Final = 120.0
REPLICATED: Final[Mapping[str, str]] = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
}


@dataclass
class KafkaCluster:
    """Three combined brokers and controllers, whose files are all in one folder."""

    folder: Path
    heap: str = "384m"
    servers: dict[int, KafkaServer] = field(default_factory=dict, init=False)

    @property
    def bootstrap(self) -> str:
        """Return the addresses of all, as clients take them."""
        return ",".join(server.bootstrap for server in self.servers.values())

    def start(self) -> Self:
        """Start all three and wait until a client sees each of them."""
        chosen = ports.free_ports(MEMBERS)
        controllers = dict(enumerate(chosen, start=1))
        cluster = new_cluster()
        for number in controllers:
            server = KafkaServer(self.folder / f"broker-{number}", settings=REPLICATED)
            server.heap, server.member = self.heap, Member(number, cluster, controllers)
            self.servers[number] = server
        for server in self.servers.values():
            server.prepare()
        for server in self.servers.values():
            server.spawn()  # each waits for a majority: none is ready alone
        for server in self.servers.values():
            server.wait_ready()
        broker_admin.wait_until_members(self.bootstrap, MEMBERS, seconds=READY_SECONDS)
        return self

    def stop(self) -> None:
        """Stop all; the last ones have nobody to hand over to and are ended."""
        for server in self.servers.values():
            server.kill()

    def __enter__(self) -> Self:
        """Start; leave nothing when one cannot."""
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()
