"""The peer of the real command: FastStream that repeats on error, and SQLAlchemy's ORM.

The same body model, the same rules and the same disclosure as ours decide; what differs is how
the event comes in and how rows are read and written. As their documentation shows it.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks import command_rows as rows
from benchmarks import detection
from benchmarks.servers import Place
from contracts.catalogue import spec_for
from contracts.intake import PersonDetected
from contracts.vocabulary import load_profile
from services.chassis.clock import new_id
from services.identification import disclosure
from services.identification.domain import (
    CaseCodes,
    Change,
    Clocks,
    Opening,
    Policy,
    Situation,
    open_case,
    review,
)
from services.identification.domain.codes import CODE_NAMES


async def detect(
    session: AsyncSession, clocks: Clocks, body: PersonDetected, message: KafkaMessage
) -> None:
    """One command: its note, the case, its clocks, the events, the audit, the trace."""
    headers, now = message.headers, datetime.now(UTC)  # noqa: TID251 - as anybody would
    known = (detection.SERVICE, headers["ce_source"], headers["ce_id"])
    if await session.get(rows.Known, known) is not None:
        return
    digest = hashlib.sha256(message.body).hexdigest()
    names = ("consumer", "source", "event_id")
    told = dict(zip(names, known, strict=True))
    session.add(rows.Known(**told, body_digest=digest, handled_at=now))
    case_id = UUID(headers["ce_subject"])
    frozen = await session.get(rows.CaseFreeze, case_id)
    found = await session.get(rows.PersonCase, case_id, with_for_update=True)
    if frozen is not None or found is not None:
        return
    policy = await _policy(session)
    change = open_case(
        _opening(body, case_id, now), clocks, identifies=policy.identifies(body.detecting_agency)
    )
    _record(session, change, headers)
    situation = await _situation(session, case_id, (policy, body.detecting_agency, now))
    review(change.case, situation)


async def _policy(session: AsyncSession) -> Policy:
    stored = await session.get(rows.PolicyCopy, True, with_for_update={"read": True})
    pairs = () if stored is None else stored.document["hand_over_pairs"]
    return Policy(
        version=0 if stored is None else stored.version,
        participants=(),
        hand_over_pairs=frozenset((pair[0], pair[1]) for pair in pairs),
    )


def _opening(body: PersonDetected, case_id: UUID, now: datetime) -> Opening:
    codes = {name: getattr(body, name) for name in CODE_NAMES if name in type(body).model_fields}
    return Opening(
        case_id=case_id,
        origin="detected",
        counted_by=body.detecting_agency,
        codes=CaseCodes(**codes),
        occurred_at=body.occurred_at or now,
        now=now,
    )


def _record(session: AsyncSession, change: Change, headers: dict[str, str]) -> None:
    case, subject = change.case, str(change.case.case_id)
    session.add(
        rows.PersonCase(
            case_id=case.case_id,
            origin=case.origin,
            counted_by=case.counted_by,
            codes=_plain(case.codes),
            state=case.state.code,
            state_detail=_plain(case.state),
            occurred_at=case.occurred_at,
            recorded_at=case.recorded_at,
            grounds_due_at=case.grounds_due_at,
        )
    )
    for due in change.clocks:
        session.add(
            rows.Deadline(id=new_id(), kind=due.kind, subject=subject, due_at=due.due_at, detail={})
        )
    events = [disclosure.event_of(fact) for fact in change.facts]
    events.append(disclosure.accepted(UUID(headers["ce_correlationid"]), case.case_id))
    session.add_all(
        _outgoing(event, subject, headers, number) for number, event in enumerate(events)
    )
    session.add(
        rows.Audit(actor=headers["ce_source"], action="detect-person", subject=subject, reason="")
    )
    session.add(rows.SubjectTrace(subject=subject, trace_id=headers["ce_traceparent"][3:35]))


def _plain(value: Any) -> dict[str, Any]:
    return {
        field.name: found.isoformat() if isinstance(found, datetime) else found
        for field in fields(value)
        for found in (getattr(value, field.name),)
    }


def _outgoing(event: Any, subject: str, headers: dict[str, str], number: int) -> rows.Outgoing:
    spec = spec_for(detection.SERVICE, type(event))
    return rows.Outgoing(
        id=new_id(),
        aggregatetype=spec.topic,
        aggregateid=subject,
        type=spec.type,
        payload=event.model_dump_json().encode(),
        topic=spec.topic,
        key=subject,
        headers={name: str(text) for name, text in headers.items()},
        shard=0,
        sequence=number + 1,
        epoch=1,
    )


async def _situation(
    session: AsyncSession, case_id: UUID, known: tuple[Policy, str, datetime]
) -> Situation:
    """What a review looks at: nothing was said about a new case, but that has to be read."""
    policy, node, now = known
    for table in (rows.HandOver, rows.ConsentCopy, rows.RestrictionCopy):
        found = await session.scalars(select(table).where(table.case_id == case_id))
        if found.all():
            raise RuntimeError("the cases of the benchmark are new")
    return Situation(
        now=now,
        node=node,
        frozen=False,
        policy=policy,
        consents=(),
        restrictions=(),
        hand_overs=(),
    )


@asynccontextmanager
async def consuming(place: Place, tick: Callable[[], None]) -> AsyncIterator[None]:
    """The subscriber, running."""
    engine = create_async_engine(
        place.url.replace("postgresql://", "postgresql+asyncpg://", 1),
        connect_args={"server_settings": {"search_path": detection.SERVICE}},
    )
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    broker = KafkaBroker(place.bootstrap, logger=None)
    clocks = Clocks(profile=load_profile("BY-draft"))

    @broker.subscriber(
        place.topic(detection.TOPIC),
        group_id=f"{place.node}.library",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def detected(body: PersonDetected, message: KafkaMessage) -> None:
        async with sessions() as session, session.begin():
            await detect(session, clocks, body, message)
        tick()

    await broker.start()
    try:
        yield
    finally:
        await broker.stop()
        await engine.dispose()
