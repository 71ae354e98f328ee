"""What the agency asked for about places and units: one final answer each, accepted or refused."""

from uuid import UUID

from contracts.intake import CapacityReported, PlacesClosed, ServiceDelivered
from services.assistance.access import objections
from services.assistance.domain import (
    CapacityReport,
    Closing,
    Delivery,
    Objection,
    Pool,
    Refusal,
    check_in,
    close,
    deliver,
    release,
    report,
)
from services.assistance.handlers.contracts import charge_delivery
from services.assistance.handlers.recording import (
    Asked,
    Context,
    answer,
    asked_of,
    free_holds,
    record_episode,
    record_placed,
    record_pool,
    subject_of,
)
from services.assistance.store import episodes, pools
from services.chassis.messaging.work import Received, Waits, Work


async def report_capacity(context: Context, received: Received, work: Work) -> Waits | None:
    """Take how many places a pool has, as a person counted them."""
    body: CapacityReported = received.body
    told = CapacityReport(
        pool_id=body.pool_id,
        service_type=body.service_type,
        audience_class=body.audience_class,
        maximum=body.maximum,
        out_of_service=body.out_of_service,
        now=work.now,
        suits=frozenset(body.suits),
        waiting_list=body.waiting_list,
    )
    known, asked = await _pool_of(received, work, body.pool_id)
    await _answered(work, asked, body.pool_id, report(known, told))
    return None


async def close_places(context: Context, received: Received, work: Work) -> Waits | None:
    """Take places out of service, or open them again; nobody is put out."""
    body: PlacesClosed = received.body
    told = Closing(out_of_service=body.out_of_service, reason=body.reason, now=work.now)
    known, asked = await _pool_of(received, work, body.pool_id)
    await _answered(work, asked, body.pool_id, close(known, told))
    return None


async def _pool_of(received: Received, work: Work, pool_id: UUID) -> tuple[Pool | None, Asked]:
    action = received.envelope.type.split(".")[-2]
    asked = Asked(action=action, subject=subject_of(received), case_id=None)
    return (await pools.lock_pools(work.transaction, [pool_id])).get(pool_id), asked


async def _answered(work: Work, asked: Asked, pool_id: UUID, decided: Pool | Refusal) -> None:
    if pool_id != asked.subject:
        answer(work, asked, (Objection(code="wrong-format", field="pool_id"),))
    elif isinstance(decided, Refusal):
        answer(work, asked, decided.objections)
    else:
        await record_pool(work, decided)
        answer(work, asked, ())


async def record_service(context: Context, received: Received, work: Work) -> Waits | None:
    """Count what was given; the first record begins the episode, an outcome ends it."""
    body: ServiceDelivered = received.body
    asked = asked_of(received)
    tx, case_id = work.transaction, asked.subject
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
    await record_episode(work, decided, episode)
    await _move_place(context, work, given, (case_id, body.task_id))
    await charge_delivery(work, episode, given)
    answer(work, asked, ())
    return None


async def _move_place(
    context: Context, work: Work, given: Delivery, about: tuple[UUID, UUID]
) -> None:
    """Who was expected is here; who was here left."""
    tx = work.transaction
    hold = await pools.load_hold(tx, *about)
    if hold is None:
        return
    locked = await pools.lock_pools(tx, [hold.pool_id] if hold.pool_id else [])
    pool = locked.get(hold.pool_id) if hold.pool_id else None
    placed = check_in(hold, pool, given.happened_at, context.profile)
    if placed is not None:
        await record_placed(context, work, placed, hold)
        hold = placed.hold
    if given.outcome is not None:
        await free_holds(context, work, [hold], release)


async def task_never_came(context: Context, received: Received, work: Work) -> Waits | None:
    """The command waited long enough: this node knows no such task."""
    unknown = Objection(code="unknown-task", field="task_id")
    answer(work, asked_of(received), (unknown,))
    return None
