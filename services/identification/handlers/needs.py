"""What needs the record of a frozen case: legal holds, and stays here. Meanwhile nobody is told to
destroy it; nor ever again once that was done.

Neither thaws a case. It need not be known, nor frozen yet; what ended never stands again. What
needs one case needs all that are the same one, as it does in the gateway's safe; what was destroyed
is of one case alone, as there.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from contracts.assistance import HoldFact, StayEnded
from contracts.gateway import LegalHoldEnded, LegalHoldSet, PersonDestroyed
from services.chassis.clock import derived_id
from services.chassis.messaging.work import Received, Waits, Work
from services.identification.domain.clocks import DESTRUCTION_DUE
from services.identification.handlers.recording import Context, case_id_of, note
from services.identification.settings import SERVICE
from services.identification.store import cases, links, needs, outbox

STAY, HOLD = "stay", "hold"
"""Of what kind a need is."""


async def legal_hold_set(context: Context, received: Received, work: Work) -> Waits | None:
    """Remember it, unless its end is known; never waits."""
    body: LegalHoldSet = received.body
    await _begin(work, case_id_of(received), need_of(HOLD, body.hold_id))
    note(work, case_id_of(received), "legal-hold-copied")
    return None


async def legal_hold_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """It stands no longer: the time to destroy begins anew, unless something else needs it."""
    body: LegalHoldEnded = received.body
    await _end(context, received, work, (HOLD, body.hold_id, body.ended_at))
    note(work, case_id_of(received), "legal-hold-ended", body.kind)
    return None


async def stay_began(context: Context, received: Received, work: Work) -> Waits | None:
    """Somebody of this case lives here, or is here and is asked for this provider's own consent:
    whoever gives the bed needs to know whom; never waits.

    Of whoever came where no places are counted, before such stays were told of, that question is
    the first that is told.
    """
    body: HoldFact = received.body
    await _begin(work, case_id_of(received), need_of(STAY, body.task_id))
    return None


async def stay_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """They left: the time to destroy begins anew, unless something else needs the record."""
    body: StayEnded = received.body
    await _end(context, received, work, (STAY, body.task_id, body.happened_at))
    return None


async def person_destroyed(context: Context, received: Received, work: Work) -> Waits | None:
    """A person destroyed what the gateway had of the case: nobody is asked to do it again; never
    waits. Of the cases that are the same one people are asked as before.
    """
    body: PersonDestroyed = received.body
    case_id = case_id_of(received)
    await lock_family(work, case_id)
    await needs.note_destroyed(work.transaction, case_id, body.destroyed_at)
    await _stop_clocks(work, (case_id,))
    note(work, case_id, "destruction-copied")
    return None


def need_of(kind: str, told_id: UUID) -> UUID:
    """The id of a need of its kind: a hold that is placed under the id of a stay, or under that of
    the stay's need, and lifted, ends no stay.
    """
    return derived_id(SERVICE, str(told_id), kind, 0)


async def set_destruction_clocks(
    context: Context, work: Work, those: tuple[UUID, ...], family: tuple[UUID, ...]
) -> None:
    """The clocks of those of a family that are frozen and not destroyed: stopped while something
    needs the record of any of it, else counted from the freeze or from the end of the last need.
    """
    tx = work.transaction
    if await needs.is_needed(tx, family):
        await _stop_clocks(work, family)
        return
    ended_at = await needs.last_end(tx, family)
    gone = await needs.destroyed_among(tx, those)
    for case_id in those:
        frozen_at = None if case_id in gone else await cases.frozen_at(tx, case_id)
        if frozen_at is not None:
            due = context.clocks.destruction(max(frozen_at, ended_at or frozen_at))
            await outbox.start_clock(tx, case_id, due.kind, due.due_at)


async def join_needs(work: Work, case_id: UUID) -> None:
    """The case is the same as another one: what needs either needs the records of both."""
    family = await links.family_of(work.transaction, case_id)
    if await needs.is_needed(work.transaction, family):
        await _stop_clocks(work, family)


async def lock_family(work: Work, case_id: UUID) -> tuple[UUID, ...]:
    """The case and all that are the same one, the known ones locked in the order of their ids.

    Looked up again once they are locked: somebody may have merged one more while we waited.
    """
    tx = work.transaction
    locked: frozenset[UUID] = frozenset()
    while not locked.issuperset(family := await links.family_of(tx, case_id)):
        await cases.lock_cases(tx, family)
        locked = frozenset(family)
    return family


async def _begin(work: Work, case_id: UUID, need_id: UUID) -> None:
    await lock_family(work, case_id)
    await needs.enter_need(work.transaction, case_id, need_id)
    await join_needs(work, case_id)


async def _end(
    context: Context, received: Received, work: Work, need: tuple[str, UUID, datetime]
) -> None:
    """A need of this kind, told under this id, ended then; the clocks of what is frozen begin."""
    tx, case_id = work.transaction, case_id_of(received)
    kind, told_id, ended_at = need
    family = await lock_family(work, case_id)
    await needs.end_need(tx, case_id, need_of(kind, told_id), ended_at)
    await needs.end_need_of_before(tx, case_id, told_id, ended_at)
    await set_destruction_clocks(context, work, family, family)


async def _stop_clocks(work: Work, family: Iterable[UUID]) -> None:
    for case_id in family:
        await outbox.stop_clock(work.transaction, case_id, DESTRUCTION_DUE)
