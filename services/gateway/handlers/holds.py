"""Placing, confirming and lifting a legal hold, under the case's row; and destroying what is free.

A hold keeps a record and nothing else: whoever may not read the case may not read it now either.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from contracts.gateway import LegalHoldEnded, LegalHoldSet
from contracts.intake import LegalHoldConfirmed, LegalHoldLifted, LegalHoldPlaced
from services.chassis.audit import record
from services.chassis.clock import new_id
from services.chassis.database import Transaction
from services.chassis.errors import NotFound
from services.chassis.identity import Caller
from services.chassis.messaging.work import Cause, Work
from services.gateway.disclosure.holds import (
    legal_hold_ended,
    legal_hold_set,
    person_destroyed,
)
from services.gateway.domain.holds import (
    ID_TAKEN,
    LIFTED,
    Destroying,
    LegalHold,
    Placing,
    confirming_objections,
    destroying_objections,
    placing_objections,
    standing_objections,
    terms_of,
    that_one_person_saw,
)
from services.gateway.domain.refusals import Objection, second_person_objections
from services.gateway.handlers.context import GatewayContext
from services.gateway.store import acts, cases, holds, merges, stays, stream

PLACED = "legal-hold-placed"
CONFIRMED = "legal-hold-confirmed"
ENDED = "legal-hold-ended"
DESTROYED = "person-destroyed"
NOTHING_THERE = "nothing-there"
DONE = ("", NOTHING_THERE)
"""Why it was recorded, where nothing is left to be destroyed."""


async def place_hold(
    context: GatewayContext, body: LegalHoldPlaced, case_id: UUID, work: Work, *, a_system: bool
) -> tuple[Objection, ...]:
    """Enter a hold; it stands at once, until somebody confirms it or its hours are over."""
    tx, terms = work.transaction, terms_of(context.profile)
    known = await cases.read_case(tx, case_id) is not None
    if known:
        await cases.lock_case(tx, case_id, work.now)
    kept = await holds.read_holds(tx, await merges.read_family(tx, case_id))
    alone = [
        await _alone(tx, hold, work.caller, a_system=a_system)
        for hold in that_one_person_saw(kept, body.ground)
    ]
    asked = Placing(
        ground=body.ground,
        ends_at=body.ends_at,
        now=work.now,
        terms=terms,
        case_known=known,
        id_taken=await holds.read_hold(tx, body.hold_id) is not None,
        again_alone=any(alone),
    )
    if against := placing_objections(asked):
        return against
    hold = LegalHold(
        hold_id=body.hold_id,
        case_id=case_id,
        ground=body.ground,
        placed_at=work.now,
        ends_at=body.ends_at,
        confirm_by=work.now + terms.confirmed_within,
    )
    if not await holds.add_hold(tx, hold):
        return (ID_TAKEN,)
    await _told_of_all(work, case_id, legal_hold_set(hold))
    _audited(work, PLACED, hold, hold.ground)
    return ()


async def confirm_hold(
    body: LegalHoldConfirmed, case_id: UUID, work: Work, *, a_system: bool
) -> tuple[Objection, ...]:
    """A second person saw the ground: it stands until its own end."""
    tx = work.transaction
    hold = await _hold_of(body.hold_id, case_id, work)
    before = await _who(tx, PLACED, (hold,) if hold else ())
    second = second_person_objections(work.caller, before, a_system=a_system)
    against = confirming_objections(hold, work.now, second)
    if against or hold is None:
        return against
    await holds.confirm_hold(tx, hold.hold_id, work.now)
    confirmed = await holds.read_hold(tx, hold.hold_id) or hold
    await _told_of_all(work, hold.case_id, legal_hold_set(confirmed))
    _audited(work, CONFIRMED, hold, hold.ground)
    return ()


async def lift_hold(
    body: LegalHoldLifted, case_id: UUID, work: Work, *, a_system: bool
) -> tuple[Objection, ...]:
    """The ground is gone: the record is destroyed in the agreed time, counted from now.

    No system says so, and whoever does will not be who destroys.
    """
    hold = await _hold_of(body.hold_id, case_id, work)
    person = second_person_objections(work.caller, frozenset(), a_system=a_system)
    against = standing_objections(hold, work.now) + person
    if against or hold is None:
        return against
    await end_hold(hold, LIFTED, work)
    return ()


async def end_hold(hold: LegalHold, kind: str, work: Work) -> bool:
    """A hold stands no longer; the services hear of it once. The case's row is locked."""
    ended_at = work.now if kind == LIFTED else hold.stands_until
    if not await holds.end_hold(work.transaction, hold.hold_id, kind, ended_at):
        return False
    await _told_of_all(work, hold.case_id, legal_hold_ended(hold.hold_id, kind, ended_at))
    _audited(work, ENDED, hold, kind)
    return True


async def destroy_person(context: GatewayContext, caller: Caller, case_id: UUID) -> tuple[str, ...]:
    """Destroy what the safe has of a case of which sharing was stopped; every reason why not.

    Recorded, and what was refused with its first reason. The services hear of it, also where
    nothing was there: whoever was asked to destroy it looked, and is asked no more.
    """
    async with context.database.transaction() as tx:
        now = context.work(tx, cause=Cause(id=str(new_id())), caller=caller.name).now
        known = await cases.read_case(tx, case_id)
        row = await cases.lock_case(tx, case_id, now) if known is not None else None
        family = await merges.read_family(tx, case_id)
        kept = await holds.read_holds(tx, family)
        asked = Destroying(
            stopped_at=row.frozen_at if row else None,
            holds=kept,
            stays=await stays.read_stays(tx, family),
            now=now,
            terms=terms_of(context.profile),
            lifted_by_the_same=caller.name in await _who(tx, ENDED, kept, LIFTED),
        )
        against = destroying_objections(asked) if row else ()
        gone = row is not None and not against and await holds.destroy_person(tx, case_id)
        if row is not None and not against:
            stream.publish_consent_fact(tx, person_destroyed(now), case_id=case_id)
        why = against[0] if against else "" if gone else NOTHING_THERE if row else "absent"
        record(tx, actor=caller.name, action=DESTROYED, subject=str(case_id), reason=why)
    if not against and not gone:
        raise NotFound("nothing about this case is in the safe")
    return against


async def list_kept_cases(
    context: GatewayContext, caller: Caller, after: UUID | None, limit: int
) -> list[tuple[UUID, datetime | None]]:
    """Stopped cases of which something is in the safe, and cases under a hold; each is recorded.

    A node that gives help has them, too, and identification there knows none of them.
    """
    async with context.database.transaction() as tx:
        found = await holds.kept_cases(tx, after, limit)
        for case_id, _ in found:
            record(tx, actor=caller.name, action="list-kept-case", subject=str(case_id))
    return found


async def _hold_of(hold_id: UUID, case_id: UUID, work: Work) -> LegalHold | None:
    """The hold, if it is one of this case or of one that it was merged with; its row is locked."""
    tx = work.transaction
    hold = await holds.read_hold(tx, hold_id)
    if hold is None or hold.case_id not in await merges.read_family(tx, case_id):
        return None
    await cases.lock_case(tx, hold.case_id, work.now)
    return await holds.read_hold(tx, hold_id)


async def _alone(tx: Transaction, hold: LegalHold, caller: str, *, a_system: bool) -> bool:
    """Whether nobody but ``caller`` would have seen the ground of this hold, placed again."""
    placers, lifters = await _who(tx, PLACED, (hold,)), await _who(tx, ENDED, (hold,), LIFTED)
    seen_by_another = bool(lifters - placers)
    return not seen_by_another and bool(
        second_person_objections(caller, placers, a_system=a_system)
    )


async def _who(
    tx: Transaction, action: str, kept: Sequence[LegalHold], word: str = ""
) -> frozenset[str]:
    """Everybody who did this to one of these holds; without a word, on the hold's own ground."""
    if not kept:
        return frozenset()
    reasons = [_reason(hold, word or hold.ground) for hold in kept]
    return await acts.who_did(tx, action, [hold.case_id for hold in kept], reasons)


async def _told_of_all(work: Work, case_id: UUID, fact: LegalHoldSet | LegalHoldEnded) -> None:
    """Of the case and of whatever it was merged with: one person's record is kept under each id."""
    for each in await merges.read_family(work.transaction, case_id):
        stream.publish_consent_fact(work.transaction, fact, case_id=each)


def _reason(hold: LegalHold, word: str) -> str:
    """Which hold, and the code that matters: for the audit."""
    return f"{word}:{hold.hold_id}"


def _audited(work: Work, action: str, hold: LegalHold, word: str) -> None:
    record(
        work.transaction,
        actor=work.caller,
        action=action,
        subject=str(hold.case_id),
        reason=_reason(hold, word),
    )
