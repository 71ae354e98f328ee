"""What the agency asked for: each command gets one final answer, accepted or refused."""

from uuid import UUID

from contracts.intake import CapacityReported, ServiceDelivered
from services.assistance.access import objections
from services.assistance.domain import (
    CapacityReport,
    Completed,
    Delivery,
    Objection,
    Refusal,
    check_in,
    deliver,
    report,
)
from services.assistance.handlers.recording import (
    Asked,
    Context,
    answer,
    record_episode,
    record_placed,
    record_pool,
    release_holds,
    subject_of,
)
from services.assistance.store import episodes, pools
from services.chassis.messaging.work import Received, Waits, Work

RECORD_SERVICE = "record-service"


async def report_capacity(context: Context, received: Received, work: Work) -> Waits | None:
    """Take how many places a pool has, as a person counted them."""
    body: CapacityReported = received.body
    asked = Asked(action="report-capacity", subject=subject_of(received), case_id=None)
    if body.pool_id != asked.subject:
        answer(work, asked, (Objection(code="wrong-format", field="pool_id"),))
        return None
    known = (await pools.lock_pools(work.transaction, [body.pool_id])).get(body.pool_id)
    told = CapacityReport(
        pool_id=body.pool_id,
        service_type=body.service_type,
        audience_class=body.audience_class,
        maximum=body.maximum,
        out_of_service=body.out_of_service,
        now=work.now,
    )
    decided = report(known, told)
    if isinstance(decided, Refusal):
        answer(work, asked, decided.objections)
        return None
    await record_pool(work, decided)
    answer(work, asked, ())
    return None


async def record_service(context: Context, received: Received, work: Work) -> Waits | None:
    """Count what was given; the first record begins the episode, an outcome ends it."""
    body: ServiceDelivered = received.body
    tx, case_id = work.transaction, subject_of(received)
    asked = Asked(action=RECORD_SERVICE, subject=case_id, case_id=case_id)
    against = objections(frozen=await episodes.frozen_at(tx, case_id) is not None)
    if against:
        answer(work, asked, against)
        return None
    episode = await episodes.load_episode(tx, case_id, body.task_id)
    if episode is None:
        return Waits("task", str(body.task_id))
    given = Delivery(
        unit=body.unit,
        quantity=body.quantity,
        outcome=body.outcome,
        happened_at=body.occurred_at or work.now,
        now=work.now,
    )
    decided = deliver(episode, given)
    if isinstance(decided, Refusal):
        answer(work, asked, decided.objections)
        return None
    await record_episode(work, decided)
    await _move_place(
        work, case_id, body.task_id, ended=isinstance(decided.episode.state, Completed)
    )
    answer(work, asked, ())
    return None


async def _move_place(work: Work, case_id: UUID, task_id: UUID, *, ended: bool) -> None:
    """Who was expected is here; who was here left."""
    tx = work.transaction
    hold = await pools.load_hold(tx, case_id, task_id)
    if hold is None:
        return
    locked = await pools.lock_pools(tx, [hold.pool_id] if hold.pool_id else [])
    placed = check_in(hold, locked.get(hold.pool_id) if hold.pool_id else None)
    if placed is not None:
        await record_placed(work, placed)
        hold = placed.hold
    if ended:
        await release_holds(work, [hold])


async def task_never_came(context: Context, received: Received, work: Work) -> Waits | None:
    """The command waited long enough: this node knows no such task."""
    case_id = subject_of(received)
    asked = Asked(action=RECORD_SERVICE, subject=case_id, case_id=case_id)
    answer(work, asked, (Objection(code="unknown-task", field="task_id"),))
    return None
