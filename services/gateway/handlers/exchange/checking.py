"""The check in the sending transaction: lock pair, case, policy, in this order; then look.

The caller holds the pair's row. What is looked at is read by statements of their own after the
locks: a statement that locks and reads at once would see what was before the lock.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.chassis.database import Transaction
from services.gateway.access.basis import (
    BASIS,
    Answer,
    Attempt,
    CaseFacts,
    Subject,
    Tie,
    may_send,
)
from services.gateway.domain.policy import Policy
from services.gateway.handlers.exchange.context import ExchangeContext
from services.gateway.store import cases, consent, policy
from services.gateway.store.exchange import references, sendings
from services.gateway.store.exchange.references import Reference
from services.gateway.store.exchange.sendings import Sending

_TIES: Final = {
    (references.RECEIVED, True): Tie.RECEIVED,
    (references.RECEIVED, False): Tie.RECEIVED_ENDED,
    (references.GIVEN, True): Tie.GIVEN,
    (references.GIVEN, False): Tie.GIVEN_ENDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The answer, and what the record is made of if it is yes."""

    answer: Answer
    policy: Policy | None
    reference: Reference | None
    sending: Sending


async def check(
    tx: Transaction, context: ExchangeContext, sending_id: int, now: datetime
) -> Checked | None:
    """May this sending leave now? None when it is no longer there."""
    first = await sendings.read_sending(tx, sending_id)
    if first is None:
        return None
    row = BASIS.get(first.queued.event_type)
    about_a_case = row is not None and row.subject is Subject.CASE
    case = await cases.lock_case(tx, first.queued.subject, now) if about_a_case else None
    in_force = context.policy(await policy.lock_policy(tx))
    sending = await sendings.read_sending(tx, sending_id)
    if sending is None:
        return None
    reference, facts = None, CaseFacts()
    if case is not None and row is not None:
        origin = references.RECEIVED if row.answers else references.GIVEN
        reference = await references.reference_of(tx, case.case_id, sending.queued.agency, origin)
        facts = await _case_facts(tx, case, reference, sending)
    attempt = Attempt(
        event_type=sending.queued.event_type,
        sender=context.node,
        recipient=sending.queued.agency,
        now=now,
        policy=in_force,
        case=facts,
    )
    return Checked(answer=may_send(attempt), policy=in_force, reference=reference, sending=sending)


async def _case_facts(
    tx: Transaction, case: cases.CaseRow, reference: Reference | None, sending: Sending
) -> CaseFacts:
    queued = sending.queued
    told = await references.agencies_told(tx, case.case_id)
    under = queued.reference is not None or reference is not None
    stopped = sending.stopped
    if stopped is None and queued.reference is not None and _is_retired(reference, sending):
        stopped = "reference-retired"
    return CaseFacts(
        frozen=case.frozen,
        consents=await consent.read_consents(tx, case.case_id),
        restrictions=await consent.read_restrictions(tx, case.case_id),
        tie=Tie.NONE if reference is None else _TIES[reference.origin, reference.live],
        in_ledger=under and queued.agency in told,
        stopped=stopped,
    )


def _is_retired(newest: Reference | None, sending: Sending) -> bool:
    """It was sent before under a reference that is no longer the live one."""
    if newest is None or not newest.live:
        return True
    return newest.reference != sending.queued.reference
