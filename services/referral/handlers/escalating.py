"""When nobody is left for a need: the worker is asked, then the supervisor, then a coordinator.

Only this node's own people are told. The agency that they may turn to is one that no restriction
of the case names, looked up at the moment of telling.
"""

from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN
from services.chassis.messaging.work import Work
from services.referral import disclosure
from services.referral.access import contacts_allowed
from services.referral.domain import escalation
from services.referral.domain.facts import NeedEscalated, ProviderNotFound
from services.referral.domain.requests import Escalated, Need, NotFound, Request
from services.referral.domain.tasks import tries
from services.referral.handlers.context import Context, basis_of, standing_of, tell
from services.referral.store import cases, deadlines, requests, tasks


async def nobody_left(context: Context, work: Work, request: Request, need: Need) -> None:
    """The worker is asked; the supervisor at once where no machine may go on."""
    due_at = work.now + escalation.patience(request, context.profile)
    lost = need.in_state(NotFound(due_at=due_at))
    await _remember(work, lost)
    asked = await requests.count_asked(work.transaction, need)
    body = disclosure.body_of_fact(ProviderNotFound(need=need, asked=asked))
    await tell(work, body, need.case_id)
    offers = tries(await tasks.read_need_tasks(work.transaction, need))
    if escalation.a_machine_gave_up(request, offers, context.profile.number("reroute_hops")):
        await tell_the_next(context, work, request, lost)


async def tell_the_next(context: Context, work: Work, request: Request, need: Need) -> None:
    """Somebody more is told that nobody is left; when all were, nothing happens by itself."""
    case = await cases.read_case(work.transaction, need.case_id)
    oblast = NOT_YET_KNOWN if case is None else (await standing_of(work, case)).oblast
    allowed = contacts_allowed(await basis_of(work, need.case_id))
    turned = escalation.next_contact(need, allowed, oblast)
    if turned is None:
        last = Escalated(told=need.told or "", told_agency=need.turn_to)
        await _remember(work, need.in_state(last))
        return
    due_at = None
    if turned.contact is escalation.Contact.SUPERVISOR:
        due_at = work.now + escalation.patience(request, context.profile)
    escalated = Escalated(told=str(turned.contact), due_at=due_at, told_agency=turned.agency)
    await _remember(work, need.in_state(escalated))
    fact = NeedEscalated(
        need=need,
        urgency=request.urgency,
        at=work.now,
        contact=str(turned.contact),
        agency=turned.agency,
    )
    await tell(work, disclosure.body_of_fact(fact), need.case_id)


async def turn_to_nobody_restricted(context: Context, work: Work, case_id: UUID) -> None:
    """An agency that a restriction names from now on is no longer one to turn to; the next is."""
    waiting = await requests.read_needs_searching(work.transaction, case_id)
    named = [need for need in waiting if need.turn_to is not None]
    if not named:
        return
    allowed = contacts_allowed(await basis_of(work, case_id))
    for need in named:
        request = await requests.read_request(work.transaction, need.request_id)
        if request is not None and escalation.it_was_ruled_out(need, allowed):
            await tell_the_next(context, work, request, need)


async def somebody_acted(work: Work, need: Need) -> None:
    """The need is in other hands: nobody more is told. ``need`` is as it is from now on."""
    await requests.write_need(work.transaction, need)
    await deadlines.watch_need(work.transaction, need, None)


async def _remember(work: Work, need: Need) -> None:
    await requests.write_need(work.transaction, need)
    await deadlines.watch_need(work.transaction, need, need.due_at)
