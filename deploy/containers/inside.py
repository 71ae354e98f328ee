"""Where a service in a container finds what it needs: the same places in every container.

docker-compose.yml mounts them there; a test compares. Names of containers are formed only here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy.local.layout import REPOSITORY, StateFolder
from deploy.local.settings_for import Places, Stack
from deploy.local.topology import Unit

STATE = REPOSITORY / ".nrm" / "containers"
MOUNTED, WRITTEN = Path("/run/nrm"), Path("/var/lib/nrm")
TOKENS, KEY = MOUNTED / "tokens.json", MOUNTED / "node.key"
CLOCK = MOUNTED / "business" / "clock"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - of the container, which publishes on loopback only
SERVICE_PORT, DATABASE_PORT, BUS_PORT, AGENCY_PORT, COLLECTOR_PORT = 8080, 5432, 19092, 9092, 4318
HUB = "hub"


def container_of(unit: Unit) -> str:
    """Return the name of a service's container."""
    return unit.name.replace(".", "-").replace("_", "-")


def broker_of(node: str) -> str:
    """Return the name of the broker's container that carries a node's own bus, or the hub's."""
    return f"{node}-kafka"


def database_of(node: str) -> str:
    """Return the name of the container of a node's database."""
    return f"{node}-postgres"


def node_folder(state: StateFolder, node: str) -> StateFolder:
    """Return the folder of one node's own passwords."""
    return StateFolder(state.root / "nodes" / node)


@dataclass(frozen=True)
class ContainerStack(Stack):
    """What the settings of the services of one node are made from."""

    observed: bool = False

    def places(self, unit: Unit) -> Places:
        """Return where a service finds what it needs, in its container."""
        collector = f"http://{unit.node}-collector:{COLLECTOR_PORT}" if self.observed else None
        return Places(
            host=EVERYWHERE,
            port=SERVICE_PORT,
            state=WRITTEN,
            tokens=TOKENS,
            key=KEY,
            clock=CLOCK,
            files=MOUNTED,
            spans_to=collector,
        )

    def neighbours(self, unit: Unit) -> dict[str, str]:
        """Return where the services of the same node listen: each in its container."""
        return {
            each.service: f"http://{container_of(each)}:{SERVICE_PORT}"
            for each in self.topology.units
            if each.node == unit.node
        }
