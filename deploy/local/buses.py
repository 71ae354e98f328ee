"""Which broker carries which bus: one broker for all, or the hub's own beside the agencies'.

Every node has a bus of its own and the hub has the exchange bus. On one machine one broker may
carry them all (it is enough to work with), or two as between organisations: then each may be away
while the other goes on. Nothing here speaks to a broker.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from deploy.local.failures import StackFailure
from deploy.local.kafka import KafkaServer
from deploy.local.layout import StateFolder, read_json
from deploy.local.shapes import TopicShape
from services.chassis.messaging.broker import LOCAL, bus_of

BROKER, HUB_BROKER = "kafka", "kafka-hub"
"""The one of the agencies' nodes, or of all; and the hub's when it has one of its own."""
ONE, TWO = 1, 2
SETTING = "NRM_BROKERS"


@dataclass(frozen=True)
class Buses:
    """Where clients reach the nodes' own buses and the hub's: the same place with one broker."""

    local: str
    hub: str
    nodes: Mapping[str, str] = field(default_factory=dict)
    """By node, where each has a broker of its own; empty when one carries all of them."""

    @property
    def brokers(self) -> tuple[str, ...]:
        """Return every broker's address once."""
        return tuple(dict.fromkeys((*(self.nodes.values() or (self.local,)), self.hub)))

    def of(self, topic: str) -> str:
        """Return the address of the broker that carries this topic."""
        return self.of_node(topic.split(".")[2]) if bus_of(topic) == LOCAL else self.hub

    def of_node(self, node: str) -> str:
        """Return the address of the broker that carries this node's own bus."""
        return self.nodes.get(node, self.local)

    def shares(self, wanted: Iterable[TopicShape]) -> Mapping[str, tuple[TopicShape, ...]]:
        """Return which topics belong on which broker, by address."""
        shapes = tuple(wanted)
        return {
            address: tuple(shape for shape in shapes if self.of(shape.name) == address)
            for address in self.brokers
        }


def wanted_brokers() -> int | None:
    """Return how many brokers NRM_BROKERS asks for, None when it is not set."""
    given = os.environ.get(SETTING, "")
    if given and given not in (str(ONE), str(TWO)):
        raise StackFailure(f"{SETTING} must be {ONE} or {TWO}.")
    return int(given) if given else None


def servers(state: StateFolder, count: int) -> dict[str, KafkaServer]:
    """Return the brokers of a stack, by the name of their process."""
    names = (BROKER, HUB_BROKER)[:count]
    return {name: KafkaServer(state.broker(name)) for name in names}


def buses_of(brokers: Mapping[str, KafkaServer]) -> Buses:
    """Return where these brokers are reached."""
    hub = brokers.get(HUB_BROKER, brokers[BROKER])
    return Buses(local=brokers[BROKER].bootstrap, hub=hub.bootstrap)


def told(state: StateFolder) -> Buses:
    """Return where the running stack's buses are; empty addresses when there is none yet."""
    stack = read_json(state.stack)
    local = str(stack.get("bootstrap") or "")
    return Buses(
        local=local,
        hub=str(stack.get("hub_bootstrap") or local),
        nodes=stack.get("node_bootstraps") or {},
    )


def address_of(state: StateFolder, name: str) -> str:
    """Return where one broker is reached, by the name of its process."""
    return told(state).hub if name == HUB_BROKER else told(state).local


def count_of(state: StateFolder) -> int | None:
    """Return with how many brokers this state was made, None when it is fresh."""
    stack = read_json(state.stack)
    return int(stack.get("brokers", ONE)) if stack else None


def chosen_count(state: StateFolder, wanted: int | None) -> int:
    """Return with how many brokers to start: as the state was made, one when it is fresh."""
    made = count_of(state)
    if made is not None and wanted is not None and wanted != made:
        raise StackFailure(
            f"This state was made with {made} broker{'s' if made > ONE else ''}, and records do "
            f"not move from one to another: start it with {SETTING}={made}, or another one with "
            "--state."
        )
    return made or wanted or ONE
