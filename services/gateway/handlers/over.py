"""A case of this node that was closed, or entered in error: nobody asks the person again for it.

A duplicate is over with the case that goes on. Nothing that was agreed to ends by this.
"""

from uuid import UUID

from services.chassis.messaging.work import Received, Work
from services.gateway.handlers.context import GatewayContext
from services.gateway.store import cases, merges


async def note_over(_context: GatewayContext, received: Received, work: Work) -> None:
    """Closed, or void: with it whatever was merged into it. A closed case takes nothing more."""
    case_id = UUID(received.envelope.subject)
    await cases.lock_case(work.transaction, case_id, work.now)
    await merges.note_over(work.transaction, case_id, work.now)


async def note_merged(case_id: UUID, into_case: UUID, work: Work) -> None:
    """People work on in the other case; its end may have been told before the merge."""
    tx = work.transaction
    await merges.note_that_it_goes_on(tx, case_id, into_case)
    row = await cases.read_case(tx, into_case)
    if row is not None and row.over_at is not None:
        await merges.note_over(tx, into_case, row.over_at)
