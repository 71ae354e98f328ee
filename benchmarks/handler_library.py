"""The peer of job 2: FastStream that repeats on error, one session of SQLAlchemy per event.

Written as its documentation shows it; the rows are those of ours but for the counters (the event's
own number is written), which is in its favour.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks import event
from benchmarks.servers import Place
from services.chassis.clock import new_id

METADATA: Final = sa.MetaData()
KNOWN: Final = sa.Table(
    "inbox_known",
    METADATA,
    sa.Column("consumer", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("event_id", sa.Text),
    sa.Column("body_digest", sa.Text),
    sa.Column("handled_at", sa.DateTime(timezone=True)),
)
THING: Final = sa.Table(
    "thing",
    METADATA,
    sa.Column("id", sa.Uuid),
    sa.Column("number", sa.BigInteger),
    sa.Column("changed_at", sa.DateTime(timezone=True)),
)
OUTBOX: Final = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", sa.Uuid),
    *(sa.Column(name, sa.Text) for name in ("aggregatetype", "aggregateid", "type")),
    *(sa.Column(name, sa.Text) for name in ("topic", "key")),
    sa.Column("payload", sa.LargeBinary),
    sa.Column("headers", JSONB),
    sa.Column("shard", sa.SmallInteger),
    sa.Column("sequence", sa.BigInteger),
    sa.Column("epoch", sa.Integer),
)
AUDIT: Final = sa.Table(
    "audit",
    METADATA,
    *(sa.Column(name, sa.Text) for name in ("actor", "action", "subject", "reason")),
)


async def handle(session: AsyncSession, body: event.Thing, message: KafkaMessage) -> None:
    """The statements of one event."""
    if await enter(session, body, message):
        await session.execute(insert(OUTBOX).values(**_row(body, message.headers)))
        await audit(session, message)


async def enter(session: AsyncSession, body: event.Thing, message: KafkaMessage) -> bool:
    """Note the event and change the thing; False when it was here before."""
    headers, now = message.headers, datetime.now(UTC)  # noqa: TID251 - as anybody would
    entered = await session.execute(
        insert(KNOWN)
        .values(
            consumer="house",
            source=headers["ce_source"],
            event_id=headers["ce_id"],
            body_digest=hashlib.sha256(message.body).hexdigest(),
            handled_at=now,
        )
        .on_conflict_do_nothing()
        .returning(KNOWN.c.event_id)
    )
    if entered.first() is None:
        return False
    await session.execute(
        sa.update(THING).where(THING.c.id == body.thing).values(number=body.number, changed_at=now)
    )
    return True


async def audit(session: AsyncSession, message: KafkaMessage) -> None:
    """The audit row."""
    headers = message.headers
    await session.execute(
        insert(AUDIT).values(
            actor=headers["ce_source"],
            action="settle-thing",
            subject=headers["ce_subject"],
            reason="",
        )
    )


def _row(body: event.Thing, headers: dict[str, Any]) -> dict[str, Any]:
    subject = headers["ce_subject"]
    return {
        "id": new_id(),
        "aggregatetype": event.OUTCOMES,
        "aggregateid": subject,
        "type": event.OUTCOME.type,
        "topic": event.OUTCOMES,
        "key": subject,
        "payload": event.outcome_of(body).model_dump_json().encode(),
        "headers": {name: str(text) for name, text in headers.items()},
        "shard": 0,
        "sequence": int(headers["ce_sequence"]),
        "epoch": 1,
    }


@asynccontextmanager
async def consuming(place: Place, tick: Callable[[], None]) -> AsyncIterator[None]:
    """The subscriber, running."""
    engine = create_async_engine(
        place.url.replace("postgresql://", "postgresql+asyncpg://", 1),
        connect_args={"server_settings": {"search_path": "house"}},
    )
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    broker = KafkaBroker(place.bootstrap, logger=None)

    @broker.subscriber(
        place.topic(event.THINGS),
        group_id=f"{place.node}.library",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def settle(body: event.Thing, message: KafkaMessage) -> None:
        async with sessions() as session, session.begin():
            await handle(session, body, message)
        tick()

    await broker.start()
    try:
        yield
    finally:
        await broker.stop()
        await engine.dispose()
