"""Assistance plans: written, moved on and asked after by command; read by people who help.

Each command gets one answer. Clocks are what the domain says runs in the plan's state.
"""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from contracts.intake import FollowUpDone, FollowUpPlanned, PlanAdvanced, PlanDrafted
from services.assistance import disclosure
from services.assistance.access import objections
from services.assistance.domain import Objection, Refusal, clocks_of_asking, clocks_of_plan
from services.assistance.domain.clocks import Clock
from services.assistance.domain.plans import (
    Asking,
    AssistancePlan,
    Content,
    Heard,
    Part,
    Step,
    advance,
    draft,
    first_asking,
    plan_asking,
    record_asking,
)
from services.assistance.handlers.recording import Asked, Context, answer, asked_of, note
from services.assistance.settings import SERVICE
from services.assistance.store import episodes, outbox, plans
from services.chassis import audit
from services.chassis.clock import derived_id
from services.chassis.database import Transaction
from services.chassis.deadlines import Deadline
from services.chassis.identity import Caller
from services.chassis.messaging.work import Received, Waits, Work

Told: TypeAlias = PlanDrafted | PlanAdvanced | FollowUpPlanned | FollowUpDone
UNKNOWN = (Objection(code="unknown-plan", field="plan_id"),)
UNKNOWN_ASKING = (Objection(code="unknown-plan", field="follow_up_id"),)
REUSED = (Objection(code="id-reused", field="plan_id"),)


async def plan_drafted(context: Context, received: Received, work: Work) -> Waits | None:
    """Take a plan as it is written now."""
    body: PlanDrafted = received.body
    asked = asked_of(received)
    known = await plans.lock_plan(work.transaction, body.plan_id)
    against = await _against(work, asked)
    if known is not None and known.case_id != asked.subject:
        against = against or REUSED
    if against:
        answer(work, asked, against)
        return None
    told = Content(
        majority=body.majority,
        risk=body.risk,
        safety_plan=body.safety_plan,
        needs=body.needs,
        goals=body.goals,
        parts=tuple(Part(**part.model_dump()) for part in body.parts),
    )
    decided = draft(known, (body.plan_id, asked.subject), told)
    if isinstance(decided, Refusal):
        answer(work, asked, decided.objections)
        return None
    await plans.save_plan(work.transaction, decided, work.now)
    _tell(work, decided, disclosure.plan_written(decided, work.now))
    answer(work, asked, ())
    return None


async def plan_advanced(context: Context, received: Received, work: Work) -> Waits | None:
    """Move a plan on; who is followed up is asked after."""
    body: PlanAdvanced = received.body
    asked = asked_of(received)
    known = await _known(work, asked, body)
    if known is None:
        return None
    step = Step(to=body.to, reason=body.reason, now=work.now, profile=context.profile)
    decided = advance(known, step)
    if isinstance(decided, Refusal):
        answer(work, asked, decided.objections)
        return None
    tx = work.transaction
    await plans.save_plan(tx, decided, work.now)
    _tell(work, decided, disclosure.plan_moved(decided, work.now))
    about = (decided.case_id, decided.plan_id)
    await outbox.keep_clocks(tx, about, clocks_of_plan(known), clocks_of_plan(decided))
    for asking in await plans.askings_of(tx, decided.plan_id):
        await _clock(work, decided, asking, clocks_of_asking(known, asking))
    first = first_asking(decided, derived_id(SERVICE, work.cause.id, "follow-up", 0), step)
    if first is not None:
        await _set(work, decided, first, outbox.NONE)
    answer(work, asked, ())
    return None


async def follow_up_planned(context: Context, received: Received, work: Work) -> Waits | None:
    """Somebody will ask after the person then."""
    body: FollowUpPlanned = received.body
    asked = asked_of(received)
    known = await _known(work, asked, body)
    if known is None:
        return None
    asking = await plans.lock_asking(work.transaction, body.follow_up_id)
    if asking is not None and asking.plan_id != known.plan_id:
        answer(work, asked, UNKNOWN_ASKING)
        return None
    wanted = Asking(follow_up_id=body.follow_up_id, plan_id=known.plan_id, due_at=body.due_at)
    decided = plan_asking(known, asking, wanted, work.now)
    if isinstance(decided, Refusal):
        answer(work, asked, decided.objections)
        return None
    had = outbox.NONE if asking is None else clocks_of_asking(known, asking)
    await _set(work, known, decided, had)
    answer(work, asked, ())
    return None


async def follow_up_done(context: Context, received: Received, work: Work) -> Waits | None:
    """Somebody asked after the person."""
    body: FollowUpDone = received.body
    asked = asked_of(received)
    known = await _known(work, asked, body)
    if known is None:
        return None
    asking = await plans.lock_asking(work.transaction, body.follow_up_id)
    if asking is None or asking.plan_id != known.plan_id:
        answer(work, asked, UNKNOWN_ASKING)
        return None
    heard = Heard(
        feedback=body.feedback,
        goals_met=body.goals_met,
        happened_at=body.occurred_at or work.now,
        now=work.now,
    )
    decided = record_asking(known, asking, heard)
    if isinstance(decided, Refusal):
        answer(work, asked, decided.objections)
        return None
    await plans.save_asking(work.transaction, decided)
    await _clock(work, known, decided, clocks_of_asking(known, asking))
    _tell(work, known, disclosure.follow_up_heard(decided, work.now))
    answer(work, asked, ())
    return None


async def _set(work: Work, plan: AssistancePlan, asking: Asking, had: frozenset[Clock]) -> None:
    await plans.save_asking(work.transaction, asking)
    await _clock(work, plan, asking, had)
    _tell(work, plan, disclosure.follow_up_set(asking, work.now))


async def _clock(work: Work, plan: AssistancePlan, asking: Asking, had: frozenset[Clock]) -> None:
    about = (plan.case_id, asking.follow_up_id)
    await outbox.keep_clocks(work.transaction, about, had, clocks_of_asking(plan, asking))


def _tell(work: Work, plan: AssistancePlan, event: disclosure.PlanEvent) -> None:
    outbox.tell(work.transaction, event, plan.case_id)


async def _against(work: Work, asked: Asked) -> tuple[Objection, ...]:
    frozen = await episodes.frozen_at(work.transaction, asked.subject) is not None
    return objections(frozen=frozen)


async def _known(work: Work, asked: Asked, body: Told) -> AssistancePlan | None:
    """The plan of this case, locked; nothing, and the command is answered, where it may not be."""
    plan = await plans.lock_plan(work.transaction, body.plan_id)
    against = await _against(work, asked)
    if plan is None or plan.case_id != asked.subject:
        against = against or UNKNOWN
    if against:
        answer(work, asked, against)
        return None
    return plan


async def follow_up_due(context: Context, deadline: Deadline, work: Work) -> None:
    """It is time to ask after the person; not of a frozen case."""
    tx, case_id = work.transaction, UUID(deadline.subject)
    asking = await plans.lock_asking(tx, UUID(deadline.detail["of"]))
    if asking is None or asking.done_at is not None:
        return
    if await episodes.frozen_at(tx, case_id) is None:
        outbox.tell(tx, disclosure.follow_up_due(asking, work.now), case_id)
        note(work, case_id, "follow-up-due")


async def monitoring_ends(context: Context, deadline: Deadline, work: Work) -> None:
    """The months of monitoring a child are over; people decide what follows."""
    tx, case_id = work.transaction, UUID(deadline.subject)
    plan_id = UUID(deadline.detail["of"])
    if await episodes.frozen_at(tx, case_id) is None:
        outbox.tell(tx, disclosure.monitoring_ended(plan_id, work.now), case_id)
        note(work, case_id, "monitoring-ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """A plan with its askings."""

    plan: AssistancePlan
    askings: tuple[Asking, ...]


async def list_plans(tx: Transaction, caller: Caller, case_id: UUID) -> list[PlanView]:
    """The plans of a case, none of a frozen one; the reading is recorded."""
    audit.record(tx, actor=caller.name, action="list-plans", subject=str(case_id))
    if await episodes.frozen_at(tx, case_id) is not None:
        return []
    return [
        PlanView(plan=plan, askings=tuple(await plans.askings_of(tx, plan.plan_id)))
        for plan in await plans.plans_of_case(tx, case_id)
    ]
