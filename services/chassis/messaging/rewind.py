"""After a restore a consumer reads its topics again from the log start, exactly once per epoch.

A restored database has forgotten what it handled since the backup, while the bus remembers that it
was read. The epoch of a restored database is raised; per partition the database keeps for which
epoch the offsets were set to log start. Reading again changes nothing that is there already.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import text

from services.chassis.database import Database, Statement
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.broker import Consumer, TopicPartition

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
        """Seek what was not yet read from the log start in this epoch; answers all starts.

        The commit comes before the mark: a crash between them reads again, which is harmless.
        """
        wanted = sorted(partitions)
        log_starts = await broker.log_starts(wanted) if wanted else {}
        done = await self._done()
        starts: dict[TopicPartition, int] = {}
        rewound: dict[TopicPartition, int] = {}
        for place in wanted:
            committed = await broker.committed(place)
            starts[place] = max(log_starts[place], committed or 0)
            if place not in done:
                rewound[place] = starts[place] = log_starts[place]
                broker.seek(place, log_starts[place])
        if rewound:
            await broker.commit(rewound, generation)
            self._database.failpoints.reach(Failpoint.REWOUND_BEFORE_MARK)
            await self._mark(rewound)
        return starts

    async def _done(self) -> frozenset[TopicPartition]:
        async with self._database.transaction() as tx:
            rows = await tx.fetch(_DONE, consumer=self._consumer, epoch=self._database.epoch)
        return frozenset(TopicPartition(row["topic"], row["partition"]) for row in rows)

    async def _mark(self, rewound: Iterable[TopicPartition]) -> None:
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
                    for place in sorted(rewound)
                ],
            )
