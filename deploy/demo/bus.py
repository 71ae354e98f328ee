"""The demo's own connection to the brokers: posts as an agency would, reads as an observer.

Only the demo may read every topic: no agency and no operator of a real hub can.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from deploy.local.buses import Buses

READ_MILLISECONDS = 500
ACKNOWLEDGED_SECONDS = 20
READ_LIMIT = 200_000

logging.getLogger("kafka").setLevel(logging.CRITICAL)


@dataclass(frozen=True, kw_only=True)
class SeenRecord:
    """One record as it lies in a topic."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes
    headers: Mapping[str, str]

    def attribute(self, name: str) -> str:
        """A CloudEvents attribute from the headers; empty when it is not there."""
        return self.headers.get(f"ce_{name}", "")

    def body(self) -> dict[str, Any]:
        """The JSON body; empty when it is none."""
        try:
            found = json.loads(self.value)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, kw_only=True)
class Post:
    """One record that an agency's system posts."""

    topic: str
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Bus:
    """Every broker of a stack, as the demo sees them."""

    def __init__(self, buses: Buses) -> None:
        self.buses = buses
        self._producers: dict[str, KafkaProducer] = {}

    @property
    def bootstrap(self) -> str:
        """Where the agencies' own buses are."""
        return self.buses.local

    def post(self, posts: Iterable[Post]) -> None:
        """Post records and wait until the broker has them."""
        waiting = [
            self._producer(self.buses.of(each.topic)).send(
                each.topic, key=each.key.encode(), value=each.value, headers=list(each.headers)
            )
            for each in posts
        ]
        for future in waiting:
            future.get(timeout=ACKNOWLEDGED_SECONDS)

    def everything(self, prefix: str = "nrm.") -> list[SeenRecord]:
        """Every record that every topic of ours holds now, topic by topic in offset order."""
        found: list[SeenRecord] = []
        for broker in self.buses.brokers:
            consumer = KafkaConsumer(
                bootstrap_servers=broker, enable_auto_commit=False, group_id=None
            )
            try:
                found += self._read(consumer, prefix)
            finally:
                consumer.close()
        return sorted(found, key=lambda each: (each.topic, each.partition, each.offset))

    def _producer(self, broker: str) -> KafkaProducer:
        if broker not in self._producers:
            self._producers[broker] = KafkaProducer(bootstrap_servers=broker, acks="all")
        return self._producers[broker]

    def _read(self, consumer: Any, prefix: str) -> list[SeenRecord]:
        partitions = [
            TopicPartition(topic, number)
            for topic in sorted(consumer.topics())
            if topic.startswith(prefix)
            for number in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends: Mapping[TopicPartition, int] = consumer.end_offsets(partitions)
        found: list[SeenRecord] = []
        while any(consumer.position(each) < ends[each] for each in partitions):
            for records in consumer.poll(timeout_ms=READ_MILLISECONDS).values():
                found += [_seen(record) for record in records]
            if len(found) > READ_LIMIT:
                raise ValueError(f"more than {READ_LIMIT} records: too many for an observer")
        return found

    def close(self) -> None:
        """Let go of the brokers."""
        for producer in self._producers.values():
            producer.close()


def _seen(record: Any) -> SeenRecord:
    return SeenRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        key=record.key,
        value=record.value or b"",
        headers={name: (value or b"").decode("latin-1") for name, value in record.headers},
    )
