"""Withdrawal: what is told to whom when sharing stops, and what a recipient does when told.

At the owner: in the transaction that withdraws, under the case's row, references are retired,
what is still queued may not leave, and a notice is queued for everybody who was told. At the
recipient: the case is frozen at once and the reference stays as a tombstone. An agency that holds
something under several references gets one notice, which names them all.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.exchange import REFERENCES_LIMIT, SharingWithdrawn
from services.chassis import audit
from services.chassis.clock import new_id
from services.chassis.database import Transaction
from services.chassis.messaging.work import Work, work_of
from services.gateway.access.basis import ANSWERS, CONSENTED, REQUIRED, Sharing, sharing_ends
from services.gateway.disclosure import exchange as disclosure
from services.gateway.handlers.exchange.context import (
    ACTOR,
    ExchangeContext,
    exchange_of,
    ring_after_commit,
)
from services.gateway.store import cases, consent, policy
from services.gateway.store.exchange import publishing, references, sendings
from services.gateway.store.exchange.references import Reference
from services.gateway.store.exchange.sendings import Queued, Stopped

NOTICE: Final = "org.nrm.exchange.sharing-withdrawn.v1"
NOTICE_PURPOSE: Final = "withdrawal"
WITHDRAWN: Final = "consent-withdrawn"
STOPPABLE: Final = {references.GIVEN: CONSENTED | REQUIRED, references.RECEIVED: ANSWERS}
"""What may not leave any more when sharing under a reference of this origin stops; but a
withdrawal does not stop what a law asks for."""
Direction = tuple[str, str]
"""An agency, and the origin of the references under which the case is shared with it."""


async def stop_sharing(
    tx: Transaction, case_id: UUID, *, everything: bool, withdrawn: frozenset[UUID] | None
) -> tuple[str, ...]:
    """Stop sharing the case with everybody, or with those who are no longer covered.

    Who knows of it by a law alone is told no end: a consent was never its ground. The caller
    holds the case's row and has already changed consents and restrictions; ``withdrawn`` are the
    consents that were taken back, None after a restriction. Returns the agencies that a notice
    was queued for.
    """
    work = work_of(tx)
    context = exchange_of(tx)
    shared = await _shared(tx, case_id)
    by_law = await _told_by_law_alone(tx, case_id)
    stopping: Mapping[Direction, str] = dict.fromkeys(shared - by_law, WITHDRAWN)
    if not everything and context is not None:
        stopping = await _stopping(work, context, case_id, shared, withdrawn)
    for (agency, origin), reason in sorted(stopping.items()):
        await sendings.stop_sendings(
            tx,
            Stopped(
                subject=case_id,
                agencies=frozenset({agency}),
                event_types=STOPPABLE[origin] - (REQUIRED if reason == WITHDRAWN else frozenset()),
                reason=reason,
            ),
        )
    under = await references.shared_under(tx, case_id)
    ended = [each for each in under if (each.agency, each.origin) in stopping]
    noticed = await _end(work, context, case_id, ended)
    for agency, _ in stopping:
        ring_after_commit(tx, agency)
    return noticed


async def end_feedback(
    work: Work, context: ExchangeContext, case_id: UUID, reference: UUID
) -> None:
    """An answer that was sent once may not be repeated: nobody knows whether it arrived.

    The agency is told that no more will come, so that it does not rely on what it last heard.
    """
    under = await references.shared_under(work.transaction, case_id)
    received = [
        each for each in under if each.reference == reference and each.origin == references.RECEIVED
    ]
    await _end(work, context, case_id, received)


async def _end(
    work: Work, context: ExchangeContext | None, case_id: UUID, ended: Sequence[Reference]
) -> tuple[str, ...]:
    """Retire references, and tell each agency once of all of its own that it was told under."""
    tx = work.transaction
    told = await references.references_told(tx, case_id)
    noticed: dict[str, list[Reference]] = {}
    for reference in ended:
        await references.end_reference(tx, reference, work.now)
        if reference.reference in told:
            await references.note_noticed(tx, reference, work.now)
            noticed.setdefault(reference.agency, []).append(reference)
    for its in noticed.values():
        for first in range(0, len(its), REFERENCES_LIMIT):
            await _queue_notice(work, context, case_id, its[first : first + REFERENCES_LIMIT])
    return tuple(noticed)


async def _shared(tx: Transaction, case_id: UUID) -> frozenset[Direction]:
    """With whom the case is shared or about to be, in which direction."""
    under = await references.shared_under(tx, case_id)
    waiting = await sendings.types_waiting(tx, case_id)
    return frozenset((row.agency, row.origin) for row in under) | {
        (agency, origin)
        for agency, event_type in waiting
        for origin, event_types in STOPPABLE.items()
        if event_type in event_types
    }


async def _told_by_law_alone(tx: Transaction, case_id: UUID) -> frozenset[Direction]:
    """Who was told, or is about to be, what a law asks for and nothing under a consent."""
    told = await references.types_told(tx, case_id) | await sendings.types_waiting(tx, case_id)
    return frozenset(
        (agency, references.GIVEN)
        for agency, _ in told
        if (types := _types(agency, told)) and types <= REQUIRED
    )


async def _stopping(
    work: Work,
    context: ExchangeContext,
    case_id: UUID,
    shared: frozenset[Direction],
    withdrawn: frozenset[UUID] | None,
) -> Mapping[Direction, str]:
    """With whom of those it stops, and why."""
    tx = work.transaction
    waiting = await sendings.types_waiting(tx, case_id)
    told = await references.types_told(tx, case_id)
    in_force = context.policy(await policy.read_policy(tx))
    consents = await consent.read_consents(tx, case_id)
    restrictions = await consent.read_restrictions(tx, case_id)
    ended = {}
    for agency, origin in shared:
        reason = sharing_ends(
            Sharing(
                participant=in_force.participants.get(agency) if in_force else None,
                by_grant=origin == references.RECEIVED,
                types=_types(agency, told) or _types(agency, waiting),
                consents=consents,
                restrictions=restrictions,
                withdrawn=withdrawn,
                now=work.now,
            )
        )
        if reason is not None:
            ended[agency, origin] = reason
    return ended


def _types(agency: str, pairs: frozenset[tuple[str, str]]) -> frozenset[str]:
    return frozenset(
        sent for each, sent in pairs if each == agency and sent in CONSENTED | REQUIRED
    )


async def _queue_notice(
    work: Work, context: ExchangeContext | None, case_id: UUID, its: Sequence[Reference]
) -> None:
    """One notice under the newest of the agency's references; the older ones are inside."""
    tx, now = work.transaction, work.now
    *older, reference = its
    body = disclosure.sharing_withdrawn(now, tuple(each.reference for each in older))
    await sendings.enqueue(
        tx,
        Queued(
            agency=reference.agency,
            outgoing_id=new_id(),
            event_type=NOTICE,
            purpose=NOTICE_PURPOSE,
            subject=case_id,
            body=body.model_dump_json().encode(),
            inner_id=new_id(),
            queued_at=now,
            tell_at=_tell_at(context, now),
            reference=reference.reference,
        ),
    )
    publishing.tell_the_node(tx, disclosure.notice_queued(reference.agency), subject=case_id)
    audit.record(
        tx,
        actor=ACTOR,
        action="exchange.notice-queued",
        subject=str(case_id),
        reason=reference.agency,
    )


def _tell_at(context: ExchangeContext | None, now: datetime) -> datetime:
    return now if context is None else context.tell_notice_at(now)


async def receive_notice(work: Work, agency: str, reference: UUID, body: SharingWithdrawn) -> None:
    """The agency stopped sharing under these references."""
    for each in dict.fromkeys((reference, *body.references)):
        await _shared_no_more(work, agency, each)


async def _shared_no_more(work: Work, agency: str, reference: UUID) -> None:
    """What came from the agency is frozen at once; what it has from us, it tells no more of.

    Never heard of: a tombstone. Told again: nothing happens.
    """
    tx = work.transaction
    known = await references.find_reference(tx, agency, reference)
    if known is None:
        tombstone = Reference(
            agency=agency,
            reference=reference,
            case_id=None,
            origin=references.RECEIVED,
            live=False,
        )
        await references.first_heard(tx, tombstone, work.now)
        return
    if known.case_id is None:
        return
    await cases.lock_case(tx, known.case_id, work.now)
    ended = await references.end_reference(tx, known, work.now)
    if known.origin == references.GIVEN:
        if ended:
            body = disclosure.feedback_ended(agency)
            publishing.tell_the_node(tx, body, subject=known.case_id)
        return
    if not await cases.freeze_case(tx, known.case_id, work.now):
        return
    publishing.tell_the_node(tx, disclosure.sharing_stopped(), subject=known.case_id)
    ring_after_commit(tx, agency)
