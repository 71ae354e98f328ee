"""Deleting refused records from the bus: they may hold a name.

``delete_due`` is written in the transaction of the answer; when the group's offset is committed
beyond it, everything up to it is deleted, then the row is cleared. Each step may be repeated.
Nothing is ever deleted above the contiguous committed offset.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import text

from services.chassis.database import Database, Statement, Transaction
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.broker import Broker, BrokerRecord, TopicPartition
from services.chassis.messaging.offsets import Offsets

_DUE: Final = Statement(
    text(
        "INSERT INTO delete_due (topic, partition, record_offset, due_at)"
        " VALUES (:topic, :partition, :record_offset, :at) ON CONFLICT DO NOTHING"
    )
)
_OLDEST: Final = Statement(text("SELECT min(due_at) AS since FROM delete_due"))
_UPTO: Final = Statement(
    text(
        "SELECT max(record_offset) AS upto FROM delete_due WHERE topic = :topic"
        " AND partition = :partition AND record_offset < :committed"
    )
)
_CLEAR: Final = Statement(
    text(
        "DELETE FROM delete_due WHERE topic = :topic AND partition = :partition"
        " AND record_offset <= :upto"
    )
)


async def due(tx: Transaction, record: BrokerRecord, at: datetime) -> None:
    """The record is to be deleted once its offset is committed."""
    await tx.execute(
        _DUE,
        topic=record.topic,
        partition=record.partition,
        record_offset=record.offset,
        at=at,
    )
    tx.failpoints.reach(Failpoint.DELETION_WRITTEN)


class Deletion:
    """Deletes what is due on one bus."""

    def __init__(self, database: Database, broker: Broker) -> None:
        self._database = database
        self._broker = broker

    async def once(self, offsets: Offsets) -> int:
        """Delete what is due and committed, of the partitions that are ours now."""
        deleted = 0
        for place in offsets.expected():
            upto = await self._upto(place, offsets.committed_upto(place))
            if upto is None:
                continue
            self._database.failpoints.reach(Failpoint.DELETION_BEFORE_BUS)
            await self._broker.delete_records(place, upto + 1)
            self._database.failpoints.reach(Failpoint.DELETION_AFTER_BUS)
            async with self._database.transaction() as tx:
                deleted += await tx.execute(_CLEAR, **place._asdict(), upto=upto)
        return deleted

    async def age_seconds(self, now: datetime) -> float:
        """For how long the oldest record that is to be deleted has been on the bus; 0 for none."""
        async with self._database.transaction() as tx:
            found = await tx.fetch_one(_OLDEST)
        since = found["since"] if found is not None else None
        return max(0.0, (now - since).total_seconds()) if since is not None else 0.0

    async def _upto(self, place: TopicPartition, committed: int) -> int | None:
        async with self._database.transaction() as tx:
            found = await tx.fetch_one(_UPTO, **place._asdict(), committed=committed)
        return None if found is None else found["upto"]
