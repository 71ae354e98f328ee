"""Withdrawal: what is told to whom when sharing stops, and what a recipient does when told.

At the owner: in the transaction that withdraws, under the case's row, references are retired,
what is still queued may not leave, and a notice is queued for everybody who was told. At the
recipient: the case is frozen at once and the reference stays as a tombstone.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from services.chassis import audit
from services.chassis.clock import new_id
from services.chassis.database import Transaction
from services.chassis.messaging.work import Work, work_of
from services.gateway.access.basis import CONSENTED, GRANTED, Sharing, sharing_ends
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
STOPPABLE: Final = {references.GIVEN: CONSENTED, references.RECEIVED: GRANTED}
"""What may not leave any more when sharing under a reference of this origin stops."""
Direction = tuple[str, str]
"""An agency, and the origin of the references under which the case is shared with it."""


async def stop_sharing(tx: Transaction, case_id: UUID, *, everything: bool) -> tuple[str, ...]:
    """Stop sharing the case with everybody, or with those who are no longer covered.

    The caller holds the case's row and has already changed consents and restrictions. Returns the
    agencies that a notice was queued for.
    """
    work = work_of(tx)
    context = exchange_of(tx)
    stopping = await _stopping(work, context, case_id, everything)
    for (agency, origin), reason in sorted(stopping.items()):
        await sendings.stop_sendings(
            tx,
            Stopped(
                subject=case_id,
                agencies=frozenset({agency}),
                event_types=STOPPABLE[origin],
                reason=reason,
            ),
        )
    told = await references.references_told(tx, case_id)
    noticed = []
    for reference in await references.shared_under(tx, case_id):
        if (reference.agency, reference.origin) not in stopping:
            continue
        await references.end_reference(tx, reference, work.now)
        if reference.reference in told:
            await references.note_noticed(tx, reference, work.now)
            await _queue_notice(work, context, case_id, reference)
            noticed.append(reference.agency)
    for agency, _ in stopping:
        ring_after_commit(tx, agency)
    return tuple(dict.fromkeys(noticed))


async def _stopping(
    work: Work, context: ExchangeContext | None, case_id: UUID, everything: bool
) -> Mapping[Direction, str]:
    """With whom it stops, of those told or about to be told, in which direction, and why."""
    tx = work.transaction
    under = await references.shared_under(tx, case_id)
    waiting = await sendings.types_waiting(tx, case_id)
    told = await references.types_told(tx, case_id)
    shared = {(row.agency, row.origin) for row in under} | {
        (agency, origin)
        for agency, event_type in waiting
        for origin, event_types in STOPPABLE.items()
        if event_type in event_types
    }
    if everything or context is None:
        return dict.fromkeys(shared, WITHDRAWN)
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
                now=work.now,
            )
        )
        if reason is not None:
            ended[agency, origin] = reason
    return ended


def _types(agency: str, pairs: frozenset[tuple[str, str]]) -> frozenset[str]:
    return frozenset(sent for each, sent in pairs if each == agency and sent in CONSENTED)


async def _queue_notice(
    work: Work, context: ExchangeContext | None, case_id: UUID, reference: Reference
) -> None:
    tx, now = work.transaction, work.now
    body = disclosure.sharing_withdrawn(now)
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


async def receive_notice(work: Work, agency: str, reference: UUID) -> None:
    """The agency stopped sharing: freeze at once; never heard of: a tombstone."""
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
        await references.add_reference(tx, tombstone, work.now)
        return
    if known.case_id is None:
        return
    await cases.lock_case(tx, known.case_id, work.now)
    await references.end_reference(tx, known, work.now)
    if known.origin == references.GIVEN:
        return
    if not await cases.freeze_case(tx, known.case_id, work.now):
        return
    publishing.tell_the_node(tx, disclosure.sharing_stopped(), subject=known.case_id)
    ring_after_commit(tx, agency)
