"""Copies of legal holds: while one stands nobody is told to destroy what is here of a frozen case.

A hold never thaws a case. It need not be known, nor frozen yet; what ended never stands again.
"""

from uuid import UUID

from contracts.gateway import LegalHoldEnded, LegalHoldSet
from services.chassis.messaging.work import Received, Waits, Work
from services.identification.domain.clocks import DESTRUCTION_DUE
from services.identification.handlers.recording import Context, case_id_of, note
from services.identification.store import cases, holds, outbox


async def legal_hold_set(context: Context, received: Received, work: Work) -> Waits | None:
    """Remember it, unless its end is known; never waits."""
    body: LegalHoldSet = received.body
    case_id = case_id_of(received)
    await cases.lock_cases(work.transaction, (case_id,))
    await holds.enter_hold(work.transaction, case_id, body.hold_id)
    if await holds.a_hold_stands(work.transaction, case_id):
        await outbox.stop_clock(work.transaction, case_id, DESTRUCTION_DUE)
    note(work, case_id, "legal-hold-copied")
    return None


async def legal_hold_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """It stands no longer: the time to destroy begins anew, unless another one stands."""
    body: LegalHoldEnded = received.body
    case_id = case_id_of(received)
    await cases.lock_cases(work.transaction, (case_id,))
    await holds.end_hold(work.transaction, case_id, body.hold_id, body.ended_at)
    await set_destruction_clock(context, work, case_id)
    note(work, case_id, "legal-hold-ended", body.kind)
    return None


async def set_destruction_clock(context: Context, work: Work, case_id: UUID) -> None:
    """The clock of a frozen case: stopped while a hold stands, else counted from the freeze or
    from the end of the last hold.
    """
    tx = work.transaction
    frozen_at = await cases.frozen_at(tx, case_id)
    if frozen_at is None:
        return
    if await holds.a_hold_stands(tx, case_id):
        await outbox.stop_clock(tx, case_id, DESTRUCTION_DUE)
        return
    ended_at = await holds.last_end(tx, case_id)
    due = context.clocks.destruction(max(frozen_at, ended_at or frozen_at))
    await outbox.start_clock(tx, case_id, due.kind, due.due_at)
