"""An order to read a partition again from an earlier place: audited, and carried out once.

The order stands in the consumer's own database. The consumer itself goes back, before it handles
anything of its next assignment, and commits the place; so no running process can overwrite it.
An order never leads forward: what was not read may not be passed over. What is read again takes no
effect twice, by its marks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from services.chassis.audit import record
from services.chassis.database import Statement, Transaction
from services.chassis.errors import NrmError
from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.parking import Order

_ORDER: Final = Statement(
    text(
        "INSERT INTO inbox_seek AS s (consumer, topic, partition, record_offset, ordered_at)"
        " VALUES (:consumer, :topic, :partition, :record_offset, clock_timestamp())"
        " ON CONFLICT (consumer, topic, partition) DO UPDATE SET"
        " record_offset = least(s.record_offset, excluded.record_offset),"
        " ordered_at = excluded.ordered_at"
    )
)
_ORDERED: Final = Statement(
    text(
        "SELECT topic, partition, record_offset, ordered_at FROM inbox_seek"
        " WHERE consumer = :consumer"
    )
)
_DONE: Final = Statement(
    text(
        "DELETE FROM inbox_seek WHERE consumer = :consumer AND topic = :topic"
        " AND partition = :partition AND ordered_at = :ordered_at"
    )
)


class Sought(NrmError):  # noqa: N818 - a state, as all of ours
    """An operator wants this consumer to read again: it leaves its group and begins anew."""

    def __init__(self) -> None:
        super().__init__("an operator wants it to read again")


@dataclass(frozen=True, slots=True)
class Back:
    """Where one partition is to be read from, and when that was said."""

    offset: int
    ordered_at: datetime


async def order_back(
    tx: Transaction, consumer: str, places: Mapping[TopicPartition, int], order: Order
) -> None:
    """Leave the order; of two for one partition the one that goes further back stands."""
    for place, offset in sorted(places.items()):
        await tx.execute(
            _ORDER,
            consumer=consumer,
            topic=place.topic,
            partition=place.partition,
            record_offset=offset,
        )
        where = f"{consumer}:{place.topic}/{place.partition}@{offset}"
        record(tx, actor=order.actor, action="consumer.seek", subject=where, reason=order.reason)


async def ordered_back(tx: Transaction, consumer: str) -> Mapping[TopicPartition, Back]:
    """What is ordered and not done yet."""
    return {
        TopicPartition(row["topic"], row["partition"]): Back(
            row["record_offset"], row["ordered_at"]
        )
        for row in await tx.fetch(_ORDERED, consumer=consumer)
    }


async def carried_out(
    tx: Transaction, consumer: str, done: Iterable[tuple[TopicPartition, Back]]
) -> None:
    """These are done; an order that came meanwhile for the same partition stands."""
    for place, back in sorted(done):
        await tx.execute(
            _DONE,
            consumer=consumer,
            topic=place.topic,
            partition=place.partition,
            ordered_at=back.ordered_at,
        )
