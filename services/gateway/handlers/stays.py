"""Stays, as assistance tells of them: while one runs its provider needs to know who is here."""

from uuid import UUID

from contracts.assistance import HoldFact
from services.chassis.messaging.work import Received, Work
from services.gateway.handlers.context import GatewayContext
from services.gateway.store import cases, stays


async def note_stay(_context: GatewayContext, received: Received, work: Work) -> None:
    """Somebody came, or is here and is asked for this provider's own consent."""
    body: HoldFact = received.body
    case_id = UUID(received.envelope.subject)
    await cases.lock_case(work.transaction, case_id, work.now)
    await stays.begin_stay(work.transaction, case_id, body.task_id)


async def note_stay_over(_context: GatewayContext, received: Received, work: Work) -> None:
    """They left: the time to destroy what is here counts from then."""
    body: HoldFact = received.body
    case_id = UUID(received.envelope.subject)
    await cases.lock_case(work.transaction, case_id, work.now)
    await stays.end_stay(work.transaction, case_id, body.task_id, body.happened_at)
