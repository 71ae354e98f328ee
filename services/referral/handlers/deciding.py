"""What people at the sender decide by hand: call a need off, choose a provider, note a refusal.

A choice by hand asks nobody for capacity: somebody telephoned. Consent, restrictions, the person's
own word and 24/7 cover hold for it like for the routing, and every objection is told.
"""

from dataclasses import dataclass, replace
from typing import Final, cast
from uuid import UUID

from contracts import intake
from services.chassis.messaging.work import Received, Waits, Work
from services.referral import disclosure
from services.referral.access import objections_to_offering
from services.referral.domain import deciding, routing, sending
from services.referral.domain.cases import Case, objections_to_work_on
from services.referral.domain.deciding import Standing
from services.referral.domain.facts import NeedCancelled, ProviderChosen, ProviderRefused
from services.referral.domain.listings import Listing
from services.referral.domain.refusals import Refusal, Refused
from services.referral.domain.requests import Offered, Request
from services.referral.domain.tasks import SentTask, Side
from services.referral.handlers.carrying import AnyStep, carry_out
from services.referral.handlers.context import (
    Context,
    answer,
    basis_of,
    known_case,
    lock_together,
    subject_of,
    tell,
)
from services.referral.handlers.drafting import draft_of, drop
from services.referral.handlers.escalating import somebody_acted
from services.referral.handlers.seeking import Search, end_search, terms_of, wanted_for
from services.referral.store import merges, outgoing, refusals, requests, tasks
from services.referral.store.requests import Consideration

CANCEL, CHOOSE, REFUSE = "cancel-need", "choose-provider", "refuse-provider"
BY_HAND: Final = ("chosen-by-hand", "offered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who was chosen, for which need of whom."""

    request: Request
    standing: Standing
    case: Case
    body: intake.ProviderChosen


async def cancel_need(context: Context, received: Received, work: Work) -> Waits | None:
    """A need, or every need of a request, is called off; what was completed stays so. A draft is
    dropped as a whole.
    """
    body: intake.NeedCancelled = received.body
    case = await known_case(work, subject_of(received))
    if isinstance(case, Waits):
        return case
    draft = await draft_of(work, case, body.request_id) if body.need_id is None else None
    if draft is not None:
        answer(work, case.case_id, CANCEL)
        await drop(work, draft)
        return None
    request = await _request_of(work, case, body.request_id)
    needs = await _standings(work, request, body.need_id)
    left = deciding.cancelled(case, needs) if needs else deciding.UNKNOWN
    if isinstance(left, Refused) or request is None:
        answer(work, case.case_id, CANCEL, left if isinstance(left, Refused) else deciding.UNKNOWN)
        return None
    answer(work, case.case_id, CANCEL)
    for standing in left:
        await _call_off(context, work, request, standing, body.reason)
    return None


async def choose_provider(context: Context, received: Received, work: Work) -> Waits | None:
    """A person chooses who is offered a need, after nobody was found or in an emergency."""
    body: intake.ProviderChosen = received.body
    case = await known_case(work, subject_of(received))
    if isinstance(case, Waits):
        return case
    request = await _request_of(work, case, body.request_id)
    needs = await _standings(work, request, body.need_id)
    if request is None or not needs:
        answer(work, case.case_id, CHOOSE, deciding.UNKNOWN)
        return None
    (standing,) = needs
    choice = Choice(request=request, standing=standing, case=case, body=body)
    chosen = await _chosen(context, work, choice)
    if isinstance(chosen, Refused):
        answer(work, case.case_id, CHOOSE, chosen)
        return None
    answer(work, case.case_id, CHOOSE)
    await _offer_by_hand(context, work, choice, chosen)
    return None


async def refuse_provider(context: Context, received: Received, work: Work) -> Waits | None:
    """The person does not want a provider: what has not begun with it is withdrawn, for good."""
    body: intake.ProviderRefused = received.body
    case = await known_case(work, subject_of(received))
    if isinstance(case, Waits):
        return case
    reasons = objections_to_work_on(case)
    if reasons:
        answer(work, case.case_id, REFUSE, Refused(reasons))
        return None
    answer(work, case.case_id, REFUSE)
    if not await refusals.add_refused(work.transaction, case.case_id, body.provider, work.now):
        return None
    fact = ProviderRefused(agency=body.provider, at=work.now)
    outgoing.publish_fact(work, disclosure.body_of_fact(fact), case.case_id)
    same = await merges.with_duplicates(work.transaction, case.case_id)
    await take_back(context, work, await lock_together(work, same), frozenset({body.provider}))
    return None


async def take_back(
    context: Context, work: Work, case_ids: tuple[UUID, ...], refused: frozenset[str]
) -> None:
    """What has not begun with providers that the person refused is withdrawn from them."""
    steps: list[AnyStep] = []
    for each in case_ids:
        open_tasks = await tasks.read_open_tasks(work.transaction, each, Side.SENDER)
        steps += [
            sending.refused_by_the_person(cast(SentTask, task), work.now)
            for task in open_tasks
            if task.terms.other_agency in refused
        ]
    await carry_out(context, work, steps)


async def _request_of(work: Work, case: Case, request_id: UUID) -> Request | None:
    """The request, if it is the case's own, or of a case that goes on in this one."""
    request = await requests.read_request(work.transaction, request_id)
    if request is None or request.case_id == case.case_id:
        return request
    same = await merges.with_duplicates(work.transaction, case.case_id)
    if request.case_id not in same:
        return None
    await lock_together(work, same)
    return await requests.read_request(work.transaction, request_id)


async def _standings(
    work: Work, request: Request | None, need_id: UUID | None
) -> tuple[Standing, ...]:
    """The needs that are meant, each with its tasks; its row is locked."""
    found = []
    for each in request.needs if request is not None else ():
        if need_id in (None, each.need_id):
            need = await requests.lock_need(work.transaction, each.request_id, each.need_id)
            had = await tasks.read_need_tasks(work.transaction, each)
            found.append(Standing(need=need or each, tasks=had))
    return tuple(found)


async def _call_off(
    context: Context, work: Work, request: Request, standing: Standing, reason: str
) -> None:
    await end_search(work, standing.need)
    steps = [
        sending.cancelled(cast(SentTask, task), work.now, even_started=True)
        for task in standing.tasks
    ]
    await carry_out(context, work, steps)
    fact = NeedCancelled(need=standing.need, urgency=request.urgency, at=work.now, reason=reason)
    await tell(work, disclosure.body_of_fact(fact), standing.need.case_id)


async def _chosen(context: Context, work: Work, choice: Choice) -> Search | Refused:
    """The search that a person ended, with the one service in it; or every objection."""
    need, provider = choice.standing.need, choice.body.provider
    wanted = await wanted_for(context, work, choice.request, need, choice.case)
    basis = replace(await basis_of(work, need.case_id), chosen_for=choice.body.reason)
    reasons = list(
        deciding.objections_to_choosing(choice.case, choice.request, choice.standing, provider)
    )
    reasons += [Refusal(code, "provider") for code in objections_to_offering(provider, basis)]
    listed = context.directory.of_type(need.service_type)
    theirs = [each for each in listed if each.agency == provider]
    fitting = [each for each in theirs if not routing.objections_to_a_choice(each, wanted)]
    if not theirs:
        reasons.append(Refusal("provider-not-listed", "provider"))
    elif not fitting:
        codes = routing.objections_to_a_choice(theirs[0], wanted)
        reasons += [Refusal(code, "provider") for code in codes]
    if reasons:
        return Refused(tuple(reasons))
    considered: tuple[tuple[Listing, tuple[str, ...]], ...] = ((fitting[0], ()),)
    return Search(
        request=choice.request,
        need=need.next_round().in_state(Offered()),
        case=choice.case,
        wanted=wanted,
        considered=considered,
    )


async def _offer_by_hand(context: Context, work: Work, choice: Choice, search: Search) -> None:
    need, (listing,) = search.need, search.fitting
    await somebody_acted(work, need)
    row = Consideration(service_id=listing.service_id, agency=listing.agency, verdicts=BY_HAND)
    await requests.write_considerations(work.transaction, need, [row], work.now)
    fact = ProviderChosen(
        need=need,
        urgency=choice.request.urgency,
        at=work.now,
        agency=listing.agency,
        reason=choice.body.reason,
    )
    await tell(work, disclosure.body_of_fact(fact), need.case_id)
    steps: list[AnyStep] = []
    if (waiting := choice.standing.unanswered) is not None:
        steps.append(sending.cancelled(cast(SentTask, waiting), work.now, even_started=False))
    offered = sending.offer(terms_of(context, work, search, listing), work.now)
    await carry_out(context, work, [*steps, offered])
