"""When nobody is left for a need: the worker is asked, then the supervisor, then a coordinator.

Only this node's own people are told. The agency that they may turn to is one that no restriction
of the case names, looked up at the moment of telling.
"""

from contracts.vocabulary import NOT_YET_KNOWN
from services.chassis.messaging.work import Work
from services.referral import disclosure
from services.referral.access import contacts_allowed
from services.referral.domain import escalation
from services.referral.domain.facts import NeedEscalated, ProviderNotFound
from services.referral.domain.requests import Need, NeedState, Request
from services.referral.handlers.context import Context, basis_of, standing_of, tell
from services.referral.store import cases, deadlines, requests, tasks


async def nobody_left(context: Context, work: Work, request: Request, need: Need) -> None:
    """The worker is asked; the supervisor at once where no machine may go on."""
    due_at = work.now + escalation.patience(request, context.profile)
    lost = need.in_state(NeedState.NOT_FOUND, due_at)
    await _remember(work, lost)
    asked = await requests.count_asked(work.transaction, need)
    body = disclosure.body_of_fact(ProviderNotFound(need=need, asked=asked))
    await tell(work, body, need.case_id)
    offers = len(await tasks.read_need_tasks(work.transaction, need))
    if escalation.a_machine_gave_up(request, offers, context.profile.number("reroute_hops")):
        await tell_the_next(context, work, request, lost)


async def tell_the_next(context: Context, work: Work, request: Request, need: Need) -> None:
    """Somebody more is told that nobody is left; when all were, nothing happens by itself."""
    case = await cases.read_case(work.transaction, need.case_id)
    oblast = NOT_YET_KNOWN if case is None else (await standing_of(work, case)).oblast
    allowed = contacts_allowed(await basis_of(work, need.case_id))
    turned = escalation.next_contact(need, allowed, oblast)
    if turned is None:
        await _remember(work, need.escalated(need.told or "", None))
        return
    due_at = None
    if turned.contact is escalation.Contact.SUPERVISOR:
        due_at = work.now + escalation.patience(request, context.profile)
    await _remember(work, need.escalated(str(turned.contact), due_at))
    fact = NeedEscalated(
        need=need,
        urgency=request.urgency,
        at=work.now,
        contact=str(turned.contact),
        agency=turned.agency,
    )
    await tell(work, disclosure.body_of_fact(fact), need.case_id)


async def somebody_acted(work: Work, need: Need) -> None:
    """The need is in other hands: nobody more is told. ``need`` is as it is from now on."""
    await requests.write_need(work.transaction, need)
    await deadlines.watch_need(work.transaction, need, None)


async def _remember(work: Work, need: Need) -> None:
    await requests.write_need(work.transaction, need)
    await deadlines.watch_need(work.transaction, need, need.due_at)
