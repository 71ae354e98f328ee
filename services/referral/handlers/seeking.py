"""Finding a provider for one need: whom to ask, and who gets the offer.

A search is a round: every listed service is considered, those that fit are asked for capacity
without a word of the case, and the choice is made when all answered or time is up. Consent and
restrictions are looked at when asking *and* when choosing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN
from services.chassis.clock import derived_id
from services.chassis.messaging.work import Work
from services.referral import disclosure
from services.referral.access import NO_CONSENT, objections_to_offering
from services.referral.domain import capacity, cooling, routing, sending
from services.referral.domain.cases import Case, objections_to_work_on
from services.referral.domain.facts import CapacityQuestion, Step
from services.referral.domain.listings import Listing
from services.referral.domain.requests import (
    Asking,
    Need,
    Offered,
    Request,
    may_be_sought_again,
    who_comes_along,
)
from services.referral.domain.routing import ROOM, UNANSWERED, Bid, Wanted
from services.referral.domain.tasks import OfferedTask, Side, Terms, tries
from services.referral.domain.timing import answer_by, seen_by
from services.referral.handlers.context import Context, basis_of, standing_of
from services.referral.handlers.escalating import nobody_left, somebody_acted
from services.referral.store import (
    cases,
    copies,
    deadlines,
    merges,
    outgoing,
    refusals,
    requests,
    tasks,
)
from services.referral.store.outgoing import Addressed
from services.referral.store.requests import Consideration, Query

ASKED, BEYOND, ACCESS = "asked", "beyond-this-round", "access-not-said"
LEFT: Final = "left-to-a-person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One round for one need, with all it is decided from."""

    request: Request
    need: Need
    case: Case
    wanted: Wanted
    considered: tuple[tuple[Listing, tuple[str, ...]], ...]

    @property
    def fitting(self) -> tuple[Listing, ...]:
        """Services against which there is no objection."""
        return tuple(listing for listing, objections in self.considered if not objections)


async def seek(
    context: Context, work: Work, request: Request, need: Need
) -> Step[OfferedTask] | None:
    """Begin a round: ask whoever fits; choose at once when nobody else has to answer."""
    search = await _search(context, work, request, need)
    if search is None:
        return None
    heard = routing.Heard(
        loads=await tasks.read_loads(work.transaction),
        answers=await requests.read_answers(work.transaction, need),
    )
    bound = context.profile.number("services_asked_each_round")
    asked = routing.to_ask(search.fitting, search.wanted, heard, bound)
    await _write_down(work, need, _as_asked(search, asked))
    if not asked:
        await nobody_left(context, work, request, need)
        return None
    queries = [await _ask(context, work, search, listing) for listing in asked]
    await requests.add_queries(work.transaction, queries)
    if all(query.status is not None for query in queries):
        return await choose(context, work, request, need)
    due = work.now + context.profile.minutes("capacity_query_minutes")
    await requests.write_need(work.transaction, need.in_state(Asking(due_at=due)))
    await deadlines.look_at_answers(work.transaction, need, deadlines.CAPACITY_DUE, due)
    return None


async def choose(
    context: Context, work: Work, request: Request, need: Need
) -> Step[OfferedTask] | None:
    """End a round: offer to the best of those who answered and still fit, or say there is none.

    Where none of the round has answered that it can, those beyond its bound are asked first; who
    keeps a waiting list, or did not answer at all, is offered it when nobody is left to ask.
    """
    tx = work.transaction
    await deadlines.forget_answers(tx, need)
    search = await _search(context, work, request, need)
    if search is None:
        return None
    queries = await requests.read_queries(tx, need)
    answers = await requests.read_answers(tx, need)
    loads = await tasks.read_loads(tx)
    round_ = {query.service_id: query.status for query in queries}
    chosen = routing.choose(_bids(search, round_, loads), search.wanted)
    go_on = any(listing.service_id not in answers for listing in search.fitting)
    if chosen is None or chosen.status not in ROOM:
        everybody = _bids(search, answers, loads)
        chosen = None if go_on else routing.choose(everybody, search.wanted)
    await requests.write_considerations(tx, need, _as_chosen(search, queries, chosen), work.now)
    if chosen is not None:
        await requests.write_need(tx, need.in_state(Offered()))
        return sending.offer(terms_of(context, work, search, chosen.listing), work.now)
    if not go_on:
        await nobody_left(context, work, request, need)
        return None
    again = need.next_round()
    await requests.write_need(tx, again)
    return await seek(context, work, request, again)


def _bids(
    search: Search, answers: Mapping[str, str | None], loads: Mapping[str, int]
) -> tuple[Bid, ...]:
    """Services that fit and were asked, with what they answered."""
    return tuple(
        Bid(
            listing=listing,
            status=answers[listing.service_id] or UNANSWERED,
            load=loads.get(listing.agency, 0),
        )
        for listing in search.fitting
        if listing.service_id in answers
    )


async def seek_again(context: Context, work: Work, terms: Terms) -> Step[OfferedTask] | None:
    """The need of this task is without a provider again: the next round, if a machine may."""
    found = await _without_provider(work, terms)
    if found is None:
        return None
    request, need = found
    offers = tries(await tasks.read_need_tasks(work.transaction, need))
    if not may_be_sought_again(request, offers, context.profile.number("reroute_hops")):
        await nobody_left(context, work, request, need)
        return None
    again = need.next_round()
    await requests.write_need(work.transaction, again)
    return await seek(context, work, request, again)


async def leave_to_a_person(context: Context, work: Work, terms: Terms) -> None:
    """The need of this task is without a provider again, and nobody is asked before a person says
    so, not even by a consent that comes now: who lacks only that is written down as left, too.
    """
    found = await _without_provider(work, terms)
    if found is None:
        return
    request, need = found
    again = need.next_round()
    search = await _search(context, work, request, again)
    if search is None:
        return
    left = [
        replace(each, verdicts=(NO_CONSENT, LEFT)) if each.verdicts == (NO_CONSENT,) else each
        for each in _as_asked(search, (), others=LEFT)
    ]
    await _write_down(work, again, left)
    await nobody_left(context, work, request, again)


async def _without_provider(work: Work, terms: Terms) -> tuple[Request, Need] | None:
    """The need of a task that ended, locked, if nobody went on with it meanwhile."""
    if terms.request_id is None or terms.need_id is None:
        return None
    request = await requests.read_request(work.transaction, terms.request_id)
    need = await requests.lock_need(work.transaction, terms.request_id, terms.need_id)
    if request is None or need is None or not isinstance(need.state, Offered):
        return None
    return request, need


async def seek_with_consent(context: Context, work: Work, need: Need) -> Step[OfferedTask] | None:
    """A consent came right after the search that lacked it: search once more, if a machine may.

    What nobody was offered yet is searched for the first time, also in an emergency: the request
    and its consent come on two streams.
    """
    request = await requests.read_request(work.transaction, need.request_id)
    had = await tasks.read_need_tasks(work.transaction, need)
    hops = context.profile.number("reroute_hops")
    if request is None or (had and not may_be_sought_again(request, tries(had), hops)):
        return None
    again = need.next_round()
    await somebody_acted(work, again)
    return await seek(context, work, request, again)


async def end_search(work: Work, need: Need) -> None:
    """Nobody is looked for any more."""
    await somebody_acted(work, need.ended())
    await deadlines.forget_answers(work.transaction, need)


async def own_status(context: Context, work: Work, service_type: str, audience_class: str) -> str:
    """What this node would answer if it were asked."""
    return capacity.answer(
        await copies.read_pools(work.transaction, service_type),
        capacity.Question(service_type=service_type, audience_class=audience_class),
        now=work.now,
        fresh_for=context.profile.hours("capacity_fresh_hours"),
    )


async def wanted_for(
    context: Context, work: Work, request: Request, need: Need, case: Case
) -> Wanted:
    """What is sought for a need, with all that agencies and the person said before."""
    same = await merges.read_family(work.transaction, need.case_id)
    tried = await tasks.read_tried(work.transaction, same)
    refused = await refusals.read_refused(work.transaction, same)
    person = _first_known(request.audience_class, case.audience_class)
    together = routing.stays_together(need.service_type, request, case)
    return Wanted(
        urgency=request.urgency,
        audience_class=routing.class_of_place(person, together=together),
        oblast=case.oblast,
        language=_first_known(request.language, case.language),
        preferred=request.preferred,
        tried=frozenset(
            agency
            for request_id, need_id, agency in tried.offers
            if (request_id, need_id) == (need.request_id, need.need_id)
        ),
        refused_by_person=refused | cooling.refused_by_the_person(tried.declines),
        cooling_down=cooling.cooling_down(
            tried.declines, need.service_type, work.now, context.profile
        ),
        together=together,
        access_needs=frozenset(request.access_needs),
    )


async def _search(context: Context, work: Work, request: Request, need: Need) -> Search | None:
    tx = work.transaction
    known = await cases.read_case(tx, need.case_id)
    case = None if known is None else await standing_of(work, known)
    if case is None or objections_to_work_on(case):
        await end_search(work, need)
        return None
    wanted = await wanted_for(context, work, request, need, case)
    basis = await basis_of(work, need.case_id)
    considered = tuple(
        (listing, objections_to_offering(listing.agency, basis) + routing.misfits(listing, wanted))
        for listing in context.directory.of_type(need.service_type)
    )
    return Search(request=request, need=need, case=case, wanted=wanted, considered=considered)


async def _ask(context: Context, work: Work, search: Search, listing: Listing) -> Query:
    need = search.need
    query_id = _derived(work, f"query:{need.request_id}:{need.need_id}:{listing.service_id}")
    status = outgoing_id = None
    if listing.agency == context.node:
        status = await own_status(context, work, need.service_type, search.wanted.audience_class)
    else:
        question = CapacityQuestion(
            to=listing.agency,
            query_id=query_id,
            service_type=need.service_type,
            audience_class=search.wanted.audience_class,
            urgency=search.request.urgency,
        )
        addressed = Addressed(
            body=disclosure.body_of_letter(question),
            recipient=listing.agency,
            purpose=disclosure.purpose_of(question),
        )
        outgoing_id = outgoing.publish_addressed(work, addressed, query_id)
    return Query(
        query_id=query_id,
        request_id=need.request_id,
        need_id=need.need_id,
        round=need.round,
        service_id=listing.service_id,
        agency=listing.agency,
        asked_at=work.now,
        outgoing_id=outgoing_id,
        status=status,
    )


def terms_of(context: Context, work: Work, search: Search, listing: Listing) -> Terms:
    """What the agency is offered: codes of this need, nothing else of the case."""
    need, case, wanted = search.need, search.case, search.wanted
    request = search.request
    return Terms(
        task_id=_derived(work, f"task:{need.request_id}:{need.need_id}"),
        case_id=need.case_id,
        side=Side.SENDER,
        other_agency=listing.agency,
        service_type=need.service_type,
        urgency=request.urgency,
        majority=case.majority,
        audience_class=wanted.audience_class,
        counted_by=case.counted_by,
        answer_by=answer_by(request.urgency, work.now, context.profile, listing.days),
        seen_by=seen_by(request.urgency, work.now, context.profile),
        language=wanted.language,
        dependants=who_comes_along(request, case, need.service_type),
        access_needs=request.access_needs,
        request_id=need.request_id,
        need_id=need.need_id,
        service_id=listing.service_id,
    )


def _derived(work: Work, what: str) -> UUID:
    """An id that the same cause gives again: a restored node asks and offers nothing twice."""
    return derived_id(f"{work.node}:{work.service}", work.cause.id, what, 0)


async def _write_down(work: Work, need: Need, found: list[Consideration]) -> None:
    """Who is asked, and what else is otherwise than an earlier round found: a verdict that stands
    is kept once, however many rounds a long directory takes.

    Who lacks nothing but a consent is kept with each round: a consent that comes now is for it.
    """
    tx = work.transaction
    before = await requests.read_verdicts(tx, need) if need.round > 1 else {}
    new = [
        each
        for each in found
        if ASKED in each.verdicts
        or each.verdicts == (NO_CONSENT,)
        or before.get(each.service_id) != each.verdicts
    ]
    await requests.write_considerations(tx, need, new, work.now)


def _as_asked(
    search: Search, asked: tuple[Listing, ...], others: str = BEYOND
) -> list[Consideration]:
    return [
        Consideration(
            service_id=listing.service_id,
            agency=listing.agency,
            verdicts=objections
            or (ASKED if listing in asked else others, *_access(search, listing)),
        )
        for listing, objections in search.considered
    ]


def _as_chosen(search: Search, queries: Iterable[Query], chosen: Bid | None) -> list[Consideration]:
    against = {
        listing.service_id: (*objections, *_access(search, listing))
        for listing, objections in search.considered
    }
    asked = {query.service_id: (query.agency, query.status or UNANSWERED) for query in queries}
    winner = None
    if chosen is not None:
        winner = chosen.listing.service_id
        asked.setdefault(winner, (chosen.listing.agency, chosen.status))
    return [
        Consideration(
            service_id=service_id,
            agency=agency,
            verdicts=(
                status,
                *against.get(service_id, ("no-longer-listed",)),
                "offered" if service_id == winner else "not-offered",
            ),
        )
        for service_id, (agency, status) in asked.items()
    ]


def _access(search: Search, listing: Listing) -> tuple[str, ...]:
    """Said beside any other verdict, because it rules nothing out."""
    return (ACCESS,) if routing.unsaid(listing, search.wanted) else ()


def _first_known(*codes: str) -> str:
    return next((code for code in codes if code != NOT_YET_KNOWN), NOT_YET_KNOWN)
