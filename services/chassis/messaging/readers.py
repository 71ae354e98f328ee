"""Which consumers a service has, what each began to read, and what of it is not finished.

For an operator who looks or decides; how far a group has read is the broker's to say. No subject
and no content of a record may be told here.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from services.chassis.database import Database, Statement
from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.seek import ordered_back

_STARTS: Final = Statement(
    text("SELECT consumer, topic, partition, epoch FROM inbox_start ORDER BY 1, 2, 3")
)
_ROWS: Final = Statement(
    text(
        "SELECT consumer, topic, state, count(*) AS many FROM inbox_row WHERE NOT done"
        " GROUP BY consumer, topic, state"
    )
)


@dataclass(frozen=True, slots=True)
class Reader:
    """One consumer of one topic, as its own database knows it."""

    consumer: str
    topic: str
    begun: frozenset[int]
    """Partitions that it began to read in this epoch of its database."""
    unfinished: Mapping[str, int]
    """Stored records by state."""
    ordered: Mapping[int, int]
    """Partitions that are to be read again, from which offset."""


async def readers_of(database: Database) -> list[Reader]:
    """Every consumer of the service and every topic that it ever began to read."""
    begun: dict[tuple[str, str], set[int]] = defaultdict(set)
    unfinished: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    ordered: dict[str, Mapping[TopicPartition, int]] = {}
    async with database.transaction() as tx:
        for row in await tx.fetch(_STARTS):
            partitions = begun[row["consumer"], row["topic"]]
            if row["epoch"] >= database.epoch:
                partitions.add(row["partition"])
        for row in await tx.fetch(_ROWS):
            unfinished[row["consumer"], row["topic"]][row["state"]] = row["many"]
        for consumer in {consumer for consumer, _ in begun}:
            back = await ordered_back(tx, consumer)
            ordered[consumer] = {place: each.offset for place, each in back.items()}
    return [
        Reader(
            consumer=consumer,
            topic=topic,
            begun=frozenset(partitions),
            unfinished=unfinished[consumer, topic],
            ordered={p: at for (name, p), at in ordered[consumer].items() if name == topic},
        )
        for (consumer, topic), partitions in begun.items()
    ]
