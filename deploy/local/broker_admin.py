"""The one module that speaks to a broker as its administrator (kafka-python).

kafka-python does not raise for most refusals of the broker: every answer is checked here, and what
was written is read back by the caller. Services never import this; they have no rights on topics.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec, OffsetTimestamp
from kafka.errors import KafkaError
from kafka.partitioner.default import murmur2

from deploy.local.failures import NotReady, StackFailure
from deploy.local.shapes import TopicShape

Settings = Mapping[str, Mapping[str, object]]
REQUEST_MILLISECONDS = 10_000
PAUSE_SECONDS = 0.1
TOPICS_PER_REQUEST = 50
AS_THE_BROKER_SAYS = -1  # its default.replication.factor: one alone, three in a cluster

logging.getLogger("kafka").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class ReadSoFar:
    """How far a consumer group has read one partition; None: it has said nothing yet."""

    committed: int | None
    start: int
    end: int

    @property
    def lag(self) -> int:
        """Records that are there and were not read."""
        return max(0, self.end - max(self.start, self.committed or 0))


@contextmanager
def administrator(bootstrap: str, *, seconds: float = 10.0) -> Iterator[KafkaAdminClient]:
    """Open a connection with administrator's rights and close it."""
    client = None
    try:
        client = KafkaAdminClient(
            bootstrap_servers=bootstrap,
            client_id="nrm-deploy",
            request_timeout_ms=REQUEST_MILLISECONDS,
            bootstrap_timeout_ms=max(1, int(seconds * 1000)),
            reconnect_backoff_max_ms=200,
        )
        yield client
    except KafkaError as error:
        raise StackFailure(
            f"The broker at {bootstrap} does not answer ({type(error).__name__}): "
            "run `nrm status`, then `nrm up`."
        ) from error
    finally:
        if client is not None:
            client.close()


def answers(bootstrap: str, *, seconds: float = 5.0) -> bool:
    """Whether a client gets metadata with a controller from this broker in time."""
    try:
        with administrator(bootstrap, seconds=seconds) as client:
            return bool(client.describe_cluster()["brokers"])
    except (StackFailure, OSError, KeyError, IndexError):
        return False


def wait_until_answers(bootstrap: str, *, seconds: float) -> None:
    """Wait until a client got metadata; a log line would not be a proof."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answers(bootstrap, seconds=min(2.0, max(0.1, deadline - time.monotonic()))):
            return
        time.sleep(PAUSE_SECONDS)
    raise NotReady(f"The broker at {bootstrap} gave no metadata within {seconds:.0f} s.")


def wait_until_members(bootstrap: str, count: int, *, seconds: float) -> None:
    """Wait until a client sees so many brokers: a topic with as many replicas can be made."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(StackFailure), administrator(bootstrap) as client:
            if len(client.describe_cluster()["brokers"]) >= count:
                return
        time.sleep(PAUSE_SECONDS)
    raise NotReady(f"The cluster at {bootstrap} had not {count} brokers within {seconds:.0f} s.")


def leader_of(bootstrap: str, topic: str, partition: int) -> int:
    """Return the number of the broker that takes the records of this partition."""
    with administrator(bootstrap) as client:
        (told,) = client.describe_topics([topic])
    leaders = {each["partition_index"]: each["leader_id"] for each in told["partitions"]}
    return int(leaders[partition])


def topic_names(bootstrap: str) -> frozenset[str]:
    """Return every topic of the broker."""
    with administrator(bootstrap) as client:
        return frozenset(client.list_topics())


def create(bootstrap: str, shapes: Sequence[TopicShape]) -> None:
    """Create topics that do not exist yet and wait until each has a leader."""
    with administrator(bootstrap) as client:
        for start in range(0, len(shapes), TOPICS_PER_REQUEST):
            part = shapes[start : start + TOPICS_PER_REQUEST]
            client.create_topics(
                {
                    shape.name: {
                        "num_partitions": shape.partitions,
                        "replication_factor": AS_THE_BROKER_SAYS,
                        "configs": dict(shape.settings),
                    }
                    for shape in part
                },
                wait_for_metadata=True,
            )


def describe(bootstrap: str, names: Iterable[str]) -> dict[str, TopicShape]:
    """Read topics back: partitions and every setting, defaults included."""
    wanted = sorted(names)
    if not wanted:
        return {}
    with administrator(bootstrap) as client:
        found = [topic for topic in client.describe_topics(wanted) if topic["error_code"] == 0]
        present = [topic["name"] for topic in found]
        settings = _settings(client, present)
        return {
            topic["name"]: TopicShape(
                name=topic["name"],
                partitions=len(topic["partitions"]),
                settings=settings.get(topic["name"], {}),
            )
            for topic in found
        }


def _settings(client: KafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    told = client.describe_configs(resources, config_filter="all")
    return _read_settings(told)


def _read_settings(
    told: Mapping[str, Mapping[str, Settings]],
) -> dict[str, dict[str, str]]:
    return {
        name: {key: str(entry.get("value")) for key, entry in entries.items()}
        for name, entries in told.get("topic", {}).items()
    }


def change_settings(bootstrap: str, changes: Mapping[str, Mapping[str, str]]) -> None:
    """Change single settings of topics; the caller reads them back."""
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, name, dict(settings))
        for name, settings in changes.items()
    ]
    with administrator(bootstrap) as client:
        client.alter_configs(resources, incremental=True)


def read_so_far(
    bootstrap: str, readers: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], dict[int, ReadSoFar]]:
    """How far each group has read each topic, by partition; nothing of a group is changed."""
    wanted = sorted(set(readers))
    with administrator(bootstrap) as client:
        places = _places(client, {topic for _, topic in wanted})
        starts = client.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
        ends = client.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        told = client.list_group_offsets({group: None for group, _ in wanted})
        return {
            (group, topic): {
                place.partition: ReadSoFar(
                    committed=told[group][place].offset if place in told[group] else None,
                    start=starts[place].offset,
                    end=ends[place].offset,
                )
                for place in places
                if place.topic == topic
            }
            for group, topic in wanted
        }


def offsets_at(bootstrap: str, topic: str, milliseconds: int) -> dict[int, int | None]:
    """By partition, the first offset written at this time or later; None when there is none."""
    with administrator(bootstrap) as client:
        wanted = dict.fromkeys(_places(client, [topic]), OffsetTimestamp(milliseconds))
        found = client.list_partition_offsets(wanted)
        return {
            place.partition: at.offset if at.offset >= 0 else None for place, at in found.items()
        }


def _places(client: KafkaAdminClient, topics: Iterable[str]) -> list[TopicPartition]:
    found = client.describe_topics(sorted(topics))
    missing = [topic["name"] for topic in found if topic["error_code"] != 0]
    if missing:
        raise StackFailure(f"The broker has no topic {', '.join(missing)}: run `nrm up`.")
    return [
        TopicPartition(topic["name"], each["partition_index"])
        for topic in found
        for each in topic["partitions"]
    ]


def misplaced_keys(bootstrap: str, topic: str, *, limit: int) -> tuple[int, int]:
    """Look at a topic's last records: how many with a key, how many not where murmur2 puts them.

    Only positions are compared; keys are forgotten at once and never returned.
    """
    consumer = None
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            enable_auto_commit=False,
            consumer_timeout_ms=1000,
            bootstrap_timeout_ms=REQUEST_MILLISECONDS,
        )
        count = len(consumer.partitions_for_topic(topic) or ())
        places = [TopicPartition(topic, number) for number in range(count)]
        consumer.assign(places)
        ends, starts = consumer.end_offsets(places), consumer.beginning_offsets(places)
        for place in places:
            consumer.seek(place, max(starts[place], ends[place] - limit))
        keyed = [(r.key, r.partition) for r in islice(consumer, limit * count) if r.key]
    except KafkaError as error:
        raise StackFailure(f"The topic {topic} cannot be read ({type(error).__name__}).") from error
    finally:
        if consumer is not None:
            consumer.close()
    wrong = sum(partition_of(key, count) != partition for key, partition in keyed)
    return len(keyed), wrong


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's own partitioner chooses for a key."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
