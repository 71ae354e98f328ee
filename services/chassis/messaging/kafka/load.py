"""Many records as few batches of the client: one future for each batch, none for each record.

The client's own way, a call and a future for every record, costs more than all that the relay does
beside it. Nothing is sent here, and nothing here waits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer

from services.chassis.messaging.broker import OutgoingRecord


@dataclass(slots=True, eq=False)
class Load:
    """One batch for one partition; records stay in the order in which they were taken."""

    topic: str
    partition: int
    batch: Any

    def takes(self, record: OutgoingRecord) -> bool:
        """Put it in; False when there is no more room. The first one always finds room."""
        taken = self.batch.append(
            timestamp=None, key=record.key, value=record.value, headers=list(record.headers)
        )
        return taken is not None


def loads_of(inner: AIOKafkaProducer, records: Iterable[tuple[OutgoingRecord, int]]) -> list[Load]:
    """The batch that each record travels in; several batches of one partition follow in order."""
    filling: dict[tuple[str, int], Load] = {}
    loads = []
    for record, partition in records:
        place = (record.topic, partition)
        load = filling.get(place)
        if load is None or not load.takes(record):
            load = filling[place] = Load(record.topic, partition, inner.create_batch())
            load.takes(record)
        loads.append(load)
    return loads
