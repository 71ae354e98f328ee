"""Receipts: the receiver's state, given by timer and after handling; read on arrival, never
acknowledged. The sender holds each against its book and deletes what it covers.
"""

from typing import Final

from contracts.exchange import Receipt
from services.chassis import audit
from services.chassis.clock import new_id
from services.chassis.database import Transaction
from services.chassis.failpoints import Failpoint
from services.chassis.logs import logger
from services.chassis.messaging.codec import from_structured, to_structured
from services.chassis.messaging.reading import read_body
from services.chassis.plain import Word
from services.gateway.access.basis import Attempt, Yes, may_send
from services.gateway.disclosure import exchange as disclosure
from services.gateway.domain.exchange import (
    NEEDS_NEW_EPOCH,
    RECORD_LIFE,
    Reading,
    ReceiptFacts,
    compare,
)
from services.gateway.domain.policy import Policy
from services.gateway.domain.wrapping import Head, wrap
from services.gateway.handlers.exchange.context import (
    ACTOR,
    ExchangeContext,
    ring_after_commit,
)
from services.gateway.handlers.exchange.notices import NOTICE
from services.gateway.handlers.exchange.sending import (
    lock_book,
    open_new_epoch,
    outgoing_of,
)
from services.gateway.store import policy
from services.gateway.store.exchange import books, publishing, sendings

log = logger(__name__)
RECEIPT: Final = "org.nrm.exchange.receipt.v1"
MICROSECONDS: Final = 1_000_000
ALARMS: Final = frozenset({Reading.SENDER_WENT_BACK, Reading.RECEIVER_WENT_BACK})


async def give(context: ExchangeContext, agency: str, tx: Transaction) -> bytes | None:
    """The bytes of a receipt as of now; None while the registry lets nothing out."""
    row = await books.lock_in(tx, agency)
    in_force = context.policy(await policy.lock_policy(tx))
    attempt = Attempt(
        event_type=RECEIPT,
        sender=context.node,
        recipient=agency,
        now=context.clock.now(),
        policy=in_force,
    )
    if in_force is None or not isinstance(may_send(attempt), Yes):
        return None
    at = max(row.reported_at + 1, int(context.clock.wall().timestamp() * MICROSECONDS))
    await books.reported(tx, agency, at)
    return _record(context, agency, in_force, disclosure.receipt(row.book, at))


def _record(context: ExchangeContext, agency: str, in_force: Policy, body: Receipt) -> bytes:
    record_id = new_id()
    head = Head(
        id=record_id,
        sender=context.node,
        recipient=agency,
        epoch=0,
        seq=0,
        registry_version=in_force.version,
        registry_hash=in_force.digest,
        not_after=context.clock.wall() + RECORD_LIFE,
    )
    spec = context.contracts.catalogue[RECEIPT]
    envelope = disclosure.outside_envelope(
        disclosure.Outside(
            inner_id=record_id,
            sender=context.node,
            event_type=RECEIPT,
            subject=record_id,
            dataschema=str(getattr(spec, "dataschema", RECEIPT)),
            time=context.clock.wall(),
        )
    )
    return wrap(head, to_structured(envelope, body.model_dump_json().encode()))


async def take(context: ExchangeContext, agency: str, inner: bytes, tx: Transaction) -> None:
    """Hold a receipt that arrived against the book of the pair; raises ContractBroken."""
    envelope, content = from_structured(inner)
    body = read_body(context.contracts, envelope.type, content).model
    if not isinstance(body, Receipt):
        log.warning("something else than a receipt came without a number", kind=Word("exchange"))
        return
    row = await lock_book(context, agency, tx)
    facts = ReceiptFacts(
        at=body.at, epoch=body.epoch, upto=body.upto, head=body.head, stuck=body.stuck
    )
    compared = compare(row.book, facts)
    if compared.reading is Reading.OLD:
        return
    await books.keep_out(tx, agency, compared.book, row.database_epoch)
    if compared.book.epoch == body.epoch and compared.reading not in ALARMS:
        await _delivered(context, agency, compared.book.upto, tx)
    if compared.reading is Reading.AGREES and row.alarm is not None:
        await books.alarm_out(tx, agency, None)
    if compared.reading in ALARMS:
        await books.alarm_out(tx, agency, str(compared.reading))
        context.work(tx, str(envelope.id))
        audit.record(tx, actor=ACTOR, action=f"exchange.{compared.reading}", subject=agency)
        log.error("the books of a pair disagree", kind=Word("exchange"), reason=compared.reading)
    if compared.reading in NEEDS_NEW_EPOCH:
        await open_new_epoch(context, agency, tx, compared.book)
    ring_after_commit(tx, agency)
    tx.failpoints.reach(Failpoint.RECEIPT_TAKEN)


async def _delivered(context: ExchangeContext, agency: str, upto: int, tx: Transaction) -> None:
    for sending in await sendings.take_receipted(tx, agency, upto):
        queued = sending.queued
        if queued.event_type == NOTICE:
            continue
        context.work(tx, queued.inner_id)
        publishing.tell_the_node(
            tx, disclosure.delivered(outgoing_of(queued)), subject=queued.subject
        )


async def tell_late(context: ExchangeContext, tx: Transaction) -> int:
    """Say of every sending without a receipt, once, that it is late."""
    late = await sendings.take_late(tx, context.clock.now())
    for sending in late:
        queued = sending.queued
        context.work(tx, queued.inner_id)
        publishing.tell_the_node(
            tx,
            disclosure.delayed(outgoing_of(queued), queued.queued_at),
            subject=queued.subject,
        )
    return len(late)
