"""What kills its process is tried three times and then put aside.

A process marks in its database that it runs, and when it ends cleanly. After an unclean stop the
first records of each partition (all that may have been in hand) and stored rows go one at a time,
each with an attempt committed before it is tried.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import text

from services.chassis.database import Database, Statement
from services.chassis.messaging.broker import BrokerRecord, TopicPartition

_BEGIN: Final = Statement(
    text(
        "WITH before AS (SELECT clean FROM inbox_run WHERE consumer = :consumer AND slot = :slot),"
        " now AS (INSERT INTO inbox_run (consumer, slot, clean, changed_at)"
        " VALUES (:consumer, :slot, false, :at) ON CONFLICT (consumer, slot)"
        " DO UPDATE SET clean = false, changed_at = excluded.changed_at)"
        " SELECT coalesce((SELECT clean FROM before), true) AS clean"
    )
)
_END: Final = Statement(
    text(
        "UPDATE inbox_run SET clean = true, changed_at = :at"
        " WHERE consumer = :consumer AND slot = :slot"
    )
)
_COUNT: Final = Statement(
    text(
        "INSERT INTO inbox_attempt AS a (consumer, topic, partition, record_offset, attempts)"
        " VALUES (:consumer, :topic, :partition, :record_offset, 1)"
        " ON CONFLICT (consumer, topic, partition, record_offset)"
        " DO UPDATE SET attempts = a.attempts + 1 RETURNING attempts"
    )
)
_OVER: Final = Statement(
    text(
        "DELETE FROM inbox_attempt WHERE consumer = :consumer AND topic = :topic"
        " AND partition = :partition AND record_offset = :record_offset"
    )
)


class Attempts:
    """Counts the attempts of one process of one consumer."""

    def __init__(self, database: Database, consumer: str, slot: int, careful_records: int) -> None:
        self._database = database
        self._consumer = consumer
        self._slot = slot
        self._careful_records = careful_records
        self._until: dict[TopicPartition, int] = {}
        self._counted: dict[tuple[str, int, int], int] = {}
        self.unclean = False
        self.one_at_a_time = asyncio.Lock()

    async def begin(self, at: datetime) -> None:
        """The process runs; learns how the last one ended."""
        async with self._database.transaction() as tx:
            found = await tx.fetch_one(_BEGIN, consumer=self._consumer, slot=self._slot, at=at)
        self.unclean = found is not None and not found["clean"]

    async def end(self, at: datetime) -> None:
        """The process ends cleanly."""
        async with self._database.transaction() as tx:
            await tx.execute(_END, consumer=self._consumer, slot=self._slot, at=at)

    def assigned(self, starts: Mapping[TopicPartition, int]) -> None:
        """These partitions begin here: what may have been in hand before is met first."""
        if self.unclean:
            for place, start in starts.items():
                self._until.setdefault(place, start + self._careful_records)

    def careful(self, record: BrokerRecord) -> bool:
        """Whether the record may have ended a process before."""
        return record.offset < self._until.get(record.topic_partition, 0)

    async def count(self, record: BrokerRecord) -> int:
        """Commit one more attempt, once in the life of a process; answers how many there were."""
        place = (record.topic, record.partition, record.offset)
        if place not in self._counted:
            async with self._database.transaction() as tx:
                found = await tx.fetch_one(_COUNT, **self._place(record))
            self._counted[place] = int(found["attempts"]) if found else 1
        return self._counted[place]

    async def over(self, record: BrokerRecord) -> None:
        """The process outlived the attempt."""
        async with self._database.transaction() as tx:
            await tx.execute(_OVER, **self._place(record))
        self._counted.pop((record.topic, record.partition, record.offset), None)

    def _place(self, record: BrokerRecord) -> dict[str, str | int]:
        return {
            "consumer": self._consumer,
            "topic": record.topic,
            "partition": record.partition,
            "record_offset": record.offset,
        }
