"""Copies of what others say in this node: cases, consent, restrictions, policy, pools.

Where a copy narrows what may be shared, the tasks that it no longer allows stop in the same
transaction. A withdrawal is taken even before the case is known, and nothing older undoes it.
"""

from dataclasses import replace
from typing import Final, cast
from uuid import UUID

from contracts import assistance, gateway, identification
from services.chassis.messaging.work import Received, Waits, Work
from services.referral.access import (
    NO_CONSENT,
    PURPOSE,
    covered_by,
    objections_after_restriction,
    objections_after_withdrawal,
)
from services.referral.domain import providing, sending
from services.referral.domain.agreements import (
    AgencyClass,
    Consent,
    Participant,
    Policy,
    Restriction,
)
from services.referral.domain.capacity import Pool
from services.referral.domain.cases import Case, CaseStatus
from services.referral.domain.tasks import ProvidedTask, SentTask, Side
from services.referral.handlers.carrying import AnyStep, carry_out
from services.referral.handlers.context import (
    Context,
    basis_of,
    known_case,
    lock_together,
    note,
    position_of,
    standing_of,
    subject_of,
    under_a_freeze,
)
from services.referral.handlers.deciding import take_back
from services.referral.handlers.escalating import turn_to_nobody_restricted
from services.referral.handlers.onward import tell_first_senders
from services.referral.handlers.seeking import end_search, seek_with_consent
from services.referral.store import (
    cases,
    copies,
    drafts,
    merges,
    refusals,
    requests,
    stranded,
    tasks,
)
from services.referral.store.lacking import Lacking, read_needs_lacking

LATELY: Final = 20
"""Requests of a case that may have been opened just before a consent came."""
BEST_INTERESTS: Final = "best-interests"
"""The to-do of a child's case while nobody has recorded what is best for it."""


async def case_opened(_context: Context, received: Received, work: Work) -> Waits | None:
    """A case exists; what was heard of it before (a stop, a withdrawal) stays."""
    body: identification.CaseOpened = received.body
    case = await _case_or_new(work, subject_of(received))
    opened = replace(
        case,
        known=True,
        counted_by=body.counted_by,
        majority=body.majority,
        audience_class=body.audience_class,
        oblast=body.oblast,
        language=body.language,
        dependants=body.dependants,
        best_interests_open=BEST_INTERESTS in body.to_dos,
        referred=False,
    )
    await cases.write_case(work.transaction, opened)
    return None


async def case_changed(_context: Context, received: Received, work: Work) -> Waits | None:
    """Codes were corrected; offers that were made stay as they are."""
    body: identification.CaseChanged = received.body
    case = await known_case(work, subject_of(received))
    if isinstance(case, Waits):
        return case
    changed = replace(
        case,
        majority=body.majority,
        audience_class=body.audience_class,
        oblast=body.oblast,
        language=body.language,
        dependants=body.dependants,
        best_interests_open=BEST_INTERESTS in body.to_dos,
    )
    await cases.write_case(work.transaction, changed)
    return None


async def case_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """The case was closed: offers are withdrawn; a service that runs goes on."""
    return await _over(context, received, work, CaseStatus.CLOSED)


async def case_merged(context: Context, received: Received, work: Work) -> Waits | None:
    """Entered twice: help and offers go on as the other case's; what is refused holds for both.

    Nothing of it is cancelled, and nobody is asked anew: only what a person refused in one of the
    two, or what an end of the other case ended, is withdrawn.
    """
    body: identification.CaseMerged = received.body
    case, tx = await known_case(work, subject_of(received)), work.transaction
    if isinstance(case, Waits):
        return case
    await merges.add_merged(tx, case.case_id, body.into_case, work.now)
    merged = case.with_status(CaseStatus.MERGED)
    await cases.write_case(tx, merged)
    same = await lock_together(work, await merges.read_family(tx, case.case_id))
    standing = await standing_of(work, merged)
    if standing.status is not CaseStatus.OPEN:
        for each in await merges.with_duplicates(tx, case.case_id):
            await _end_work(context, work, each, standing.status)
    await _forget_frozen_drafts(work, case.case_id)
    await take_back(context, work, same, await refusals.read_refused(tx, same))
    note(work, case.case_id, "case-merged")
    return None


async def case_voided(context: Context, received: Received, work: Work) -> Waits | None:
    """The case was never real: everything that came of it is withdrawn. A duplicate was real."""
    return await _over(context, received, work, CaseStatus.VOIDED)


async def _over(
    context: Context, received: Received, work: Work, status: CaseStatus
) -> Waits | None:
    case = await known_case(work, subject_of(received))
    if isinstance(case, Waits):
        return case
    if case.status is CaseStatus.MERGED:
        return None
    await cases.write_case(work.transaction, case.with_status(status))
    same = await merges.with_duplicates(work.transaction, case.case_id)
    for each in await lock_together(work, same):
        await _end_work(context, work, each, status)
    return None


async def _forget_frozen_drafts(work: Work, case_id: UUID) -> None:
    for each in await under_a_freeze(work.transaction, case_id):
        await drafts.forget_drafts(work.transaction, each)


async def _end_work(context: Context, work: Work, case_id: UUID, status: CaseStatus) -> None:
    await drafts.forget_drafts(work.transaction, case_id)
    await _end_searches(work, case_id)
    even_started = status is CaseStatus.VOIDED
    open_tasks = await tasks.read_open_tasks(work.transaction, case_id, Side.SENDER)
    steps = [
        sending.cancelled(cast(SentTask, task), work.now, even_started=even_started)
        for task in open_tasks
    ]
    await carry_out(context, work, steps)
    await _end_stranded(work, case_id)


async def consent_granted(context: Context, received: Received, work: Work) -> Waits | None:
    """A consent is live, unless something withdrawn later was heard before.

    It comes on another stream than the request: who just found nobody for want of it looks again.
    """
    body: gateway.ConsentGranted = received.body
    case_id = subject_of(received)
    if PURPOSE not in body.purposes:
        return None
    case = await cases.read_case(work.transaction, case_id)
    if case is not None and position_of(received) < case.withdrawn:
        note(work, case_id, "older-consent-ignored")
        return None
    consent = _consent(body)
    before = await basis_of(work, case_id)
    await cases.add_consent(work.transaction, case_id, consent)
    since = work.now - context.profile.minutes("capacity_query_minutes")
    lacking = Lacking(verdict=NO_CONSENT, agencies=covered_by(consent, before), since=since)
    for need in await read_needs_lacking(work.transaction, case_id, lacking):
        offered = await seek_with_consent(context, work, need)
        await carry_out(context, work, [] if offered is None else [offered])
    if case is not None and case.referred:
        basis = await basis_of(work, case_id)
        for request in await requests.read_case_requests(work.transaction, (case_id,), LATELY):
            if request.opened_at >= since:
                await tell_first_senders(work, request, basis, already=before)
    return None


def _consent(body: gateway.ConsentGranted) -> Consent:
    group = body.recipient_class
    return Consent(
        consent_id=body.consent_id,
        purposes=frozenset(body.purposes),
        categories=frozenset(body.categories),
        expires_at=body.expires_at,
        recipients=frozenset(body.recipients),
        agency_class=AgencyClass(
            agency_type=group.agency_type,
            oblasts=frozenset(group.oblasts),
            except_agencies=frozenset(group.except_agencies),
        )
        if group
        else None,
    )


async def consent_ended(context: Context, received: Received, work: Work) -> Waits | None:
    """A consent was withdrawn: whoever is no longer covered gets nothing more."""
    body: gateway.ConsentEnded = received.body
    case = await _case_or_new(work, subject_of(received))
    withdrawn = max(case.withdrawn, position_of(received))
    await cases.write_case(work.transaction, replace(case, withdrawn=withdrawn))
    known = await cases.read_consents(work.transaction, case.case_id)
    ended = frozenset(
        each.consent_id for each in known if body.consent_id in (None, each.consent_id)
    )
    await cases.end_consents(work.transaction, case.case_id, body.consent_id, work.now)
    await _stop(context, work, case.case_id, ended)
    return None


async def consent_expired(_context: Context, received: Received, work: Work) -> Waits | None:
    """A consent covers nothing new: nobody is asked under it. Offers and help under it go on."""
    body: gateway.ConsentExpired = received.body
    case_id, tx = subject_of(received), work.transaction
    await cases.expire_consent(tx, case_id, body.consent_id, body.expired_at)
    note(work, case_id, "consent-expired")
    return None


async def restriction_set(context: Context, received: Received, work: Work) -> Waits | None:
    """Never to this agency, type or oblast: what it has is withdrawn."""
    body: gateway.RestrictionSet = received.body
    case_id = subject_of(received)
    restriction = Restriction(
        restriction_id=body.restriction_id,
        agency=body.agency,
        agency_type=body.agency_type,
        oblast=body.oblast,
        valid_until=body.valid_until,
    )
    await cases.add_restriction(work.transaction, case_id, restriction)
    await _stop(context, work, case_id, None)
    await turn_to_nobody_restricted(context, work, case_id)
    return None


async def restriction_lifted(_context: Context, received: Received, work: Work) -> Waits | None:
    """It came by a link that was a mistake: from now on whoever it named can be asked again."""
    body: gateway.RestrictionLifted = received.body
    case_id, tx = subject_of(received), work.transaction
    await cases.lift_restriction(tx, case_id, body.restriction_id, body.lifted_at)
    note(work, case_id, "restriction-lifted")
    return None


async def sharing_stopped(context: Context, received: Received, work: Work) -> Waits | None:
    """The agency that sent the case stopped sharing: freeze all of it at once, and downstream.

    Help that a duplicate asked for stands on consents of its own; its drafts are nobody's any more.
    """
    case = await _case_or_new(work, subject_of(received))
    await cases.write_case(work.transaction, replace(case, frozen=True))
    await lock_together(work, await merges.with_duplicates(work.transaction, case.case_id))
    await _forget_frozen_drafts(work, case.case_id)
    await _end_searches(work, case.case_id)
    provided = await tasks.read_open_tasks(work.transaction, case.case_id, Side.PROVIDER)
    sent = await tasks.read_open_tasks(work.transaction, case.case_id, Side.SENDER)
    steps: list[AnyStep] = [
        *(providing.sharing_stopped(cast(ProvidedTask, task), work.now) for task in provided),
        *(sending.sharing_stopped(cast(SentTask, task), work.now) for task in sent),
    ]
    await carry_out(context, work, steps)
    await _end_stranded(work, case.case_id)
    note(work, case.case_id, "sharing-stopped")
    return None


async def policy_copied(_context: Context, received: Received, work: Work) -> Waits | None:
    """A newer version of the memorandum's policy."""
    body: gateway.PolicyCopied = received.body
    policy = Policy(
        version=body.version,
        participants=tuple(
            Participant(
                node=each.node,
                agency_type=each.agency_type,
                status=each.status,
                powers=frozenset(each.powers),
                oblasts=frozenset(each.oblasts),
            )
            for each in body.participants
        ),
        pairs=frozenset(
            (pair.sender, pair.recipient) for pair in body.pairs if PURPOSE in pair.purposes
        ),
    )
    await copies.write_policy(work.transaction, policy)
    return None


async def pool_changed(_context: Context, received: Received, work: Work) -> Waits | None:
    """Assistance said how a pool is; only its status is kept here."""
    body: assistance.PoolChanged = received.body
    pool = Pool(
        pool_id=body.pool_id,
        service_type=body.service_type,
        audience_class=body.audience_class,
        suits=frozenset(body.suits),
        status=body.status,
        reported_at=body.reported_at,
    )
    await copies.write_pool(work.transaction, pool)
    return None


async def _case_or_new(work: Work, case_id: UUID) -> Case:
    return await cases.read_case(work.transaction, case_id) or Case(case_id=case_id)


async def _end_searches(work: Work, case_id: UUID) -> None:
    for need in await requests.read_needs_searching(work.transaction, case_id):
        await end_search(work, need)


async def _end_stranded(work: Work, case_id: UUID) -> None:
    """What was offered and is taken back is looked for no more, because the case is over."""
    for need in await stranded.read_stranded(work.transaction, case_id):
        await end_search(work, need)


async def _stop(
    context: Context, work: Work, case_id: UUID, withdrawn: frozenset[UUID] | None
) -> None:
    """Stop what is no longer allowed, and take the offer back; its need is not left alone.

    Nor is help that runs on after it was called off to tell what came of it.
    After a withdrawal the gateway tells the provider, too, unless it shares the case with it for
    another purpose: this letter then ends the task alone.
    """
    basis = await basis_of(work, case_id)
    objections, decide = objections_after_restriction, sending.restricted
    if withdrawn is not None:
        basis = replace(basis, withdrawn=withdrawn)
        objections, decide = objections_after_withdrawal, sending.consent_withdrawn
    open_tasks = await tasks.read_open_tasks(work.transaction, case_id, Side.SENDER)
    taken_back = await tasks.read_taken_back(work.transaction, case_id)
    steps = [
        decide(cast(SentTask, task), work.now)
        for task in (*open_tasks, *taken_back)
        if objections(task.terms.other_agency, basis)
    ]
    await carry_out(context, work, steps)
