"""What a handled record does in this node: an event on ``incoming``, or a case frozen.

Only the catalogue's types that travel come in, and each needs what its kind needs: an offer may
open a case of our own, an answer must stand under a reference we know. Anything else is put aside
with an alarm, which counts as handled: one strange event must not stop a pair.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from contracts.envelope import Envelope
from contracts.nodes import nodes_named
from services.chassis import audit
from services.chassis.clock import new_id
from services.chassis.database import Transaction
from services.chassis.errors import ContractBroken
from services.chassis.messaging.codec import from_structured
from services.chassis.messaging.reading import Body, read_body
from services.chassis.messaging.work import Work
from services.gateway.access.basis import BASIS, CONSENTED, REQUIRED, Subject, may_come
from services.gateway.handlers import originals
from services.gateway.handlers.exchange.context import ACTOR, ExchangeContext, exchange_topic
from services.gateway.handlers.exchange.notices import NOTICE, receive_notice
from services.gateway.handlers.exchange.receipts import RECEIPT
from services.gateway.store import cases, policy
from services.gateway.store.exchange import parked, publishing, references
from services.gateway.store.exchange.publishing import FromOutside
from services.gateway.store.exchange.references import Reference

OPENS_A_CASE: Final = CONSENTED | REQUIRED
"""Types that may come under a reference never seen: sharing begins with them."""
ENDS_SOMETHING: Final = frozenset(
    event_type for event_type, row in BASIS.items() if row.control and row.purpose
)
"""Cancellations: they come through under a reference that was ended, too."""


class NotForUs(ContractBroken):
    """A readable event that this node takes no part in: parked, with an alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One readable event of another agency."""

    agency: str
    envelope: Envelope
    inner_id: UUID
    subject: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What arrived, as it was read, and what it is about here: a case, or the id of a question."""

    arrived: Arrived
    subject: UUID
    body: Body


async def deliver(context: ExchangeContext, agency: str, inner: bytes, tx: Transaction) -> None:
    """All effects of one record; raises ContractBroken for what must be put aside."""
    envelope, content = from_structured(inner)
    arrived = Arrived(
        agency=agency,
        envelope=envelope,
        inner_id=_uuid(envelope.id, "id"),
        subject=_uuid(envelope.subject, "subject"),
    )
    body = _read(context, envelope, content)
    in_force = context.policy(await policy.read_policy(tx))
    if in_force is None or not may_come(body.spec.type, agency, context.node, in_force):
        raise NotForUs("the registry does not let this agency send it")
    if any(node not in in_force.participants for _, node in nodes_named(body.model)):
        raise NotForUs("a node is named that is no participant: it may be anybody's name")
    work = context.work(tx, arrived.inner_id)
    if not await references.note_handled(tx, agency, arrived.inner_id, work.now):
        _audit(work, "exchange.known", arrived)
        return
    if body.spec.type == NOTICE:
        await receive_notice(work, agency, arrived.subject, body.model)
        _audit(work, "exchange.notice", arrived)
        return
    await _pass_in(context, work, arrived, body)


def _read(context: ExchangeContext, envelope: Envelope, content: bytes) -> Body:
    current = context.contracts.current(envelope.type)
    spec = context.contracts.catalogue.get(current)
    if current == RECEIPT or current not in BASIS or not getattr(spec, "travels", False):
        raise NotForUs("the type does not travel between nodes")
    return read_body(context.contracts, envelope.type, content)


async def _pass_in(context: ExchangeContext, work: Work, arrived: Arrived, body: Body) -> None:
    subject: UUID | None = arrived.subject
    if BASIS[body.spec.type].subject is Subject.CASE:
        subject = await _case_of(work, arrived, body.spec.type)
    if subject is None:
        _audit(work, "exchange.ended", arrived)
        return
    publishing.pass_in(
        work.transaction,
        FromOutside(
            body=body.model,
            owner=str(getattr(body.spec, "owner", "")),
            subject=str(subject),
            sender=arrived.agency,
        ),
    )
    audit.record(
        work.transaction,
        actor=ACTOR,
        action="exchange.received",
        subject=str(subject),
        reason=body.spec.type,
    )
    if body.unmapped:
        await _keep_originals(context, work, Named(arrived=arrived, subject=subject, body=body))


async def _keep_originals(context: ExchangeContext, work: Work, named: Named) -> None:
    """Under the agency's name: it chooses the ids of its events, and they are nobody else's."""
    arrived = named.arrived
    found = originals.Found(
        cause_id=f"{arrived.agency}:{arrived.inner_id}",
        subject=named.subject,
        event_type=named.body.spec.type,
        unmapped=named.body.unmapped,
        topic=exchange_topic(arrived.agency, context.node),
    )
    await originals.keep(work.transaction, context.keys, found, work.now)


async def _case_of(work: Work, arrived: Arrived, event_type: str) -> UUID | None:
    """The case here; None when sharing under this reference was stopped, or when something ends
    that never arrived: no offer of this agency is put aside that could be the one.
    """
    tx = work.transaction
    known = await references.find_reference(tx, arrived.agency, arrived.subject)
    if known is not None and known.case_id is not None:
        if known.origin != _origin_of(event_type):
            raise NotForUs("the reference stands for sharing in the other direction")
        return known.case_id if known.live or event_type in ENDS_SOMETHING else None
    if known is not None:
        return None
    if event_type in ENDS_SOMETHING and not await parked.holds_any(tx, arrived.agency):
        return None
    if event_type not in OPENS_A_CASE:
        raise NotForUs("the reference is not known here")
    case = await cases.lock_case(tx, new_id(), work.now)
    await references.first_heard(
        tx,
        Reference(
            agency=arrived.agency,
            reference=arrived.subject,
            case_id=case.case_id,
            origin=references.RECEIVED,
            live=True,
        ),
        work.now,
    )
    return case.case_id


def _origin_of(event_type: str) -> str:
    """Whose the reference is: answers come under one of ours, all else under one of theirs."""
    return references.GIVEN if BASIS[event_type].answers else references.RECEIVED


def _audit(work: Work, action: str, arrived: Arrived) -> None:
    audit.record(
        work.transaction,
        actor=ACTOR,
        action=action,
        subject=str(arrived.inner_id),
        reason=arrived.envelope.type,
    )


def _uuid(text: str, name: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotForUs(f"{name} is no UUID") from None
