"""How far the consumers of a service have read: its own tables and the broker, side by side.

The commands of `nrm consumer` ask here and decide there; nothing is changed here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from deploy.local import broker_admin
from deploy.local.broker_admin import ReadSoFar
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder
from deploy.local.opening import Opened, opened, running_topology, settings_of
from deploy.local.topology import Unit
from services.chassis.messaging.broker import HUB, LOCAL, LOCAL_PREFIX, bus_of
from services.chassis.messaging.readers import Reader, readers_of
from services.chassis.messaging.subscriptions import full_topic


@dataclass(frozen=True, slots=True)
class Reading:
    """One consumer of one topic: what its service knows, and how far its group has read."""

    unit: Unit
    bootstrap: str
    reader: Reader
    places: Mapping[int, ReadSoFar]

    @property
    def lag(self) -> int:
        """Records that were not read yet, over all partitions."""
        return sum(place.lag for place in self.places.values())

    def told(self) -> dict[str, Any]:
        """For a list; a program gets the partitions too."""
        return {
            "reader": name_of(self.unit, self.reader),
            "service": self.unit.name,
            "topic": self.reader.topic,
            "lag": self.lag,
            "unfinished": dict(self.reader.unfinished),
            "partitions": {
                number: {
                    "log_start": place.start,
                    "committed": place.committed,
                    "log_end": place.end,
                    "read_again_from": self.reader.ordered.get(number),
                }
                for number, place in sorted(self.places.items())
            },
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """A reader, and where its group is to be asked for."""

    unit: Unit
    bootstrap: str
    reader: Reader

    @property
    def key(self) -> tuple[str, str]:
        """Its group and its topic."""
        return f"{self.unit.node}.{self.reader.consumer}", self.reader.topic


def asked(state: StateFolder, unit: Unit, readers: Iterable[Reader]) -> list[Asked]:
    """Which bus each reader of a service is on."""
    settings = settings_of(state, unit)
    buses = {LOCAL: settings.local_bootstrap, HUB: settings.hub_bootstrap}
    return [Asked(unit, buses[bus_of(each.topic)] or "", each) for each in readers]


def measured(wanted: Iterable[Asked]) -> list[Reading]:
    """How far each has read now; every broker is asked once."""
    every = list(wanted)
    found: dict[tuple[str, str], dict[int, ReadSoFar]] = {}
    for bootstrap in {each.bootstrap for each in every}:
        keys = [each.key for each in every if each.bootstrap == bootstrap]
        found |= broker_admin.read_so_far(bootstrap, keys)
    return [Reading(each.unit, each.bootstrap, each.reader, found[each.key]) for each in every]


def name_of(unit: Unit, reader: Reader) -> str:
    """What people call it: its group and what it reads, of the node's own topics the suffix."""
    suffix = reader.topic.removeprefix(f"{LOCAL_PREFIX}{unit.node}.").removesuffix(".v1")
    short = suffix if full_topic(suffix, unit.node) == reader.topic else reader.topic
    return f"{unit.node}.{reader.consumer}/{short}"


@asynccontextmanager
async def opened_reader(state: StateFolder, name: str) -> AsyncIterator[tuple[Opened, Reader]]:
    """The tables of the service whose consumer this is; a sentence when nobody's."""
    group, _, topic = name.partition("/")
    node = group.partition(".")[0]
    wanted = (group, full_topic(topic, node))
    units = [unit for unit in running_topology(state).units if unit.node == node]
    known: list[str] = []
    for unit in units:
        async with opened(state, unit) as one:
            for reader in await readers_of(one.database):
                if (f"{node}.{reader.consumer}", reader.topic) == wanted:
                    yield one, reader
                    return
                known.append(name_of(unit, reader))
    there = f"There are: {', '.join(known)}." if known else "`nrm consumer list` names them."
    raise StackFailure(f"Nobody reads as {name}. {there}")


async def again(one: Opened, reader: Reader) -> Reader:
    """The same reader, as it is now."""
    readers = await readers_of(one.database)
    return next(
        each for each in readers if (each.consumer, each.topic) == (reader.consumer, reader.topic)
    )
