"""Drafts of requests: found by the case that goes on, dropped by hand, ended by their clocks.

Nobody outside the node hears of one. That one is unsent, and that one ended, is told to the node's
own people by its number alone: of what the person needs nothing is in it.
"""

from uuid import UUID

from services.chassis.deadlines import Deadline
from services.chassis.messaging.work import Work
from services.referral import disclosure
from services.referral.domain.cases import Case, objections_to_work_on
from services.referral.domain.drafts import Draft, next_notice
from services.referral.domain.facts import DraftEnded, DraftEndsSoon
from services.referral.handlers.context import (
    Context,
    lock_together,
    note,
    standing_of,
    told_under,
)
from services.referral.store import cases, drafts, merges, outgoing

DROPPED = "draft-dropped"


async def draft_of(work: Work, case: Case, request_id: UUID) -> Draft | None:
    """The draft, if it is the case's own, or of a case that goes on in this one."""
    draft = await drafts.read_draft(work.transaction, request_id)
    if draft is None or draft.request.case_id == case.case_id:
        return draft
    same = await merges.with_duplicates(work.transaction, case.case_id)
    if draft.request.case_id not in same:
        return None
    await lock_together(work, same)
    return await drafts.read_draft(work.transaction, request_id)


async def drop(work: Work, draft: Draft) -> None:
    """It is called off, or its days are over: nothing is left of it."""
    await drafts.forget_draft(work.transaction, draft.request.request_id)
    note(work, draft.request.case_id, DROPPED)


async def draft_ends_soon(context: Context, deadline: Deadline, work: Work) -> None:
    """People are told in time that a draft is still unsent; of what is urgent, twice."""
    draft = await _kept(deadline, work)
    if draft is None or not await _work_goes_on(work, draft):
        return
    if again := next_notice(draft, work.now, context.profile):
        await drafts.warn_at(work.transaction, draft, again)
    fact = DraftEndsSoon(request_id=draft.request.request_id, ends_at=draft.ends_at)
    case_id = await told_under(work, draft.request.case_id)
    outgoing.publish_fact(work, disclosure.body_of_fact(fact), case_id)


async def draft_ended(_context: Context, deadline: Deadline, work: Work) -> None:
    """Nobody opened it in its days: what the person needed then may be asked for anew."""
    draft = await _kept(deadline, work)
    if draft is None:
        return
    tell = await _work_goes_on(work, draft)
    await drop(work, draft)
    if tell:
        fact = DraftEnded(request_id=draft.request.request_id, at=draft.ends_at)
        case_id = await told_under(work, draft.request.case_id)
        outgoing.publish_fact(work, disclosure.body_of_fact(fact), case_id)


async def _kept(deadline: Deadline, work: Work) -> Draft | None:
    return await drafts.read_draft(work.transaction, UUID(deadline.detail["request_id"]))


async def _work_goes_on(work: Work, draft: Draft) -> bool:
    """Of a case that is over or frozen nobody is told anything."""
    known = await cases.read_case(work.transaction, draft.request.case_id)
    return known is not None and not objections_to_work_on(await standing_of(work, known))
