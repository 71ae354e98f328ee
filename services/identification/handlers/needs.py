"""What needs the record of a frozen case: legal holds, and stays here. Meanwhile nobody is told to
destroy it.

Neither thaws a case. It need not be known, nor frozen yet; what ended never stands again.
"""

from uuid import UUID

from contracts.assistance import StayBegan, StayEnded
from contracts.gateway import LegalHoldEnded, LegalHoldSet
from services.chassis.messaging.work import Received, Waits, Work
from services.identification.domain.clocks import DESTRUCTION_DUE
from services.identification.handlers.recording import Context, case_id_of, note
from services.identification.store import cases, needs, outbox


async def legal_hold_set(context: Context, received: Received, work: Work) -> Waits | None:
    """Remember it, unless its end is known; never waits."""
    body: LegalHoldSet = received.body
    await _begin(work, case_id_of(received), body.hold_id)
    note(work, case_id_of(received), "legal-hold-copied")
    return None


async def legal_hold_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """It stands no longer: the time to destroy begins anew, unless something else needs it."""
    body: LegalHoldEnded = received.body
    case_id = case_id_of(received)
    await cases.lock_cases(work.transaction, (case_id,))
    await needs.end_need(work.transaction, case_id, body.hold_id, body.ended_at)
    await set_destruction_clock(context, work, case_id)
    note(work, case_id, "legal-hold-ended", body.kind)
    return None


async def stay_began(context: Context, received: Received, work: Work) -> Waits | None:
    """Somebody of this case lives here: whoever gives the bed needs to know whom; never waits."""
    body: StayBegan = received.body
    await _begin(work, case_id_of(received), body.task_id)
    return None


async def stay_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """They left: the time to destroy begins anew, unless something else needs the record."""
    body: StayEnded = received.body
    case_id = case_id_of(received)
    await cases.lock_cases(work.transaction, (case_id,))
    await needs.end_need(work.transaction, case_id, body.task_id, body.happened_at)
    await set_destruction_clock(context, work, case_id)
    return None


async def set_destruction_clock(context: Context, work: Work, case_id: UUID) -> None:
    """The clock of a frozen case: stopped while something needs the record, else counted from the
    freeze or from the end of the last need.
    """
    tx = work.transaction
    frozen_at = await cases.frozen_at(tx, case_id)
    if frozen_at is None:
        return
    if await needs.is_needed(tx, case_id):
        await outbox.stop_clock(tx, case_id, DESTRUCTION_DUE)
        return
    ended_at = await needs.last_end(tx, case_id)
    due = context.clocks.destruction(max(frozen_at, ended_at or frozen_at))
    await outbox.start_clock(tx, case_id, due.kind, due.due_at)


async def _begin(work: Work, case_id: UUID, need_id: UUID) -> None:
    await cases.lock_cases(work.transaction, (case_id,))
    await needs.enter_need(work.transaction, case_id, need_id)
    if await needs.is_needed(work.transaction, case_id):
        await outbox.stop_clock(work.transaction, case_id, DESTRUCTION_DUE)
