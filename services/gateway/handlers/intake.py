"""The two doors of intake, Kafka and HTTP, to the one function that takes a letter.

Both check the event in under (source, id, digest of its body), so that it happens once whichever
way it came and however often. The cause of what follows is a digest of that name: an id that an
agency wrote is put into an event only once it is known to be a UUID.
"""

import asyncio
import re
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from contracts.intake import IntakeAccepted, IntakeRefused
from services.chassis.audit import record
from services.chassis.clock import derived_id, new_id
from services.chassis.database import Transaction
from services.chassis.errors import NotAllowed
from services.chassis.identity import Caller
from services.chassis.messaging.check_in import (
    CheckIn,
    Said,
    Seen,
    canonical,
    check_in,
    note_refusal,
    visitor_named,
)
from services.chassis.messaging.door import Answer as DoorAnswer
from services.chassis.messaging.door import Answerer, Knock
from services.chassis.messaging.work import Cause, Work
from services.gateway.access.routes import AGENCY_SYSTEM
from services.gateway.access.telling import may_tell
from services.gateway.disclosure.news import reasons_told
from services.gateway.handlers.board import LOOK_AGAIN_SECONDS
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.door import Arrival, Place, take
from services.gateway.handlers.form import Letter, carried_by_kafka, letter_from
from services.gateway.store.answers import Answer, read_answer

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
DOOR: Final = "intake-topic"
TURNED_AWAY: Final = "intake-turned-away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an HTTP caller is told; ``accepted`` is None while the answer is on its way."""

    intake_id: UUID | None
    accepted: bool | None
    case_id: UUID | None = None
    reasons: tuple[dict[str, str | None], ...] = ()


# ---------------------------------------------------------------- Kafka


def answerer_of(context: GatewayContext) -> Answerer:
    """What the chassis's door asks about each record of the intake topic."""
    return partial(answer_record, context)


async def answer_record(context: GatewayContext, knock: Knock, work: Work) -> DoorAnswer:
    """Take one record; refused ones are deleted from the bus by the chassis's door."""
    record = knock.record
    carried = carried_by_kafka(record.headers, record.key, record.value)
    letter = letter_from(carried, context.settings.intake_limit_bytes)
    name = f"{knock.source} {knock.event_id}" if knock.event_id else f"place {knock.place}"
    cause = cause_of(context, letter, name)
    arrival = Arrival(
        letter=letter,
        id_reused=knock.seen is Seen.REUSED,
        place=Place(partition=record.partition, offset=record.offset),
        roles=frozenset({AGENCY_SYSTEM}),
    )
    ours = context.work(work.transaction, cause=cause, caller=DOOR)
    taken = await take(context, arrival, ours)
    if isinstance(taken.answer, IntakeRefused):
        return DoorAnswer.REFUSED
    return DoorAnswer.CLEARED if taken.has_originals else DoorAnswer.ACCEPTED


# ---------------------------------------------------------------- HTTP


async def receive(context: GatewayContext, caller: Caller, letter: Letter) -> Reply:
    """Take one request's letter, once; one without an id is only answered.

    NotAllowed, with a row in the audit, for what the caller's roles may not tell.
    """
    if not may_tell(caller.roles, letter.type):
        await _turned_away(context, caller, letter)
        raise NotAllowed("the role may not tell this")
    if letter.intake_id is None:
        arrival = Arrival(letter=letter, roles=caller.roles)
        cause = Cause(id=str(new_id()))
        return await context.database.run(partial(_taken, context, caller, arrival, cause))
    return await context.database.run(partial(_taken_once, context, caller, letter))


async def _turned_away(context: GatewayContext, caller: Caller, letter: Letter) -> None:
    subject = str(letter.intake_id or new_id())
    async with context.database.transaction() as tx:
        record(tx, actor=caller.name, action=TURNED_AWAY, subject=subject, reason="not-allowed")


async def _taken_once(
    context: GatewayContext, caller: Caller, letter: Letter, tx: Transaction
) -> Reply:
    source = letter.source or f"nrm.local.{context.settings.node}.intake.v1"
    visitor = visitor_named(
        context.keys.digest,
        source=source,
        event_id=str(letter.intake_id),
        said=Said(content=letter.content, type=letter.type, subject=letter.subject),
    )
    known: CheckIn = await check_in(tx, visitor, context.clock.wall())
    if known.again and letter.intake_id is not None:
        return _reply_of(letter.intake_id, await read_answer(tx, letter.intake_id))
    reused = known.seen is Seen.REUSED
    arrival = Arrival(letter=letter, id_reused=reused, roles=caller.roles)
    cause = cause_of(context, letter, f"{source} {letter.intake_id}")
    reply = await _taken(context, caller, arrival, cause, tx)
    if reply.accepted is False:
        await note_refusal(tx, visitor)
    return reply


async def _taken(
    context: GatewayContext, caller: Caller, arrival: Arrival, cause: Cause, tx: Transaction
) -> Reply:
    work = context.work(tx, cause=cause, caller=caller.name)
    answer = (await take(context, arrival, work)).answer
    if answer is None:
        return Reply(intake_id=arrival.letter.intake_id, accepted=None)
    return Reply(
        intake_id=answer.intake_id,
        accepted=isinstance(answer, IntakeAccepted),
        case_id=answer.case_id,
        reasons=tuple(reasons_told(answer)) if isinstance(answer, IntakeRefused) else (),
    )


async def wait_for_answer(context: GatewayContext, reply: Reply, seconds: float) -> Reply:
    """The final answer if it comes in time, else ``reply`` as it is."""
    intake_id = reply.intake_id
    if reply.accepted is not None or intake_id is None:
        return reply
    bell = context.board.enter(intake_id)
    if bell is None:
        return reply
    until = context.clock.monotonic() + min(seconds, context.settings.wait_limit_seconds)
    try:
        while True:
            async with context.database.transaction() as tx:
                answer = await read_answer(tx, intake_id)
            left = until - context.clock.monotonic()
            if answer is not None or left <= 0:
                return _reply_of(intake_id, answer)
            await _rung(bell, min(left, LOOK_AGAIN_SECONDS))
    finally:
        context.board.leave(intake_id, bell)


async def _rung(bell: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await bell.wait()
    except TimeoutError:
        return


def _reply_of(intake_id: UUID, answer: Answer | None) -> Reply:
    if answer is None:
        return Reply(intake_id=intake_id, accepted=None)
    return Reply(
        intake_id=intake_id,
        accepted=answer.accepted,
        case_id=answer.case_id,
        reasons=tuple(answer.reasons),
    )


def cause_of(context: GatewayContext, letter: Letter, name: str) -> Cause:
    """The cause that a letter is: the same for the same letter, and none of its words."""
    content = canonical(letter.content)
    digest = context.keys.digest(name.encode("utf-8", "replace") + b"\0" + content)
    given = letter.traceparent or ""
    return Cause(
        id=str(derived_id("intake", digest, letter.type, 0)),
        correlation=str(letter.intake_id) if letter.intake_id else None,
        traceparent=given if _TRACEPARENT.fullmatch(given) else None,
    )
