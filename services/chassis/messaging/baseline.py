"""A consumer stops waiting for what its log no longer holds: an operator's act, audited.

A new or restored consumer on a topic with retention meets streams whose first records are gone;
what is left of them stands beyond a gap for ever. Once a partition was read to an end, nothing that
is missing below can still come: each stream is moved up to its lowest ``gap`` row. No row is
touched here; the sweep settles them in order. Whether it was read so far is the caller's to know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ARRAY, BigInteger, Integer, Text, bindparam, text

from services.chassis.audit import record
from services.chassis.database import Database, Statement
from services.chassis.messaging.parking import Order

SUBJECTS_EACH_TIME: Final = 200

_SUBJECTS: Final = Statement(
    text(
        "SELECT DISTINCT subject FROM inbox_row WHERE consumer = :consumer AND topic = :topic"
        " AND state = 'gap' AND subject > :after ORDER BY subject LIMIT :many"
    )
)
_LOCK: Final = Statement(
    text(
        "SELECT subject FROM inbox_subject"
        " WHERE consumer = :consumer AND subject = ANY (:subjects) ORDER BY subject FOR UPDATE"
    ).bindparams(bindparam("subjects", type_=ARRAY(Text())))
)
_MOVE: Final = Statement(
    text(
        """
        WITH lowest AS (
            SELECT DISTINCT ON (subject, source, epoch)
                subject, source, epoch, sequence, partition, record_offset
            FROM inbox_row
            WHERE consumer = :consumer AND topic = :topic AND subject = ANY (:subjects)
                AND state = 'gap'
            ORDER BY subject, source, epoch, sequence
        ), hollow AS (
            SELECT l.subject, l.source, l.epoch, l.sequence - 1 AS upto, coalesce(m.read, 0) AS read
            FROM lowest l
            JOIN unnest(:partitions, :ends) AS e (partition, upto)
                ON e.partition = l.partition AND l.record_offset < e.upto
            LEFT JOIN inbox_mark m ON m.consumer = :consumer AND m.topic = :topic
                AND m.subject = l.subject AND m.source = l.source AND m.epoch = l.epoch
            WHERE l.sequence - 1 > coalesce(m.read, 0)
        ), moved AS (
            INSERT INTO inbox_mark (consumer, subject, source, topic, epoch, read)
            SELECT :consumer, subject, source, :topic, epoch, upto FROM hollow
            ON CONFLICT (consumer, subject, source, topic, epoch) DO UPDATE SET read = excluded.read
        )
        SELECT count(*) AS streams, coalesce(sum(upto - read), 0) AS records FROM hollow
        """
    ).bindparams(
        bindparam("subjects", type_=ARRAY(Text())),
        bindparam("consumer", type_=Text()),
        bindparam("topic", type_=Text()),
        bindparam("partitions", type_=ARRAY(Integer())),
        bindparam("ends", type_=ARRAY(BigInteger())),
    )
)


@dataclass(frozen=True, slots=True)
class Given:
    """What was given up: streams that were moved, and records in them that never came."""

    streams: int = 0
    records: int = 0


async def pass_over(
    database: Database, consumer: str, topic: str, read_to: Mapping[int, int], order: Order
) -> Given:
    """Move every stream of the topic whose lowest row beyond a gap lies below ``read_to``.

    ``read_to`` is the end of each partition up to which the consumer has read. A few subjects in
    one transaction; repeating it changes nothing.
    """
    streams, records, after = 0, 0, ""
    while True:
        async with database.transaction() as tx:
            page = await tx.fetch(
                _SUBJECTS, consumer=consumer, topic=topic, after=after, many=SUBJECTS_EACH_TIME
            )
            subjects = [row["subject"] for row in page]
            await tx.fetch(_LOCK, consumer=consumer, subjects=subjects)
            found = await tx.fetch_one(
                _MOVE,
                consumer=consumer,
                topic=topic,
                subjects=subjects,
                partitions=list(read_to),
                ends=list(read_to.values()),
            )
            if found is not None and found["streams"]:
                streams, records = streams + found["streams"], records + int(found["records"])
                where = f"{consumer}:{topic}"
                record(
                    tx,
                    actor=order.actor,
                    action="consumer.baseline",
                    subject=where,
                    reason=order.reason,
                )
        if len(page) < SUBJECTS_EACH_TIME:
            return Given(streams, records)
        after = subjects[-1]
