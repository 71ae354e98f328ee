"""Where a consumer begins: after a restore at the log start, once per epoch; else as was ordered.

A restored database has forgotten what it handled since the backup, while the bus remembers that it
was read. The epoch of a restored database is raised; per partition the database keeps for which
epoch the offsets were set to log start. An operator's order to read again (``seek.py``) leads back
in the same way. Reading again changes nothing that is there already.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import text

from services.chassis.database import Database, Statement
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.broker import Consumer, TopicPartition
from services.chassis.messaging.seek import Back, carried_out, ordered_back

_DONE: Final = Statement(
    text("SELECT topic, partition FROM inbox_start WHERE consumer = :consumer AND epoch >= :epoch")
)
_MARK: Final = Statement(
    text(
        "INSERT INTO inbox_start (consumer, topic, partition, epoch)"
        " VALUES (:consumer, :topic, :partition, :epoch)"
        " ON CONFLICT (consumer, topic, partition) DO UPDATE SET epoch = excluded.epoch"
    )
)


class Rewind:
    """Finds where each partition of a new assignment is to be read from."""

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer

    async def starts(
        self, broker: Consumer, partitions: Iterable[TopicPartition], generation: int
    ) -> Mapping[TopicPartition, int]:
        """Seek what was not yet read from the log start in this epoch, or is to be read again.

        Answers all starts. The commit comes before the mark: a crash between them reads again,
        which is harmless.
        """
        wanted = sorted(partitions)
        log_starts = await broker.log_starts(wanted) if wanted else {}
        done, orders = await self._done(), await self.orders()
        starts: dict[TopicPartition, int] = {}
        back: dict[TopicPartition, int] = {}
        for place in wanted:
            committed = await broker.committed(place)
            starts[place] = max(log_starts[place], committed or 0)
            if place not in done:
                back[place] = log_starts[place]
            elif place in orders:
                back[place] = min(starts[place], max(log_starts[place], orders[place].offset))
        for place, offset in back.items():
            starts[place] = offset
            broker.seek(place, offset)
        if back:
            await broker.commit(back, generation)
            self._database.failpoints.reach(Failpoint.REWOUND_BEFORE_MARK)
            await self._mark(back, orders)
        return starts

    async def orders(self) -> Mapping[TopicPartition, Back]:
        """What an operator wants to be read again and was not yet."""
        async with self._database.transaction() as tx:
            return await ordered_back(tx, self._consumer)

    async def _done(self) -> frozenset[TopicPartition]:
        async with self._database.transaction() as tx:
            rows = await tx.fetch(_DONE, consumer=self._consumer, epoch=self._database.epoch)
        return frozenset(TopicPartition(row["topic"], row["partition"]) for row in rows)

    async def _mark(
        self, back: Iterable[TopicPartition], orders: Mapping[TopicPartition, Back]
    ) -> None:
        async with self._database.transaction() as tx:
            await tx.execute_many(
                _MARK,
                [
                    {
                        "consumer": self._consumer,
                        "topic": place.topic,
                        "partition": place.partition,
                        "epoch": self._database.epoch,
                    }
                    for place in sorted(back)
                ],
            )
            done = [(place, orders[place]) for place in back if place in orders]
            await carried_out(tx, self._consumer, done)
