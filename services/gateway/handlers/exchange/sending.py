"""One writer per pair: numbers what may leave, one transaction a record, then the bytes go out.

The commit is the attempt: nothing is handed to the hub that was not checked and committed, and
what was committed is repeated by timer until it is receipted, while it still passes the check.
A new epoch is the only recovery.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, assert_never
from uuid import UUID

from services.chassis import audit
from services.chassis.clock import new_id
from services.chassis.database import Transaction
from services.chassis.errors import Misuse
from services.chassis.failpoints import Failpoint
from services.chassis.logs import logger
from services.chassis.messaging.codec import to_structured
from services.chassis.messaging.work import Work
from services.chassis.plain import Word
from services.gateway.access.basis import BASIS, GRANTED, Never, NotNow, Subject, Yes
from services.gateway.disclosure import exchange as disclosure
from services.gateway.domain.exchange import (
    RECORD_LIFE,
    SenderBook,
    new_epoch_number,
    numbered,
    with_new_epoch,
)
from services.gateway.domain.policy import Policy
from services.gateway.domain.wrapping import Head, digest_of, wrap
from services.gateway.handlers.exchange.checking import Checked, check
from services.gateway.handlers.exchange.context import ACTOR, ExchangeContext, exchange_topic
from services.gateway.handlers.exchange.line import Line
from services.gateway.handlers.exchange.notices import end_feedback
from services.gateway.store.exchange import books, publishing, references, sendings
from services.gateway.store.exchange.references import Disclosure, Reference
from services.gateway.store.exchange.sendings import Numbered, Queued

log = logger(__name__)
BATCH: Final = 100
"""Steps of one round, so that repeats and stops get their turn."""


class Done(StrEnum):
    """What one step of the writer did."""

    NUMBERED = "numbered"
    REFUSED = "refused"
    HELD = "held"
    """Not now: it stays first in its queue."""
    FULL = "full"
    EMPTY = "empty"
    NEW_EPOCH = "new-epoch"


@dataclass(frozen=True, slots=True)
class Step:
    """What happened, and the bytes that go out after the commit."""

    done: Done
    record: bytes | None = None


class Writer:
    """The only one who numbers records of its pair."""

    def __init__(self, context: ExchangeContext, agency: str, line: Line) -> None:
        self._context = context
        self._agency = agency
        self._line = line
        self._topic = exchange_topic(context.node, agency)
        self._repeat_at = float("-inf")
        self.held = False
        """Whether something waits for what only the registry can change."""

    async def round(self) -> None:
        """Send what may leave, and repeat what is due."""
        await self._context.database.run(partial(begin, self._context, self._agency))
        if self._context.clock.monotonic() >= self._repeat_at:
            await self._repeat()
        await self._write()

    async def _write(self) -> None:
        records: list[bytes] = []
        for _ in range(BATCH):
            step = await self._context.database.run(
                partial(number_next, self._context, self._agency)
            )
            if step.record is not None:
                records.append(step.record)
            self.held = step.done is Done.HELD
            if step.done in (Done.HELD, Done.FULL, Done.EMPTY):
                break
        else:
            self._context.wake(self._agency).set()
        await self._out(records)

    async def _repeat(self) -> None:
        now = self._context.clock.monotonic()
        self._repeat_at = now + self._context.limits.repeat_seconds
        async with self._context.database.transaction() as tx:
            waiting = await sendings.open_sendings(tx, self._agency)
        records: list[bytes] = []
        for sending in waiting:
            step = await self._context.database.run(
                partial(repeat_one, self._context, self._agency, sending.id)
            )
            if step.record is not None:
                records.append(step.record)
            if step.done in (Done.HELD, Done.NEW_EPOCH):
                break
        await self._out(records)

    async def _out(self, records: list[bytes]) -> None:
        if not records:
            return
        failpoints = self._context.database.failpoints
        failpoints.reach(Failpoint.EXCHANGE_BEFORE_SEND)
        taken = await self._line.send(self._topic, records)
        failpoints.reach(Failpoint.EXCHANGE_AFTER_SEND)
        if not taken:
            log.warning("the hub does not take exchange records", kind=Word("exchange"))
            soon = self._context.clock.monotonic() + self._context.limits.wait_seconds
            self._repeat_at = min(self._repeat_at, soon)


async def begin(context: ExchangeContext, agency: str, tx: Transaction) -> None:
    """A database that was restored opens a new epoch before it sends anything."""
    row = await lock_book(context, agency, tx)
    if row.database_epoch != context.database.epoch:
        await open_new_epoch(context, agency, tx, row.book)


async def lock_book(context: ExchangeContext, agency: str, tx: Transaction) -> books.OutRow:
    """The sender's book of the pair, locked: always the first lock of the transaction."""
    first = new_epoch_number(SenderBook(epoch=0), context.clock.wall())
    return await books.lock_out(
        tx, agency, first_epoch=first, database_epoch=context.database.epoch
    )


async def open_new_epoch(
    context: ExchangeContext, agency: str, tx: Transaction, book: SenderBook
) -> None:
    """Begin again: what was not receipted goes back to the front and is checked again."""
    fresh = with_new_epoch(book, context.clock.wall())
    await sendings.put_back(tx, agency)
    await books.keep_out(tx, agency, fresh, context.database.epoch)
    context.work(tx, f"{agency}:{fresh.epoch}")
    audit.record(tx, actor=ACTOR, action="exchange.new-epoch", subject=agency)


async def number_next(context: ExchangeContext, agency: str, tx: Transaction) -> Step:
    """One record: pair row, case row, policy row; the check; number, seal, store, ledger."""
    row = await lock_book(context, agency, tx)
    if row.book.full:
        return Step(Done.FULL)
    first = await sendings.first_queued(tx, agency)
    if first is None:
        return Step(Done.EMPTY)
    work = context.work(tx, first.queued.inner_id)
    checked = await check(tx, context, first.id, work.now)
    if checked is None:
        return Step(Done.REFUSED)
    match checked.answer:
        case Yes():
            record = await _number(context, work, row.book, checked)
            tx.failpoints.reach(Failpoint.EXCHANGE_NUMBERED)
            return Step(Done.NUMBERED, record)
        case Never(reason):
            await _refuse(context, work, checked, reason)
            return Step(Done.REFUSED)
        case NotNow():
            return Step(Done.HELD)
    assert_never(checked.answer)


async def repeat_one(
    context: ExchangeContext, agency: str, sending_id: int, tx: Transaction
) -> Step:
    """The same bytes once more, if all of it still passes; else a new epoch."""
    row = await lock_book(context, agency, tx)
    checked = await check(tx, context, sending_id, context.clock.now())
    if checked is None or checked.sending.numbered is None:
        return Step(Done.EMPTY)
    stored = checked.sending.numbered
    if isinstance(checked.answer, NotNow):
        return Step(Done.HELD)
    if isinstance(checked.answer, Never) or stored.not_after <= context.clock.wall():
        await open_new_epoch(context, agency, tx, row.book)
        return Step(Done.NEW_EPOCH)
    return Step(Done.NUMBERED, stored.record)


async def _number(
    context: ExchangeContext, work: Work, book: SenderBook, checked: Checked
) -> bytes:
    queued, tx = checked.sending.queued, work.transaction
    policy = checked.policy
    answer = checked.answer
    if not isinstance(answer, Yes) or policy is None:
        raise Misuse("only what may leave is numbered")
    reference = await _reference(work, checked)
    record = wrap(
        _head(context, queued.agency, book, policy), _inside(context, work, queued, reference)
    )
    after = numbered(book, digest_of(record)).open[-1]
    await sendings.number(
        tx,
        checked.sending.id,
        Numbered(
            epoch=book.epoch,
            seq=after.seq,
            digest=after.digest,
            head=after.head,
            record=record,
            not_after=context.clock.wall() + RECORD_LIFE,
            reference=reference,
        ),
    )
    await references.disclose(tx, _ledger_row(work, queued, reference, answer))
    audit.record(
        tx,
        actor=ACTOR,
        action="exchange.sent",
        subject=str(queued.subject),
        reason=queued.event_type,
    )
    return record


def _head(context: ExchangeContext, agency: str, book: SenderBook, policy: Policy) -> Head:
    return Head(
        id=new_id(),
        sender=context.node,
        recipient=agency,
        epoch=book.epoch,
        seq=book.last + 1,
        registry_version=policy.version,
        registry_hash=policy.digest,
        not_after=context.clock.wall() + RECORD_LIFE,
    )


def _inside(context: ExchangeContext, work: Work, queued: Queued, reference: UUID | None) -> bytes:
    spec = context.contracts.catalogue[queued.event_type]
    envelope = disclosure.outside_envelope(
        disclosure.Outside(
            inner_id=queued.inner_id,
            sender=context.node,
            event_type=queued.event_type,
            subject=reference or queued.subject,
            dataschema=str(getattr(spec, "dataschema", spec.type)),
            time=work.now,
        )
    )
    return to_structured(envelope, queued.body)


async def _reference(work: Work, checked: Checked) -> UUID | None:
    """The reference that stands for the case: made here when the agency has none yet."""
    queued, tx = checked.sending.queued, work.transaction
    row = BASIS[queued.event_type]
    if row.subject is not Subject.CASE:
        return None
    if queued.reference is not None:
        return queued.reference
    known = checked.reference
    if known is not None and (known.live or row.control):
        return known.reference
    fresh = Reference(
        agency=queued.agency,
        reference=new_id(),
        case_id=queued.subject,
        origin=references.GIVEN,
        live=True,
    )
    await references.add_reference(tx, fresh, work.now)
    return fresh.reference


def _ledger_row(work: Work, queued: Queued, reference: UUID | None, answer: Yes) -> Disclosure:
    return Disclosure(
        agency=queued.agency,
        inner_id=queued.inner_id,
        case_id=queued.subject if reference is not None else None,
        reference=reference,
        event_type=queued.event_type,
        purpose=queued.purpose,
        basis=answer.basis,
        basis_id=answer.basis_id,
        disclosed_at=work.now,
    )


async def _refuse(context: ExchangeContext, work: Work, checked: Checked, reason: str) -> None:
    """It may never leave: a fact for the node, and the row goes away.

    An answer that has a reference was numbered before: its bytes may have arrived.
    """
    queued, tx = checked.sending.queued, work.transaction
    publishing.tell_the_node(
        tx, disclosure.refused(outgoing_of(queued), reason), subject=queued.subject
    )
    await sendings.remove(tx, checked.sending.id)
    if queued.event_type in GRANTED and queued.reference is not None:
        await end_feedback(work, context, queued.subject, queued.reference)
    audit.record(
        tx, actor=ACTOR, action="exchange.refused", subject=str(queued.subject), reason=reason
    )


def outgoing_of(queued: Queued) -> disclosure.Outgoing:
    """What a fact about a sending says it is about."""
    return disclosure.Outgoing(
        outgoing_id=queued.outgoing_id, recipient=queued.agency, event_type=queued.event_type
    )
