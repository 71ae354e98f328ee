"""What one consumer reads, and which handler each type has: the table that ends a handlers room.

A type that is read but not listed is skipped: finished at once and counted. No handler and no
word of the domain may be here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.chassis.messaging.batch import Batched
from services.chassis.messaging.broker import LOCAL
from services.chassis.messaging.reading import Contracts, stem_of
from services.chassis.messaging.work import Handler

HUB_TOPIC_PREFIX: Final = "nrm."


class Kind(StrEnum):
    """How an inbox treats one type."""

    SKIP = "skip"
    """Not for this consumer: finished at once, on blocked keys too."""
    PLAIN = "plain"
    """In order per key."""
    NEVER_WAITS = "never-waits"
    """Handled at once, on a blocked key and beyond a gap too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """One consumer: its name (the group is derived from it), bus, topics and handlers.

    ``handlers``: a ``Batched`` under several types takes their events together.
    ``topics``: suffixes of the node's local topics, or whole names of the hub's.
    ``gave_up`` answers an event of a type that gives up, once it waited too long.
    """

    consumer: str
    bus: str = LOCAL
    topics: tuple[str, ...]
    handlers: Mapping[str, Handler]
    gave_up: Handler | None = None

    def topic_names(self, node: str) -> tuple[str, ...]:
        """The full names of the topics as ``node`` reads them."""
        return tuple(full_topic(topic, node) for topic in self.topics)

    @property
    def at_once(self) -> int:
        """How many events of a lane may be looked at together."""
        limits = [each.limit for each in self.handlers.values() if isinstance(each, Batched)]
        return max(limits, default=1)

    def batched(self, contracts: Contracts, event_type: str) -> Batched | None:
        """The handler of lists that an event of this type may be handed to, if it has one."""
        handler = self.handlers.get(contracts.current(event_type))
        return handler if isinstance(handler, Batched) else None

    def kind_of(self, contracts: Contracts, event_type: str) -> Kind:
        """How to treat an event of this type.

        A major that nobody here can read yet is not skipped: it is read, fails and is parked.
        """
        current = contracts.current(event_type)
        if current not in self.handlers:
            stem = stem_of(current)
            same = [listed for listed in self.handlers if stem_of(listed) == stem]
            if not same:
                return Kind.SKIP
            current = same[0]
        spec = contracts.catalogue.get(current)
        return Kind.NEVER_WAITS if spec is not None and spec.never_waits else Kind.PLAIN


def full_topic(topic: str, node: str) -> str:
    """The name of a topic on its bus: a suffix is one of the node's own."""
    return topic if topic.startswith(HUB_TOPIC_PREFIX) else f"nrm.local.{node}.{topic}.v1"
